"""A worksheet asks only what its figures answer, and answers it right."""

from __future__ import annotations

from typing import Any

import pytest

from effcore.analysis.frontier import Variant
from effcore.errors import EffcoreError
from effcore.worksheet import Question, Worksheet, answers_text, make_worksheet, worksheet_text


def variant(
    name: str, accuracy: float, latency: float, *, parent: str | None = None, technique: str = "architecture", step: str = "", **figures: float
) -> Variant:
    metrics = {
        "accuracy": accuracy, "accuracy_low": accuracy - 0.01, "accuracy_high": accuracy + 0.01,
        "latency_ms": latency, "latency_ms_low": latency * 0.95, "latency_ms_high": latency * 1.05,
    }  # fmt: skip
    recipe: dict[str, Any] = {"task": "digits", "steps": [{"quantization": {}}] if technique == "quantization" else []}
    return Variant(
        run_id=f"run {name}", sweep="s", recipe_key=name, name=name, seed=0, recipe=recipe, parent=parent, technique=technique, step=step,
        runtime="onnxruntime", environment="env0", structure=name, status="FINISHED", error=None, noisy=False, metrics=metrics | figures,
        artifact="model.onnx", started_ms=0, ended_ms=1,
    )  # fmt: skip


FIVE = [
    variant("a small", 0.90, 0.10, size_mb=0.5, params=100_000.0, macs=1e6),
    variant("b middle", 0.95, 0.20, size_mb=0.9, params=200_000.0, macs=4e6),
    variant("c large", 0.98, 0.80, size_mb=4.0, params=900_000.0, macs=2e7),
    variant("d int8", 0.94, 0.10, parent="b middle", technique="quantization", step="int8", size_mb=0.3, params=200_000.0, macs=4e6),
    variant("e odd", 0.91, 0.90, size_mb=0.5, params=100_000.0, macs=2e6),
]


@pytest.fixture
def sheet() -> Worksheet:
    return make_worksheet(FIVE, title="five *models*")


def asked(sheet: Worksheet, words: str) -> Question:
    found = [q for q in sheet.questions if words in q.text]
    assert len(found) == 1
    return found[0]


def test_letters_follow_the_names_and_not_the_merit(sheet: Worksheet) -> None:
    assert [f"{letter} {p.name}" for letter, p in sheet.points.items()] == ["A a small", "B b middle", "C c large", "D d int8", "E e odd"]


def test_dominance(sheet: Worksheet) -> None:
    assert asked(sheet, "not dominated?").answer == "B, C and D: the frontier. 2 of 5 are dominated."
    assert asked(sheet, "dominate A").answer == "D."


def test_a_budget_that_decides_and_its_price(sheet: Worksheet) -> None:
    question = asked(sheet, "may take at most")
    assert question.text == "A prediction may take at most 0.4 ms. Which point is the most accurate that fits?"
    assert question.answer.startswith("B, 95.0% right in 0.2 ms (0.19 to 0.21)")
    assert asked(sheet, "gain over B").answer == "C: 4.00 times the latency for 3.0 points of accuracy."


def test_of_equally_accurate_points_that_fit_the_fastest_is_the_answer() -> None:
    twin = make_worksheet([*FIVE, variant("a twin", 0.95, 0.30)], title="with a twin")
    question = asked(twin, "may take at most 0.4 ms")
    assert twin.points["B"].name == "a twin" and twin.points["C"].name == "b middle"
    assert question.answer.startswith("C, 95.0% right in 0.2 ms")


def test_a_step_with_its_intervals(sheet: Worksheet) -> None:
    question = asked(sheet, "the step is int8")
    assert question.text.startswith("From B to D")
    assert question.answer == (
        "2.00 times as fast (1.86 to 2.15), 3.00 times smaller, -1.0 points of accuracy (-2.4 to +0.4). "
        "The interval leaves open whether the accuracy changed at all."
    )


def test_fewer_products_that_take_longer(sheet: Worksheet) -> None:
    question = asked(sheet, "multiply-accumulates")
    assert question.text == "E does 2.0 times fewer multiply-accumulates than D. Is it faster?"
    assert question.answer.startswith("No: it takes 9.00 times as long (8.") and question.answer.endswith("Products are not milliseconds.")


def test_bytes_of_the_numbers(sheet: Worksheet) -> None:
    assert asked(sheet, "32 bits").answer == "4 bytes each: 0.4 MB of 0.5 MB; the rest, 0.1 MB, is the graph."


def test_whether_two_neighbours_differ(sheet: Worksheet) -> None:
    assert asked(sheet, "really more accurate").text.startswith("Is B really more accurate than D?")
    assert "holds zero, so the test images do not tell" in asked(sheet, "really more accurate").answer


def test_the_questions_hold_no_answer_and_names_no_markup(sheet: Worksheet) -> None:
    text, answers = worksheet_text(sheet), answers_text(sheet)
    assert text.startswith("# Worksheet: five \\*models\\*\n") and "| A | a small | 90.0 % (89.0 to 91.0) | 0.1 ms (0.095 to 0.105) |" in text
    assert all(q.text in text and q.text in answers and q.answer in answers for q in sheet.questions)
    assert not any(q.answer in text for q in sheet.questions if len(q.answer) > 10)
    nasty = make_worksheet([*FIVE, variant("<b>|x|", 0.5, 0.5)], title="t")
    assert "<b>" not in worksheet_text(nasty) and "\\<b\\>\\|x\\|" in worksheet_text(nasty)


def test_many_points_keep_the_frontier_and_no_more_than_the_alphabet() -> None:
    many = [*FIVE, *(variant(f"x{i:03}", 0.5, 1.0 + i) for i in range(100))]
    sheet = make_worksheet(many, title="many")
    assert len(sheet.points) == 26 and {"b middle", "c large", "d int8"} <= {p.name for p in sheet.points.values()}


def test_two_points_are_too_few() -> None:
    with pytest.raises(EffcoreError, match="at least 3 points with accuracy and latency. two has 2"):
        make_worksheet(FIVE[:2], title="two")
