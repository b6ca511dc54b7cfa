"""Points beside each other, and where they disagree, on cases with a known answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dashboard.quantities import digits
from dashboard.views.compare import compare_view, compared_spec, read_points
from dashboard.views.disagreement import (
    class_rows,
    disagreement,
    largest_difference,
    most,
    pixels,
    shares_of_bytes,
    shares_of_time,
)
from effcore.analysis.frontier import Evidence, Frontier, Variant
from effcore.spec import parse


def none(frontier: Frontier) -> Evidence:
    return Evidence()


def named(variants: list[Variant], *names: str) -> list[str]:
    return [next(v.run_id for v in variants if v.name == name) for name in names]


def test_only_what_differs_is_a_row(variants: list[Variant]) -> None:
    view = compare_view(variants, named(variants, "cnn x1", "cnn x1 · prune 50%"), evidence=none)
    assert [(c.letter, c.name) for c in view.contenders] == [("A", "cnn x1"), ("B", "cnn x1 · prune 50%")]
    assert {r.label.split(":")[0] for r in view.steps} == {"Pruning"}
    amount = next(r for r in view.steps if r.label == "Pruning: amount")
    assert amount.values == ("–", "0.5")
    latency = next(r for r in view.figures if r.label == "Latency")
    before, after = (c.point.metrics["latency_ms"] for c in view.contenders)
    assert latency.values[1].endswith(f"÷{digits(before / after)}") and "÷" not in latency.values[0]
    assert next(r for r in view.figures if r.label == "Peak memory").values[1].endswith(" ≈")  # by less than a tenth
    assert "Training in total" not in {r.label for r in view.figures}  # the same in both


def test_each_stands_against_the_reference_in_words(variants: list[Variant]) -> None:
    runs = named(variants, "cnn x1", "cnn x1 · prune 50%", "mlp x1")
    view = compare_view(variants, runs, reference=runs[2], evidence=none)
    assert (view.reference, view.standard.name) == ("C", "mlp x1")
    assert [c.letter for c in view.contrasts] == ["A", "B"]
    assert "slower" in view.contrasts[0].lines[0] and "points" in view.contrasts[0].lines[1]
    assert view.contrasts[0].notes == ()


def test_paired_answers_are_used_where_they_are_known(variants: list[Variant]) -> None:
    runs = named(variants, "cnn x1", "mlp x1")
    right = np.ones((1, 200), dtype=bool)
    fewer = right.copy()
    fewer[0, :20] = False
    keys = [next(v.recipe_key for v in variants if v.run_id == run) for run in runs]
    known = Evidence(correct={"accuracy": {keys[0]: right, keys[1]: fewer}})
    view = compare_view(variants, runs, evidence=lambda f: known)
    assert view.contrasts[0].lines[1].startswith("accuracy −10.0 points (") and "p < 0.001" in view.contrasts[0].lines[1]


def test_what_cannot_be_compared_is_said(variants: list[Variant]) -> None:
    first, second, third = (next(v for v in variants if v.name == n) for n in ("cnn x1", "mlp x1", "mobile x1"))
    failed = replace(second, status="FAILED", run_id="failed")
    other = replace(third, environment="elsewhere")
    frame = [*(v for v in variants if v is not third), failed, other]
    view = compare_view(frame, [first.run_id, "<b>", "failed", other.run_id, first.run_id], evidence=none)
    assert [c.name for c in view.contenders] == ["cnn x1", "mobile x1"]
    assert view.missing == ("<b>: there is no such run", "failed: mlp x1 has not finished, or failed")
    assert view.contrasts[0].notes == ("latencies were measured in different environments and don't compare",)
    assert not any("faster" in line or "slower" in line for line in view.contrasts[0].lines)


def test_different_tasks_and_too_many(variants: list[Variant]) -> None:
    elsewhere = [replace(v, recipe={**v.recipe, "task": "digits"}, run_id="d" + v.run_id, sweep="s2") for v in variants]
    view = compare_view([*variants, *elsewhere], [variants[0].run_id, elsewhere[0].run_id], evidence=none)
    assert not view.one_task and "different tasks" in view.contrasts[0].notes[0]
    seven = compare_view(variants, [v.run_id for v in variants[:7]], evidence=none)
    assert len(seven.contenders) == 6 and seven.missing[0].endswith("no more than 6 can be compared")
    alone = compare_view(variants, [variants[0].run_id], evidence=none)
    assert alone.contrasts == () == alone.figures and alone.reference == "A"
    assert compare_view(variants, [], evidence=none).contenders == ()


def test_points_of_an_address_are_read_once_each() -> None:
    assert read_points(" a,b,,a ") == ("a", "b") and read_points("") == ()


LABELS = np.array([0, 0, 0, 0, 1, 1, 1, 1])


def test_classes_with_the_largest_difference_come_first() -> None:
    one = np.array([1, 1, 1, 1, 1, 1, 1, 1], dtype=bool)
    two = np.array([[1, 1, 1, 1, 0, 0, 1, 1], [1, 1, 1, 1, 0, 0, 0, 0]], dtype=bool)
    rows = class_rows([one, two], LABELS, ("zero", "one", "empty"))
    assert [(r.name, r.shares, r.images) for r in rows] == [("one", (100.0, 25.0), 4), ("zero", (100.0, 100.0), 4)]
    assert rows[0].lows[1] < 25 < rows[0].highs[1]
    assert largest_difference(rows, "AB") == "Furthest apart on class one: +75.0 points for A against B, of 4 images."
    assert largest_difference(class_rows([one, one], LABELS, ("a", "b")), "AB") == "Every class is as often right in all of them."
    with pytest.raises(ValueError, match="same 8 images. Got 3"):
        class_rows([one[:3]], LABELS, ("a", "b"))


def test_images_on_which_two_disagree() -> None:
    found = disagreement(np.array([[1, 1, 0, 0, 1]], dtype=bool), np.array([1, 0, 1, 0, 0], dtype=bool))
    assert (found.only_first, found.only_second, found.both_wrong) == ((1, 4), (2,), 1)
    assert found.text("A", "B") == "Of 5 test images 2 are right in A alone, 1 in B alone, and 1 in neither."


def test_small_images_are_enlarged_and_grey_ones_get_three_channels() -> None:
    shown = pixels(np.array([[[0, 16], [8, 16]]], dtype=np.uint8), 16, side=4)
    assert shown.shape == (4, 4, 3) and shown[0, 0].tolist() == [0, 0, 0] and shown[3, 0].tolist() == [128] * 3
    colour = pixels(np.full((3, 100, 90), 255, dtype=np.uint8), 255)
    assert colour.shape == (100, 90, 3) and colour.min() == 255


def test_parts_are_in_absolute_units_so_that_points_compare() -> None:
    document = {
        "time": {"latency_ms": 2.0, "operators": [{"operator": "Gemm", "share": 0.75}, {"operator": "rest", "share": 0.25}]},
        "layers": [{"name": "conv", "bytes": 3000}], "file_bytes": 4000,
    }  # fmt: skip
    assert shares_of_time({"A": document, "B": None}) == {"A": {"Gemm": 1.5, "rest": 0.5}}
    assert shares_of_bytes({"A": document, "B": {}}) == {"A": {"conv": 3.0, "graph and the rest": 1.0}}
    assert most({"A": {"a": 1.0, "b": 5.0}, "B": {"a": 7.0, "c": 2.0}}, 2) == ("a", "b")


def test_the_same_recipe_of_two_sweeps_has_answers_of_its_own_in_each(variants: list[Variant]) -> None:
    one = next(v for v in variants if v.name == "cnn x1")
    again = [replace(one, run_id=f"again{seed}", sweep="another", seed=seed) for seed in range(3)]
    answers = {one.run_id: np.ones((1, 100), dtype=bool), "again0": np.zeros((3, 100), dtype=bool)}
    answers["again0"][:, :90] = True

    def evidence(frontier: Frontier) -> Evidence:
        return Evidence(correct={"accuracy": {p.key: answers[p.run_id] for p in frontier.points}})

    view = compare_view([*variants, *again], [one.run_id, "again0"], evidence=evidence)
    assert [len(c.point.seeds) for c in view.contenders] == [1, 3]
    (contrast,) = view.contrasts
    assert any(line.startswith("accuracy −10.0 points") for line in contrast.lines)
    assert view.steps == () and len(parse(compared_spec(view)).recipes) == 1
