"""What the pages load of Plotly: every kind of trace that they draw, and a third of the whole."""

from __future__ import annotations

import ast
import json
import logging
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import pytest
from playwright.sync_api import Browser
from plotly.offline import get_plotlyjs, get_plotlyjs_version

from dashboard import exports, plotly_script
from dashboard.plotly_script import TRACES, UnknownScript, only, script

ROOT = Path(__file__).resolve().parents[2] / "dashboard"
KINDS = {kind: kind.lower() for kind in dir(go) if isinstance(getattr(go, kind), type) and hasattr(getattr(go, kind), "_path_str")}


def drawn_kinds() -> set[str]:
    """Kinds of traces that are made anywhere in the sources: as `go.Bar`, or as `{"type": "bar"}`."""
    found = set[str]()
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "go":
                found |= {KINDS[node.attr]} if node.attr in KINDS and node.attr not in ("Layout", "Frame") else set()
            if isinstance(node, ast.Dict):
                found |= {
                    value.value for key, value in zip(node.keys, node.values, strict=True)
                    if isinstance(key, ast.Constant) and key.value == "type" and isinstance(value, ast.Constant) and value.value in KINDS.values()
                }  # fmt: skip
    return found


def test_every_kind_of_trace_that_is_drawn_is_in_it() -> None:
    assert drawn_kinds() == TRACES | {"scatter"}


def test_it_is_a_third_of_the_whole_and_of_the_same_version() -> None:
    assert 0.2 < len(script()) / len(get_plotlyjs()) < 0.35
    assert f"plotly.js v{get_plotlyjs_version()}" in script()[:200]
    assert 'name:"scattermap"' in get_plotlyjs() and 'name:"scattermap"' not in script()


def test_what_is_not_asked_for_is_not_there() -> None:
    few, more = only(get_plotlyjs(), ["bar"]), only(get_plotlyjs(), ["bar", "scattergl"])
    assert len(few) < len(more) < len(script())
    assert 'name:"scattergl"' not in few and 'name:"bar"' in few and 'name:"scatter"' in few


@pytest.mark.parametrize("whole", ["", "console.log(1)", 'var a=W((e,t)=>{"use strict";t.exports=1});', "var a=W(b=>{b.register([c()])});"])
def test_a_script_of_another_make_is_refused(whole: str) -> None:
    with pytest.raises(UnknownScript, match="dashboard/plotly_script.py|no traces named bar"):
        only(whole, ["bar"])


def test_a_kind_that_plotly_has_not_is_named_with_those_that_it_has() -> None:
    with pytest.raises(UnknownScript, match="no traces named rainbow; it has bar, .*scattergl.*violin"):
        only(get_plotlyjs(), ["rainbow", "bar"])


def test_what_cant_be_cut_is_loaded_whole_and_that_is_said(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(plotly_script, "get_plotlyjs", lambda: "another make")
    plotly_script.script.cache_clear()
    try:
        with caplog.at_level(logging.WARNING):
            assert plotly_script.script() == "another make"
    finally:
        plotly_script.script.cache_clear()
    assert "Pages load the whole script" in caplog.text


FIGURES = {
    "scatter": go.Figure(go.Scatter(x=[1, 2, 3], y=[2, 1, 3], mode="lines+markers+text", text=["a", "b", "c"], fill="tozeroy")),
    "bar": go.Figure([go.Bar(x=["a", "b"], y=[1, 2], error_y={"array": [0.1, 0.2]}), go.Bar(x=["a", "b"], y=[2, 1])]),
    "box": go.Figure(go.Box(y=[1, 2, 3, 4, 9])),
    "heatmap": go.Figure(go.Heatmap(z=[[1, 2], [3, 4]], colorscale="Viridis")),
}
EVEN = "let drawn = 7; Math.random = () => (drawn = (drawn * 16807) % 2147483647) / 2147483647;"
"""Plotly draws names of its own for elements; with these two pages draw the same."""
DRAW = """async figures => {
  const told = {};
  for (const [name, figure] of Object.entries(figures)) {
    const box = document.createElement("div");
    document.body.append(box);
    await Plotly.newPlot(box, figure.data, { ...figure.layout, width: 500, height: 300 });
    told[name] = [box._fullData.map(trace => trace.type), box.querySelector(".main-svg").innerHTML];
  }
  return told;
}"""


def drawn_by(source: str, browser: Browser) -> dict[str, list[Any]]:
    """Kinds and markup of every figure."""
    page = browser.new_page()
    page.add_script_tag(content=EVEN)
    page.add_script_tag(content=source)
    found: dict[str, list[Any]] = page.evaluate(DRAW, {name: json.loads(str(figure.to_json())) for name, figure in FIGURES.items()})
    page.close()
    return found


def test_every_kind_is_drawn_by_it_as_by_the_whole(browser: Browser) -> None:
    cut, whole = (drawn_by(source, browser) for source in (script(), str(get_plotlyjs())))
    for name in FIGURES:
        assert cut[name][0] == whole[name][0] == [name] * len(FIGURES[name].data)
        assert len(cut[name][1]) > 3_000 and cut[name][1] == whole[name][1]


def test_a_page_that_is_taken_away_carries_it_once() -> None:
    page = exports.html_text(go.Figure(go.Scatter(x=[1], y=[2])), title="a", source="b")
    assert page.count(script()[:300]) == 1 and len(page) < 1.2 * len(script())
    assert page.index(script()[:300]) < page.index("Plotly.newPlot(")
