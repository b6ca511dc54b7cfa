"""The tables of a new store: whole or not there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from effcore import tracking
from effcore.errors import StoreError
from effcore.tracking import Store


def test_a_store_is_not_there_before_it_is_whole_and_what_is_left_of_one_is_no_hindrance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*paths: Path) -> None:
        raise OSError("ended before")

    with monkeypatch.context() as patch:
        patch.setattr(tracking.os, "rename", killed)
        with pytest.raises(StoreError, match="ended before"):
            Store(tmp_path)
    left = {name for name in os.listdir(tmp_path) if name.startswith("mlflow")}
    assert left == {"mlflow.db.new"}
    (tmp_path / "mlflow.db.new").write_bytes(b"half of a table")
    (tmp_path / "mlflow.db.new-journal").write_bytes(b"half of a step")

    assert Store(tmp_path).sweeps() == []
    assert {name for name in os.listdir(tmp_path) if name.startswith("mlflow")} == {"mlflow.db"}
    assert Store(tmp_path).sweeps() == []
