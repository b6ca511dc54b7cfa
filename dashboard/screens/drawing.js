// Draws a figure of Plotly, and what changes of it into the same place; tells what the point that was clicked carries.
const charts = new WeakMap();
const USUAL_HEIGHT = 450; // Plotly's own

// Plotly is loaded once for a page: by the page itself, or where that did not come through, from where Streamlit's scripts come from.
function plotly(path) {
  if (window.Plotly) return window.Plotly;
  window.effcorePlotly ??= new Promise((resolve, reject) => {
    const own = document.querySelector('script[type="module"][src*="static/js/"]');
    const early = document.querySelector("script[data-early]");
    const script = early ?? document.createElement("script");
    const missing = `This server has no ${path}. Start the pages with effcore serve.`;
    script.addEventListener("load", () => (window.Plotly ? resolve(window.Plotly) : reject(new Error(missing))));
    script.addEventListener("error", () => reject(new Error(`${script.src} could not be loaded. Is the server still there? Load the page again.`)));
    if (early) return;
    script.src = new URL("../../" + path, own ? own.src : document.baseURI + "static/js/").href;
    document.head.append(script);
  }).catch(error => {
    window.effcorePlotly = undefined; // so that the next look tries again
    throw error;
  });
  return window.effcorePlotly;
}

function same(one, other) {
  if (one === undefined || one.length !== other.length) return false;
  for (let index = 0; index < one.length; index++) if (one[index] !== other[index]) return false;
  return true;
}

class Chart {
  constructor(parent) {
    this.box = document.createElement("div");
    this.box.className = "drawn-chart";
    this.box.setAttribute("role", "figure");
    parent.append(this.box);
    this.watcher = new ResizeObserver(() => this.draw());
    this.watcher.observe(this.box);
  }

  // Takes what is to be drawn; nothing happens where that is what is drawn already.
  async show(bytes) {
    if (same(this.bytes, bytes)) return;
    this.bytes = bytes;
    this.given = JSON.parse(new TextDecoder().decode(bytes));
    this.box.style.height = `${this.given.figure.layout.height ?? USUAL_HEIGHT}px`;
    this.plotly = await plotly(this.given.plotly);
    await this.draw();
  }

  // One after the other, and of what comes meanwhile only the last.
  async draw() {
    this.asked = true;
    if (this.drawing || !this.plotly) return;
    this.drawing = true;
    try {
      while (this.asked) {
        this.asked = false;
        await this.drawNow();
      }
    } finally {
      this.drawing = false;
    }
  }

  async drawNow() {
    const { figure, config, picks, alt } = this.given;
    const width = this.box.clientWidth;
    if (!width || !this.box.isConnected) return;
    if (this.figure !== figure) {
      this.figure = figure;
      this.box.setAttribute("aria-label", alt);
      const moved = picks ? { clickmode: "event", dragmode: "pan" } : {};
      const sharp = { plotGlPixelRatio: Math.min(Math.max(window.devicePixelRatio, 1), 4) }; // as the screen; Plotly would take twice that
      await this.plotly.react(this.box, { ...figure, layout: { ...figure.layout, ...moved, width }, config: { ...config, ...sharp } });
      if (picks && !this.heard) this.hear();
    } else if (this.box.layout.width !== width) {
      await this.plotly.relayout(this.box, { width });
    }
  }

  hear() {
    this.heard = true;
    this.box.on("plotly_click", ({ points }) => {
      const carried = points[0]?.customdata;
      if (carried !== undefined) this.tell?.(ArrayBuffer.isView(carried) ? Array.from(carried) : carried);
    });
    this.box.on("plotly_doubleclick", () => this.tell?.(null));
  }

  end() {
    this.watcher.disconnect();
    if (this.plotly) this.plotly.purge(this.box);
    this.box.remove();
  }
}
