"""What a hand-out holds, by content."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import pytest
from fake_store import FakeStore

from dashboard.charts.slide import enlarged, slide
from dashboard.exports import drawing, handout
from dashboard.exports.handout import HandOut, hand_out_files, hand_out_zip
from dashboard.screens.hand_out import specs_of
from dashboard.theme import DARK, LIGHT, Look, template
from effcore.errors import EffcoreError, StoreError


def figure(look: Look) -> go.Figure:
    trace = go.Scatter(x=[1, 2], y=[3, 4], mode="markers+text", text=["a", "b"], textfont={"size": 10}, marker={"size": 10})
    return go.Figure(trace, layout={"template": template(look), "annotations": [{"text": "up", "font": {"size": 10}}]})


TAKEN = HandOut(
    title="Accuracy <b>against</b> latency", source="study · AMD · measured 2026-11-28", figure=figure,
    frame=pd.DataFrame({"point": ["=x"], "latency_ms": [0.5]}), address="http://127.0.0.1:8501/frontier?sweep=s1",
    specs={"spec.yaml": "name: study\n"},
)  # fmt: skip


def test_with_a_browser_there_are_four_pictures_and_what_makes_them_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, go.Figure] = {}

    def fake(figures: Any) -> dict[str, bytes]:
        asked.update(figures)
        return {f"{name}.{kind}": b"drawn" for name in figures for kind in ("svg", "png")}

    monkeypatch.setattr(handout, "browser", lambda: "/usr/bin/chromium")
    monkeypatch.setattr(handout, "drawn", fake)
    files = hand_out_files(TAKEN)
    assert set(files) == {"slide-light.svg", "slide-light.png", "slide-dark.svg", "slide-dark.png", "points.csv", "spec.yaml", "README.md"}
    assert files["points.csv"] == "point,latency_ms\n'=x,0.5\n" and files["spec.yaml"] == "name: study\n"
    readme = str(files["README.md"])
    for part in ("    effcore run spec.yaml", "    http://127.0.0.1:8501/frontier?sweep=s1", "measured 2026-11-28", "1280 x 720"):
        assert part in readme
    assert asked["slide-dark"].layout.template.layout.paper_bgcolor == DARK.paper
    assert zipfile.ZipFile(io.BytesIO(hand_out_zip(TAKEN))).namelist() == sorted(files)


def test_of_several_sweeps_each_has_its_spec_and_what_was_not_kept_is_said(monkeypatch: pytest.MonkeyPatch, store: FakeStore) -> None:
    monkeypatch.setattr(handout, "browser", lambda: None)
    one = [v for v in store.frame if v.status == "FINISHED"][:4]
    names = {"sweep0": "quick start", "s1": "two", "s2": "two", "s3": "gone"}
    store.records = [replace(store.records[0], run_id=run, name=name) for run, name in names.items()]
    store.texts = {run: f"name: {name} {run}\n" for run, name in names.items() if name != "gone"}

    def kept(run_id: str) -> str:
        if run_id not in store.texts:
            raise StoreError(f"Run {run_id} has no file 'spec.yaml'.")
        return store.texts[run_id]

    monkeypatch.setattr(store, "spec_text", kept)
    assert specs_of(store, one) == ({"spec.yaml": "name: quick start sweep0\n"}, 0)  # type: ignore[arg-type]
    specs, lost = specs_of(store, [replace(v, sweep=run) for v, run in zip(one, names, strict=True)])  # type: ignore[arg-type]
    assert lost == 1
    assert specs == {"spec-quick-start.yaml": "name: quick start sweep0\n", "spec-two.yaml": "name: two s1\n", "spec-two-2.yaml": "name: two s2\n"}
    files = hand_out_files(replace(TAKEN, specs=specs, lost=lost))
    assert set(specs) <= set(files) and "spec.yaml" not in files
    readme = str(files["README.md"])
    assert "It is of 4 sweeps, each with a spec of its own. Made again" in readme
    assert "    effcore run spec-quick-start.yaml\n    effcore run spec-two.yaml\n    effcore run spec-two-2.yaml\n    effcore serve" in readme
    assert "Not with it: 1 spec that was not kept." in readme and "It is of" not in str(hand_out_files(TAKEN)["README.md"])


def test_without_a_browser_the_slides_are_pages_and_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handout, "browser", lambda: None)
    files = hand_out_files(TAKEN)
    assert {"slide-light.html", "slide-dark.html"} <= set(files) and not any(n.endswith((".svg", ".png")) for n in files)
    assert "No Chrome or Chromium was there" in str(files["README.md"])


def test_a_slide_is_16_to_9_with_title_and_source_and_larger_type() -> None:
    plain = figure(LIGHT)
    made = slide(plain, LIGHT, title="A <b>", source=" · ".join(["part " * 8] * 5))
    assert (made.layout.width, made.layout.height) == (1280, 720)
    assert made.layout.title.text == "A &lt;b&gt;" and made.layout.title.subtitle.text.count("<br>") == 1
    assert made.data[0].marker.size == 13 and made.data[0].textfont.size == 13 and made.layout.annotations[0].font.size == 13
    assert plain.data[0].marker.size == 10 and enlarged(plain, height=300).layout.height == 300


def test_no_browser_is_an_error_that_says_what_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "browser", lambda: None)
    with pytest.raises(EffcoreError, match="Chrome or Chromium"):
        drawing.drawn({"a": figure(LIGHT)})


@pytest.mark.skipif(drawing.browser() is None, reason="no browser on this machine")
@pytest.mark.browser
def test_a_real_browser_draws_both_forms() -> None:
    made = drawing.drawn({"slide-light": slide(figure(LIGHT), LIGHT, title="Größe — µs", source="s")})
    assert made["slide-light.svg"].decode().startswith("<svg") and "Größe — µs" in made["slide-light.svg"].decode()
    png = made["slide-light.png"]
    assert png[:8] == b"\x89PNG\r\n\x1a\n" and (int.from_bytes(png[16:20]), int.from_bytes(png[20:24])) == (2560, 1440)
