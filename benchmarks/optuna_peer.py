"""optuna-dashboard in an environment of its own, over a study that holds the trials that a drawn store holds."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import tempfile
import urllib.request
import venv
from collections.abc import Iterable
from pathlib import Path

from stores import Made
from waiting import until

PACKAGES = ("optuna-dashboard==0.21.0", "optuna==5.0.0")
"""What is installed; the study is written for the tables of this Optuna."""

_CREATE = """
import sys, optuna
optuna.create_study(study_name="drawn", storage=sys.argv[1], directions=["maximize", "minimize"]).set_metric_names(["accuracy", "latency_ms"])
"""
_FLOAT = json.dumps({"name": "FloatDistribution", "attributes": {"step": None, "low": 0.0, "high": 10.0, "log": False}})


def installed(folder: Path | None = None) -> Path:
    """The `bin` of an environment with the peer; it is made and filled from the package registry where it is not there.

    Args:
        folder: Where it lies; beside other temporary files where it is None.
    """
    place = folder or Path(tempfile.gettempdir()) / f"effcore-peer-{'-'.join(PACKAGES).replace('==', '-')}"
    if not (place / "bin" / "optuna-dashboard").exists():
        venv.create(place, with_pip=True, clear=True)
        subprocess.run([place / "bin" / "python", "-m", "pip", "install", "--quiet", *PACKAGES], check=True, stdout=sys.stderr)
    return place / "bin"


def make_study(path: Path, made: Iterable[Made], *, bin: Path) -> str:
    """Write a study with those trials and return its storage; Optuna makes the tables, the rows are written in bulk."""
    storage = f"sqlite:///{path}"
    subprocess.run([bin / "python", "-c", _CREATE, storage], check=True, capture_output=True)
    trials, values, params = [], [], []
    for number, one in enumerate(made):
        trials.append((number + 1, number, 1, "COMPLETE", "2026-11-28 10:00:00", "2026-11-28 10:00:01"))
        values += [(number + 1, i, one.metrics[name], "FINITE") for i, name in enumerate(("accuracy", "latency_ms"))]
        steps = json.loads(one.document)["steps"]
        chosen = {"width": steps[0]["architecture"]["width"], "amount": steps[2]["pruning"]["amount"]}
        params += [(number + 1, name, value, _FLOAT) for name, value in chosen.items()]
    with sqlite3.connect(path) as connection:
        into = "INSERT INTO trials (trial_id, number, study_id, state, datetime_start, datetime_complete) VALUES (?, ?, ?, ?, ?, ?)"
        connection.executemany(into, trials)
        connection.executemany("INSERT INTO trial_values (trial_id, objective, value, value_type) VALUES (?, ?, ?, ?)", values)
        connection.executemany("INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json) VALUES (?, ?, ?, ?)", params)
    connection.close()
    return storage


def start(storage: str, port: int, *, bin: Path) -> subprocess.Popen[bytes]:
    """The peer over a storage, when it answers."""
    command = [str(bin / "optuna-dashboard"), storage, "--host", "127.0.0.1", "--port", str(port), "--quiet"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until(lambda: urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2) is not None, of=process)
    return process
