"""The kernel's counters, and which core is chosen by them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from effcore.measure import load
from effcore.measure.load import Ticks, allowed_cores, core_count, idlest, read_ticks


def test_ticks_count_stolen_time_as_busy_and_waiting_for_disks_as_idle(tmp_path: Path) -> None:
    stat = tmp_path / "stat"
    stat.write_text("cpu  9 9 9 9 9 9 9 9 0 0\ncpu0 1 2 3 100 50 4 5 6 0 0\ncpu1 0 0 0 10 0 0 0 0 0 0\nintr 5\n")
    assert read_ticks(stat).cores == {0: (21, 171), 1: (0, 10)}


def test_ticks_are_empty_where_the_system_has_none(tmp_path: Path) -> None:
    assert read_ticks(tmp_path / "missing").cores == {}


def test_busy_is_the_share_since_the_earlier_moment() -> None:
    now, earlier = Ticks({0: (30, 140), 1: (5, 50), 2: (1, 1)}), Ticks({0: (20, 100), 1: (5, 50)})
    assert now.busy_since(earlier) == {0: 0.25, 1: 0.0}


@pytest.mark.parametrize(
    ("busy", "count", "current", "chosen"),
    [
        ({0: 0.5, 1: 0.1, 2: 0.3}, 1, (), (1,)),
        ({0: 0.5, 1: 0.1, 2: 0.3}, 2, (), (1, 2)),
        ({0: 0.05, 1: 0.0, 2: 0.0}, 1, (0,), (0,)),
        ({0: 0.25, 1: 0.0, 2: 0.0}, 1, (0,), (1,)),
        ({}, 1, (), (0,)),
    ],
)
def test_idlest_core_with_a_preference_for_the_current(busy, count, current, chosen) -> None:
    assert idlest((0, 1, 2), busy, count=count, current=current) == chosen


def test_no_cores_where_there_is_no_pinning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("os.sched_getaffinity", raising=False)
    assert allowed_cores() == ()
    assert idlest((), {}, count=1) == ()


def test_cores_are_those_that_this_process_may_use() -> None:
    assert core_count() >= 1
    script = "import os; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])\nfrom effcore.measure.load import core_count\nprint(core_count())"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "1"


def test_cores_of_all_kinds_count_where_the_fastest_are_too_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda process: {0, 1, 2, 3}, raising=False)
    monkeypatch.setattr(load, "_max_frequency", lambda core: 5_000_000 if core in (1, 2) else 3_000_000)
    assert [allowed_cores(least) for least in (1, 2, 3, 4)] == [(1, 2), (1, 2), (0, 1, 2, 3), (0, 1, 2, 3)]
    assert core_count() == 4
