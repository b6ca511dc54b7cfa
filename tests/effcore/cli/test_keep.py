"""What `clean` frees, and what it leaves alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from effcore.cache import Cache
from effcore.cli import app
from effcore.errors import BusyError
from effcore.home import locked


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """One entry in the cache, and what a killed process and this one have begun to write two days ago."""
    with Cache(tmp_path).aside() as folder:
        (folder / "model.pt").write_text("weights")
        Cache(tmp_path).keep("train-1", folder, {"kind": "train", "facts": {}, "seconds": 1.0})
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    for name in (f"{dead.pid}-a", f"{os.getpid()}-b", "gone-c"):
        (tmp_path / "cache.tmp" / name).mkdir()
        os.utime(tmp_path / "cache.tmp" / name, (1, 1))
    return tmp_path


def clean(home: Path, *options: str) -> dict[str, Any]:
    done = CliRunner().invoke(app, ["clean", *options, "--json", "--home", str(home)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def aside(home: Path) -> list[str]:
    return sorted(path.name.partition("-")[2] for path in (home / "cache.tmp").iterdir())


def test_without_a_limit_nothing_is_deleted(home: Path) -> None:
    assert clean(home)["freed_entries"] == 0
    assert clean(home, "--keep-mb", "0", "--dry-run")["freed_entries"] == 1
    assert Cache(home).keys() == {"train-1"} and aside(home) == ["a", "b", "c"]


def test_what_a_living_process_writes_is_spared(home: Path) -> None:
    assert clean(home, "--keep-mb", "0")["freed_entries"] == 1
    assert Cache(home).keys() == set() and aside(home) == ["b"]


def test_nothing_is_freed_while_a_sweep_runs(home: Path) -> None:
    with locked(home, "sweep-abc"):
        with pytest.raises(BusyError, match="Nothing can be freed while sweeps run, .* 1 sweep is running"):
            clean(home, "--older-than", "0")
        assert clean(home)["entries"] == 1
    assert Cache(home).keys() == {"train-1"} and aside(home) == ["a", "b", "c"]
    assert clean(home, "--older-than", "0")["freed_entries"] == 1


def test_where_a_cluster_is_reached_is_not_said_without_one() -> None:
    done = CliRunner().invoke(app, ["run", "spec.yaml", "--tls", "tls"])
    assert str(done.exception) == "--tls says how a cluster is reached. Give it together with --cluster."
