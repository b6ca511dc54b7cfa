"""Figures as SVG and PNG, drawn by the Chrome or Chromium of this machine without a window; nothing else is needed."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path

import plotly.graph_objects as go

from dashboard import plotly_script
from effcore.errors import EffcoreError

CHROMES = ("google-chrome", "google-chrome-stable", "chromium", "chromium-browser", "chrome")
WIDTH, HEIGHT = 1280, 720
"""Of a picture, in pixels: 16 to 9, as slides are."""
PATIENCE_S = 60.0
SHARPNESS = 2
"""Pixels of a PNG for each of the figure: 2560 x 1440."""

_alone = threading.Lock()
"""One browser at a time, however many readers ask: each takes a core and hundreds of MB."""

_PAGE = """<!doctype html><meta charset="utf-8"><script>{plotly}</script><body><script>
const figures = {figures};
(async () => {{
  for (const [name, figure] of Object.entries(figures)) {{
    const place = document.createElement("div");
    document.body.append(place);
    await Plotly.newPlot(place, figure.data, figure.layout, {{staticPlot: true}});
    for (const format of ["svg", "png"]) {{
      const scale = format === "png" ? {sharpness} : 1;
      const url = await Plotly.toImage(place, {{format, width: {width}, height: {height}, scale}});
      const made = document.createElement("pre");
      made.id = `${{name}}.${{format}}`;
      const content = url.slice(url.indexOf(",") + 1);
      made.textContent = format === "svg" ? btoa(unescape(content)) : content;
      document.body.append(made);
    }}
    place.remove();
  }}
}})();
</script></body>"""


def browser() -> str | None:
    """The command of the browser that draws; None where there is none."""
    return next((found for name in CHROMES if (found := shutil.which(name))), None)


def drawn(figures: Mapping[str, go.Figure]) -> dict[str, bytes]:
    """Each figure as `NAME.svg` and `NAME.png`, 16 to 9.

    Args:
        figures: By name, of letters and dashes, with templates and colours of their own.

    Raises:
        EffcoreError: There is no browser, or it drew nothing.
    """
    command = browser()
    if command is None:
        raise EffcoreError(f"Pictures need Chrome or Chromium. None of {', '.join(CHROMES)} is there; install one, or take the page instead.")
    documents = {name: json.loads(str(figure.to_json())) for name, figure in figures.items()}
    text = _PAGE.format(
        plotly=plotly_script.script(), figures=json.dumps(documents).replace("</", "<\\/"), width=WIDTH, height=HEIGHT, sharpness=SHARPNESS
    )
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "figures.html"
        page.write_text(text, encoding="utf-8")
        with _alone:
            found = _made(_dump(command, page, Path(folder)))
    missing = [f"{name}.{kind}" for name in figures for kind in ("svg", "png") if f"{name}.{kind}" not in found]
    if missing:
        raise EffcoreError(f"{command} drew no {', '.join(missing)}. Take the chart as a page instead; its camera makes an SVG.")
    return found


def _dump(command: str, page: Path, folder: Path) -> str:
    """The page as it is when its script has run."""
    options = ["--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking", f"--user-data-dir={folder / 'profile'}"]
    options += ["--no-sandbox"] if os.geteuid() == 0 else []  # as root, as in a container, it does not start with one
    options += [f"--window-size={WIDTH},{HEIGHT}", "--virtual-time-budget=30000", "--dump-dom", page.as_uri()]
    try:
        return subprocess.run([command, *options], capture_output=True, timeout=PATIENCE_S, check=False).stdout.decode(errors="replace")
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EffcoreError(f"{command} could not draw: {error}.") from error


def _made(text: str) -> dict[str, bytes]:
    return {name: base64.b64decode(content) for name, content in re.findall(r'<pre id="([\w.-]+)">([A-Za-z0-9+/=]+)</pre>', text)}
