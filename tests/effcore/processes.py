"""Real processes for tests of what has to hold between processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
PATIENCE_S = 120
"""Nothing here takes longer, on a busy machine either; only a test that would fail anyway waits so long."""


def start(script: str, *arguments: object, **variables: str) -> subprocess.Popen[str]:
    """A Python process that runs a script with effcore and this folder on its path; its output is piped."""
    paths = os.pathsep.join([str(ROOT), str(HERE), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": paths} | variables,
    )  # fmt: skip


def finish(*processes: subprocess.Popen[str]) -> list[str]:
    """What each printed, after all have ended well."""
    outputs = []
    for process in processes:
        out, err = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, err
        outputs.append(out)
    return outputs


def read_line(process: subprocess.Popen[str]) -> str:
    """The next line that a process prints."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line and process.stderr is not None:
        raise AssertionError(process.stderr.read())
    return line.strip()


def wait_until(condition: Callable[[], object]) -> None:
    """Wait for something that another process brings about."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.01)


def is_gone(pid: int) -> bool:
    """Whether a process has ended; one that only waits to be reaped has."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
