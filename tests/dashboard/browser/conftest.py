"""The real pages, served over a real store, in a real browser."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from fake_store import CARD, make_files, make_variant
from playwright.sync_api import Browser, Dialog, Page
from tabs import Watched, click_row

from dashboard.classroom import KEY_FILE, Classroom
from dashboard.classroom.audience import QUOTA_VARIABLE
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


def log(store: Store, sweep: str, recipe: Recipe, folder: Path, *, error: str = "", answers: bool = False) -> str:
    """Write one variant with made figures as the runner would, with or without which images it has right."""
    made = make_variant(recipe, sweep=sweep)
    files: dict[str, Path] = {}
    for (_, name), content in {} if error else make_files(made).items():
        path = folder / f"{recipe.key}-{name}"
        path.write_bytes(content)
        files[name] = path
    if answers:
        right = round(1000 * made.metrics["accuracy"])
        files["correct.json"] = folder / f"{recipe.key}-correct.json"
        files["correct.json"].write_text(json.dumps(dict.fromkeys(("test", "validation"), [1] * right + [0] * (1000 - right))))
    record = VariantRecord(
        sweep_run=sweep, recipe=recipe, seed=0, runtime=made.runtime, environment="" if error else made.environment,
        structure="" if error else made.structure, metrics={} if error else made.metrics, files=files, error=error,
        artifact="" if error else "model.onnx",
    )  # fmt: skip
    return store.log_variant(sweep, record)


@pytest.fixture(scope="session")
def write_variant() -> Callable[..., str]:
    """`log`, for tests that make stores of their own."""
    return log


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


def serve(
    home: Path, *, port: int, output: Path, app: str = "", variables: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start the pages and wait until they answer.

    Args:
        home: The state folder.
        port, output: Where they answer, and the file of what they print.
        app: The script that is run instead of them.
        variables: Of their environment.
    """
    command = [sys.executable, "-m", *(("streamlit", "run", app) if app else ("dashboard",)), "--server.port", str(port)]
    plain = {name: value for name, value in os.environ.items() if name not in ("EFFCORE_TRACKING_URI", "EFFCORE_TABLES", "EFFCORE_STUDIES")}
    environment = {**plain, "EFFCORE_HOME": str(home), "PYTHONPATH": str(ROOT), **(variables or {})}
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
def serve_home() -> Iterator[Callable[..., str]]:
    """`serve_home(home)`: the address of the pages over a state folder; `app` and `variables` as in `serve`."""
    started = []

    def served(home: Path, **options: Any) -> str:
        port = free_port()
        started.append(serve(home, port=port, output=home.with_name(home.name + " log"), **options))
        return f"http://127.0.0.1:{port}"

    yield served
    for process in started:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture(scope="module")
