"""The launch page: form, cost, problems in place, submission and queue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fake_store import SPEC, FakeStore, running
from streamlit.testing.v1 import AppTest

from dashboard.form import fields
from dashboard.form.presets import CATEGORIES, PRESETS
from effcore.catalogue import TECHNIQUES
from effcore.errors import StoreError
from effcore.spec import parse
from effcore.tracking import Bill

Open = Callable[..., AppTest]
Text = Callable[[Any], str]


def yaml_of(app: AppTest) -> str:
    return str(next(c.value for c in app.code if c.language == "yaml"))


def widget(app: AppTest, key: str) -> Any:
    return next(w for kind in (app.text_input, app.pills, app.segmented_control) for w in kind if w.key == key)


def test_opens_with_one_good_variant_its_cost_and_its_yaml(open_page: Open) -> None:
    app = open_page("launch")
    assert not app.exception
    assert len(parse(yaml_of(app)).variants) == 1
    assert {m.label: m.value for m in app.metric} == {
        "Variants": "1",
        "Trainings": "1",
        "Takes about": app.metric[2].value,
    }
    assert app.button(key="submit").label == "Submit 1 variant"


def test_the_form_has_every_parameter_of_every_technique(open_page: Open) -> None:
    app = open_page("launch")
    for name, technique in TECHNIQUES.items():
        if technique.optional:
            widget(app, f"form-{name}").set_value("with")
    app.run()
    for name, technique in TECHNIQUES.items():
        for field in fields(technique):
            if not field.fixed:
                assert field.help in widget(app, f"form-{name}-{field.name}").help
    for name in ("weight_sharing", "subnetwork"):  # of networks with parts that could stand alone, which the form's start is not
        widget(app, f"form-{name}").set_value("without")
    app.run()
    assert len(parse(yaml_of(app)).variants) == 1


def test_alternatives_and_with_and_without_multiply(open_page: Open) -> None:
    app = open_page("launch")
    widget(app, "form-architecture-family").set_value(["cnn", "mobile"])
    widget(app, "form-architecture-width").set_value("0.5, 1")
    widget(app, "form-pruning").set_value("both")
    app.run()
    widget(app, "form-pruning-amount").set_value("0.25, 0.5")
    app.run()
    assert "- architecture: {family: [cnn, mobile], width: [0.5, 1]}" in yaml_of(app)
    assert "- pruning: [none, {amount: [0.25, 0.5]}]" in yaml_of(app)
    assert app.metric[0].value == "12"


def test_problems_stand_under_their_fields_and_nothing_can_be_submitted(open_page: Open, page_text: Text) -> None:
    app = open_page("launch")
    widget(app, "form-architecture-width").set_value("9, wide")
    widget(app, "form-name").set_value("../etc")
    app.run()
    said = page_text(app)
    assert (
        "Must be at most 4.0. Got 9." in said and "Must be a number. Got 'wide'." in said and "It is no path." in said
    )
    assert not [b for b in app.button if b.key == "submit"]


def test_text_in_a_field_is_never_markup(open_page: Open) -> None:
    app = open_page("launch")
    widget(app, "form-architecture-width").set_value("<script>alert(1)</script> **x**")
    app.run()
    assert all("<script>" not in m.value for m in app.markdown)


def test_one_click_one_sweep_and_the_same_again_is_not_queued_twice(
    open_page: Open, store: FakeStore, page_text: Text
) -> None:
    store.records = []
    app = open_page("launch")
    app.button(key="submit").click().run()
    app.button(key="submit").click().run()
    assert [(r.name, r.state) for r in store.records] == [("first look", "waiting")]
    assert "It is in the queue already" in page_text(app)
    assert store.texts[store.records[0].run_id].strip() == yaml_of(app).strip()
    other = open_page("launch")
    other.button(key="submit").click().run()
    assert len(store.records) == 1


def test_a_search_that_is_launched_again_with_another_budget_has_it_and_that_is_said(open_page: Open, store: FakeStore, page_text: Text) -> None:
    store.records, text = [], next(p.text for p in PRESETS if p.name == "learning rates")
    app = paste(open_page("launch"), text)
    app.button(key="submit").click().run()
    app.button(key="submit").click().run()
    assert "It is in the queue already; it was not queued again." in page_text(app) and "has the budget of this spec now" not in page_text(app)
    paste(app, text.replace("minutes: 3", "minutes: 12")).button(key="submit").click().run()
    assert len(store.records) == 1 and parse(store.texts["sweep0"]).search.budget.minutes == 12
    assert "it was not queued again. It has the budget of this spec now. A search that runs hears of it within seconds." in page_text(app)


def test_a_store_that_cannot_be_written_is_said(
    open_page: Open, store: FakeStore, page_text: Text, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: str, **__: Any) -> str:
        raise StoreError("The store is read-only. Free the disk.")

    monkeypatch.setattr(store, "schedule", refuse)
    app = open_page("launch")
    app.button(key="submit").click().run()
    assert "Not submitted: The store is read-only. Free the disk." in page_text(app)


def paste(app: AppTest, text: str) -> AppTest:
    app.segmented_control(key="launch-mode").set_value("Paste a spec").run()
    app.text_area(key="pasted-spec").set_value(text).run()
    return app


def test_a_pasted_spec_is_taken_as_it_is(open_page: Open, store: FakeStore) -> None:
    store.records = []
    app = paste(open_page("launch"), SPEC)
    assert app.metric[0].value == "64"
    app.button(key="submit").click().run()
    assert store.texts[store.records[0].run_id] == SPEC


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: [", "must be YAML"), ("- a", "must be a mapping"), ("name: a\nname: b", "must stand once"),
        ("name: !!python/object:os.system {}", "must hold no tag"), ("a: &x [*x]", "alias"),
        (SPEC.replace("amount: 0.5", "amount: 5"), "recipe[3].pruning[1].amount (line 9): must be less than 1.0."),
        (SPEC.replace("pruning", "prunning"), "Did you mean 'pruning'?"),
    ],
)  # fmt: skip
def test_every_problem_of_a_pasted_spec_is_told(
    open_page: Open, store: FakeStore, page_text: Text, text: str, said: str
) -> None:
    app = paste(open_page("launch"), text)
    assert not app.exception
    assert said in page_text(app)
    assert not [b for b in app.button if b.key == "submit"]


def test_a_huge_grid_is_not_planned_and_a_million_is_refused(open_page: Open, page_text: Text) -> None:
    seeds = ", ".join(str(i) for i in range(100))
    app = paste(open_page("launch"), SPEC.replace("[0]", f"[{seeds}]"))
    assert "6,400 variants: too many to work out the cost of" in page_text(app)
    app = paste(
        open_page("launch"),
        SPEC.replace("width: [0.5, 1.0]", f"width: [{', '.join(str(0.5 + i / 100_000) for i in range(2000))}]"),
    )
    assert "must stand for at most 20,000" in page_text(app)


def test_the_queue_has_states_progress_and_cancels_one(open_page: Open, store: FakeStore, page_text: Text) -> None:
    busy = running()
    store.frame, store.records = busy.frame, busy.records
    app = open_page("launch")
    assert "1 running, 1 waiting" in page_text(app)
    assert [p.proto.text for p in app.get("progress")] == ["14 of 32, 1 failed", "not planned yet", "8 of 8, 1 failed"]
    app.button(key="cancel-sweep0").click().run()
    assert [r.state for r in store.records] == ["cancelled", "waiting", "some failed"]
    assert not [b for b in app.button if b.key == "cancel-sweep0"]


def test_what_was_filled_in_survives_a_visit_to_another_page(open_page: Open) -> None:
    app = open_page("launch")
    widget(app, "form-architecture-width").set_value("0.25")
    app.run()
    app.switch_page("screens/frontier.py").run()
    app.switch_page("screens/launch.py").run()
    assert widget(app, "form-architecture-width").value == "0.25"


def test_an_earlier_sweep_is_cloned_into_the_field_for_pasted_specs_and_shows_its_log(open_page: Open, store: FakeStore, tmp_path: Path) -> None:
    logs = tmp_path / "home" / "logs"
    logs.mkdir(parents=True)
    (logs / "sweep-sweep0.log").write_text("begun\n1 of 27\r2 of 27\r27 of 27 <b>\n")
    app = open_page("launch")
    assert "begun\n27 of 27 <b>" in [block.value for block in app.code]
    app.button(key="clone-sweep0").click().run()
    assert not app.exception
    assert app.text_area[0].value == store.texts["sweep0"]
    assert app.metric[0].value == "64"


def test_a_clone_that_fails_says_so_in_its_row(open_page: Open, store: FakeStore, monkeypatch: pytest.MonkeyPatch, page_text: Text) -> None:
    def unreadable(run_id: str) -> str:
        raise StoreError(f"Run {run_id} has no file spec.yaml.")

    app = open_page("launch")
    monkeypatch.setattr(store, "spec_text", unreadable)
    app.button(key="clone-sweep0").click().run()
    assert not app.exception and [t.key for t in app.text_area] == ["form-description"]
    assert "Its spec can't be read: Run sweep0 has no file spec.yaml." in page_text(app)


def test_a_preset_is_one_click_from_its_cost_and_a_second_from_the_queue(open_page: Open, store: FakeStore) -> None:
    store.records = []
    app = open_page("launch")
    app.segmented_control(key="launch-mode").set_value("Take a preset").run()
    assert [b.key for b in app.button if b.key.startswith("take-")] == [f"take-{p.name}" for p in PRESETS]
    app.button(key="take-channels").click().run()
    assert not app.exception and app.metric[0].value == "8"
    app.button(key="submit").click().run()
    assert [r.name for r in store.records] == ["channels"]


@pytest.mark.parametrize("preset", PRESETS, ids=lambda p: p.name)
def test_every_preset_is_a_spec_with_its_name_and_its_question(preset: Any) -> None:
    spec = parse(preset.text)
    assert (spec.name, spec.description) == (preset.name, preset.question) and spec.size >= 4


def test_every_category_has_a_handful_of_presets_and_their_names_differ() -> None:
    assert {c: sum(p.category == c for p in PRESETS) for c in CATEGORIES} == dict.fromkeys(CATEGORIES, 3)
    assert len({p.name for p in PRESETS}) == len(PRESETS)


def test_a_sweep_is_paused_resumed_and_shows_what_it_cost(open_page: Open, store: FakeStore, page_text: Text) -> None:
    store.records = [replace(r, bill=Bill(estimated_s=90.0, took_s=60.0, core_s=100.0, alone_s=400.0)) for r in running().records[:1]]
    app = open_page("launch")
    assert "100 core-seconds · sharing saved 300 (75 %) · expected to take 1 min 30 s" in page_text(app)
    app.button(key="pause-sweep0").click().run()
    assert store.records[0].state == "paused" and "Stands still and keeps its place" in page_text(app)
    app.button(key="resume-sweep0").click().run()
    assert store.records[0].state == "waiting"


def test_the_budget_of_a_search_is_changed_and_nothing_else(open_page: Open, store: FakeStore, page_text: Text) -> None:
    text = next(p.text for p in PRESETS if p.name == "learning rates")
    store.records = [replace(r, strategy="tpe") for r in running().records[:1]]
    store.texts["sweep0"] = text
    app = open_page("launch")
    app.session_state["budget-sweep0"] = True
    app.run()
    assert app.text_input(key="budget-minutes-sweep0").value == "3"
    app.text_input(key="budget-minutes-sweep0").set_value("many")
    app.button(key="set-budget-sweep0").click().run()
    assert "minutes must be a number. Got 'many'." in page_text(app) and store.texts["sweep0"] == text
    app.text_input(key="budget-minutes-sweep0").set_value("7.5")
    app.text_input(key="budget-variants-sweep0").set_value("40")
    app.button(key="set-budget-sweep0").click().run()
    before, after = parse(text), parse(store.texts["sweep0"])
    assert after.key == before.key and after.search.budget.model_dump() == {"variants": 40, "minutes": 7.5, "core_s": None}
    assert "Set. A search that runs hears of it within seconds." in page_text(app)


def test_what_is_refused_is_said_beside_its_sweep(open_page: Open, store: FakeStore, page_text: Text, monkeypatch: pytest.MonkeyPatch) -> None:
    store.records = running().records[:1]

    def refuse(_: str) -> None:
        raise StoreError("The store is read-only. Free the disk.")

    monkeypatch.setattr(store, "pause", refuse)
    app = open_page("launch")
    app.button(key="pause-sweep0").click().run()
    assert not app.exception and "The store is read-only. Free the disk." in page_text(app)
