"""Takes the pictures in this folder from the real pages: python docs/screenshots.py HOME

HOME holds a finished quickstart. Needs Debian's chromium.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from effcore.cli.serve import ADDRESS, free_port
from effcore.report import read_frontier
from effcore.tracking import Store

FOLDER = Path(__file__).parent
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
WIDTH = 1280
HEIGHTS = {"frontier": 1000, "launch": 1300, "point": 1700}


def wait_for(url: str) -> None:
    """Until the page answers."""
    for _ in range(300):
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise SystemExit(f"{url} does not answer")


def take(page: Page, url: str, path: Path, *, chart: bool) -> None:
    """One picture, when everything is drawn."""
    page.goto(url)
    if chart:
        page.wait_for_selector(".js-plotly-plot .main-svg", timeout=60_000)
    page.wait_for_selector("[data-testid=stSkeleton]", state="detached", timeout=60_000)
    page.wait_for_timeout(4_000)
    page.screenshot(path=path)
    print(path)


def main(home: Path) -> None:
    """Every page, light and dark."""
    store = Store(home)
    point = read_frontier(store, sweep="quickstart").front[0].run_id
    port = free_port(8700)
    environment = os.environ | {"EFFCORE_HOME": str(home)}
    server = subprocess.Popen([sys.executable, "-m", "effcore", "serve", "--port", str(port)], env=environment)
    base = f"http://{ADDRESS}:{port}"
    pages = {"frontier": base, "launch": f"{base}/launch", "point": f"{base}/point?run={point}"}
    try:
        wait_for(f"{base}/_stcore/health")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            for look in ("light", "dark"):
                for name, url in pages.items():
                    page = browser.new_context(viewport={"width": WIDTH, "height": HEIGHTS[name]}, color_scheme=look).new_page()  # type: ignore[arg-type]
                    take(page, url, FOLDER / f"{name}{'' if look == 'light' else '-dark'}.png", chart=name != "launch")
            browser.close()
    finally:
        server.terminate()
        server.wait(timeout=30)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
