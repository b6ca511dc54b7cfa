"""The real pages over a store in memory, for states that are hard to bring about: run it with FAKE_STATE set."""

from __future__ import annotations

import os
import runpy
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
for folder in (str(ROOT), str(ROOT / "tests" / "dashboard")):
    if folder not in sys.path:
        sys.path.insert(0, folder)

import fake_store  # noqa: E402

from dashboard import data  # noqa: E402

if not hasattr(data, "fake_store"):
    state = os.environ.get("FAKE_STATE", "done")
    data.fake_store = fake_store.STATES[state]()
    data.store = lambda: data.fake_store

runpy.run_path(str(ROOT / "dashboard" / "app.py"))
