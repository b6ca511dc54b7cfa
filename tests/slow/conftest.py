"""Real sweeps of real processes: slow, and on a busy machine slower."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

sys.path.insert(0, str(Path(__file__).parent))  # for the modules beside the tests; pytest itself changes no path here

from homes import Home

MINUTE_MS = 60_000


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """A state folder of this test alone; whatever still runs for it at the end is ended."""
    made = Home(tmp_path / "home")
    yield made
    made.end()


@pytest.fixture(scope="module")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A state folder of all tests of a module."""
    made = Home(tmp_path_factory.mktemp("shared") / "home")
    yield made
    made.end()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh tab that has patience with real sweeps."""
    opened = browser.new_page(viewport={"width": 1280, "height": 1000})
    opened.set_default_timeout(2 * MINUTE_MS)
    yield opened
    opened.close()
