"""When the host is cleared to measure: the first at once, later in batches, or as soon as that costs no more than the measuring."""

from __future__ import annotations

from effcore.forecast import Rates
from effcore.plan import Stage
from effcore.sweep.clearing import BATCH, is_due

RATES = Rates({}, {"train": 10.0, "measure": 4.0})


def due(waiting: int, *, units: float = 1.0, slots: int = 2, sent_off: int = 3, guided: bool = True, running: int = 1) -> bool:
    stages = [Stage("train", f"train-{n}", {}, (), "train", units) for n in range(running)]
    return is_due(range(waiting), stages, slots=slots, sent_off=sent_off, rates=RATES, guided=guided)


def test_nothing_is_due_where_nothing_waits() -> None:
    assert not due(0) and not due(0, running=0)


def test_the_first_is_measured_at_once_and_others_when_the_host_is_free_or_a_batch_waits() -> None:
    assert due(1, sent_off=0, guided=False) and due(1, running=0, guided=False) and due(BATCH, guided=False)
    assert not due(BATCH - 1, guided=False)


def test_where_results_decide_clearing_may_cost_what_measuring_does() -> None:
    # Half of 10 s of one core, against 4 s of both.
    assert due(1) and not due(1, guided=False)
    assert not due(1, units=2.0) and due(2, units=2.0), "10 core-seconds against 8, and 16"
    assert not due(1, slots=4, units=2.0) and due(1, slots=1, units=100.0), "three cores wait; with one slot none does"
