"""The host as a shared resource: training together, measuring alone."""

from __future__ import annotations

import fcntl
import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

VARIABLE = "EFFCORE_HOST"
"""Folder of the locks where it is not the one below: for containers on one machine, which have nothing but a mounted folder in common."""
LOCKS = Path("/proc/locks")
"""Where Linux tells who holds which lock and who waits for it."""


def _folder() -> Path:
    # One place for all users and homes of the host, so that two sweeps that know nothing of each other meet here.
    if given := os.environ.get(VARIABLE, "").strip():
        return Path(given)
    return Path("/tmp" if sys.platform.startswith("linux") else tempfile.gettempdir()) / "effcore-host"


@contextmanager
def host_lock(*, exclusive: bool) -> Iterator[None]:
    """Hold the host: shared for work that may run beside other work, exclusive for a measurement.

    Whoever wants the host passes a turnstile first. A measurement stays in it while it waits for running work to end,
    so that new work can't overtake it for ever. Both locks are freed by the kernel when their process dies.

    Args:
        exclusive: Whether nothing else may run meanwhile.
    """
    with _open("turnstile") as turnstile, _open("work") as work:
        fcntl.flock(turnstile, fcntl.LOCK_EX)
        fcntl.flock(work, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)
        fcntl.flock(turnstile, fcntl.LOCK_UN)
        yield


@contextmanager
def _open(name: str) -> Iterator[int]:
    folder = _folder()
    try:
        folder.mkdir(mode=0o777, exist_ok=True)
        folder.chmod(0o777)
    except PermissionError:
        pass  # another user made it, with the same mode
    path = folder / f"{name}.lock"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except PermissionError:
        # Another user's file in a folder of /tmp: Linux forbids O_CREAT there; a lock needs no write access.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@dataclass(frozen=True, kw_only=True)
class Hold:
    """What keeps a process of ours from going on.

    Attributes:
        reason: `work`, which must end before it can measure; `measurement`, which nothing may run beside; `turn`, a measurement that
            waits before it; `same`, another process that makes what it would make.
        by: Processes that keep it.
    """

    reason: Literal["work", "measurement", "turn", "same"]
    by: tuple[int, ...]


def held_up(own: Collection[int], *, locks: Path = LOCKS) -> Hold | None:
    """What of others keeps a process of ours waiting; None where nothing does, or the system does not tell.

    Args:
        own: Process ids of ours.
        locks: As Linux writes them.
    """
    try:
        lines = [line.split() for line in locks.read_text().splitlines() if " FLOCK " in line]
        places = {(_folder() / f"{name}.lock").stat().st_ino: name for name in ("turnstile", "work")}
    except OSError:  # another system, or nobody has asked for the host yet
        return None
    holders: dict[str, list[int]] = defaultdict(list)
    for *_, pid, place, _, _ in (line for line in lines if "->" not in line):
        holders[place].append(int(pid))
    for *_, mode, pid, place, _, _ in (line for line in lines if "->" in line):
        others = tuple(sorted({holder for holder in holders[place] if holder not in own and holder > 0}))
        if int(pid) in own and others:
            name = places.get(int(place.rsplit(":", 1)[1]), "")
            return Hold(reason="same" if not name else "turn" if name == "turnstile" else "work" if mode == "WRITE" else "measurement", by=others)
    return None
