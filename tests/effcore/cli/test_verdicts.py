"""Verdicts, ties and devices on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from family import evidence, hits, point

from effcore.analysis.frontier import Frontier, find_frontier
from effcore.analysis.ties import with_ties
from effcore.analysis.verdict import RULES, judge_all
from effcore.cli.show import print_frontier
from effcore.cli.verdicts import chosen_device, print_ties, print_verdicts
from effcore.errors import EffcoreError, SpecError


@pytest.fixture
def frontier() -> Frontier:
    points = point("a"), point("b", parent="a"), point("c", parent="gone")
    return find_frontier([p.first for p in points], ("accuracy", "latency_ms"))


def test_verdicts_are_printed_in_words_with_their_rules(frontier: Frontier, capsys: pytest.CaptureFixture[str]) -> None:
    raw = evidence({n: hits(wrong=range(50)) for n in "abc"}, {"a": [2.0, 2.02, 1.98], "b": [1.0, 1.01, 0.99]})
    print_verdicts(frontier, judge_all(frontier.points, frontier, raw))
    said = " ".join(capsys.readouterr().out.split())
    assert "helped: 2 times faster (1.93 to 2.07)" in said
    assert "payback: at once" in said
    assert "no verdict: its parent, the same recipe without `prune 50%`, was not measured" in said
    assert all(rule in said for rule in RULES)


def test_ties_are_called_ties(frontier: Frontier, capsys: pytest.CaptureFixture[str]) -> None:
    raw = evidence({"a": hits(wrong=range(50)), "b": hits(wrong=range(50)), "c": hits(wrong=range(50))})
    print_ties(with_ties(frontier, raw))
    assert capsys.readouterr().out == "tie: a can't be told apart from b, c\n"


def test_a_device_is_a_column(frontier: Frontier, capsys: pytest.CaptureFixture[str]) -> None:
    print_frontier(frontier, device=chosen_device("microcontroller-2mb", None))
    said = " ".join(capsys.readouterr().out.split())
    assert "microcontroller-2mb" in said and "does not fit: size_mb 4 of at most 2, 2 times too much" in said


def test_devices_come_from_the_catalogue_and_a_file(tmp_path: Path) -> None:
    path = tmp_path / "devices.yaml"
    path.write_text("mine: {limits: {size_mb: 2}}")
    assert chosen_device(None, None) is None
    mine = chosen_device("mine", path)
    assert mine is not None and mine.limits == {"size_mb": 2.0}
    assert chosen_device("phone-app", path) is not None
    with pytest.raises(EffcoreError, match="--devices needs --device NAME too. Known: microcontroller"):
        chosen_device(None, path)
    with pytest.raises(EffcoreError, match="There is no device 'yours'"):
        chosen_device("yours", path)
    path.write_text("mine: 3")
    with pytest.raises(SpecError, match=r"devices\.yaml: 1 problem"):
        chosen_device("mine", path)
