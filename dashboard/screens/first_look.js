// Draws the chart that came with the page, before anything else of the page is there; the page takes it over or it goes.
(() => {
  const told = document.getElementById("first-look-told");
  const said = document.cookie.includes("effcore-look=");
  if (!said && matchMedia("(prefers-color-scheme: dark)").matches) return; // drawn light, since the browser had not said
  const place = document.createElement("div");
  place.id = "first-look";
  place.style.top = localStorage.getItem(`effcore-chart-top-${innerWidth}`) ?? "";
  document.body.append(place);
  const chart = new Chart(place);
  const bytes = new TextEncoder().encode(told.textContent);
  const gone = () => {
    window.effcoreFirstLook = undefined;
    watcher.disconnect();
    place.remove();
  };
  // A page that came to its end without this chart shows something else.
  const other = '[data-test-script-state="notRunning"]:not(:has(.st-key-frontier-chart)) [data-testid="stMainBlockContainer"] > * > *';
  const watcher = new MutationObserver(() => {
    if (document.querySelector(other)) window.effcoreFirstLook?.give();
  });
  watcher.observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-test-script-state"] });
  window.effcoreFirstLook = {
    // To the first chart of the page, which is the same or another.
    give(data, parent) {
      const taken = data !== undefined && same(bytes, data);
      if (taken) {
        parent.append(chart.box);
        requestAnimationFrame(() => localStorage.setItem(`effcore-chart-top-${innerWidth}`, `${chart.box.getBoundingClientRect().top}px`));
      } else {
        chart.end();
      }
      gone();
      return taken ? chart : undefined;
    },
  };
  chart.show(bytes);
})();
