"""Every reason for which a measurement is marked, and that a quiet one is not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from effcore.measure.noise import quiet_of
from effcore.measure.noise import reasons as reasons_of
from effcore.measure.process import Process

QUIET = Process(
    samples_ms=(1.0, 1.0, 1.0),
    reference_samples_ms=(0.5, 0.5, 0.5),
    load_ms=1.0,
    settled=True,
    waited_share=0.0,
    cores=(0,),
    others_core=0.02,
    others_machine=0.03,
    seconds=0.2,
)


def reasons(processes: list[Process], **given: Any) -> tuple[str, ...]:
    return reasons_of(quiet_of(processes, **given))


def test_the_canary_says_in_one_line_how_quiet_it_was() -> None:
    assert quiet_of([QUIET] * 5, others_before=0.0).line == (
        "quiet: others used 2% of the core and 3% of the machine, waited 0%, "
        "reference at 1.00 of its time in the best process, ratio spread 0.0% over 5 processes"
    )
    loud = quiet_of([replace(QUIET, others_core=0.5)] * 5, others_before=0.7)
    assert loud.line.startswith("not quiet: others used 50% of the core and 70% of the machine")
    assert loud.document()["core"] == 0.5


def test_a_quiet_measurement_has_no_reasons() -> None:
    assert reasons([QUIET] * 5, others_before=0.0) == ()


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"others_core": 0.4}, "other processes used 40% of the core that was measured on"),
        ({"others_machine": 0.5}, "other processes used 50% of the machine"),
        ({"waited_share": 0.2}, "the measuring process was without its core for 20% of the time"),
        ({"settled": False}, "the warm-up did not settle in 5 of 5 processes"),
    ],
)
def test_each_disturbance_is_named(change: dict, text: str) -> None:
    assert reasons([replace(QUIET, **change)] * 5, others_before=0.0) == (text,)


def test_load_before_counts_too() -> None:
    assert reasons([QUIET] * 5, others_before=0.9) == ("other processes used 90% of the machine",)


def test_spread_of_the_ratio_between_processes() -> None:
    processes = [replace(QUIET, samples_ms=(factor,)) for factor in (1.0, 1.5, 1.0, 1.5)]
    assert reasons(processes, others_before=0.0) == ("the ratio to the reference varies by 23% between processes",)


def test_reference_slower_than_in_the_best_process() -> None:
    slowed = [replace(QUIET, samples_ms=(2.0,), reference_samples_ms=(1.0,))] * 4
    assert reasons([QUIET, *slowed], others_before=0.0) == ("the reference ran 2.00 times slower than in the best process",)
