// When a chart is drawn, asked in every frame: its points are in the page as paths, or on a canvas that has ink.
window.effcoreDrawn = (box, least, most, axis, said) => {
  const chart = document.querySelector(box)?.closest('.js-plotly-plot') ?? document.querySelector(`${box} .js-plotly-plot`);
  if (!chart || !chart._fullLayout || !chart._fullData || !chart.calcdata) return null;
  const title = chart._fullLayout.xaxis?.title?.text ?? '';
  if (axis && !title.includes(axis)) return null;
  if (said && !chart.closest('[role="figure"]')?.getAttribute('aria-label')?.includes(said)) return null;
  const paths = chart.querySelectorAll('.scatterlayer .points path').length;
  const onCanvas = chart._fullData.filter(t => t.type === 'scattergl' && t.visible === true).reduce((sum, t) => sum + (t._length || 0), 0);
  const markers = paths + onCanvas;
  if (markers < least || markers > most) return null;
  if (onCanvas && ![...chart.querySelectorAll('.gl-container canvas')].some(hasInk)) return null;
  return markers;
};
// Some lines of it are read, not the whole: a copy of a large canvas would take longer than the drawing that is timed.
function hasInk(canvas) {
  const gl = canvas.width ? canvas.getContext('webgl') : null;
  if (!gl) return false;
  const line = new Uint8Array(4 * canvas.width);
  return [2, 3, 4, 5, 6].some(eighths => {
    gl.readPixels(0, Math.floor(canvas.height * eighths / 8), canvas.width, 1, gl.RGBA, gl.UNSIGNED_BYTE, line);
    return line.some(value => value > 0);
  });
}
// Milliseconds from `since` until a frame has been shown in which the chart is drawn.
window.effcoreUntilDrawn = (box, least, most, axis, said, since) => new Promise(resolve => {
  const look = () => {
    const markers = window.effcoreDrawn(box, least, most, axis, said);
    if (markers === null) requestAnimationFrame(look);
    else requestAnimationFrame(() => resolve({ ms: performance.now() - (since ?? window.effcorePressed ?? 0), markers }));
  };
  look();
});
addEventListener('keydown', event => { if (event.key === 'Enter') window.effcorePressed = performance.now(); }, true);
