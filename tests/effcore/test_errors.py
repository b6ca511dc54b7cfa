"""The sentences that a user reads when something is wrong."""

from __future__ import annotations

import pytest

from effcore.errors import (
    BusyError,
    Cancelled,
    EffcoreError,
    MeasureError,
    Problem,
    SpecError,
    StageError,
    StoreError,
    TechniqueError,
    closest,
    nearest,
)


def test_a_problem_says_where_with_its_line_and_what_to_do() -> None:
    problem = Problem(where="recipe[2].pruning.amount", message="must be less than 1. Got 2.", hint="A share.", line=7)
    assert str(problem) == "recipe[2].pruning.amount (line 7): must be less than 1. Got 2. A share."


def test_a_problem_without_line_and_hint_leaves_no_trace_of_them() -> None:
    assert str(Problem(where="name", message="must be given.")) == "name: must be given."


def test_a_spec_error_counts_and_lists_all_problems() -> None:
    problems = [Problem(where="a", message="x."), Problem(where="b", message="y.", line=2)]
    assert str(SpecError(problems, source="s.yaml")) == "s.yaml: 2 problems\n  a: x.\n  b (line 2): y."
    assert str(SpecError(problems[:1])) == "spec: 1 problem\n  a: x."
    assert SpecError(problems).problems == tuple(problems)


@pytest.mark.parametrize("kind", [TechniqueError, StageError, MeasureError, StoreError, BusyError, Cancelled])
def test_every_error_on_purpose_is_an_effcore_error_with_its_text(kind: type[EffcoreError]) -> None:
    assert isinstance(kind("text"), EffcoreError)
    assert str(kind("text")) == "text"


def test_nearest_names_the_closest_and_all_where_they_are_few() -> None:
    assert nearest("prunning", ["pruning", "training"]) == "Did you mean 'pruning'? Known: pruning, training."


def test_nearest_of_nothing_close_names_what_is_known() -> None:
    assert nearest("zzz", ["b", "a"]) == "Known: a, b."
    assert (nearest("zzz", []), closest("zzz", ["b"]), closest("prunning", ["pruning", "training"])) == ("", "", "Did you mean 'pruning'?")


def test_nearest_among_many_names_only_the_closest() -> None:
    names = [f"metric_{index:02}" for index in range(13)]
    assert nearest("metric_7", names) == "Did you mean 'metric_07'?"
    assert nearest("zzz", names) == ""


def test_nearest_takes_what_is_no_text() -> None:
    assert nearest(None, ["a"]) == "Known: a."
