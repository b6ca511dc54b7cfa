"""The page of a point as a value."""

from __future__ import annotations

from dataclasses import replace

from fake_store import make_variants

from dashboard.views.point import point_view
from dashboard.views.records import curve_view, environment_line, plain_values, samples_view, stage_lines
from effcore.analysis.frontier import Variant


def by_name(variants: list[Variant], name: str) -> Variant:
    return next(v for v in variants if v.name == name)


def test_recipe_is_told_step_by_step_and_the_new_one_is_marked(variants: list[Variant]) -> None:
    view = point_view(variants, by_name(variants, "cnn x0.5 · affine · prune 50%").run_id)
    assert view is not None
    assert [s.technique for s in view.steps] == ["architecture", "training", "augmentation", "pruning", "runtime"]
    assert [s.technique for s in view.steps if s.new] == ["pruning"]
    assert view.steps[0].parameters.startswith("family cnn, width 0.5, depth 1") and view.steps[0].label == "cnn x0.5"


def test_figures_stand_against_the_parent(variants: list[Variant]) -> None:
    child, parent = by_name(variants, "cnn x1 · int8"), by_name(variants, "cnn x1")
    child = replace(child, metrics={**child.metrics, "latency_ms": 0.2, "accuracy": 0.97, "model_ram_mb": 4.0})
    parent = replace(parent, metrics={**parent.metrics, "latency_ms": 0.42, "accuracy": 0.973, "model_ram_mb": 4.36})
    view = point_view([child, parent], child.run_id)
    assert view is not None and view.parent is not None and view.parent.run_id == parent.run_id
    rows = {f.label: f for f in view.figures}
    assert (rows["Latency"].change, rows["Latency"].better, rows["Latency"].parent) == ("÷2.10", True, "0.420 ms")
    assert (rows["Accuracy"].change, rows["Accuracy"].better) == ("−0.3 points, within the interval", None)
    assert rows["Memory of the model"].better is None and rows["Memory of the model"].change.endswith(", too little to count")
    assert rows["File size"].better is True
    assert "Throughput" not in rows
    assert rows["Own training"].parent == "" and rows["Own training"].change == ""
    child = replace(child, metrics={**child.metrics, "accuracy": 0.93, "accuracy_low": 0.92, "accuracy_high": 0.94})
    worse = point_view([child, parent], child.run_id)
    assert worse is not None
    assert [(f.change, f.better) for f in worse.figures if f.label == "Accuracy"] == [("−4.3 points", False)]


def test_a_parent_that_was_not_measured_is_not_replaced_by_a_neighbour(variants: list[Variant]) -> None:
    child = by_name(variants, "cnn x1 · affine · int8")
    others = [v for v in variants if v.recipe_key != child.parent]
    view = point_view(others, child.run_id)
    assert view is not None and view.parent is None
    assert view.parent_note == "Its parent, the same recipe without the step int8, was not measured."
    elsewhere = replace(next(v for v in variants if v.recipe_key == child.parent), environment="other")
    again = point_view([*others, elsewhere], child.run_id)
    assert again is not None and again.parent is None


def test_verdict_names_who_dominates_and_by_how_much(variants: list[Variant]) -> None:
    good, bad = by_name(variants, "cnn x1"), by_name(variants, "cnn x0.5")
    good = replace(good, metrics={"accuracy": 0.98, "latency_ms": 0.1})
    bad = replace(bad, metrics={"accuracy": 0.97, "latency_ms": 0.21})
    view = point_view([good, bad], bad.run_id)
    assert view is not None and view.verdict == "Dominated on accuracy and latency by 1 point of the frontier."
    assert [(d.name, d.text) for d in view.dominators] == [
        ("cnn x1", "1.0 points more accuracy, 2.10 times less latency")
    ]
    best = point_view([good, bad], good.run_id)
    assert (
        best is not None
        and best.verdict == "On the frontier of accuracy and latency: no other of 2 points is better on both."
    )


def test_a_failed_variant_has_a_verdict_too(variants: list[Variant]) -> None:
    failed = replace(variants[0], status="FAILED", error="no", metrics={}, environment="")
    view = point_view([failed, *variants[1:]], failed.run_id)
    assert view is not None and view.verdict.startswith("It failed") and view.figures == ()


