"""What `check` says a sweep would cost, in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from effcore.cli.check import cost_lines
from effcore.forecast import forecast
from effcore.spec import parse

STEPS = """\
name: a
task: digits
recipe:
  - architecture: {family: mlp, width: [0.25, 0.5, 1.0]}
  - training: {epochs: 4, learning_rate: RATES}
  - runtime: onnxruntime
"""
GRID = STEPS.replace("RATES", "0.01")
SEARCHED = STEPS.replace("RATES", "{low: 0.001, high: 0.03, log: true}") + "search: {strategy: tpe, SEARCH}\n"


def said(text: str, home: Path) -> list[str]:
    spec = parse(text)
    return cost_lines(spec, forecast(spec, home=home, slots=2))


def test_of_a_grid(tmp_path: Path) -> None:
    assert said(GRID, tmp_path) == [
        "a: 3 variants of digits",
        "  stages        18 to run once each; 0 more are shared (18 without sharing)",
        "  trainings     3, fine-tunings and teachers among them; 0 are there already",
        "  measurements  3 different structures",
        "  in the cache  0 of 18 stages",
        "  time          about 23 s on 2 idle cores; a guess from another machine, since nothing has run here yet",
    ]


def test_of_a_search_that_time_ends(tmp_path: Path) -> None:
    lines = said(SEARCHED.replace("SEARCH", "budget: {minutes: 5}"), tmp_path)
    count, early = lines[3].split()[0], "tpe stops weak ones early or puts them off, and so begins more"
    assert lines[:4] == [
        "a: a search by tpe on digits",
        "  ends after    5 min",
        f"  variants      about {count} fit into that when all are trained to the end; {early}",
        f"{count} variants, all trained to the end, would take:",
    ]
    assert not [line for line in lines if "already" in line or "time " in line or "cache" in line]


@pytest.mark.parametrize(("search", "ends", "variants"), [
    ("budget: {variants: 6}", "6 variants", "at most 6; tpe stops weak ones early or puts them off"),
    ("budget: {variants: 6, minutes: 90}", "90 min, 6 variants, whichever comes first", "at most 6; tpe stops weak ones early or puts them off"),
    ("budget: {variants: 6}, stopping: none, latency_first: false", "6 variants", "at most 6"),
])  # fmt: skip
def test_of_a_search_that_its_number_ends(search: str, ends: str, variants: str, tmp_path: Path) -> None:
    lines = said(SEARCHED.replace("SEARCH", search), tmp_path)
    assert lines[1:4] == [f"  ends after    {ends}", f"  variants      {variants}", "6 variants, all trained to the end, would take:"]
    assert lines[-1].startswith("  time          about ")
