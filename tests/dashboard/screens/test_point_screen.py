"""The page of a point."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from fake_store import FakeStore, make_variants
from page_charts import figures
from streamlit.testing.v1 import AppTest

from effcore.analysis.frontier import Variant
from effcore.errors import StoreError
from effcore.spec import parse
from effcore.tracking import Again

Open = Callable[..., AppTest]
Text = Callable[[Any], str]


def one(store: FakeStore, name: str) -> Variant:
    return next(v for v in store.frame if v.name == name)


def test_tells_recipe_parent_verdict_samples_files_and_how_to_rebuild(
    open_page: Open, store: FakeStore, page_text: Text
) -> None:
    variant = one(store, "cnn x0.5 · affine · prune 50%")
    app = open_page("point", run=variant.run_id)
    said = page_text(app)
    assert not app.exception
    assert "cnn x0.5 · affine · prune 50%" in said and "Against its parent, cnn x0.5 · affine" in said
    assert "On the frontier of accuracy and latency" in said or "Dominated on accuracy and latency" in said
    assert "Pruning: prune 50%   ← the step from its parent" in said
    assert "1,000 samples in 5 fresh processes; ended by width" in said
    assert "Family cnn" in said and "Does not help\nWhere layers have as few channels" in said
    assert "model.onnx, " in said and ": the file to deploy" in said
    assert len(figures(app)) == 2
    spec = next(c.value for c in app.code if c.language == "yaml")
    assert [r.key for r in parse(spec).recipes] == [variant.recipe_key]
    commands = [c.value for c in app.code if c.language == "bash"]
    assert commands == [f"effcore export {variant.run_id[:12]}", f"effcore run again-{variant.run_id[:8]}.yaml"]


def test_shows_the_cause_of_a_failure(open_page: Open, store: FakeStore, page_text: Text) -> None:
    failed = next(v for v in store.frame if v.status == "FAILED")
    app = open_page("point", run=failed.run_id)
    assert "It failed, so that it is not among the points." in page_text(app)
    assert "prune: every channel of block2 would go; amount must be smaller" in [c.value for c in app.code]
    assert figures(app) == []


@pytest.mark.parametrize("run", ["", "nobody", "<script>", "../../etc/passwd"])
def test_an_address_without_a_point_is_a_page_too(open_page: Open, page_text: Text, run: str) -> None:
    app = open_page("point", **({"run": run} if run else {}))
    assert not app.exception
    assert "There is no such point" in page_text(app)


def test_missing_files_leave_their_parts_out(open_page: Open, store: FakeStore, page_text: Text) -> None:
    store.files = {}
    app = open_page("point", run=store.frame[9].run_id)
    assert not app.exception and figures(app) == []
    assert "The run holds no files." in page_text(app)


def test_a_damaged_file_is_said(open_page: Open, store: FakeStore, page_text: Text) -> None:
    variant = store.frame[9]
    store.files[variant.run_id, "samples.json"] = b"{"
    assert f"samples.json of run {variant.run_id} must be JSON" in page_text(open_page("point", run=variant.run_id))


def test_a_noisy_measurement_is_marked_with_its_reasons(open_page: Open, store: FakeStore, page_text: Text) -> None:
    variant = replace(store.frame[9], noisy=True)
    store.frame[9] = variant
    document = {"latency": {"processes": [], "reasons": ["the machine was busy"], "environment": {}}}
    store.files[variant.run_id, "samples.json"] = json.dumps(document).encode()
    assert "Noisy measurement: the machine was busy" in page_text(open_page("point", run=variant.run_id))


def test_a_relative_leads_to_its_own_page(open_page: Open, store: FakeStore, page_text: Text) -> None:
    app = open_page("point", run=one(store, "cnn x1 · int8").run_id)
    parent = one(store, "cnn x1").run_id
    app.button(key=f"open-parent-0-{parent}").click().run()
    assert app.query_params["run"] == parent


def test_its_spec_can_be_changed_and_launched(open_page: Open, store: FakeStore) -> None:
    variant = one(store, "cnn x1 · int8")
    app = open_page("point", run=variant.run_id)
    app.button(key=f"edit-spec-{variant.run_id}").click().run()
    assert not app.exception
    assert [r.key for r in parse(app.text_area(key="pasted-spec").value).recipes] == [variant.recipe_key]
    assert app.button(key="submit").label == "Submit 1 variant"


def test_markup_in_names_and_causes_stays_text(open_page: Open, store: FakeStore) -> None:
    nasty = "**b** <i>x</i> $y$ :smile:"
    store.frame = [replace(v, name=nasty, step=nasty, error=nasty) for v in make_variants(count=4)]
    app = open_page("point", run=store.frame[1].run_id)
    assert not app.exception
    assert all("**b**" not in m.value for m in app.markdown)
    assert all("**b**" not in str(h) for h in app.get("html"))


def test_a_store_that_is_gone_is_a_designed_page(
    open_page: Open, monkeypatch: pytest.MonkeyPatch, page_text: Text
) -> None:
    from dashboard import data

    def gone() -> None:
        raise StoreError("The tracking store sqlite:///gone can't be opened: unable to open database file")

    monkeypatch.setattr(data, "store", gone)
    for page in ("frontier", "launch", "point"):
        app = open_page(page, run="x") if page == "point" else open_page(page)
        assert not app.exception
        assert "This can't be shown" in page_text(app) and "can't be opened" in page_text(app)


def test_says_what_the_last_step_did_and_by_which_rules(open_page: Open, store: FakeStore, page_text: Text) -> None:
    said = page_text(open_page("point", run=one(store, "cnn x0.5 · affine · prune 50%").run_id))
    assert "What its last step did" in said
    assert re.search(r"(Helped|Trade-off): [\d.]+ times faster \([\d.]+ to [\d.]+\); accuracy ", said)
    assert "Payback of its own training: after " in said
    assert "trade-off: something is shown to be better" in said


def test_says_nothing_of_a_step_where_there_is_none(open_page: Open, store: FakeStore, page_text: Text) -> None:
    assert "What its last step did" not in page_text(open_page("point", run=one(store, "cnn x1").run_id))


def test_shows_where_time_and_bytes_go(open_page: Open, store: FakeStore, page_text: Text) -> None:
    variant = one(store, "cnn x0.5 · affine · prune 50%")
    rows = [{"operator": "Conv", "nodes": 1, "share": 0.9, "ms": 0.9}, {"operator": "runtime overhead", "nodes": 0, "share": 0.1, "ms": 0.1}]
    time = {"latency_ms": 1.0, "runs": 150, "operators": rows, "nodes": []}
    document = {"time": time, "layers": [{"name": "Conv 1", "bytes": 900}], "file_bytes": 1000}
    store.files[variant.run_id, "profile.json"] = json.dumps(document).encode()
    app = open_page("point", run=variant.run_id)
    said = page_text(app)
    assert not app.exception
    assert "Where the time goes" in said and "Where the bytes go" in said
    assert "scaled to the 1.00 ms measured without the profiler" in said
    assert len(figures(app)) == 4


def test_a_point_is_put_into_the_queue_to_be_measured_again_and_tells_of_it(open_page: Open, store: FakeStore, page_text: Text) -> None:
    variant = one(store, "cnn x0.5")
    app = open_page("point", run=variant.run_id)
    app.button(key=f"measure-again-{variant.run_id}").click().run()
    assert store.requests == {variant.run_id: Again("waiting", "")}
    assert "Waits to be measured again" in page_text(app)
    assert not [b for b in app.button if b.key and b.key.startswith("measure-again")]


def test_a_point_that_could_not_be_measured_again_says_why_and_can_be_asked_for_once_more(
    open_page: Open, store: FakeStore, page_text: Text
) -> None:
    variant = one(store, "cnn x0.5")
    store.set_again(variant.run_id, "failed", error="the file is gone")
    app = open_page("point", run=variant.run_id)
    assert "It could not be measured again: the file is gone" in page_text(app)
    assert app.button(key=f"measure-again-{variant.run_id}").label == "Measure again"


def test_a_failed_variant_can_not_be_measured_again(open_page: Open, store: FakeStore) -> None:
    failed = next(v for v in store.frame if v.status == "FAILED")
    app = open_page("point", run=failed.run_id)
    assert not [b for b in app.button if b.key and b.key.startswith("measure-again")]


def test_one_step_is_changed_and_that_one_variant_goes_into_the_queue(open_page: Open, store: FakeStore, page_text: Text) -> None:
    variant = one(store, "cnn x0.5 · affine · prune 50%")
    app = open_page("point", run=variant.run_id)
    assert not [b for b in app.button if b.key == "submit"]  # nothing is worked out before it is opened
    app.session_state["variation"] = True
    app.run()
    assert not app.exception
    app.button(key="submit").click().run()
    (text,) = (t for t in store.texts.values() if "pruning amount" in t)
    spec = parse(text)
    (recipe,) = spec.recipes
    assert spec.name == "pruning amount 0.25 on cnn x0.5 affine prune 50" and spec.seeds == (variant.seed,)
    assert [s.document for s in recipe.steps if s.technique != "pruning"] == [e for e in variant.recipe["steps"] if "pruning" not in e]
    assert "In the queue." in page_text(app)


def test_a_change_that_is_not_allowed_says_why_and_one_that_is_none_says_so(open_page: Open, store: FakeStore, page_text: Text) -> None:
    variant = one(store, "cnn x0.5 · affine · prune 50%")
    app = open_page("point", run=variant.run_id)
    app.session_state["variation"] = True
    app.run()
    for given, said in (("7", "Must be less than 1.0. Got 7"), ("0.5", "That is what it is already."), ("<b>", "Must be a number. Got '<b>'."),
                        ("0.1, 0.2", "Must be one value")):  # fmt: skip
        next(w for w in app.text_input if w.key.startswith("vary-value")).set_value(given)
        app.run()
        assert said in page_text(app) and not [b for b in app.button if b.key == "submit"], given


def test_a_machine_that_could_not_be_read_is_looked_for_again(open_page: Open, store: FakeStore, page_text: Text) -> None:
    run = one(store, "cnn x0.5").run_id
    samples = store.files.pop((run, "samples.json"))
    app = open_page("point", run=run)
    assert "AMD EPYC 7763" not in page_text(app)
    store.files[run, "samples.json"] = samples  # the store was busy
    assert "AMD EPYC 7763" in page_text(app.run())
