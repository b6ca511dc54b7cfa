"""Challenge cards: what a good one says, and every problem of a bad one at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from effcore.challenge.card import read_card
from effcore.errors import SpecError

SHIPPED = sorted((Path(__file__).resolve().parents[3] / "experiments/challenges").glob("*.yaml"))
GOOD = """
name: small
question: As accurate as you can in 50 kB.
task: digits
limits: {size_mb: 0.05, accuracy: 1}
techniques: [quantization]
families: [mlp]
seeds: [0, 1]
due: 2026-12-01T23:59+01:00
score: 100 * accuracy - size_mb
"""


def test_a_card() -> None:
    card = read_card(GOOD, source="card.yaml")
    assert card.limits == {"size_mb": 0.05, "accuracy": 1.0}
    assert card.due_at is not None and card.due_at.utcoffset() is not None
    assert card.formula.names == ("accuracy", "size_mb")
    assert card.rebuild_minutes == 10 and read_card(GOOD + "rebuild_minutes: 45\n", source="card.yaml").rebuild_minutes == 45


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.stem)
def test_cards_that_ship_are_good(path: Path) -> None:
    assert read_card(path.read_text(), source=path.name).name == path.stem


def test_there_is_one_that_ships() -> None:
    assert SHIPPED


def test_all_problems_at_once_with_their_lines() -> None:
    text = "name: small\nquestion: what\ntask: dogits\nlimits: {size: 1}\ntechniques: [pruning, prunning]\ndue: 2026-12-01\nscore: exit()\nbonus: 3\n"
    with pytest.raises(SpecError) as caught:
        read_card(text, source="card.yaml")
    said = str(caught.value)
    for part in ("card.task (line 3)", "card.limits (line 4)", "card.techniques (line 5)", "card.due (line 6)", "card.score (line 7)", "card.bonus"):
        assert part in said
    assert "digits" in said and "time zone" in said


def test_no_mapping() -> None:
    with pytest.raises(SpecError, match="must be a mapping"):
        read_card("- name", source="card.yaml")


@pytest.mark.parametrize("limit", ["0", "-1", ".inf", "true"])
def test_a_budget_is_a_positive_number(limit: str) -> None:
    with pytest.raises(SpecError, match="limits"):
        read_card(GOOD.replace("size_mb: 0.05", f"size_mb: {limit}"), source="card.yaml")
