"""The queue, as far as it goes without a page: a point that is measured again."""

from __future__ import annotations

from pathlib import Path

from stores import make_record, make_spec

from effcore.runner import run_queue
from effcore.tracking import Store


def test_a_point_that_can_not_be_measured_again_keeps_its_figures_and_gets_the_cause(tmp_path: Path) -> None:
    store = Store(tmp_path / "home")
    spec = make_spec()
    sweep = store.open_sweep(spec)
    run_id = store.log_variant(sweep, make_record(sweep, spec.recipes[0], artifact="model.onnx"))
    store.finish_sweep(sweep, status="FINISHED")
    before = store.variants()
    store.set_again(run_id, "waiting")
    assert store.asked_again() == [run_id]
    run_queue(store, home=tmp_path / "home", once=True)
    answer = store.again(run_id)
    assert answer.state == "failed" and answer.error
    assert "Traceback" not in answer.error
    assert store.asked_again() == []
    assert Store(tmp_path / "home").variants() == before
