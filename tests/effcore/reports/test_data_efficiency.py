"""Variants that differ in their share of the data are one row, with a law where there is enough for one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from effcore.analysis.frontier import Variant
from effcore.cli.data import needed_text, time_text
from effcore.recipe import Recipe
from effcore.reports.data_efficiency import group_row, without_share
from effcore.spec import parse

TEXT = """
name: t
task: digits
seeds: [0, 1]
recipe:
  - architecture: {family: mlp}
  - training: {epochs: 4, data_fraction: [0.1, 0.2, 0.4, 0.8]}
  - augmentation: [none, {policy: affine}]
  - runtime: onnxruntime
"""


def variants(recipes: list[Recipe], *, wrong: float = 2.0) -> list[Variant]:
    """Finished variants whose error is `wrong` / sqrt(images)."""
    found = []
    for index, recipe in enumerate(recipes):
        share = recipe.steps[1].config.data_fraction  # type: ignore[attr-defined]
        for seed in (0, 1):
            metrics = {"accuracy": 1 - wrong * (share * 1000) ** -0.5, "data_fraction": share}
            found.append(
                Variant(
                    run_id=f"{index}-{seed}", sweep="s", recipe_key=recipe.key, name=recipe.name, seed=seed, recipe=recipe.document, parent=None,
                    technique="training", step="", runtime="onnxruntime 1", environment="e", structure="s", status="FINISHED", error=None,
                    noisy=False, metrics=metrics, artifact=None, started_ms=index, ended_ms=index,
                )
            )  # fmt: skip
    return found


@pytest.fixture
def plain() -> list[Recipe]:
    return [r for r in parse(TEXT).recipes if len(r.steps) == 3]


def test_recipes_that_differ_in_their_share_only_are_the_same_without_it() -> None:
    documents = [without_share(r.document) for r in parse(TEXT).recipes]
    assert len(documents) == 8 and len({str(d) for d in documents}) == 2


def test_a_row_holds_law_images_and_seconds(plain: list[Recipe]) -> None:
    found = variants(plain)
    row = group_row(found, train=1000, target=0.9, seconds={v.run_id: float(v.seed) for v in found})
    assert row["name"] == "mlp x1 · 4 ep"
    assert [(s["images"], s["seeds"], s["time_to_target_s"]) for s in row["sizes"]] == [(n, [0, 1], [0.0, 1.0]) for n in (100, 200, 400, 800)]
    assert row["sizes"][0]["accuracy"] == pytest.approx(0.8)
    assert row["law"]["b"]["value"] == pytest.approx(0.5, abs=0.02)
    assert row["images_needed"]["images"] == pytest.approx(400, rel=0.02)
    assert needed_text(row).startswith("40") or needed_text(row).startswith("39")
    assert time_text(row["sizes"]) == "0.50"


def test_a_target_far_beyond_what_was_tried_is_not_promised(plain: list[Recipe]) -> None:
    found = variants(plain)
    row = group_row(found, train=1000, target=0.99, seconds={v.run_id: None for v in found})
    assert row["images_needed"]["images"] is None
    assert needed_text(row) == "not reached up to 1,600 (nothing is said beyond that)"
    assert time_text(row["sizes"]) == "not reached"


def test_too_few_sizes_or_no_error_at_all_give_a_reason_instead_of_a_law(plain: list[Recipe]) -> None:
    found = variants(plain[:2])
    row = group_row(found, train=1000, target=0.9, seconds={v.run_id: 1.0 for v in found})
    assert row["law"] is None and "at least 3 numbers of images. Got 4 over 2" in row["reason"]
    assert row["images_needed"] is None and row["reason"].startswith("A power law needs")
    perfect = [replace(v, metrics=dict(v.metrics) | {"accuracy": 1.0}) for v in variants(plain)]
    row = group_row(perfect, train=1000, target=0.9, seconds={v.run_id: 1.0 for v in perfect})
    assert row["reason"] == "a run has no error, which no power law can follow"
