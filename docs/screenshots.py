"""Takes the pictures of every page from the recorded study that ships, light and dark: python docs/screenshots.py [PAGE ...]

Each picture goes into docs/pages/ and into docs/pages.md, which shows them all. Needs Debian's chromium.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from effcore.cli.serve import ADDRESS, free_port
from effcore.reports.report import read_frontier
from effcore.tracking.recording import Recording

DOCS = Path(__file__).parent
ROOT = DOCS.parent
FOLDER = DOCS / "pages"
RECORDED = ROOT / "dashboard" / "recordings" / "demo.jsonl.xz"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
LOOKS = {"light": "", "dark": "-dark"}
COLOURS = 128
"""In a picture: pages are flat, and a fourth of the bytes is enough for them."""


@dataclass(frozen=True)
class Shot:
    """One page to take.

    Attributes:
        question: What the page answers.
        path: Address below that of the pages.
    """

    name: str
    question: str
    path: str
    height: int = 1100
    width: int = 1280
    chart: bool = True


def shots(home: Path) -> list[Shot]:
    """Every page, of points that are on the frontier of the recorded study."""
    recorded = Recording(RECORDED, home=home)
    found, searched = read_frontier(recorded, sweep="quickstart"), recorded.sweep("hpo").run_id
    front = [point.run_id for point in found.front]
    stepped = next(point.run_id for point in reversed(found.front) if point.first.parent)
    return [
        Shot("frontier", "What can I buy for my budget?", "/"),
        Shot("techniques", "Which technique helps, how much, together with what?", "/techniques", 1400),
        Shot("compare", "What differs between these?", f"/compare?points={','.join(front[:3])}", 1500),
        Shot("point", "Why is this point here, and can I trust it?", f"/point?run={stepped}", 1700),
        Shot("search", "Is the search still paying?", f"/search?sweep={searched}", 1400),
        Shot("launch", "What do I run next, and what will it cost?", "/launch", 1300, chart=False),
        Shot("experiments", "And what others logged?", "/experiments", 900, chart=False),
        Shot("predict", "What will this step do? Guess first.", f"/predict?run={stepped}", 900, chart=False),
        Shot("lessons", "What is efficiency?", "/lessons", 1100, chart=False),
        Shot("lesson", "A lesson: quantization, its act", "/lesson?lesson=quantization&step=1", 1100, chart=False),
        Shot("projector", "The same for the last row", "/lesson?lesson=quantization&step=1&projector=1", 1080, 1920, chart=False),
        Shot("phone", "The frontier on a phone", "/", 860, 400),
    ]


@contextmanager
def served(home: Path) -> Iterator[str]:
    """The pages over the recorded study; their address."""
    port = free_port(8700)
    command = [sys.executable, "-m", "effcore", "serve", "--demo", "--port", str(port), "--home", str(home)]
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | {"EFFCORE_INSTRUCTOR_KEY": ""})
    base = f"http://{ADDRESS}:{port}"
    try:
        _wait_for(f"{base}/_stcore/health")
        yield base
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_for(url: str) -> None:
    for _ in range(600):
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise SystemExit(f"{url} does not answer")


def take(browser: Browser, base: str, shot: Shot, *, look: str) -> None:
    """One picture, when everything is drawn."""
    context = browser.new_context(viewport={"width": shot.width, "height": shot.height}, color_scheme=look)  # type: ignore[arg-type]
    page: Page = context.new_page()
    page.goto(base + shot.path)
    page.wait_for_selector('[class*="title-heading"]', timeout=60_000)
    if shot.chart:
        page.wait_for_selector(".js-plotly-plot .main-svg", timeout=60_000)
    page.wait_for_selector("[data-testid=stSkeleton]", state="detached", timeout=60_000)
    page.wait_for_timeout(4_000)
    taken = Image.open(io.BytesIO(page.screenshot())).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    path = FOLDER / f"{shot.name}{LOOKS[look]}.png"
    taken.save(path, optimize=True)
    context.close()
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB", file=sys.stderr)


def index(taken: list[Shot]) -> str:
    """The page that shows them."""
    header = Recording(RECORDED, home=Path(".")).header
    about = f"Of the study that `effcore serve --demo` opens ({header.machine}, {header.recorded}); `python docs/screenshots.py` takes them again."
    parts = [
        f"## {s.question}\n\n`{s.path.split('?')[0]}`\n\n![{s.name}, light](pages/{s.name}.png)\n\n![{s.name}, dark](pages/{s.name}-dark.png)\n"
        for s in taken
    ]
    return "\n".join(["# Every page, light and dark\n", f"{about}\n", *parts])


def main(wanted: list[str]) -> None:
    """Take them."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        every = shots(home)
        with served(home) as base, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            for shot in every:
                for look in LOOKS if not wanted or shot.name in wanted else ():
                    take(browser, base, shot, look=look)
            browser.close()
    (DOCS / "pages.md").write_text(index(every), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
