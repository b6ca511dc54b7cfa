"""Verdicts, ties and devices on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from family import evidence, hits, point
from stores import make_record, make_spec

from effcore.analysis.frontier import Frontier, find_frontier
from effcore.analysis.ties import with_ties
from effcore.analysis.verdict import RULES, judge_all
from effcore.cli import show
from effcore.cli.show import print_frontier
from effcore.cli.verdicts import chosen_device, print_ties, print_verdicts
from effcore.errors import EffcoreError, SpecError
from effcore.tracking import Store


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


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("EFFCORE_TRACKING_URI", raising=False)
    return tmp_path


def test_verdicts_of_a_sweep_with_one_that_failed_name_it_too(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store, spec = Store(home), make_spec()
    sweep = store.open_sweep(spec)
    show.frontier(home=home, verdicts=True)
    assert capsys.readouterr().out == "No point yet: of 'one', which is running, no variant has come to its end. Another sweep: --sweep NAME.\n"
    store.log_variant(sweep, make_record(sweep, spec.recipes[1], metrics={}, error="out of memory"))
    show.frontier(home=home, verdicts=True)
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "No point to show." and len(said) == 2 and said[1].startswith("left out: mlp x0.5") and "out of memory" in said[1]
    store.log_variant(sweep, make_record(sweep, spec.recipes[0]))
    show.frontier(home=home, verdicts=True)
    said = capsys.readouterr().out.splitlines()
    assert "verdict of its last step" in said[0] and f"  {RULES[-1]}" in said
    assert said[-1].startswith("left out: mlp x0.5") and "out of memory" in said[-1]


def test_verdicts_and_a_device_are_two_tables(home: Path) -> None:
    Store(home).open_sweep(make_spec())
    with pytest.raises(EffcoreError, match="the step that led to a point, --device its file: give one of them, or both with --json"):
        show.frontier(home=home, verdicts=True, device="microcontroller-2mb")
    show.frontier(home=home, verdicts=True, device="microcontroller-2mb", as_json=True)
