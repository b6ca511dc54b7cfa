"""What each kind of stage does, and how a child process runs one."""

from __future__ import annotations

import json
import math
import os
import resource
import signal
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

from effcore.cache import Cache, Entry
from effcore.errors import EffcoreError
from effcore.host import host_lock
from effcore.own import VERSION_VARIABLE, know
from effcore.plan import Stage

FAILED = 3
"""Exit code of a child whose stage failed with a cause that it wrote down."""

FOUND = 4
"""Exit code of a child that found the output there: another process made it meanwhile."""

Work = Callable[[Mapping[str, Any], Mapping[str, Path], Path], dict[str, Any]]
"""(config, folder of each input by role, folder for the output) -> facts."""

TASK_VARIABLE = "EFFCORE_PRELOAD_TASK"
"""Name of the task whose data all children of a fork server share."""

LIMIT_VARIABLE = "EFFCORE_TRAIN_RAM_MB"
"""Most memory that a training may take, in MB. It is in no stage's key: it decides whether one is run, not what it gives."""

CPU_VARIABLE = "EFFCORE_TRAIN_CPU_S"
"""Most time of a core that one stage of a training may take, in seconds; in no stage's key either."""

TRAINED = "trained.pt"
"""What a technique made of a network that it is to lower; plain tensors."""

GRACE_S = 30
"""In which a training that took too long must have ended by itself before the kernel ends it."""

KINDS = ("build", "train", "transform", "export", "evaluate", "measure", "admit", "table", "screen")


def request(stage: Stage, *, home: Path, outcome: Path) -> dict[str, Any]:
    """The argument of `main` for a stage, as plain data."""
    return {"stage": asdict(stage), "home": str(home), "outcome": str(outcome)}


def main(argument: Mapping[str, Any]) -> int:
    """Run one stage in this process, unless its output is there.

    Args:
        argument: From `request`.

    Returns:
        Exit code: 0 when the output was put into the cache, `FOUND` when it was there, `FAILED` when the cause is in
        the outcome file.
    """
    document = argument["stage"]
    stage = Stage(**document | {"inputs": tuple((role, key) for role, key in document["inputs"])})
    home, cache = Path(argument["home"]), Cache(Path(argument["home"]))
    with cache.claim(stage.key):
        if cache.find(stage.key) is not None:
            return FOUND
        with host_lock(exclusive=stage.exclusive):
            return _run(stage, home, cache, Path(argument["outcome"]))


def _run(stage: Stage, home: Path, cache: Cache, outcome: Path) -> int:
    try:
        if version := os.environ.get(VERSION_VARIABLE):
            know(home, version=version)
        if stage.trains and (limit := os.environ.get(CPU_VARIABLE)):
            _end_after(float(limit))
        produce(stage, home=home, cache=cache)
    except Exception as error:  # whatever went wrong is the result of this stage
        traceback.print_exc()
        cause = str(error) if isinstance(error, EffcoreError) else f"{type(error).__name__}: {error}"
        outcome.write_text(json.dumps({"cause": cause}))
        return FAILED
    return 0


def _end_after(cpu_s: float) -> None:
    """Have this process fail once it has taken so much of a core; waiting for the host does not count."""

    def refuse(number: int, frame: object) -> None:
        signal.signal(signal.SIGXCPU, signal.SIG_IGN)  # the kernel says it every second from now on
        raise EffcoreError(f"it took more than {cpu_s:,g} s of a core, the most that a training may take here.")

    signal.signal(signal.SIGXCPU, refuse)
    soft = math.ceil(cpu_s + time.process_time())
    resource.setrlimit(resource.RLIMIT_CPU, (soft, soft + GRACE_S))


def produce(stage: Stage, *, home: Path, cache: Cache, inputs: Mapping[str, Path] | None = None, replace: bool = False) -> Entry:
    """Do the work of a stage in this process, keep its output and log the execution.

    Args:
        stage: What is run; its key and its host are held by the caller.
        home: The state folder.
        cache: Of that folder.
        inputs: Folder of each input by role; from the cache where it is None.
        replace: Whether an output that is there gives way to the new one.

    Raises:
        Exception: Whatever the work raises; the execution is logged as failed.
    """
    start = time.time()
    log_execution(home, stage, event="started", start=start)
    try:
        given = {role: _input(cache, key) for role, key in stage.inputs} if inputs is None else inputs
        work: Work = import_module(f"effcore.stages.{stage.kind}").work
        with cache.aside() as folder:
            facts = work(stage.config, given, folder)
            end = time.time()
            record = {"kind": stage.kind, "class": stage.cost_class, "units": stage.units, "facts": facts}
            if replace:
                cache.remove(stage.key)
            entry = cache.keep(stage.key, folder, record | {"start": start, "end": end, "seconds": end - start})
    except Exception:
        log_execution(home, stage, event="failed", start=start, end=time.time())
        raise
    log_execution(home, stage, event="finished", start=start, end=end, share_done=facts.get("share_done", 1.0))
    return entry


def _input(cache: Cache, key: str) -> Path:
    entry = cache.find(key)
    if entry is None:
        raise EffcoreError(f"The output of stage {key} is gone. Run the same command again: it is built anew.")
    return entry.folder


def log_execution(home: Path, stage: Stage, *, event: str, start: float, end: float | None = None, share_done: float = 1.0) -> None:
    """Append one line to the log of executions, whole or not at all.

    Args:
        home: The state folder.
        stage: What is run.
        event: `started`, `finished` or `failed`.
        start, end: Unix time.
        share_done: Of its units; early stopping may leave some undone.
    """
    line = {"event": event, "key": stage.key, "kind": stage.kind, "class": stage.cost_class, "units": stage.units}
    line |= {"share_done": share_done}
    line |= {"pid": os.getpid(), "start": start, "end": end, "exclusive": stage.exclusive}
    descriptor = os.open(home / "executions.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(descriptor, json.dumps(line).encode() + b"\n")
    finally:
        os.close(descriptor)
