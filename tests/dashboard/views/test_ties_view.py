"""Ties on the frontier page, as values."""

from __future__ import annotations

import numpy as np
import pytest
from fake_store import make_variants

from dashboard.tables import frontier_table
from dashboard.views.frontier import FrontierView, frontier_view, hover_lines
from dashboard.views.ties import listed, ties_line
from effcore.analysis.frontier import Evidence, Frontier

SPEC = """name: ties
task: mnist5k
recipe:
  - architecture: {family: [mlp, cnn, mobile]}
  - training: {}
  - runtime: onnxruntime
"""


def view(wrong: dict[str, range]) -> FrontierView:
    """Three networks of about the same latency that are wrong on those test images."""

    def evidence(frontier: Frontier) -> Evidence:
        correct = {}
        for point in frontier.points:
            right = np.ones(1000, dtype=bool)
            right[list(wrong[point.name.split()[0]])] = False
            correct[point.key] = right
        return Evidence(correct={"accuracy": correct})

    variants = []
    for variant in make_variants(SPEC):
        family = variant.name.split()[0]
        figures = {"accuracy": 1 - len(wrong[family]) / 1000, "latency_ms": {"mlp": 1.0, "cnn": 1.01, "mobile": 1.02}[family]}
        figures |= {"accuracy_low": 0.0, "accuracy_high": 1.0, "latency_ms_low": 0.9, "latency_ms_high": 1.1}
        object.__setattr__(variant, "metrics", figures)
        variants.append(variant)
    return frontier_view(variants, x="latency_ms", y="accuracy", evidence=evidence)


def test_a_dominated_point_that_can_not_be_told_apart_is_called_a_tie_in_hover_table_and_words() -> None:
    tied = view({"mlp": range(50), "cnn": range(51), "mobile": range(300)})
    mlp, cnn, mobile = sorted(tied.dots, key=lambda d: d.x.value)
    assert (mlp.on_frontier, cnn.on_frontier, mobile.on_frontier) == (True, False, False)
    assert (mlp.tied_with, cnn.tied_with, mobile.tied_with) == ((cnn.name,), (mlp.name,), ())
    assert hover_lines(cnn, tied)[-1] == f"tied, as far as can be told, with {mlp.name}"
    assert ties_line(tied) == (
        "1 of 1 on the frontier are tied with another point; 1 dominated point is tied with one on it: "
        "their measurements tell them apart on neither axis."
    )
    frame, columns = frontier_table(tied)
    assert dict(zip(frame["point"], frame["tied"], strict=True)) == {mlp.name: cnn.name, cnn.name: mlp.name, mobile.name: ""}
    assert "tied" in columns


def test_where_all_can_be_told_apart_nothing_is_said() -> None:
    apart = view({"mlp": range(300), "cnn": range(150), "mobile": range(20)})
    assert all(d.tied_with == () for d in apart.dots) and ties_line(apart) == ""
    assert "tied" not in frontier_table(apart)[0]


@pytest.mark.parametrize(("count", "said"), [(2, "a, a"), (3, "a, a, a"), (5, "a, a, a and 2 more")])
def test_names_are_listed_up_to_three(count: int, said: str) -> None:
    assert listed(["a"] * count) == said
