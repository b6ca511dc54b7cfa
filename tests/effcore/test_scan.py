"""A scan is of the network that was trained for a point, and kept with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from stores import copy_store, make_record
from typer.testing import CliRunner

from effcore.cache import Cache
from effcore.cli import app
from effcore.context import current_context
from effcore.errors import EffcoreError
from effcore.models import snapshot
from effcore.plan import make_plan
from effcore.scan import scan_point, scans_of
from effcore.spec import parse
from effcore.stages import produce
from effcore.tasks import load
from effcore.tracking import Store
from effcore.training import evaluate

SPEC = """\
name: small
task: digits
recipe: [architecture: {family: mlp, width: 0.25}, training: {epochs: 1, data_fraction: 0.2}, runtime: onnxruntime]
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> Path:
    """With one point in its store and its training in its cache."""
    folder = tmp_path_factory.mktemp("home")
    store, spec = copy_store(empty_store, folder), parse(SPEC)
    plan = make_plan(spec.variants, context=current_context())
    for stage in plan.stages.values():
        if stage.kind == "train":
            produce(stage, home=folder, cache=Cache(folder))
    sweep = store.open_sweep(spec)
    store.log_variant(sweep, make_record(sweep, spec.recipes[0]))
    return folder


def test_scans_are_of_the_network_and_kept_by_structure(home: Path) -> None:
    store = Store(home)
    (variant,) = store.variants()
    assert scans_of(variant, store) == {}
    first = scan_point(variant, store=store, home=home, amounts=(0.9, 0.5))
    second = scan_point(variant, store=store, home=home, structure="channels", amounts=(0.5,))
    assert first["amounts"] == [0.5, 0.9] and set(first["layers"]) == {"2", "3", "4"} and set(second["layers"]) == {"2", "3"}
    assert scans_of(variant, store) == {"weights": first, "channels": second}
    rungs = [p for p in (home / "cache").iterdir() if p.name.startswith("train-")]
    assert first["accuracy"] in [evaluate(snapshot.rebuild(snapshot.load(p / "model.pt")), load("digits").validation) for p in rungs]
    assert json.loads(store.file(variant.run_id, "sensitivity.json").read_text())["channels"]["images"] == second["images"]


def test_the_command_prints_a_table_or_a_document(home: Path) -> None:
    asked = ["sensitivity", "mlp x0.25 · 1 ep 20% data", "--home", str(home), "--amount", "0.5", "--amount", "0.9"]
    document = json.loads(CliRunner().invoke(app, [*asked, "--json"], catch_exceptions=False).stdout)
    assert document["structure"] == "weights" and document["name"] == "mlp x0.25 · 1 ep 20% data"
    shown = CliRunner().invoke(app, asked, catch_exceptions=False).stdout
    assert "with one layer alone pruned, without training afterwards" in " ".join(shown.split()) and "-50%" in shown and "-90%" in shown
    assert f"{100 * document['layers']['2']['accuracy'][1]:.1f}" in shown


def test_what_can_not_be_scanned_is_said(home: Path, tmp_path: Path) -> None:
    store = Store(home)
    (variant,) = store.variants()
    with pytest.raises(EffcoreError, match="must be above 0 and below 1, at least one. Got 1.5"):
        scan_point(variant, store=store, home=home, amounts=(0.5, 1.5))
    with pytest.raises(EffcoreError, match="must be in the cache of .*cleaned away.*Run its sweep again"):
        scan_point(variant, store=store, home=tmp_path)
    with pytest.raises(EffcoreError, match="--structure must be weights or channels. Got 'blocks'"):
        CliRunner().invoke(app, ["sensitivity", "a", "--structure", "blocks"], catch_exceptions=False)
