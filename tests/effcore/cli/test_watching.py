"""How often a runner that ends by itself is started again."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from effcore.cli import serve
from effcore.errors import EffcoreError


class Process:
    """One that ends as soon as it is looked at, or never."""

    def __init__(self, code: int | None) -> None:
        self.code = code

    def poll(self) -> int | None:
        return self.code


@pytest.mark.parametrize(("apart_s", "starts"), [(1.0, serve.RUNNER_RESTARTS), (1300.0, 20)])
def test_a_runner_is_given_up_when_it_ends_too_often_within_an_hour_and_not_over_days(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, apart_s: float, starts: int
) -> None:
    started: list[float] = []
    page = Process(None)

    def start(command: list[str], environment: dict[str, str], log: Path) -> Any:
        started.append(apart_s)
        page.code = 0 if len(started) == 20 else None  # so that the test ends
        return Process(1)

    monkeypatch.setattr(serve, "_start", start)
    monkeypatch.setattr(serve, "time", SimpleNamespace(monotonic=lambda: apart_s * len(started), sleep=lambda seconds: None))
    with pytest.raises(EffcoreError, match="The (runner|page) ended by itself"):
        serve._watch([page, Process(1)], {}, tmp_path)  # type: ignore[list-item]
    assert len(started) == starts