def test_seeds_children_and_shared_structures_are_found() -> None:
    every = make_variants() + make_variants("""name: quickstart
task: mnist5k
seeds: [1]
recipe: [architecture: {family: cnn}, training: {epochs: 4}, runtime: onnxruntime]
""")
    base = by_name(every, "cnn x1")
    twin = by_name(every, "cnn x1 · affine")
    every = [replace(v, structure=base.structure) if v.run_id == twin.run_id else v for v in every]
    view = point_view(every, base.run_id)
    assert view is not None
    assert [(s.name, s.text) for s in view.seeds] == [("cnn x1", "seed 1")]
    assert view.elsewhere == ()
    again = replace(base, run_id="again", environment="env1", measures=base.run_id, metrics={"latency_ms": 0.5})
    second = point_view([*every, again], base.run_id)
    assert second is not None and second.seeds == view.seeds and second.children == view.children
    assert [(e.run_id, e.text) for e in second.elsewhere] == [("again", "0.500 ms")]
    assert {c.name for c in view.children} == {"cnn x0.5", "cnn x1 · affine", "cnn x1 · prune 50%", "cnn x1 · int8"}
    assert [s.name for s in view.shared_structure] == ["cnn x1 · affine"]


def test_an_unknown_run_gives_no_view(variants: list[Variant]) -> None:
    assert point_view(variants, "nobody") is None


def test_a_recipe_older_than_the_catalogue_is_still_shown(variants: list[Variant]) -> None:
    old = replace(
        variants[0], recipe={"task": "mnist5k", "steps": [{"folding": {"by": 2}}, {"pruning": {"amount": 9}}]}
    )
    view = point_view([old], old.run_id)
    assert view is not None
    assert [(s.technique, s.label, s.parameters) for s in view.steps] == [
        ("folding", "", "by 2"),
        ("pruning", "", "amount 9"),
    ]


def test_samples_curve_and_environment_are_read_from_the_files() -> None:
    document = {
        "latency": {
            "processes": [{"median_ms": 1.0, "samples_ms": [1.0, 1.1]}, {"samples_ms": [2.0, 4.0]}, {}],
            "stopped_by": "time",
        }
    }
    samples = samples_view(document)
    assert samples is not None
    assert (samples.processes, samples.medians) == (((1.0, 1.1), (2.0, 4.0)), (1.0, 3.0))
    assert samples.note == "4 samples in 2 fresh processes; ended by time"
    assert samples.top == 1.3 * 4.0
    assert samples_view({}) is None and curve_view([]) is None
    curve = curve_view([{"epoch": 1, "train_loss": 0.5, "val_accuracy": 0.9}, {"note": "x"}])
    assert curve is not None and curve.val_accuracy == (90.0,)
    line = environment_line(
        {"machine": "AMD EPYC", "cores": 2, "os": "Linux", "device": "cpu", "threads": 1, "batch": 1}
    )
    assert line == "AMD EPYC · 2 cores · Linux · cpu · 1 thread · batch 1"


def test_stragglers_are_counted_where_the_axis_ends_before_them() -> None:
    samples = [1.0] * 99 + [7.0]
    view = samples_view({"latency": {"processes": [{"median_ms": 1.0, "samples_ms": samples}]}})
    assert view is not None and view.top == 1.3
    assert view.note == "100 samples in 1 fresh process; 1 beyond the axis, the largest 7.00 ms"


def test_plain_values_and_stages_in_words() -> None:
    assert (
        plain_values({"a": None, "b": True, "c": [1, 0.25], "d": {"e": "f"}})
        == "a automatic, b yes, c [1, 0.25], d (e: f)"
    )
    (line,) = stage_lines(
        [{"stage": "t-1", "what": "pruning", "seconds": 2.9, "facts": {"did": {"cut": 3}, "metrics": {"size_mb": 1}}}]
    )
    assert (line.what, line.key, line.time, line.said) == ("pruning", "t-1", "3 s", "did (cut: 3)")
    assert stage_lines(None) == () and stage_lines([{"kind": "export", "facts": {"metrics": {}}}])[0].said == ""
