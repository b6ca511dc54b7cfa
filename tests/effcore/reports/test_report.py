"""The frontier as the stable form that programs depend on."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import pytest
from family import evidence, hits, point

from effcore.analysis.frontier import Evidence, Frontier, Variant
from effcore.catalogue.devices import Device
from effcore.errors import EffcoreError
from effcore.reports.report import frontier_document, read_frontier, read_verdicts

FAST, SLOW = [1.0, 1.01, 0.99], [2.0, 2.02, 1.98]


@dataclass
class Sweep:
    run_id: str = "sweep"
    objectives: tuple[str, ...] = ("accuracy", "latency_ms")


@dataclass
class Store:
    """The part of the tracking store that reports read."""

    frame: list[Variant]
    raw: Evidence

    def sweep(self, name: str | None = None) -> Sweep:
        return Sweep()

    def variants(self, *, sweep: str | None = None) -> list[Variant]:
        return [v for v in self.frame if sweep in (None, v.sweep)]

    def evidence(self, frontier: Frontier, *, did: bool = False) -> Evidence:
        assert {"accuracy", "latency_ms", "latency_ratio"} <= set(frontier.objectives)
        return self.raw


@pytest.fixture
def store() -> Store:
    parent, child = point("a", metrics={"latency_ms": 2.0}), point("b", parent="a", metrics={"size_mb": 1.0})
    orphan, failed = point("c", parent="gone"), point("d", parent="a", status="FAILED", error="no memory")
    raw = evidence({n: hits(wrong=range(50)) for n in "abc"}, {"a": SLOW, "b": FAST, "c": FAST})
    return Store([p.first for p in (parent, child, orphan, failed)], raw)


def rows(document: dict) -> dict[str, dict]:
    return {row["name"]: row for row in document["variants"]}


def test_rows_carry_probability_ties_verdict_and_fit(store: Store) -> None:
    frontier = read_frontier(store)
    device = Device(name="board", summary="", source="", limits={"size_mb": 2.0})
    document = json.loads(
        json.dumps(frontier_document(frontier, store.variants(), verdicts=read_verdicts(store, frontier), device=device), allow_nan=False)
    )
    found = rows(document)
    assert found["b"]["on_frontier"] and not found["a"]["on_frontier"]
    assert found["b"]["tied_with"] == ["key-c"] and found["c"]["tied_with"] == ["key-b"] and found["a"]["tied_with"] == []
    assert found["b"]["verdict"]["outcome"] == "helped"
    assert found["b"]["verdict"]["latency"]["change"] == pytest.approx(0.5, rel=1e-3)
    assert found["a"]["verdict"]["text"] == "no parent: there is no step to undo"
    assert found["c"]["verdict"]["text"].endswith("was not measured")
    assert (found["b"]["fits"]["fits"], found["a"]["fits"]["fits"]) == (True, False)
    assert (found["d"]["status"], found["d"]["verdict"], found["d"]["fits"]) == ("failed", None, None)


def test_verdict_and_fit_are_there_only_where_they_were_asked_for(store: Store) -> None:
    document = frontier_document(read_frontier(store), store.variants())
    assert all("verdict" not in row and "fits" not in row for row in document["variants"])


def test_a_parent_of_another_sweep_is_found_and_that_of_another_environment_is_not(store: Store) -> None:
    store.frame.append(replace(point("gone").first, sweep="other"))
    frontier = read_frontier(store)
    assert read_verdicts(store, frontier)["key-c"].parent_name == "gone"
    store.frame[-1] = replace(store.frame[-1], environment="there")
    assert read_verdicts(store, frontier)["key-c"].outcome is None


def test_a_parent_that_failed_is_said(store: Store) -> None:
    store.frame.append(point("e", parent="d").first)
    assert read_verdicts(store, read_frontier(store))["key-e"].text.endswith("failed: no memory")


def test_an_environment_that_nothing_was_measured_in_is_refused(store: Store) -> None:
    key = read_frontier(store).environment
    with pytest.raises(EffcoreError, match=rf"was measured in an environment 'zzz'. Known: {key}"):
        read_frontier(store, environment="zzz")
    assert read_frontier(store, environment=key).environment == key
