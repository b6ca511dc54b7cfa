() => {
  // Every text on the page whose colour stands out from what lies behind it by less than WCAG 2.1 AA asks for.
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const read = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (front, back) => [0, 1, 2].map((i) => front[i] * front[3] + back[i] * (1 - front[3])).concat(1);
  const light = (color) => {
    const [r, g, b] = color.slice(0, 3).map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => {
    const [x, y] = [light(a), light(b)].sort((p, q) => q - p);
    return (x + 0.05) / (y + 0.05);
  };
  const poor = {};
  const walker = document.createTreeWalker(document.querySelector('.stApp'), NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = node.textContent.trim();
    const element = node.parentElement;
    if (!text || !element.checkVisibility({opacityProperty: true, visibilityProperty: true})) continue;
    const box = element.getBoundingClientRect();
    const style = getComputedStyle(element);
    if (box.width < 2 || box.height < 2 || style.fontFamily.includes('Material')) continue;
    if (element.closest('[disabled], [aria-disabled="true"], [aria-hidden="true"], style, script')) continue;
    const chain = [];
    for (let e = element; e; e = e.parentElement) chain.unshift(e);
    let back = [255, 255, 255, 1];
    let opacity = 1;
    for (const e of chain) {
      const s = getComputedStyle(e);
      opacity *= parseFloat(s.opacity);
      back = over(read(s.backgroundColor), back);
    }
    const svg = element instanceof SVGElement;
    const color = read(svg ? style.fill : style.color);
    color[3] *= opacity * (svg ? parseFloat(style.fillOpacity) : 1);
    const size = parseFloat(style.fontSize);
    const needed = size >= 24 || (size >= 18.66 && parseInt(style.fontWeight) >= 700) ? 3 : 4.5;
    const found = contrast(over(color, back), back);
    if (found < needed - 0.005) poor[`${found.toFixed(2)} ${text.slice(0, 40)} <${element.tagName.toLowerCase()} ${element.closest('[data-testid]')?.dataset.testid}>`] = found;
  }
  return Object.keys(poor);
}
