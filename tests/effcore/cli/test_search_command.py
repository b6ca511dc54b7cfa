"""`effcore search` over a store: whose accuracy it tells of, the spec of a gap as a document, and sweeps without a history."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from stores import make_spec

from effcore.cli.search import print_search, search
from effcore.errors import StoreError
from effcore.search.history import History, Tried
from effcore.spec import parse
from effcore.spec.dimensions import Dimension
from effcore.tracking import Store
from effcore.tracking.searches import log_search, read_search

SPEC = """name: sought
task: digits
recipe:
  - architecture: {family: mlp, width: {low: 0.25, high: 1.0}}
  - training: {epochs: 1}
  - runtime: onnxruntime
search: {strategy: tpe, budget: {variants: 12}}
"""
WIDTHS = tuple(0.3 + 0.05 * n for n in range(12))
HISTORY = History(
    name="sought", task="digits", strategy="tpe", stopping="none", latency_first=False, seed=0, objectives=("accuracy", "latency_ms"),
    constraints=(), sampler="optuna 5.0.0 TPESampler", slots=2, elapsed_s=50.0, core_s=100.0, choosing_s=2.0, shared_s=30.0,
    space=(Dimension(name="architecture.width", low=0.25, high=1.0),),
    tried=tuple(
        Tried(number=n, name=f"n{n}", recipe=f"r{n}", assignment={"architecture.width": width}, fate="finished", values=(0.5 + width / 2, width),
              core_s=n + 1.0)
        for n, width in enumerate(WIDTHS)
    ),
)  # fmt: skip


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("EFFCORE_TRACKING_URI", raising=False)
    return tmp_path


def test_the_accuracy_of_a_search_is_called_that_of_validation(capsys: pytest.CaptureFixture[str]) -> None:
    print_search(HISTORY, state="done")
    said = capsys.readouterr().out
    assert "up to the reference point val_accuracy 0.6225, latency_ms " in said
    assert "\n  val_accuracy depends on architecture.width 100%" in said and " accuracy" not in said


def test_the_spec_of_a_gap_is_yaml_or_one_document(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = Store(home)
    log_search(store, store.open_sweep(parse(SPEC)), HISTORY.document)
    search(home=home, gap=True)
    text = capsys.readouterr().out
    assert parse(text).name == "sought gap"
    search(home=home, gap=True, as_json=True)
    assert json.loads(capsys.readouterr().out) == {"spec": text}


@pytest.mark.parametrize(("strategy", "said"), [
    ("grid", "The sweep 'one' is a grid and so has no history of a search. Give one with a searching strategy."),
    ("tpe", "The search 'one' by tpe has no history yet: it has only begun, or waits."),
    ("one_shot", "The sweep 'one' searched by one_shot, which keeps no history of candidates. `effcore frontier --sweep one` shows what it built, "
                 "`effcore proxies one` how well it ranked that before it was built."),
])  # fmt: skip
def test_a_sweep_without_a_history_is_told_what_it_is(home: Path, strategy: str, said: str) -> None:
    store = Store(home)
    run = store.open_sweep(make_spec())
    store._client.set_tag(run, "effcore.strategy", strategy)
    with pytest.raises(StoreError) as refused:
        read_search(Store(home), run)
    assert str(refused.value) == said
