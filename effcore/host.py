"""The host as a shared resource: training together, measuring alone."""

from __future__ import annotations

import fcntl
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def _folder() -> Path:
    # One place for all users and homes of the host, so that two sweeps that know nothing of each other meet here.
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
