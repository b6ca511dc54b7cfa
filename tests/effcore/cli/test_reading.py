"""Commands that only read: what they say of what is not there, and how they put what is."""

from __future__ import annotations

from pathlib import Path

import pytest

from effcore.catalogue import FAMILIES, TASKS, TECHNIQUES
from effcore.cli.keep import folder_name
from effcore.cli.options import open_store, read_text, require_place
from effcore.cli.show import _budget, describe
from effcore.errors import EffcoreError


def test_a_folder_that_is_not_there_is_said_and_not_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EFFCORE_TRACKING_URI", raising=False)
    missing = tmp_path / "mistyped"
    with pytest.raises(EffcoreError, match=f"There is no state folder {missing}. Give another one with --home or EFFCORE_HOME, or make it"):
        open_store(missing, None)
    assert not missing.exists()


@pytest.mark.parametrize(("text", "said"), [
    ("accuracy=97", "accuracy is a share from 0 to 1. Got 'accuracy=97'. For 97 % give accuracy=0.97."),
    ("accuracy=x", "A budget must be METRIC=NUMBER, as latency_ms=1. Got 'accuracy=x'."),
    ("latency_ms=1", "More latency_ms is worse: use --max latency_ms=1."),
])  # fmt: skip
def test_a_limit_that_can_not_be_meant_is_refused(text: str, said: str) -> None:
    with pytest.raises(EffcoreError) as refused:
        _budget(text, maximise=True)
    assert str(refused.value) == said


def test_limits_are_read() -> None:
    assert [_budget("accuracy=0.97", maximise=True), _budget("latency_ms=2", maximise=False)] == [("accuracy", 0.97), ("latency_ms", 2.0)]


def test_the_catalogue_is_a_line_each_unless_one_or_all_are_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    describe(home=tmp_path)
    short = capsys.readouterr().out.splitlines()
    named = {line.split()[0] for line in short if line.startswith("  ")}
    assert {*TECHNIQUES, *FAMILIES, *TASKS} <= named and len(short) < 160
    assert short[-1].startswith("`effcore describe NAME` tells all of one")
    describe("pruning", home=tmp_path)
    one = capsys.readouterr().out
    describe(home=tmp_path, whole=True)
    assert one.strip().splitlines()[-1] in capsys.readouterr().out and "fine_tune" in one


@pytest.mark.parametrize(("point", "folder"), [
    ("cnn x1 · int8", "cnn-x1-int8"), ("mlp x0.25 · 1 ep", "mlp-x0.25-1-ep"), ("../../etc", "etc"), ("·", "point"),
])  # fmt: skip
def test_a_folder_has_the_name_of_its_point(point: str, folder: str) -> None:
    assert folder_name(point) == folder


def test_a_file_that_can_not_be_read_is_said_with_what_is_there(tmp_path: Path) -> None:
    for name in ("quickstart.yaml", "nas.yaml", "LOG.md"):
        (tmp_path / name).touch()
    with pytest.raises(EffcoreError, match=r"quikstart.yaml can't be read: No such file or directory. Did you mean 'quickstart.yaml'\?$"):
        read_text(tmp_path / "quikstart.yaml")
    with pytest.raises(EffcoreError, match=r"can't be read: No such file or directory.$"):
        read_text(tmp_path / "none" / "a.yaml")
    with pytest.raises(EffcoreError) as caught:
        read_text(tmp_path)
    assert str(caught.value) == f"{tmp_path} must be a file. It is a folder. In it: nas.yaml, quickstart.yaml."


def test_a_file_to_write_needs_its_folder(tmp_path: Path) -> None:
    assert require_place(tmp_path / "a.md") == tmp_path / "a.md" and require_place(Path("a.md")) == Path("a.md")
    with pytest.raises(EffcoreError, match=f"There is no folder {tmp_path / 'none'}. Choose another one with --to."):
        require_place(tmp_path / "none" / "a.md")
    with pytest.raises(EffcoreError, match="It is a folder. Choose another one with --to."):
        require_place(tmp_path)
