"""Charts, tables and pictures have a text in their place."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SCREENS = sorted((Path(__file__).resolve().parents[2] / "dashboard" / "screens").glob("*.py"))
DRAWN = {"plotly_chart", "dataframe", "chart", "picked_row", "picked_rows"}


def name_of(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else call.func.id if isinstance(call.func, ast.Name) else ""


@pytest.mark.parametrize("path", SCREENS, ids=lambda p: p.stem)
def test_every_chart_and_table_has_a_text_alternative(path: Path) -> None:
    calls = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call) and name_of(n) in DRAWN]
    bare = [f"{path.name}:{c.lineno} {name_of(c)}" for c in calls if not any(k.arg == "alt" for k in c.keywords)]
    assert bare == []


def test_there_are_charts_to_look_at() -> None:
    assert sum(path.read_text().count("alt=") for path in SCREENS) > 20
