"""Tables of commands: what holds for many rows is said once below them."""

from __future__ import annotations

from typing import Any

import pytest

from effcore.analysis.frontier import Frontier, LeftOut
from effcore.cli.data import print_data
from effcore.cli.proxies import print_proxies
from effcore.cli.show import print_frontier

TOO_FEW = "A power law needs at least 5 runs over at least 3 numbers of images. Got 2 over 1."


def group(name: str, reason: str) -> dict[str, Any]:
    sizes = [{"images": 1197, "accuracy": 0.9, "seeds": [0], "time_to_target_s": [None]}]
    return {"name": name, "sizes": sizes, "law": None, "images_needed": None, "reason": reason}


def data_text(capsys: pytest.CaptureFixture[str], *reasons: str) -> str:
    groups = [group(f"cnn {index}", reason) for index, reason in enumerate(reasons)]
    left_out = [{"name": "mlp", "reason": "killed"}, {"name": "cnn", "reason": "killed"}]
    print_data({"sweep": "s", "task": "digits", "synthetic": False, "target": 0.95, "groups": groups, "left_out": left_out})
    return capsys.readouterr().out


def test_one_reason_for_all_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    text = data_text(capsys, TOO_FEW, TOO_FEW, TOO_FEW)
    assert text.count(TOO_FEW) == 1 and f"\nno law: {TOO_FEW}" in text
    assert text.count("no law ") == 3 and "left out: mlp, cnn: killed" in text


def test_several_reasons_have_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    text = data_text(capsys, TOO_FEW, "a run has no error", TOO_FEW)
    assert text.count("no law (1) ") == 2 and text.count("no law (2) ") == 1
    assert f"no law (1): {TOO_FEW}\nno law (2): a run has no error" in text


def test_a_sweep_of_which_nothing_finished_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    text = data_text(capsys)
    assert "No recipe: none of the variants has finished.\nleft out: mlp, cnn: killed" in text and "images needed" not in text


def proxies_text(capsys: pytest.CaptureFixture[str], rows: list[dict[str, Any]]) -> str:
    print_proxies({"sweep": "s", "task": "digits", "networks": 3, "proxies": rows, "table_error": None})
    return capsys.readouterr().out


def test_what_can_not_be_ranked_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    known = {"value": 0.5, "low": -0.2, "high": 0.9}
    rows = [{"proxy": name, "truth": "accuracy", "count": 3, "kendall": None, "spearman": None} for name in ("params", "macs", "size_mb")]
    text = proxies_text(capsys, [*rows, {"proxy": "early", "truth": "accuracy", "count": 7, "kendall": known, "spearman": known}])
    assert text.count("- fewer than 5 networks, or all with the same figure, which nothing can rank") == 1
    assert "+0.50 (-0.20 to +0.90)" in text
    assert "fewer than" not in proxies_text(capsys, [rows[0] | {"kendall": known, "spearman": known}])
    assert "No proxy: the sweep must hold finished networks in float" in proxies_text(capsys, [])


def test_what_is_left_out_for_one_reason_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    entries = [LeftOut(run_id=name, name=name, reason=reason) for name, reason in (("a", "failed"), ("b", "no latency_ms"), ("c", "failed"))]
    print_frontier(Frontier(objectives=("accuracy", "latency_ms"), environment="e", points=(), left_out=tuple(entries)))
    assert capsys.readouterr().out == "No point to show.\nleft out: a, c: failed\nleft out: b: no latency_ms\n"
