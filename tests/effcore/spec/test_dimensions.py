"""A space as a tree of decisions: which there are, when they are asked, what they come to."""

from __future__ import annotations

import math

import pytest

from effcore.spec.dimensions import Between, Dimension, Fields, Fixed, Node, OneOf, Row, active, count, dimensions, every, resolve

WIDTH = Dimension(name="width", labels=("0.5", "1"), ordered=True)
PRUNE = Dimension(name="prune", labels=("none", "with"))
AMOUNT = Dimension(name="prune.amount", low=0.25, high=0.75, step=0.25, needs=(("prune", 1),))
TREE: Node = Row(
    (
        Fields((("width", OneOf(WIDTH, (Fixed(0.5), Fixed(1.0)))), ("family", Fixed("mlp")))),
        OneOf(PRUNE, (Fixed("none"), Fields((("amount", Between(AMOUNT)),)))),
    )
)


def test_a_dimension_comes_after_what_it_needs() -> None:
    assert [d.name for d in dimensions(TREE)] == ["width", "prune", "prune.amount"]


def test_a_tree_is_resolved_with_what_is_there_only() -> None:
    asked: list[str] = []

    def pick(dimension: Dimension) -> float:
        asked.append(dimension.name)
        return {"width": 1, "prune": 0}[dimension.name]

    assert resolve(TREE, pick) == [{"width": 1.0, "family": "mlp"}, "none"]
    assert asked == ["width", "prune"]
    assert resolve(TREE, lambda d: {"width": 0, "prune": 1, "prune.amount": 0.49}[d.name])[1] == {"amount": 0.5}


def test_decisions_without_effect_do_not_make_two_candidates() -> None:
    one, other = {"width": 0, "prune": 0, "prune.amount": 0.25}, {"width": 0, "prune": 0, "prune.amount": 0.75}
    assert active(TREE, one) == active(TREE, other) == {"width": 0, "prune": 0}


def test_every_candidate_is_counted_and_listed_once() -> None:
    listed = [tuple(sorted(a.items())) for a in every(TREE)]
    assert count(TREE) == len(listed) == len(set(listed)) == 2 * (1 + 3)
    assert math.isinf(count(Between(Dimension(name="x", low=0, high=1))))


RANGES = [
    (Dimension(name="x", low=0.001, high=0.1, log=True), 0.5, 0.01),
    (Dimension(name="x", low=0.0, high=1.0), 0.123456, 0.1235),
    (Dimension(name="x", low=1, high=4, whole=True), 0.99, 4),
    (Dimension(name="x", low=1, high=4, whole=True), 0.0, 1),
    (Dimension(name="x", low=16, high=64, step=16, whole=True), 0.5, 48),
    (Dimension(name="x", low=1, high=100, log=True, whole=True), 0.999, 100),
    (Dimension(name="x", labels=("a", "b", "c")), 0.5, 1),
]


@pytest.mark.parametrize(("dimension", "share", "value"), RANGES)
def test_a_share_of_the_way_through_is_a_value_of_the_dimension(dimension: Dimension, share: float, value: float) -> None:
    assert dimension.at(share) == pytest.approx(value)
    assert all(dimension.at(s / 50) == dimension.fitted(dimension.at(s / 50)) or dimension.labels for s in range(50))


@pytest.mark.parametrize("dimension", [d for d, _, _ in RANGES], ids=str)
def test_the_share_of_the_ends_is_zero_and_one(dimension: Dimension) -> None:
    low, high = (0, len(dimension.labels) - 1) if dimension.labels else (dimension.low, dimension.high)
    assert dimension.share(low) == 0 and dimension.share(high) == pytest.approx(1)
