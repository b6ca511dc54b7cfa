"""What a strategy sees of a search."""

from __future__ import annotations

from dataclasses import replace

import pytest

from effcore.search.samplers import ANEW, Settings, View
from effcore.search.trial import Trial
from effcore.spec.dimensions import Between, Dimension


def trials(n: int) -> list[Trial]:
    return [Trial(number=i, assignment={"x": i / n}, values=(float(i),)) for i in range(n)]


def seen(view: View) -> list[float | None]:
    """Values by the decision, whatever the order in which they were told."""
    return [t.value for t in sorted(view._study.get_trials(deepcopy=False), key=lambda t: t.params["x"])]


@pytest.fixture
def view() -> View:
    return View(Between(Dimension(name="x", low=0.0, high=1.0)), maximise=[False], settings=Settings())


def test_changed_values_are_seen_at_once_in_a_small_search(view: View) -> None:
    told = trials(ANEW - 1)
    view.see(told)
    told[3] = replace(told[3], values=(99.0,))
    view.see(told)
    assert seen(view)[3] == 99.0 and len(seen(view)) == len(told)


def test_changed_values_are_seen_within_one_in_so_many_looks_and_new_trials_at_once(view: View) -> None:
    told = trials(3 * ANEW)
    view.see(told)
    told[3] = replace(told[3], values=(99.0,))
    for look in range(1, 4):
        told.append(Trial(number=len(told), assignment={"x": 1.0}, values=(-1.0,)))
        view.see(told)
        assert seen(view)[-1] == -1.0 and len(seen(view)) == len(told)
        assert seen(view)[3] == 3.0, look
    view.see(told)
    assert seen(view)[3] == 99.0 and len(seen(view)) == len(told)


def test_what_came_to_something_replaces_what_ran(view: View) -> None:
    told = [*trials(3 * ANEW), Trial(number=3 * ANEW, assignment={"x": 1.0})]
    view.see(told)
    assert seen(view)[-1] is None
    told[-1] = replace(told[-1], values=(-7.0,))
    view.see(told)
    complete = [t for t in view._study.get_trials(deepcopy=False) if t.value == -7.0]
    assert len(complete) == 1 and complete[0].params == {"x": 1.0}
