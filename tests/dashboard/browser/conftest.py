"""The real pages, served over a real store, in a real browser."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from fake_store import make_files, make_variant
from playwright.sync_api import Browser, Page

from effcore.recipe import Recipe
from effcore.spec import Spec, parse
from effcore.tracking import Store, VariantRecord

ROOT = Path(__file__).resolve().parents[3]
SPEC = """name: small
task: mnist5k
objectives: [accuracy, latency_ms]
seeds: [0]
recipe:
  - architecture: {family: [mlp, cnn], width: [0.5, 1.0]}
  - training: {}
  - pruning: [none, {amount: 0.5}]
  - runtime: onnxruntime
"""
NASTY = "<img src=x onerror=alert(1)> **bold** :smile: every channel would go"


def log(store: Store, sweep: str, recipe: Recipe, folder: Path, *, error: str = "") -> str:
    """Write one variant with made figures as the runner would."""
    made = make_variant(recipe, sweep=sweep)
    files: dict[str, Path] = {}
    for (_, name), content in {} if error else make_files(made).items():
        path = folder / f"{recipe.key}-{name}"
        path.write_bytes(content)
        files[name] = path
    record = VariantRecord(
        sweep_run=sweep, recipe=recipe, seed=0, runtime=made.runtime, environment="" if error else made.environment,
        structure="" if error else made.structure, metrics={} if error else made.metrics, files=files, error=error,
        artifact="" if error else "model.onnx",
    )  # fmt: skip
    return store.log_variant(sweep, record)


@dataclass
class Site:
    """A store and the pages over it.

    Attributes:
        logged: Run of each variant in the order of the recipes of the spec.
    """

    url: str
    port: int
    process: subprocess.Popen[bytes]
    store: Store
    sweep: str
    spec: Spec
    folder: Path
    logged: list[str] = field(default_factory=list)

    def log_next(self, *, error: str = "") -> str:
        """Write the next variant that is not there yet."""
        run_id = log(self.store, self.sweep, self.spec.recipes[len(self.logged)], self.folder, error=error)
        self.logged.append(run_id)
        failed = int(bool(error))
        self.store.beat(self.sweep, total=len(self.spec.recipes), done=len(self.logged) - failed, failed=failed)
        return run_id


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def serve(home: Path, *, port: int, output: Path) -> subprocess.Popen[bytes]:
    """Start the pages and wait until they answer."""
    command = [sys.executable, "-m", "streamlit", "run", "dashboard/app.py", "--server.port", str(port)]
    environment = {**os.environ, "EFFCORE_HOME": str(home), "PYTHONPATH": str(ROOT)}
    environment.pop("EFFCORE_TRACKING_URI", None)
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output.open("wb"), stderr=subprocess.STDOUT)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2)
            return process
        except OSError:
            time.sleep(0.1)
    process.kill()
    pytest.fail(f"The pages did not come up: {output.read_text()[-2000:]}")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Six of eight variants of a sweep that is still running; the first of them failed."""
    folder = tmp_path_factory.mktemp("site")
    home = folder / "a home"
    spec, store = parse(SPEC), Store(home)
    sweep = store.open_sweep(spec)
    port = free_port()
    made = Site(
        f"http://127.0.0.1:{port}", port, serve(home, port=port, output=folder / "log"), store, sweep, spec, folder
    )
    made.log_next(error=NASTY)
    for _ in range(5):
        made.log_next()
    yield made
    made.process.terminate()
    made.process.wait(timeout=20)
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="module")
def serve_home() -> Iterator[Callable[[Path], str]]:
    """`serve_home(home)`: the address of the pages over a state folder."""
    started = []

    def served(home: Path) -> str:
        port = free_port()
        started.append(serve(home, port=port, output=home.with_name(home.name + " log")))
        return f"http://127.0.0.1:{port}"

    yield served
    for process in started:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture
def two_techniques(serve_home: Callable[[Path], str], tmp_path: Path) -> str:
    """The address of pages over a sweep with and without pruning and 8 bits."""
    spec = parse(SPEC.replace("width: [0.5, 1.0]", "width: 0.5").replace("  - runtime", "  - quantization: [none, {}]\n  - runtime"))
    store = Store(tmp_path / "home")
    sweep = store.open_sweep(spec)
    for recipe in spec.recipes:
        log(store, sweep, recipe, tmp_path)
    store.finish_sweep(sweep, status="FINISHED")
    return serve_home(tmp_path / "home")


@dataclass
class Visit:
    """A page that is open, and what it asked of other hosts or wrote as errors."""

    page: Page
    strangers: list[str]
    errors: list[str]

    def open(self, url: str, *, wait: str = '[class*="title-heading"]') -> Page:
        """Go there and wait until it is drawn."""
        self.page.goto(url)
        self.page.wait_for_selector(wait, timeout=30_000)
        return self.page

    def click_row(self, key: str, *, row: int = 0, x: int = 100) -> None:
        """A row of a table at that distance from its left, once the page stands still: charts above it are drawn late."""
        table = self.page.locator(f".st-key-{key} canvas").first
        table.evaluate("table => table.scrollIntoView({block: 'center'})")
        before = None
        while (box := table.bounding_box()) != before or box is None:
            before = box
            self.page.wait_for_timeout(700)
        place = box["x"] + x, box["y"] + 35 + 17 + 35 * row
        self.page.mouse.move(*place)
        self.page.wait_for_timeout(200)  # the table finds out what lies under the pointer, and loses a click that comes sooner
        self.page.mouse.click(*place, delay=80)


@pytest.fixture
def visit(browser: Browser, site: Site, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """A fresh tab; `@pytest.mark.parametrize("visit", [{...}], indirect=True)` sets size and colour scheme."""
    options: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}} | getattr(request, "param", {})
    page = browser.new_page(**options)
    page.set_default_timeout(30_000)
    visit = Visit(page, [], [])
    page.on(
        "request", lambda r: None if r.url.startswith((site.url, "data:", "blob:")) else visit.strangers.append(r.url)
    )
    page.on("pageerror", lambda error: visit.errors.append(str(error)))
    yield visit
    page.close()
    assert visit.strangers == [] and visit.errors == []
