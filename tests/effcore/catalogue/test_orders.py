"""The table of orders, against every pair and every short sequence of roles."""

from __future__ import annotations

import itertools
from typing import get_args

import pytest

from effcore.catalogue import RUNTIMES, TECHNIQUES, Role
from effcore.catalogue.orders import FOLLOWERS, REASONS, order_problems, order_table, roles_of

ROLES: tuple[Role, ...] = get_args(Role)
PAIRS = list(itertools.product(ROLES, ROLES))
ALLOWED = {
    "architecture phase",
    "phase contribute", "phase transform", "phase lower", "phase runtime",
    "contribute contribute", "contribute transform", "contribute lower", "contribute runtime",
    "transform transform", "transform phase", "transform lower", "transform runtime",
    "lower runtime",
}  # fmt: skip


def problems(*roles: Role, runtime: str = "onnxruntime") -> list[tuple[int, str]]:
    return order_problems([(f"{role}{index}", role) for index, role in enumerate(roles)], runtime=runtime)


def test_the_table_knows_every_role_and_has_a_reason_for_each() -> None:
    assert set(FOLLOWERS) == set(REASONS) == set(ROLES)


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_every_pair_is_allowed_or_refused_with_the_reason_of_what_follows(before: Role, after: Role) -> None:
    refusals = [text for index, text in problems(before, after) if index == 1 and "can't follow" in text]
    if f"{before} {after}" in ALLOWED:
        assert refusals == []
    else:
        assert refusals == [f"'{after}1' can't follow '{before}0': {REASONS[after]}."]


def test_an_order_is_allowed_exactly_when_its_ends_and_all_its_pairs_are() -> None:
    allowed = []
    for roles in (roles for length in range(1, 6) for roles in itertools.product(ROLES, repeat=length)):
        good = roles[0] == "architecture" and roles[-1] == "runtime"
        good &= all(f"{a} {b}" in ALLOWED for a, b in itertools.pairwise(roles))
        assert (problems(*roles) == []) == good, roles
        allowed += [roles] * good
    assert [sum(len(roles) == length for roles in allowed) for length in range(1, 6)] == [0, 0, 1, 3, 6]


@pytest.mark.parametrize(
    "middle", [("transform",), ("contribute", "contribute", "transform", "phase", "contribute"), ("lower",), ()]
)
def test_whole_recipes(middle: tuple[Role, ...]) -> None:
    assert problems("architecture", "phase", *middle, "runtime") == []


def test_no_step_at_all() -> None:
    assert order_problems([], runtime="") == [
        (0, "must hold at least architecture, training and runtime. Got no step.")
    ]


def test_a_contribution_stands_once_in_a_phase_and_again_in_the_next() -> None:
    def named(*names: str) -> list[tuple[int, str]]:
        steps = [(name, TECHNIQUES[name].role) for name in ("architecture", "training", *names, "runtime")]
        return order_problems(steps, runtime="onnxruntime")

    assert named("augmentation", "pruning", "training", "augmentation") == []
    assert named("augmentation", "distillation", "augmentation") == [
        (4, "'augmentation' stands twice in one phase: give one step the parameters of both.")
    ]


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("technique", [t.name for t in TECHNIQUES.values() if t.optional])
def test_a_runtime_refuses_what_it_cannot_run_with_its_reason(runtime: str, technique: str) -> None:
    names = ("architecture", "training", technique, "runtime")
    found = order_problems([(name, TECHNIQUES[name].role) for name in names], runtime=runtime)
    refuses = RUNTIMES[runtime].refuses
    expected = (
        [(2, f"{technique!r} can't be had with the runtime {runtime!r}: {refuses[technique]}")]
        if technique in refuses
        else []
    )
    assert found == expected


BEFORE = {"architecture": [], "phase": ["architecture"], "contribute": ["architecture", "training"]} | {
    role: ["architecture", "training"] for role in ("transform", "lower", "runtime")
}
"""What a recipe holds before a step of each role."""


def test_the_table_says_of_every_two_techniques_what_a_recipe_with_them_is_told() -> None:
    roles = roles_of(TECHNIQUES)
    table = order_table(roles)
    assert set(roles) == {*TECHNIQUES, "pruning/gradual"} and roles["pruning/gradual"] == "contribute"
    assert set(table) == set(roles) and all(set(row) == set(roles) for row in table.values())
    for first, row in table.items():
        for second, refusal in row.items():
            names = [n for n in BEFORE[roles[first]] if n != first] + [first, second]
            problems = order_problems([(n.split("/")[0], roles[n]) for n in names], runtime="onnxruntime")
            of_the_pair = [text for index, text in problems if index == len(names) - 1 and "must be `runtime`" not in text]
            assert bool(refusal) == bool(of_the_pair), (first, second, refusal, of_the_pair)
    assert table["pruning"]["quantization"] == "" and table["quantization"]["pruning"] == REASONS["transform"]
    assert table["distillation"]["distillation"].startswith("it stands once")
