"""Kinds of stages whose work is trivial; a fork server in a test preloads this, and its children find them as modules.

No test imports it: it takes the place of real modules.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import effcore.stages  # noqa: F401
from effcore.errors import TechniqueError


def join(config: Mapping[str, Any], inputs: Mapping[str, Path], folder: Path) -> dict[str, Any]:
    """Write its text behind the texts of its inputs, after as many seconds as it is told."""
    time.sleep(config.get("seconds", 0))
    before = [(inputs[role] / "text").read_text() for role in sorted(inputs)]
    (folder / "text").write_text("".join([*before, config["text"]]))
    return {"length": len(config["text"]), "pid": os.getpid()}


def train(config: Mapping[str, Any], inputs: Mapping[str, Path], folder: Path) -> dict[str, Any]:
    """Take as many seconds of a core as it is told."""
    while time.process_time() < config["cpu_s"]:
        pass
    return {}


def refuse(config: Mapping[str, Any], inputs: Mapping[str, Path], folder: Path) -> dict[str, Any]:
    """Fail on purpose."""
    (folder / "text").write_text("half")
    raise TechniqueError(config["text"])


def crash(config: Mapping[str, Any], inputs: Mapping[str, Path], folder: Path) -> dict[str, Any]:
    """Fail by a mistake."""
    return {"length": [][1]}


def lose(config: Mapping[str, Any], inputs: Mapping[str, Path], folder: Path) -> dict[str, Any]:
    """Be killed from outside as often as it is told, counted in a file."""
    counter = Path(config["file"])
    times = int(counter.read_text()) if counter.exists() else 0
    counter.write_text(str(times + 1))
    if times < config["times"]:
        os.kill(os.getppid() if config.get("server") else os.getpid(), signal.Signals[config.get("signal", "SIGKILL")])
        time.sleep(600)
    (folder / "text").write_text("at last")
    return {}


def leave(config: Mapping[str, Any], inputs: Mapping[str, Path], folder: Path) -> dict[str, Any]:
    """End its process without a word of why."""
    print("these were its last words", flush=True)
    os._exit(9)


for _work in (join, train, refuse, crash, lose, leave):
    _module = ModuleType(f"effcore.stages.{_work.__name__}")
    _module.__dict__["work"] = _work
    sys.modules[_module.__name__] = _module
