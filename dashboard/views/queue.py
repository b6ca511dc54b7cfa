"""The queue of sweeps as values: state in words, share that is done, time, and what can be done about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dashboard.quantities import count, digits, duration
from effcore.tracking import SweepRecord

ACTIVE = ("waiting", "running", "pausing", "cancelling")
"""States in which the runner still has something to do."""

PATIENCE_S = 20.0
"""A sweep that waits for longer while nothing runs has no runner."""


@dataclass(frozen=True, kw_only=True)
class QueueRow:
    """One sweep.

    Attributes:
        share: Of its variants that have ended, 0 to 1.
        text: `12 of 27, 1 failed`.
        cost: What it cost so far, and what it took against what was expected.
        hint: What the user may have to do; empty where nothing.
        tone: `good`, `bad`, `busy` or `quiet`.
    """

    run_id: str
    name: str
    task: str
    state: str
    share: float
    text: str
    elapsed: str
    cost: str
    hint: str
    tone: str
    can_cancel: bool
    can_pause: bool
    can_resume: bool
    can_rebudget: bool
    has_points: bool
    started_ms: int


_TONES = {
    "done": "good",
    "some failed": "bad",
    "failed": "bad",
    "stopped": "bad",
    "running": "busy",
    "pausing": "busy",
    "cancelling": "busy",
}


_ORDER = ("running", "pausing", "cancelling", "paused", "waiting")


def queue_rows(records: Sequence[SweepRecord], *, now_ms: int, busy: bool = False) -> tuple[QueueRow, ...]:
    """The sweeps, those at work first, then the newest.

    Args:
        records: In any order.
        now_ms: Unix time.
        busy: Whether a sweep is at work that is not among them.
    """
    busy = busy or any(r.state == "running" for r in records)
    rows = [_row(record, now_ms=now_ms, busy=busy) for record in records]
    order = {state: index for index, state in enumerate(_ORDER)}
    return tuple(sorted(rows, key=lambda r: (order.get(r.state, len(order)), -r.started_ms, r.name, r.run_id)))


def _row(record: SweepRecord, *, now_ms: int, busy: bool) -> QueueRow:
    ended = record.done + record.failed
    text = f"{ended:,} of {record.total:,}" if record.total else "not planned yet"
    if record.failed:
        text += f", {record.failed:,} failed"
    return QueueRow(
        run_id=record.run_id,
        name=record.name,
        task=record.task,
        state=record.state,
        share=min(ended / record.total, 1.0) if record.total else 0.0,
        text=text,
        elapsed=_elapsed(record, now_ms=now_ms),
        cost=cost_line(record),
        hint=_hint(record, now_ms=now_ms, busy=busy),
        tone=_TONES.get(record.state, "quiet"),
        can_cancel=record.state in ("waiting", "running", "pausing", "paused"),
        can_pause=record.state in ("waiting", "running"),
        can_resume=record.state in ("pausing", "paused"),
        can_rebudget=record.state in ("waiting", "running", "pausing", "paused") and record.strategy not in _WITHOUT_BUDGET,
        has_points=ended > 0,
        started_ms=record.started_ms,
    )


def _elapsed(record: SweepRecord, *, now_ms: int) -> str:
    """How long it has run, without its pauses where that is known; empty where it has not begun."""
    begun = record.bill.took_s > 0
    if record.state == "waiting" or (record.state == "paused" and not begun):
        return ""
    return duration(record.bill.took_s if begun else max((record.ended_ms or now_ms) - record.started_ms, 0) / 1000)


_WITHOUT_BUDGET = ("grid", "one_shot")
"""Strategies with nothing to change while they run; what one_shot builds it decides once."""


def cost_line(record: SweepRecord) -> str:
    """What a sweep cost, what sharing saved, and what it took against what was expected; empty where nothing is known."""
    bill, parts = record.bill, []
    if bill.core_s or bill.alone_s:
        parts.append(f"{bill.core_s:,.0f} core-seconds")
    if bill.alone_s > bill.core_s:
        parts.append(f"sharing saved {bill.saved_s:,.0f} ({100 * bill.saved_s / bill.alone_s:.0f} %)")
    if bill.estimated_s is not None and bill.took_s:
        expected = duration(bill.estimated_s) if bill.estimated_s else "nothing new"
        parts.append(f"took {duration(bill.took_s)}, expected {expected}" if record.state in ENDED else f"expected to take {expected}")
    return " · ".join(parts)


ENDED = ("done", "some failed")
"""States of sweeps that ran to their end."""

_FEWEST = 3
"""Sweeps from which the error of estimates is told."""


def estimate_errors(records: Sequence[SweepRecord]) -> tuple[float, ...]:
    """Of every sweep that ran to its end how many times as long it took as was expected when it began, from least to most."""
    known = [r.bill for r in records if r.state in ENDED and r.bill.estimated_s and r.bill.took_s]
    return tuple(sorted(b.took_s / b.estimated_s for b in known if b.estimated_s))


def expectation(estimated_s: float, records: Sequence[SweepRecord]) -> str:
    """How far to trust an estimate, by how far those before were off; empty where too few are known.

    Args:
        estimated_s: Seconds that a sweep is expected to take.
        records: All sweeps.
    """
    errors = estimate_errors(records)
    if len(errors) < _FEWEST or estimated_s <= 0:
        return ""
    low, middle, high = (float(v) for v in np.quantile(errors, (0.25, 0.5, 0.75)))
    lowest, usual, highest = (digits(v, significant=2) for v in (low, middle, high))
    return (
        f"Of {count(len(errors), 'sweep')} here the middle one took {usual} times what was expected, half of them {lowest} to {highest} times. "
        f"By that: {duration(low * estimated_s)} to {duration(high * estimated_s)}."
    )


def _hint(record: SweepRecord, *, now_ms: int, busy: bool) -> str:
    waited_s = (now_ms - record.started_ms) / 1000
    if record.state == "paused":
        return "Stands still and keeps its place. What had finished is kept; what had not begun is begun when it goes on."
    if record.state == "pausing":
        return "Stands still as soon as the stages that run have come to their end."
    if record.state == "waiting" and busy:
        return "Waits for the sweep before it."
    if record.state == "waiting" and waited_s > PATIENCE_S:
        return "Nobody has taken it for " + duration(waited_s) + ". Start a runner: effcore serve"
    if record.state == "stopped":
        return "Gives no sign of life. A runner continues it where it stood: effcore serve"
    return record.error


def queue_headline(rows: Sequence[QueueRow]) -> str:
    """`1 running, 2 waiting`, or that the queue is empty."""
    states = [(name, sum(r.state == name for r in rows)) for name in _ORDER]
    said = [f"{number} {name}" for name, number in states if number]
    return (
        ", ".join(said)
        if said
        else "Nothing is running or waiting" + (f"; {count(len(rows), 'sweep')} so far" if rows else "")
    )


LOG_LINES, _LOG_BYTES = 12, 20_000


def log_tail(path: Path) -> tuple[str, ...]:
    """The last lines of a log, of a line that was written over the last state; none where there is no log.

    Args:
        path: Of a file that may still be written to.
    """
    try:
        with path.open("rb") as file:
            file.seek(max(path.stat().st_size - _LOG_BYTES, 0))
            text = file.read().decode(errors="replace")
    except OSError:
        return ()
    lines = [line.split("\r")[-1].rstrip() for line in text.split("\n")]
    return tuple(line for line in lines if line)[-LOG_LINES:]
