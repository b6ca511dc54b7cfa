"""What is refused by the card alone is neither trained nor measured."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from effcore.challenge.card import Challenge
from effcore.challenge.hand_in import read_hand_in
from effcore.challenge.judging import Grade, HandIn
from effcore.grade import grade

CARD = Challenge(name="small", question="?", task="digits", techniques=["quantization"], due="2026-12-01T12:00+00:00")
IN_TIME, TOO_LATE = datetime(2026, 12, 1, 11, tzinfo=UTC), datetime(2026, 12, 1, 13, tzinfo=UTC)
AUGMENTATION = {"augmentation": {"policy": "affine"}}


def graded(tmp_path: Path, *steps: dict[str, Any], epochs: int = 1000, received: datetime = IN_TIME) -> Grade:
    """The verdict on one hand-in, for which nothing was started."""
    home, folder = tmp_path / "home", tmp_path / "hand-ins" / "ada"
    folder.mkdir(parents=True)
    recipe = [{"architecture": {"family": "mlp", "width": 4.0}}, {"training": {"epochs": epochs}}, *steps, {"runtime": {"name": "onnxruntime"}}]
    (folder / "point.json").write_text(json.dumps({"recipe": {"task": "digits", "steps": recipe}, "seed": 0, "metrics": {}}))
    (folder / "model.onnx").write_bytes(b"not looked at")
    (found,) = grade(CARD, folder.parent, home=home, received={"ada": received})
    assert not (home / "executions.jsonl").exists() and not (home / "logs" / "forkserver.log").exists()
    assert (found.student, found.accepted, found.score, dict(found.metrics)) == ("ada", False, None, {})
    return found


def test_a_technique_that_the_card_does_not_allow(tmp_path: Path) -> None:
    (finding,) = graded(tmp_path, AUGMENTATION).findings
    assert (finding.kind, finding.text) == ("not_allowed", "The techniques must be of quantization. Got augmentation.")


def test_late_and_not_allowed(tmp_path: Path) -> None:
    assert [f.kind for f in graded(tmp_path, AUGMENTATION, epochs=1, received=TOO_LATE).findings] == ["late", "not_allowed"]


@pytest.mark.parametrize(("epochs", "minutes"), [(1000, "11.4"), (900, "10.3")])
def test_a_recipe_that_takes_longer_than_the_card_gives_it(tmp_path: Path, epochs: int, minutes: str) -> None:
    (finding,) = graded(tmp_path, epochs=epochs).findings
    assert finding.kind == "too_costly" and f"takes about {minutes} minutes of a core here" in finding.text


def test_what_one_student_writes_keeps_no_other_from_being_graded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = [{"architecture": {"family": "mlp"}}, {"training": {"epochs": 1}}, AUGMENTATION, {"runtime": {"name": "onnxruntime"}}]
    points: dict[str, dict[str, Any]] = {
        "ada": {"metrics": {"accuracy": 10**400, "size_mb": float("nan")}}, "bob": {"recipe": {"task": [], "steps": steps}}, "cy": {}, "dan": {},
    }  # fmt: skip
    for name, point in points.items():
        folder = tmp_path / "hand-ins" / name
        folder.mkdir(parents=True)
        (folder / "point.json").write_text(json.dumps({"recipe": {"task": "digits", "steps": steps}, "seed": 0, "metrics": {}} | point))
        (folder / "model.onnx").write_bytes(b"not looked at")
    read = read_hand_in

    def reading(path: Path, *, received: datetime | None) -> tuple[HandIn, Path]:
        if path.name == "cy":
            raise ZeroDivisionError("what nobody thought of")
        return read(path, received=received)

    monkeypatch.setattr("effcore.grade.read_hand_in", reading)
    found = {g.student: g for g in grade(CARD, tmp_path / "hand-ins", home=tmp_path / "home", received=dict.fromkeys(points, IN_TIME))}
    assert {name: g.findings[0].kind for name, g in found.items()} == {"ada": "not_allowed", "bob": "broken", "cy": "broken", "dan": "not_allowed"}
    assert found["bob"].findings[0].text == "point.json must name a task of the catalogue. Got '[]'."
    assert found["cy"].findings[0].text == "It can't be graded: ZeroDivisionError: what nobody thought of"
    assert read(tmp_path / "hand-ins" / "ada")[0].claimed == {}
