"""A scan is of the network that was trained for a point, and kept with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from stores import copy_store, make_record
from typer.testing import CliRunner

from effcore.catalogue import TASKS
from effcore.catalogue.training import Training
from effcore.cli import app
from effcore.errors import EffcoreError
from effcore.models import build, snapshot
from effcore.plan.planned import NETWORK
from effcore.reports.scan import scan_point, scans_of
from effcore.spec import parse
from effcore.tasks import load
from effcore.tracking import Store
from effcore.training import evaluate, fit

SPEC = """\
name: small
task: digits
recipe: [architecture: {family: mlp, width: 0.25}, training: {epochs: 1, data_fraction: 0.2}, runtime: onnxruntime]
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> Path:
    """With one point in its store, and nothing of it in its cache."""
    folder = tmp_path_factory.mktemp("home")
    store, spec = copy_store(empty_store, folder), parse(SPEC)
    recipe, sweep = spec.recipes[0], store.open_sweep(spec)
    training = Training(epochs=1, data_fraction=0.2)
    network = build(recipe.architecture, TASKS["digits"], seed=0)
    fit(network, load("digits"), training, seed=0)
    snapshot.save(folder / "trained.pt", snapshot.take(network, "digits", recipe.architecture))
    store.log_variant(sweep, make_record(sweep, recipe, files={NETWORK: folder / "trained.pt"}))
    return folder


def test_scans_are_of_the_network_and_kept_by_structure(home: Path) -> None:
    store = Store(home)
    (variant,) = store.variants()
    assert scans_of(variant, store) == {}
    first = scan_point(variant, store=store, amounts=(0.9, 0.5))
    second = scan_point(variant, store=store, structure="channels", amounts=(0.5,))
    assert first["amounts"] == [0.5, 0.9] and set(first["layers"]) == {"2", "3", "4"} and set(second["layers"]) == {"2", "3"}
    assert scans_of(variant, store) == {"weights": first, "channels": second}
    assert first["accuracy"] == evaluate(snapshot.rebuild(snapshot.load(home / "trained.pt")), load("digits").validation)
    assert json.loads(store.file(variant.run_id, "sensitivity.json").read_text())["channels"]["images"] == second["images"]


def test_the_command_prints_a_table_or_a_document(home: Path) -> None:
    asked = ["sensitivity", "mlp x0.25 · 1 ep 20% data", "--home", str(home), "--amount", "0.5", "--amount", "0.9"]
    document = json.loads(CliRunner().invoke(app, [*asked, "--json"], catch_exceptions=False).stdout)
    assert document["structure"] == "weights" and document["name"] == "mlp x0.25 · 1 ep 20% data"
    shown = CliRunner().invoke(app, asked, catch_exceptions=False).stdout
    assert "with one layer alone pruned, without training afterwards" in " ".join(shown.split()) and "-50%" in shown and "-90%" in shown
    assert f"{100 * document['layers']['2']['accuracy'][1]:.1f}" in shown


def test_a_point_that_learned_from_a_stored_one_is_scanned(home: Path) -> None:
    taught = parse(SPEC.replace("runtime:", "distillation: {teacher: {point: a point that is gone}}, runtime:").replace("small", "taught"))
    store, (recipe,) = Store(home), taught.recipes
    sweep = store.open_sweep(taught)
    run_id = store.log_variant(sweep, make_record(sweep, recipe, files={NETWORK: home / "trained.pt"}))
    (variant,) = store.variants(sweep=sweep)
    found = scan_point(variant, store=store, amounts=(0.5,))
    assert found["accuracy"] == evaluate(snapshot.rebuild(snapshot.load(home / "trained.pt")), load("digits").validation)
    assert store.file(run_id, "sensitivity.json").exists()


def test_what_can_not_be_scanned_is_said(home: Path) -> None:
    store = Store(home)
    variant = store.variants()[0]
    with pytest.raises(EffcoreError, match="must be above 0 and below 1, at least one. Got 1.5"):
        scan_point(variant, store=store, amounts=(0.5, 1.5))
    bare = parse(SPEC.replace("small", "bare"))
    sweep = store.open_sweep(bare)
    store.log_variant(sweep, make_record(sweep, bare.recipes[0]))
    with pytest.raises(EffcoreError, match="1 ep 20% data must have its network in the store. It was written without. Run its sweep again."):
        scan_point(store.variants(sweep=sweep)[0], store=store)
    with pytest.raises(EffcoreError, match="--structure must be weights or channels. Got 'blocks'"):
        CliRunner().invoke(app, ["sensitivity", "a", "--structure", "blocks"], catch_exceptions=False)
