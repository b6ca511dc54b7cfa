"""The queue of sweeps as values: state in words, share that is done, time, and what can be done about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dashboard.quantities import count, duration
from effcore.tracking import SweepRecord

ACTIVE = ("waiting", "running", "cancelling")
"""States in which the runner still has something to do."""

_PATIENCE_S = 20.0
"""A sweep that waits for longer while nothing runs has no runner."""


@dataclass(frozen=True, kw_only=True)
class QueueRow:
    """One sweep.

    Attributes:
        share: Of its variants that have ended, 0 to 1.
        text: `12 of 27, 1 failed`.
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
    hint: str
    tone: str
    can_cancel: bool
    has_points: bool
    started_ms: int


_TONES = {
    "done": "good",
    "some failed": "bad",
    "failed": "bad",
    "stopped": "bad",
    "running": "busy",
    "cancelling": "busy",
}


def queue_rows(records: Sequence[SweepRecord], *, now_ms: int) -> tuple[QueueRow, ...]:
    """The sweeps, those at work first, then the newest.

    Args:
        records: In any order.
        now_ms: Unix time.
    """
    busy = any(r.state == "running" for r in records)
    rows = [_row(record, now_ms=now_ms, busy=busy) for record in records]
    order = {state: index for index, state in enumerate(("running", "cancelling", "waiting"))}
    return tuple(sorted(rows, key=lambda r: (order.get(r.state, len(order)), -r.started_ms, r.name, r.run_id)))


def _row(record: SweepRecord, *, now_ms: int, busy: bool) -> QueueRow:
    ended = record.done + record.failed
    text = f"{ended:,} of {record.total:,}" if record.total else "not planned yet"
    if record.failed:
        text += f", {record.failed:,} failed"
    stop = record.ended_ms or now_ms
    return QueueRow(
        run_id=record.run_id,
        name=record.name,
        task=record.task,
        state=record.state,
        share=min(ended / record.total, 1.0) if record.total else 0.0,
        text=text,
        elapsed="" if record.state == "waiting" else duration(max(stop - record.started_ms, 0) / 1000),
        hint=_hint(record, now_ms=now_ms, busy=busy),
        tone=_TONES.get(record.state, "quiet"),
        can_cancel=record.state in ("waiting", "running"),
        has_points=ended > 0,
        started_ms=record.started_ms,
    )


def _hint(record: SweepRecord, *, now_ms: int, busy: bool) -> str:
    waited_s = (now_ms - record.started_ms) / 1000
    if record.state == "waiting" and busy:
        return "Waits for the sweep before it."
    if record.state == "waiting" and waited_s > _PATIENCE_S:
        return "Nobody has taken it for " + duration(waited_s) + ". Start a runner: effcore serve"
    if record.state == "stopped":
        return "Gives no sign of life. A runner continues it where it stood: effcore serve"
    return record.error


def queue_headline(rows: Sequence[QueueRow]) -> str:
    """`1 running, 2 waiting`, or that the queue is empty."""
    states = [(name, sum(r.state == name for r in rows)) for name in ("running", "cancelling", "waiting")]
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