def two_techniques(serve_home: Callable[[Path], str], tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of pages over a sweep with and without pruning and 8 bits, which no test changes."""
    folder = tmp_path_factory.mktemp("techniques")
    spec = parse(SPEC.replace("width: [0.5, 1.0]", "width: 0.5").replace("  - runtime", "  - quantization: [none, {}]\n  - runtime"))
    store = Store(folder / "home")
    sweep = store.open_sweep(spec)
    for recipe in spec.recipes:
        log(store, sweep, recipe, folder)
    store.finish_sweep(sweep, status="FINISHED")
    return serve_home(folder / "home")


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
        click_row(self.page, key, row=row, x=x)


@contextmanager
def watched(browser: Browser, options: dict[str, Any]) -> Iterator[Visit]:
    """A fresh tab that asks nobody but this machine, throws no error and opens no dialog."""
    page = browser.new_page(**({"viewport": {"width": 1280, "height": 900}} | options))
    page.set_default_timeout(60_000)
    visit = Visit(page, [], [])
    own = ("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:")
    page.on("request", lambda r: None if r.url.startswith(own) else visit.strangers.append(r.url))
    page.on("pageerror", lambda error: visit.errors.append(str(error)))

    def dialog(shown: Dialog) -> None:
        visit.errors.append(f"dialog: {shown.message}")
        shown.dismiss()

    page.on("dialog", dialog)
    yield visit
    page.close()
    assert visit.strangers == [] and visit.errors == []


@pytest.fixture
def visit(browser: Browser, site: Site, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """A fresh tab; `@pytest.mark.parametrize("visit", [{...}], indirect=True)` sets size and colour scheme."""
    with watched(browser, getattr(request, "param", {})) as visit:
        yield visit


@pytest.fixture
def tab(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """As `visit`, for tests of other servers than that of `site`."""
    with watched(browser, getattr(request, "param", {})) as visit:
        yield visit


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory, serve_home: Callable[..., str]) -> str:
    """The address of the pages over stores in memory: `?state=empty` and all others of `fake_store.STATES`."""
    home = tmp_path_factory.mktemp("states") / "home"
    home.mkdir()
    return serve_home(home, app="tests/dashboard/browser/fake_served.py")


@pytest.fixture
def open_tab(browser: Browser) -> Iterator[Any]:
    """`open_tab()`: a tab in a context of its own."""
    contexts = []

    def opened(**options: Any) -> Watched:
        context = browser.new_context(**({"viewport": {"width": 1280, "height": 900}} | options))
        contexts.append(context)
        watched = Watched(context.new_page())
        watched.page.set_default_timeout(60_000)

        def frame(payload: str | bytes) -> None:
            watched.sent.append(payload if isinstance(payload, bytes) else payload.encode())

        watched.page.on("websocket", lambda socket: socket.on("framereceived", frame))
        return watched

    yield opened
    for context in contexts:
        context.close()


CLASS_KEY = "the key of this class"


@dataclass
class School:
    """A class over a store with a sweep of the lecturer and one of Ada, each finished, and a challenge.

    Attributes:
        lecture, adas: Runs of the sweeps.
    """

    url: str
    home: Path
    store: Store
    lecture: str
    adas: str
    key: str = CLASS_KEY

    @property
    def room(self) -> Classroom:
        return Classroom(self.home)


@pytest.fixture(scope="session")
def taught(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """The state folder of a class, to be copied, and the runs of its two sweeps: Ada's and the lecturer's."""
    folder = tmp_path_factory.mktemp("taught")
    home = folder / "home"
    (home / "challenges").mkdir(parents=True)
    (home / "challenges" / "small.yaml").write_text(CARD)
    (home / KEY_FILE).write_text(CLASS_KEY)
    store, runs = Store(home), []
    for spec, owner in ((parse(SPEC.replace("name: small", "name: by Ada").replace("amount: 0.5", "amount: 0.25")), "Ada"), (parse(SPEC), "")):
        runs.append(store.open_sweep(spec, run_id=store.schedule(spec.text, owner=owner)))
        for recipe in spec.recipes:
            log(store, runs[-1], recipe, folder, answers=True)
        store.beat(runs[-1], total=len(spec.recipes), done=len(spec.recipes), failed=0)
        store.finish_sweep(runs[-1], status="FINISHED")
    return home, runs


def move(home: Path, *, was: Path) -> None:
    """Have the store of a copied state folder find its files there."""
    with closing(sqlite3.connect(home / "mlflow.db")) as database, database:
        for table, column in (("experiments", "artifact_location"), ("runs", "artifact_uri")):
            database.execute(f"UPDATE {table} SET {column} = replace({column}, ?, ?)", (was.resolve().as_uri(), home.resolve().as_uri()))


@pytest.fixture
def school(taught: tuple[Path, list[str]], serve_home: Callable[[Path], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> School:
    """Half a minute of sweeps for each student, and a state folder and pages of their own for every test."""
    template, (adas, lecture) = taught
    home = shutil.copytree(template, tmp_path / "home")
    move(home, was=template)
    monkeypatch.setenv(QUOTA_VARIABLE, "0.5")
    return School(serve_home(home), home, Store(home), lecture=lecture, adas=adas)
