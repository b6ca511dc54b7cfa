"""Proxies are ranked against what was measured, over the networks that each may be judged by."""

from __future__ import annotations

import pytest

from effcore.analysis.frontier import Variant
from effcore.catalogue.elastic import ElasticStage, shape
from effcore.recipe import Recipe
from effcore.reports.proxies import Network, choices_of, is_plain, network_of, proxy_rows, table_error
from effcore.spec import parse

SHAPES = "stage_1: {width: [0.25, 1.0]}, stage_2: {depth: [1, 2]}, stage_3: {kernel: [3, 5]}"
TEXT = f"""
name: a
task: digits
recipes:
  - [architecture: {{family: elastic, depth: 2}}, training: {{epochs: 8}}, weight_sharing: {{}}, subnetwork: {{{SHAPES}}}, runtime: onnxruntime]
  - [architecture: {{family: elastic, depth: 2, subnetwork: {{{SHAPES}}}}}, training: {{epochs: 8}}, runtime: onnxruntime]
  - [architecture: {{family: cnn}}, training: {{epochs: 8}}, quantization: [none, {{}}], runtime: onnxruntime]
"""


def variant(recipe: Recipe, number: int, accuracy: float) -> Variant:
    metrics = {"accuracy": accuracy, "val_accuracy": accuracy, "latency_ms": 1.0 + number % 8}
    metrics |= {"params": 10.0 * (number % 8), "macs": -number % 8 + 0.5}
    return Variant(
        run_id=str(number), sweep="s", recipe_key=recipe.key, name=recipe.name, seed=0, recipe=recipe.document, parent=None, technique="", step="",
        runtime="onnxruntime 1", environment="e", structure=str(number % 8), status="FINISHED", error=None, noisy=False, metrics=metrics,
        artifact=None, started_ms=number, ended_ms=number,
    )  # fmt: skip


def networks() -> list[Network]:
    recipes = [r for r in parse(TEXT).recipes if is_plain(r)]
    curve = [{"epoch": e, "val_accuracy": 0.1 * e} for e in range(1, 9)]
    found = []
    for number, recipe in enumerate(recipes):
        accuracy = 0.5 + 0.05 * (number % 8)  # cut out and alone in the same order
        found.append(network_of(variant(recipe, number, accuracy), recipe, curve, table_ms=1.1 * (1.0 + number % 8) if number < 16 else None))
    return found


def test_what_was_lowered_is_no_network_to_judge_by() -> None:
    assert len(networks()) == 17


def test_each_proxy_is_judged_over_its_networks() -> None:
    rows = {(r["proxy"], r["truth"]): r for r in proxy_rows(networks())}
    assert rows["params", "latency_ms"]["count"] == 8 and rows["params", "latency_ms"]["kendall"]["value"] == 1
    assert rows["table latency", "latency_ms"]["spearman"]["value"] == 1
    assert rows["supernet val_accuracy", "accuracy"]["count"] == 8 and rows["supernet accuracy", "accuracy"]["kendall"]["value"] == 1
    assert rows["macs", "accuracy"]["count"] == 9 and rows["val_accuracy at the end", "accuracy"]["count"] == 9
    early = rows["val_accuracy after 25% of the epochs", "accuracy"]
    assert early["count"] == 9 and early["kendall"] is None  # all the same here


def test_sub_networks_are_twins_by_shape_network_and_seed() -> None:
    found = networks()
    cut, alone = [n for n in found if n.cut], [n for n in found if n.shape and not n.cut]
    assert [n.twin for n in cut] == [n.twin for n in alone] and len({n.twin for n in cut}) == 8
    assert cut[0].early == {} and alone[0].early == {0.25: pytest.approx(0.2), 0.5: pytest.approx(0.4)}


def test_the_error_of_a_table_is_a_share_of_what_was_measured() -> None:
    error = table_error(networks())
    assert error is not None and error["structures"] == 8 and error["median"] == pytest.approx(0.1) and error["largest"] == pytest.approx(0.1)
    assert table_error([n for n in networks() if n.table_ms is None]) is None


def test_choices_are_what_the_stages_are() -> None:
    small, large = ElasticStage(), ElasticStage(depth=2)
    assert choices_of([shape([large, small, small]), shape([small, small, small])]) == [[small, large], [small], [small]]
