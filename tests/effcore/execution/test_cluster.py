"""What sweeps leave on the hosts of a cluster: nothing, however they end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from effcore.errors import Cancelled
from effcore.execution import cluster


class Hands:
    """In the place of a worker with its fork server."""

    made: list[Hands]

    def __init__(self, home: Path, *, preload: str, environment: dict[str, str]) -> None:
        self.said: list[str] = []
        self.made.append(self)

    def perform(self, stage: Any) -> Any:
        return stage()

    def close(self) -> None:
        self.said.append("close")

    def hold(self) -> None:
        self.said.append("hold")


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[Hands]]:
    Hands.made = []
    monkeypatch.setattr(cluster, "Worker", Hands)
    monkeypatch.setattr("distributed.get_worker", lambda: SimpleNamespace(effcore_home=tmp_path))
    yield Hands.made
    for kept in (cluster._SEATS, cluster._HELD, cluster._CLOSED):
        kept.clear()


def perform(name: str, stage: Any = lambda: "done") -> Any:
    return cluster._perform(name, {}, stage, [])


def test_what_a_sweep_has_is_ended_when_it_sends_nothing_more_and_made_anew_for_one_that_lives(made: list[Hands]) -> None:
    assert perform("a") == perform("a") == "done" and len(made) == 1
    cluster._drop_idle()
    assert made[0].said == [] and list(cluster._SEATS) == ["a"]
    cluster._drop_idle(idle_s=-1)
    assert made[0].said == ["close"] and not cluster._SEATS
    assert perform("a") == "done" and len(made) == 2


def test_nothing_is_ended_under_a_stage_that_runs(made: list[Hands]) -> None:
    def stage() -> str:
        cluster._drop_idle(idle_s=-1)
        return "undisturbed"

    assert perform("a", stage) == "undisturbed" and made[0].said == []
    with pytest.raises(ZeroDivisionError):
        perform("a", lambda: 1 // 0)
    assert cluster._SEATS["a"].users == 0


def test_a_sweep_that_has_ended_or_stands_still_begins_nothing_where_it_had_nothing_yet(made: list[Hands]) -> None:
    cluster._close("ended")
    cluster._hold("still")
    with pytest.raises(Cancelled, match="was cancelled"):
        perform("ended")
    with pytest.raises(Cancelled, match="stands still"):
        perform("still")
    assert made == []
    perform("a")
    cluster._hold("a")
    cluster._close("a")
    assert made[0].said == ["hold", "close"] and not cluster._SEATS
