"""A part of a source, for few and for very many variants alike."""

from __future__ import annotations

import pytest

from dashboard.views.filters import Part, filtered
from dashboard.views.sources import Source
from effcore.analysis.columns import Columns
from effcore.analysis.frontier import Variant

SOURCE = Source(key="sweep0", label="quickstart", task="mnist5k", sweep="sweep0")


@pytest.mark.parametrize(
    ("asked", "number"),
    [
        ({"needle": "CNN int8"}, 8),
        ({"techniques": ("pruning",)}, 32),
        ({"techniques": ("pruning", "quantization"), "needle": "mlp"}, 4),
        ({"needle": "nothing"}, 0),
    ],
)
def test_keeps_what_passes(variants: list[Variant], asked: dict[str, object], number: int) -> None:
    part = filtered(SOURCE, **asked)  # type: ignore[arg-type]
    kept = part.of(variants)
    columns = Columns(tuple(variants))
    assert len(kept) == number
    assert [columns.variants[row].run_id for row in part.among(columns).nonzero()[0]] == [v.run_id for v in kept]


def test_stars_and_words(variants: list[Variant]) -> None:
    part = filtered(SOURCE, starred=frozenset({variants[3].run_id}), needle=" cnn ", techniques=["pruning"])
    assert isinstance(part, Part)
    assert part.text == "names with 'cnn', recipes with pruning, starred points"
    assert filtered(SOURCE, needle="  ") is SOURCE
    assert [v.run_id for v in filtered(SOURCE, starred=frozenset({variants[3].run_id})).of(variants)] == [variants[3].run_id]
