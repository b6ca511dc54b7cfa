"""Two sweeps at once on one host: whoever measures is alone, and what both need is made once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from homes import Home, wait_for

from effcore.tracking import Store

pytestmark = pytest.mark.slow

SPEC = """
name: {name}
task: digits
seeds: {seeds}
recipe:
  - architecture: {{family: mlp, width: {widths}}}
  - training: {{epochs: 2, batch_size: 8}}
  - quantization: {quantization}
  - runtime: onnxruntime
measure: {{processes: 3, width: 1.0, max_s: 1}}
"""


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Home]:
    """Another state folder on the same host."""
    made = Home(tmp_path / "other")
    yield made
    made.end()


def test_no_stage_of_either_overlaps_a_measurement(home: Home, other: Home) -> None:
    texts = [SPEC.format(name=name, seeds="[0, 1]", widths="[0.125, 0.25]", quantization="none") for name in ("first", "second")]
    sweeps = [h.start("run", h.file("two", text), "--json") for h, text in zip((home, other), texts, strict=True)]
    documents = [sweep.well() for sweep in sweeps]
    # Two seeds of a network have one structure: it is measured once.
    assert [d["stages"] for d in documents] == [{"executed": 18, "reused": 0}] * 2
    first, second = stages(home), stages(other)
    assert [len(s) for s in (first, second)] == [18, 18]
    check_alone(first + second)
    # They were in each other's way: one wanted to measure while the other had work to do.
    spans = [(s[0]["start"], s[-1]["end"]) for s in (second, first)]
    assert any(m["exclusive"] and start < m["start"] < end for made, (start, end) in zip((first, second), spans, strict=True) for m in made)


def test_two_sweeps_of_one_home_share_what_both_need(home: Home) -> None:
    texts = {
        "wide": SPEC.format(name="wide", seeds="[0]", widths="[0.125, 0.25]", quantization="none"),
        "deep": SPEC.format(name="deep", seeds="[0]", widths="0.25", quantization="[none, {}]"),
    }
    sweeps = {name: home.start("run", home.file(name, text), "--json") for name, text in texts.items()}
    wait_for(lambda: str(sweeps["wide"].pid) in [p.read_text() for p in home.path.glob("locks/sweep-*.lock")], sweeps["wide"])
    refused = home.start("run", home.file("wide", texts["wide"]))
    documents = {name: sweep.well() for name, sweep in sweeps.items()}
    assert refused.end() == 2
    assert "'wide' is being run already, by process " + str(sweeps["wide"].pid) in refused.stderr
    assert "Traceback" not in refused.stderr and refused.stdout == ""

    # The network that stands in both: two rungs, its file, its evaluation and its measurement were made once.
    made = stages(home)
    assert Counter(line["kind"] for line in made) == {"train": 4, "export": 3, "evaluate": 3, "measure": 3}
    assert max(Counter(line["key"] for line in made).values()) == 1
    check_alone(made)
    assert sum(d["stages"]["executed"] for d in documents.values()) == len(made)
    assert sum(d["stages"]["reused"] for d in documents.values()) == 5
    store = Store(home.path)
    assert {s.name: (s.state, s.done) for s in store.sweeps()} == {"wide": ("done", 2), "deep": ("done", 2)}
    figures = {(v.sweep, v.name): v.metrics for v in store.variants()}
    assert len(figures) == 4
    twice = [name for name, count in Counter(name for _, name in figures).items() if count == 2]
    assert twice == ["mlp x0.25 · 2 ep batch 8"]
    shared = [metrics for (_, name), metrics in figures.items() if name == twice[0]]
    assert shared[0] == shared[1]
    assert sorted(home.statuses("variant")) == ["FINISHED"] * 4 and home.statuses("sweep") == ["FINISHED"] * 2
    home.gone()


def stages(home: Home) -> list[dict[str, Any]]:
    """What was executed, with start and end, in the order of the starts; nothing failed and nothing was left."""
    lines = home.executions()
    assert {line["event"] for line in lines} == {"started", "finished"}
    finished = [line for line in lines if line["event"] == "finished"]
    assert len(lines) == 2 * len(finished)
    return sorted(finished, key=lambda line: line["start"])


def check_alone(made: list[dict[str, Any]]) -> None:
    """No stage, and no other measurement, ran while one measured."""
    for measurement in (line for line in made if line["kind"] == "measure"):
        for line in made:
            apart = line["end"] <= measurement["start"] or measurement["end"] <= line["start"]
            assert line is measurement or apart, (measurement, line)
