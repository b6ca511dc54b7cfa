// When a chart is drawn, asked in every frame: its points are in the page as paths, or on a canvas that has ink.
window.effcoreDrawn = (box, least, most, axis) => {
  const chart = document.querySelector(box)?.closest('.js-plotly-plot') ?? document.querySelector(`${box} .js-plotly-plot`);
  if (!chart || !chart._fullLayout || !chart._fullData || !chart.calcdata) return null;
  const title = chart._fullLayout.xaxis?.title?.text ?? '';
  if (axis && !title.includes(axis)) return null;
  const paths = chart.querySelectorAll('.scatterlayer .points path').length;
  const onCanvas = chart._fullData.filter(t => t.type === 'scattergl' && t.visible === true).reduce((sum, t) => sum + (t._length || 0), 0);
  const markers = paths + onCanvas;
  if (markers < least || markers > most) return null;
  if (onCanvas && ![...chart.querySelectorAll('.gl-container canvas')].some(hasInk)) return null;
  return markers;
};
const small = document.createElement('canvas');
small.width = 64; small.height = 36;
function hasInk(canvas) {
  if (!canvas.width) return false;
  const context = small.getContext('2d', { willReadFrequently: true });
  context.clearRect(0, 0, small.width, small.height);
  context.drawImage(canvas, 0, 0, small.width, small.height);
  return context.getImageData(0, 0, small.width, small.height).data.some(value => value > 0);
}
// Milliseconds from `since` until a frame has been shown in which the chart is drawn.
window.effcoreUntilDrawn = (box, least, most, axis, since) => new Promise(resolve => {
  const look = () => {
    const markers = window.effcoreDrawn(box, least, most, axis);
    if (markers === null) requestAnimationFrame(look);
    else requestAnimationFrame(() => resolve({ ms: performance.now() - (since ?? window.effcorePressed ?? 0), markers }));
  };
  look();
});
addEventListener('keydown', event => { if (event.key === 'Enter') window.effcorePressed = performance.now(); }, true);
