"""What is told of a sweep as it goes on, and why it stands still."""

from __future__ import annotations

from effcore.cli.run import WAITING_S, Lines, describe_progress
from effcore.execution.worker import Standing
from effcore.host import Hold
from effcore.plan import Stage
from effcore.sweep.progress import Progress

TRAIN = Stage("train", "t", {"task": "digits", "architecture": {"family": "mlp", "width": 0.25}})
EXPORTS = tuple(Stage("export", key, {}) for key in "ab")
HELD = Standing(begun=(TRAIN,), hold=Hold(reason="work", by=(7, 9)))
WAITS = "waits to measure until other work of effcore on this host has ended (processes 7, 9)"


def progress(standing: Standing, *, done: int = 1, left_s: float = 0.0) -> Progress:
    return Progress(variants_done=done, variants_total=4, failed=0, stages_done=5, stages_total=14, remaining_s=left_s, standing=standing)


def test_a_line_says_what_runs() -> None:
    assert describe_progress(progress(Standing())) == "1 of 4 variants, stage 5 of 14"
    running = Standing(begun=(TRAIN, *EXPORTS))
    assert describe_progress(progress(running, left_s=200)) == (
        "1 of 4 variants, stage 5 of 14, about 3 min left; training mlp x0.25 on digits, exporting (2)"
    )
    assert describe_progress(progress(Standing(starting=True))) == "1 of 4 variants, stage 5 of 14; loading torch"


def test_a_line_says_why_nothing_goes_on() -> None:
    assert describe_progress(progress(HELD)) == f"1 of 4 variants, stage 5 of 14; {WAITS}"
    kept = Standing(hold=Hold(reason="measurement", by=(7,)))
    assert kept.waits == "waits until another measurement on this host has ended (process 7); nothing may run beside it"


def test_a_wait_is_told_once_and_again_when_there_is_another() -> None:
    lines = Lines("s")
    running, held = progress(Standing(begun=(TRAIN,))), progress(HELD)
    assert lines.next(running, now=0.0, terminal=False) == ["s: 1 of 4 variants, stage 5 of 14; training mlp x0.25 on digits"]
    assert lines.next(held, now=1.0, terminal=False) == []
    assert lines.next(held, now=1.0 + WAITING_S, terminal=False) == [f"s: {WAITS}"]
    assert lines.next(held, now=99.0, terminal=False) == []
    assert lines.next(running, now=100.0, terminal=False) == []
    assert lines.next(held, now=101.0, terminal=False) == []
    assert lines.next(held, now=105.0, terminal=False) == [f"s: {WAITS}"]


def test_a_terminal_gets_only_the_waits_as_lines() -> None:
    lines = Lines("s")
    assert lines.next(progress(HELD), now=0.0, terminal=True) == []
    assert lines.next(progress(HELD, done=2), now=WAITING_S, terminal=True) == [f"s: {WAITS}"]
