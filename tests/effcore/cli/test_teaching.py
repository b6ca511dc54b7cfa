"""`effcore worksheet` writes two files and overwrites none."""

from __future__ import annotations

from pathlib import Path

import pytest
from stores import SPEC, make_record

from effcore.cli.teaching import worksheet
from effcore.errors import EffcoreError
from effcore.spec import parse
from effcore.tracking import Store


def test_questions_and_answers_in_two_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store, spec = Store(tmp_path / "home"), parse(SPEC.format(name="one", seeds="[0]").replace("[1.0, 0.5]", "[1.0, 0.5, 0.25]"))
    sweep = store.open_sweep(spec)
    for index, recipe in enumerate(spec.recipes):
        figures = {"accuracy": 0.9 + index / 100, "latency_ms": 1.0 + index}
        store.log_variant(sweep, make_record(sweep, recipe, metrics=figures))
    to = tmp_path / "sheet.md"
    worksheet(sweep, to=to, home=tmp_path / "home")
    assert to.read_text().startswith(f"# Worksheet: {spec.name}") and (tmp_path / "sheet-answers.md").read_text().startswith("# Answers: ")
    assert "questions about 3 points" in capsys.readouterr().out
    with pytest.raises(EffcoreError, match="must not be there already"):
        worksheet(sweep, to=to, home=tmp_path / "home")
