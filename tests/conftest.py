"""What tests of every folder share."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from effcore import host
from effcore.cli import SELDOM

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell starts what runs in the background; children would be deaf to it too
    signal.signal(signal.SIGINT, signal.default_int_handler)
gc.set_threshold(SELDOM)
sys.path.insert(0, str(Path(__file__).parent))  # for the modules beside this file; pytest itself changes no path here

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="session", autouse=True)
def own_host(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A host for each process of pytest, as if it had a machine of its own: what is tested in one waits for no measurement in another."""
    os.environ[host.VARIABLE] = str(tmp_path_factory.mktemp("host"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One headless Chromium for all tests of a process: Playwright refuses a second of its loops beside it."""
    if not Path(CHROMIUM).exists():
        missing = pytest.fail if os.environ.get("EFFCORE_REQUIRE_BROWSER") else pytest.skip
        missing(f"No Chromium at {CHROMIUM}. Install Debian's package chromium, or say where it is with CHROMIUM.")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()
