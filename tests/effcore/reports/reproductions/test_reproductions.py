"""What papers report against what a store holds: on a real store with figures whose verdicts are known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from stores import copy_store, make_record
from typer.testing import CliRunner

from effcore.catalogue import TECHNIQUES
from effcore.cli import app
from effcore.errors import EffcoreError
from effcore.recipe import Recipe
from effcore.reports.reproductions import CLAIMS, Claim, Result, Side, claims_table, read_results, read_sizes, sizes_table, written_between
from effcore.spec import Spec, parse
from effcore.tracking import Store

EXPERIMENTS = Path(__file__).parents[4] / "experiments"
OPTIONAL = {name for name, record in TECHNIQUES.items() if record.optional}
TEXT = """\
name: efficient inference
task: digits
seeds: [0, 1, 2]
recipe:
  - architecture: {family: [cnn, separable]}
  - training: {}
  - quantization: [none, {mode: static}]
  - runtime: onnxruntime
"""
BITS = TEXT.replace("efficient inference", "bits").replace("[cnn, separable]", "mlp")
IMAGES = 2000


def answers(wrong: int, *, seed: int = 0) -> list[int]:
    """Right on all images but a few, which move with the seed only a little."""
    right = np.ones(IMAGES, dtype=int)
    right[seed : wrong + seed] = 0
    return [int(v) for v in right]


def log(store: Store, spec: Spec, figures: dict[str, dict[str, float]], wrong: dict[str, int], times: dict[str, float], *, noisy: str = "") -> None:
    """Every variant of a spec, each with the figures of the first key that its name holds."""
    run = store.open_sweep(spec)
    for recipe, seed in ((r, s) for r in spec.recipes for s in spec.seeds):
        kind = key_of(recipe)
        missed, medians = wrong[kind], [times[kind] * factor for factor in (0.99, 1.0, 1.0, 1.01)]
        documents: dict[str, Any] = {
            "correct.json": {"test": answers(missed, seed=seed), "validation": [1]},
            "samples.json": {"latency": {"processes": [{"median_ms": m, "reference_median_ms": 1.0} for m in medians]}},
        }
        metrics = {"accuracy": 1 - missed / IMAGES, "latency_ms": times[kind], **figures[kind]}
        metrics |= {"latency_ms_low": 0.99 * times[kind], "latency_ms_high": 1.01 * times[kind]}
        store.log_variant(run, make_record(run, recipe, seed=seed, metrics=metrics, documents=documents, structure=kind, noisy=kind == noisy))
    store.finish_sweep(run, status="FINISHED")


def key_of(recipe: Recipe) -> str:
    return f"{recipe.architecture.family}{' int8' if len(recipe.steps) == 4 else ''}"


@pytest.fixture
def store(empty_store: Path, tmp_path: Path) -> Store:
    made = copy_store(empty_store, tmp_path / "home")
    figures = {
        "cnn": {"macs": 8.6e6, "params": 4e5, "size_mb": 1.6}, "separable": {"macs": 1e6, "params": 4e5, "size_mb": 0.3},
        "cnn int8": {"macs": 8.6e6, "params": 4e5, "size_mb": 0.4}, "separable int8": {"macs": 1e6, "params": 8e5, "size_mb": 0.1},
    }  # fmt: skip
    wrong = {"cnn": 40, "separable": 62, "cnn int8": 41, "separable int8": 200}
    times = {"cnn": 1.0, "separable": 0.5, "cnn int8": 0.25, "separable int8": 1.0}
    log(made, parse(TEXT), figures, wrong, times, noisy="cnn int8")
    return made


def claim(kind: Any, metric: str = "accuracy", **rest: Any) -> Claim:
    base, changed = rest.pop("base", Side(family="cnn")), rest.pop("changed", Side(family="separable"))
    return Claim(
        text="c", paper="P 2000", link="https://example.org", reported="r", kind=kind, sweep="efficient inference", spec="x.yaml", base=base,
        changed=changed, metric=metric, **rest,
    )  # fmt: skip


def result(store: Store, *arguments: Any, **rest: Any) -> Result:
    (found,) = read_results(store, [claim(*arguments, **rest)])
    return found


INT8 = {"quantization": {"mode": "static"}}


def test_a_ratio_is_reproduced_near_the_papers_figure_and_different_elsewhere(store: Store) -> None:
    near = result(store, "ratio", "macs", published=8.0)
    assert (near.verdict, near.low, near.high, near.seeds) == ("reproduced", near.value, near.value, 3)
    assert near.value == pytest.approx(8.6)
    far = result(store, "ratio", "macs", published=4.0)
    assert (far.verdict, far.words) == ("different", "different by x2.15")
    assert result(store, "ratio", "params", published=7.0).words == "different by x0.14"
    against = result(store, "ratio", "params", published=7.0, base=Side(family="separable"), changed=Side(family="separable", steps=INT8))
    assert (against.verdict, against.value) == ("not reproduced", pytest.approx(0.5))
    assert result(store, "ratio", "macs").verdict == "measured"


def test_a_latency_has_the_interval_of_its_processes_and_its_noise(store: Store) -> None:
    found = result(store, "ratio", "latency_ms", published=2.0, changed=Side(family="cnn", steps=INT8))
    assert found.value == pytest.approx(4.0) and found.low is not None and found.high is not None
    assert found.low < 4.0 < found.high < 4.3 and found.low > 3.7 and found.noisy and found.verdict == "different"
    saved = result(store, "ratio", "macs", over="latency_ms", published=4.3)
    assert saved.value == pytest.approx(4.3) and saved.low is not None and saved.low < 4.3 and not saved.noisy


def test_accuracies_are_judged_by_paired_differences_with_the_margin(store: Store) -> None:
    int8 = Side(family="cnn", steps=INT8)
    assert result(store, "no loss", changed=int8).words == "reproduced: no loss beyond 0.5 points"
    worse = Side(family="separable", steps=INT8)
    assert result(store, "no loss", changed=worse).words == "not reproduced: a loss is shown"
    assert result(store, "gain", changed=worse).verdict == "not reproduced"
    assert result(store, "gain", base=worse, changed=int8).words == "reproduced: a gain is shown"
    assert result(store, "gain", changed=int8).verdict == "open"
    assert result(store, "difference", published=-0.011).verdict == "reproduced"
    assert result(store, "difference", published=-0.05).words == "different by +3.9 points"
    assert result(store, "difference", published=0.011).verdict == "not reproduced"
    assert result(store, "difference", published=-0.011, changed=int8).verdict == "open"


def test_what_is_not_there_is_said_to_be_missing_with_the_command(store: Store) -> None:
    gone = result(store, "gain", changed=Side(family="cnn", steps={"pruning": {"amount": 0.5}}))
    assert gone.verdict == "missing"
    assert gone.words == (
        "missing: the sweep 'efficient inference' has no finished cnn x1 · pruning 0.5; `effcore run experiments/x.yaml`"
    )
    found = read_results(store)
    assert [r.claim for r in found] == list(CLAIMS)
    there = {r.claim.text for r in found if r.verdict != "missing"}
    assert "int8, cnn: times faster" in there and "Half of the channels pruned: times fewer products" not in there
    assert all(r.words == f"missing: `effcore run experiments/{r.claim.spec}`" for r in found if r.claim.sweep != "efficient inference")


def test_fewer_than_three_seeds_give_no_verdict(empty_store: Path, tmp_path: Path) -> None:
    made = copy_store(empty_store, tmp_path / "two")
    log(
        made, parse(TEXT.replace("[0, 1, 2]", "[0, 1]").replace("[cnn, separable]", "cnn")), {"cnn": {"macs": 2.0}, "cnn int8": {"macs": 1.0}},
        {"cnn": 40, "cnn int8": 41}, {"cnn": 1.0, "cnn int8": 0.5},
    )  # fmt: skip
    found = result(made, "no loss", changed=Side(family="cnn", steps=INT8))
    assert (found.verdict, found.words) == ("missing", "missing: 2 seeds of the 3 that it takes")


def test_the_sizes_stand_under_their_float_network_with_what_they_lose(empty_store: Path, tmp_path: Path) -> None:
    made = copy_store(empty_store, tmp_path / "bits")
    assert sizes_table(read_sizes(made)) == "Missing: `effcore run experiments/bits.yaml`"
    log(
        made, parse(BITS), {"mlp": {"size_mb": 2.0}, "mlp int8": {"size_mb": 0.5}}, {"mlp": 40, "mlp int8": 60}, {"mlp": 0.03, "mlp int8": 0.015},
        noisy="mlp int8",
    )  # fmt: skip
    rows = read_sizes(made)
    assert [(r.network, r.bits, r.share, r.noisy) for r in rows] == [("mlp x1", "32", 1.0, False), ("mlp x1", "int8", 0.25, True)]
    table = sizes_table(rows).splitlines()
    assert table[2].startswith("| mlp x1 | 32 | 2.000 | 1.000 | 0.0300 (0.0297 to 0.0303) | 98.00") and table[2].endswith("|  |")
    assert "| 0.250 | 0.0150" in table[3] and "\N{MINUS SIGN}1.0 (" in table[3] and "≈" in table[3]
    assert table[-1] == "3 seeds. ≈: a measurement behind it is marked as noisy."


def test_the_command_prints_and_writes_both_tables(store: Store, tmp_path: Path) -> None:
    page, home = tmp_path / "page.md", ["--home", str(tmp_path / "home")]
    page.write_text("top\n<!-- reproductions -->\nold\n<!-- /reproductions -->\nmiddle\n<!-- bits -->\n<!-- /bits -->\nend\n")
    done = CliRunner().invoke(app, ["reproduce", "--write", str(page), *home])
    assert done.exit_code == 0, done.output
    text = page.read_text()
    assert text.startswith("top\n<!-- reproductions -->\n| claim |") and "\nold\n" not in text and text.endswith("<!-- /bits -->\nend\n")
    assert "Missing: `effcore run experiments/bits.yaml`" in text and "\nmiddle\n" in text
    assert "| int8, cnn: times faster | [Intel Neural Compressor](https://" in done.stdout
    assert "missing: effcore run experiments/deep_compression.yaml\n" in done.stdout
    told = json.loads(CliRunner().invoke(app, ["reproduce", "--json", *home]).stdout)
    assert told["margin"] == 0.005 and told["sizes"] == [] and len(told["claims"]) == len(CLAIMS)
    (int8,) = [c for c in told["claims"] if c["claim"] == "int8, cnn: times faster"]
    assert int8["value"] == pytest.approx(4.0) and int8["published"] == 2.0 and int8["noisy"]


@pytest.mark.parametrize("text", ["nothing", "<!-- bits -->", "<!-- /bits --> <!-- bits -->", "<!-- bits --> <!-- bits --> <!-- /bits -->"])
def test_a_file_without_its_marks_is_refused_and_left_as_it_is(text: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(text)
    with pytest.raises(EffcoreError, match=r"must hold <!-- bits --> and after it <!-- /bits -->, each once"):
        written_between(page, "bits", "table")
    assert page.read_text() == text and list(tmp_path.iterdir()) == [page]
    with pytest.raises(EffcoreError, match="none.md can.t be read: No such file or directory"):
        written_between(tmp_path / "none.md", "bits", "table")


@pytest.mark.parametrize("spec", sorted({c.spec for c in CLAIMS} | {"bits.yaml"}))
def test_every_claim_has_exactly_its_two_points_in_its_spec_on_three_seeds(spec: str) -> None:
    found = parse((EXPERIMENTS / spec).read_text(), source=spec)
    assert len(found.seeds) >= 3
    for one in (c for c in CLAIMS if c.spec == spec):
        assert one.sweep == found.name
        for side in (one.base, one.changed):
            assert len([r for r in found.recipes if fits(side, r)]) == 1, side.text


def fits(side: Side, recipe: Recipe) -> bool:
    from family import point

    return side.fits(point("p", recipe=recipe.document), frozenset(OPTIONAL))


def test_a_table_has_a_row_for_each_claim_and_says_its_rules(store: Store) -> None:
    table = claims_table(read_results(store)).splitlines()
    assert len(table) == 2 + len(CLAIMS) + 2
    assert all(row.count(" | ") == 4 for row in table[2 : 2 + len(CLAIMS)])
    assert table[-1].startswith("3 seeds on each side;") and "above a loss of 0.5 points" in table[-1] and "≈" in table[-1]
