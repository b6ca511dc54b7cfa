"""Waiting for a server that was started."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable

PATIENCE_S = 300.0


def until(answers: Callable[[], bool], *, of: subprocess.Popen[bytes]) -> None:
    """Return when a server answers; end with what to know where it ended first or took too long."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and of.poll() is None:
        try:
            if answers():
                return
        except OSError:
            pass
        time.sleep(0.1)
    of.kill()
    raise SystemExit(f"{of.args!r} did not come up within {PATIENCE_S:.0f} s.")
