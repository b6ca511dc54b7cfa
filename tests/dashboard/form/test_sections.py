"""What a spec says beside its recipe can be said in the form, and reads as it was meant."""

from __future__ import annotations

from typing import Any

import pytest

from dashboard.form import FieldSpec, spec_document
from dashboard.form.sections import opens_with, placed_at, search_document, section_document, section_fields
from dashboard.form.spec_yaml import to_yaml
from effcore.catalogue.search import STRATEGIES, USES
from effcore.description import describe_all
from effcore.errors import SpecError
from effcore.spec import KEYS, SECTIONS, parse

RECIPE = [{"architecture": {"family": "cnn", "width": {"low": 0.25, "high": 1}}}, {"training": {}}, {"runtime": "onnxruntime"}]


def filled(section: str, *, strategy: str = "grid", **given: str) -> dict[FieldSpec, str]:
    found = {f.name.replace(".", "__"): f for f in section_fields(section, strategy=strategy)}
    return {field: given.get(name, opens_with(field)) for name, field in found.items()}


def spec_of(**rest: Any) -> dict[str, Any]:
    document = spec_document(name="a", task="digits", objectives=["accuracy", "latency_ms"], seeds=[0], steps=[], **rest)
    return document | {"recipe": RECIPE}


def test_everything_a_spec_can_say_is_described_and_every_field_of_its_sections_is_in_the_form() -> None:
    said = describe_all()
    assert set(said["spec"]) == set(KEYS) and all(len(entry["summary"]) > 10 for entry in said["spec"].values())
    assert set(said["sections"]) == set(SECTIONS) and set(SECTIONS) < set(KEYS)
    for name, model in SECTIONS.items():
        asked = {f.path[0] for strategy in STRATEGIES for f in section_fields(name, strategy=strategy)}
        assert asked == set(model.model_fields) - {"strategy"}
        assert {row["name"].split(".")[0] for row in said["sections"][name]["parameters"]} == set(model.model_fields)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_strategy_is_asked_only_for_what_it_has_a_use_for(strategy: str) -> None:
    assert {f.path[0] for f in section_fields("search", strategy=strategy)} == set(USES[strategy])


def test_sections_left_alone_say_nothing() -> None:
    assert search_document("grid", filled("search")) == {}
    assert section_document(filled("measure")) == section_document(filled("limits")) == {}
    assert set(spec_of(search={}, measure={}, limits={}, verdicts=False, description="")) == {"name", "task", "objectives", "seeds", "recipe"}


def test_a_search_is_read_as_it_was_filled_in() -> None:
    given = filled("search", strategy="tpe", budget__minutes="8", constraints="latency_ms <= 1, size_mb <= 0.5", stopping="hyperband", startup="6")
    search = search_document("tpe", given)
    assert search == {"strategy": "tpe", "budget": {"minutes": 8}, "constraints": ["latency_ms <= 1", "size_mb <= 0.5"], "stopping": "hyperband"}
    measure = section_document(filled("measure", batch_sizes="1, 32", threads="2", max_s="4"))
    assert measure == {"max_s": 4, "batch_sizes": [1, 32], "threads": [2]}
    limits = section_document(filled("limits", train_ram_mb="500"))
    spec = parse(to_yaml(spec_of(search=search, measure=measure, limits=limits, description="Which width?")))
    assert (
        spec.search.strategy == "tpe"
        and spec.search.budget.minutes == 8
        and [c.text for c in spec.search.limits] == ["latency_ms <= 1", "size_mb <= 0.5"]
    )
    assert spec.measure.sizes == [(1, 2), (32, 2)] and spec.limits.train_ram_mb == 500 and spec.description == "Which width?"


def test_a_problem_of_a_section_has_a_place_in_the_form() -> None:
    search = search_document("tpe", filled("search", strategy="tpe", budget__minutes="-1", reduction="many"))
    with pytest.raises(SpecError) as caught:
        parse(to_yaml(spec_of(search=search)))
    places = {place for f in section_fields("search", strategy="tpe") for place in placed_at("search", f)}
    named = [(p.where, "") for p in caught.value.problems]
    assert ("search.budget.minutes", "") in named and ("search.reduction", "") in named
    assert set(named) <= places
