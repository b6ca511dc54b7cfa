"""Stars and notes in a real MLflow store."""

from __future__ import annotations

from pathlib import Path

import pytest
from stores import copy_store, make_record, make_spec

from effcore.errors import EffcoreError, StoreError
from effcore.tracking.marks import LONGEST, Mark


def test_a_star_and_a_note_stand_beside_the_figures_and_can_be_taken_back(tmp_path: Path, empty_store: Path) -> None:
    store, spec = copy_store(empty_store, tmp_path / "home"), make_spec()
    sweep = store.open_sweep(spec)
    run = store.log_variant(sweep, make_record(sweep, spec.recipes[0]))
    other = store.log_variant(sweep, make_record(sweep, spec.recipes[1]))
    assert store.marks.all() == {} and store.marks.of(run) == Mark()
    store.marks.set(run, Mark(star=True, note="<b>best</b> for the phone"))
    store.marks.set(other, Mark(note="odd"))
    assert store.marks.all() == {run: Mark(star=True, note="<b>best</b> for the phone"), other: Mark(note="odd")}
    assert store._client.get_run(run).data.tags["effcore.star"] == "1"
    assert store._client.get_run(run).data.metrics == {"accuracy": 0.9, "latency_ms": 1.5}
    store.marks.set(run, Mark())
    assert store.marks.all() == {other: Mark(note="odd")}


def test_too_long_a_note_and_an_unknown_run_are_refused(tmp_path: Path, empty_store: Path) -> None:
    store, spec = copy_store(empty_store, tmp_path / "home"), make_spec()
    sweep = store.open_sweep(spec)
    run = store.log_variant(sweep, make_record(sweep, spec.recipes[0]))
    with pytest.raises(EffcoreError, match=f"note must have at most {LONGEST} characters. Got {LONGEST + 1}"):
        store.marks.set(run, Mark(star=True, note="x" * (LONGEST + 1)))
    assert store.marks.of(run) == Mark()
    with pytest.raises(StoreError, match="There is no run"):
        store.marks.set("0" * 32, Mark(star=True))
