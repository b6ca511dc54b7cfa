"""The clock of a sweep: time since it was launched, and how long it took."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from fake_store import START_MS, FakeSweep

from dashboard.screens.clock import clock_text

RUNNING: Any = FakeSweep(run_id="s", name="live", state="running", total=6, done=2, failed=1)
DONE = replace(RUNNING, state="done", done=6, failed=0, ended_ms=START_MS + 48_400)


@pytest.mark.parametrize(
    ("record", "after_s", "text"),
    [
        (RUNNING, 23.9, "0:23 · 3 of 6 measured"),
        (RUNNING, 125, "2:05 · 3 of 6 measured"),
        (replace(RUNNING, total=0), 2, "0:02 · planning"),
        (replace(RUNNING, state="waiting", total=0), 1, "0:01 · waiting"),
        (DONE, 50, "Done in 0:48"),
        (replace(DONE, state="some failed"), 50, "Some failed in 0:48"),
        (DONE, 48 + 301, ""),
        (replace(DONE, ended_ms=None), 50, ""),
    ],
)
def test_what_the_clock_says(record: Any, after_s: float, text: str) -> None:
    assert clock_text(record, since_ms=START_MS, now_ms=START_MS + round(1000 * after_s)) == text


def test_one_that_was_launched_again_counts_from_then() -> None:
    again = 86_400_000
    assert clock_text(RUNNING, since_ms=START_MS + again, now_ms=START_MS + again + 5_000) == "0:05 · 3 of 6 measured"
