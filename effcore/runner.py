"""The queue: claims the sweeps and the measurements that the page filed, runs each in a process of its own, goes on after a restart."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path

from effcore.execution.forkserver import die_with_parent
from effcore.home import URI, is_held, is_paused, locked, sweep_lock
from effcore.tracking import Store, SweepRecord
from effcore.tracking.opening import said_by, store_errors

POLL_S = 1.0
PAUSED = 75
"""Exit code of `effcore run` for a sweep that stands still, as EX_TEMPFAIL of sysexits.h."""
LOST_RETRIES = 1
"""A sweep whose process was killed from outside, as by the system for memory, is gone on with once at once."""
OPEN_STATES = ("waiting", "running", "pausing", "cancelling", "stopped")


def run_queue(store: Store, *, home: Path, once: bool = False) -> None:
    """Run scheduled sweeps one after the other, those of different owners in turn, until the process is ended.

    A sweep filed on the page whose process or machine went down is taken up again.
    Points that are to be measured again come first: that takes seconds. While the queue is paused nothing begins.

    Args:
        store: Where sweeps are filed.
        home: The state folder.
        once: Return when nothing is left to do.
    """
    with locked(home, "runner"):  # a second runner, of a second `effcore serve`, waits here to take over
        told = ""
        while True:
            try:
                busy, told = _step(store, home), ""
            except store_errors() as error:  # what was begun is still asked for in the store, and is found when it answers again
                told, busy = _tell(error, told), None
            if once and busy is False:
                return
            if not busy:
                time.sleep(POLL_S)


def _step(store: Store, home: Path) -> bool:
    """Do what comes next; whether there was something."""
    paused = is_paused(home)
    again = [] if paused else store.asked_again()
    record = None if paused or again else _next(store, home)
    if again:
        _measure_again(again[0], store, home)
    elif record is not None:
        _run(record, store, home)
    return bool(again) or record is not None


def _tell(error: Exception, told: str) -> str:
    """Say once, in the runner's log, what is wrong with the store; what was told."""
    text = said_by(error)
    if text != told:
        print(f"The tracking store can't be used now; the queue goes on when it can: {text}", file=sys.stderr, flush=True)
    return text


def _next(store: Store, home: Path) -> SweepRecord | None:
    def found() -> SweepRecord | None:
        return next_of(store.sweeps(), is_free=lambda s: not is_held(home, sweep_lock(s.key)))

    record = found()
    if record is not None and record.state == "running":
        with locked(home, "store"):  # one that is being filed this moment stands there as running too, before it waits its turn
            record = found()
    return record


def next_of(sweeps: Sequence[SweepRecord], *, is_free: Callable[[SweepRecord], bool]) -> SweepRecord | None:
    """The sweep whose turn it is: one that was interrupted; else of the waiting ones that of whoever was served longest ago.

    So nobody waits for the fifth sweep of another one. Within one owner, and among those who were never served, the oldest.

    Args:
        sweeps: All that there are.
        is_free: Whether no process runs a sweep: one that says it runs may have lost its own before its silence tells, and one that is
            silent may still have it, as on a host that is busy.
    """
    ordered = sorted(sweeps, key=lambda s: (s.started_ms, s.run_id))
    interrupted = (s for s in ordered if s.origin == "page" and s.state in ("stopped", "running"))
    served: dict[str, int] = {}
    for sweep in ordered:
        if sweep.state not in ("waiting", "stopped"):
            served[sweep.owner] = max(served.get(sweep.owner, 0), sweep.ended_ms or sweep.heartbeat_ms)
    waiting = sorted((s for s in ordered if s.state == "waiting"), key=lambda s: served.get(s.owner, 0))
    return next((s for s in chain(interrupted, waiting) if is_free(s)), None)


def _run(record: SweepRecord, store: Store, home: Path) -> None:
    """One sweep in a process of its own, so that its crash is only its own."""
    log = home / "logs" / f"sweep-{record.run_id}.log"
    for _ in range(LOST_RETRIES + 1):
        status = _run_command(["run", "--run-id", record.run_id], store, home, log)
        if status >= 0:
            break
    after = store.sweep(record.run_id)
    if is_held(home, sweep_lock(record.key)):  # another process runs it, and says how it ends
        return
    if after.state in OPEN_STATES and status != PAUSED:  # one that was paused may have been resumed meanwhile
        how = f"ended with exit code {status}" if status >= 0 else f"was ended by {signal.Signals(-status).name}, {LOST_RETRIES + 1} times"
        tail = "\n".join(log.read_text(errors="replace").strip().splitlines()[-5:])
        error = f"Its process {how}. Launch it again to go on; what had finished is kept. {tail}"
        store.finish_sweep(record.run_id, status="FAILED", error=error.strip())


def _measure_again(run_id: str, store: Store, home: Path) -> None:
    """One point, all of its seeds, as `effcore measure` does it."""
    log = home / "logs" / f"measure-{run_id}.log"
    store.set_again(run_id, "measuring")
    status = _run_command(["measure", run_id], store, home, log)
    lines = log.read_text(errors="replace").strip().splitlines()
    store.set_again(run_id, "failed" if status else "", error=(lines or [f"exit code {status}"])[-1] if status else "")


def _run_command(arguments: list[str], store: Store, home: Path, log: Path) -> int:
    """Run `effcore ...` on this folder and store, and return its exit code, or minus the signal that ended it."""
    command = [sys.executable, "-m", "effcore", *arguments, "--home", str(home)]
    environment = os.environ | {URI: store.uri}  # which may hold a password: every user of the host may read a command line
    log.parent.mkdir(parents=True, exist_ok=True)
    runner = os.getpid()
    with open(log, "ab") as output:
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, preexec_fn=lambda: die_with_parent(runner)
        )
    try:
        return process.wait()
    except BaseException:  # the runner is told to end: so is the sweep, which goes back into the queue
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)
        raise
