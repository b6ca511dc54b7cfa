"""What is left of a search: by time, by how many candidates may be begun, and of what is in work."""

from __future__ import annotations

import pytest

from effcore.catalogue.search import Budget
from effcore.search.samplers import Settings
from effcore.search.study import Study
from effcore.spec.dimensions import Between, Dimension
from effcore.sweep.spending import Spending


def spending(budget: Budget, *, now: list[float]) -> Spending:
    study = Study(Between(Dimension(name="x", low=0.0, high=1.0)), maximise=[False], settings=Settings(strategy="random"))
    return Spending(study, budget, slots=2, clock=lambda: now[0])


@pytest.mark.parametrize(
    ("budget", "begun", "more", "left_s"),
    [
        (Budget(minutes=1), 5, None, 50.0),  # of the time, in which what is in work ends too
        (Budget(variants=10), 5, 5, 10.0 + 3.0),  # as long as the five before took, and six core-seconds on two cores
        (Budget(variants=10), 10, 0, 3.0),
        (Budget(variants=10), 0, 10, 3.0),  # nothing to go by yet
        (Budget(variants=1000, core_s=40), 5, 995, 10.0),  # whichever comes first
    ],
)
def test_what_is_left(budget: Budget, begun: int, more: int | None, left_s: float) -> None:
    now = [0.0]
    found = spending(budget, now=now)
    now[0] = 10.0
    assert found.remaining_s(begun, more, committed_s=6.0) == left_s


def test_work_fits_beside_what_is_in_work_on_all_cores_and_on_its_own_one() -> None:
    now = [0.0]
    found = spending(Budget(core_s=40), now=now)
    assert found.fits(19.9, committed_s=20.0) and not found.fits(20.1, committed_s=0.0) and not found.fits(15.0, committed_s=26.0)
    now[0] = 21.0
    assert found.left_s == -1.0 and not found.overdue
    now[0] = 22.5
    assert found.overdue
