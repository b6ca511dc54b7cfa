"""What children in tests do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any


def leave(argument: dict[str, Any]) -> int:
    """End with the exit code that is asked for."""
    print("said before leaving")
    return int(argument["status"])


def fail(argument: dict[str, Any]) -> int:
    raise ValueError(argument["text"])


def end_itself(argument: dict[str, Any]) -> int:
    os.kill(os.getpid(), signal.Signals[argument["signal"]])
    return 0


def sleep(argument: dict[str, Any]) -> int:
    """Write the process ids of itself and its parent, and stay."""
    write(Path(argument["file"]), f"{os.getpid()} {os.getppid()}")
    time.sleep(600)
    return 0


def sleep_with_a_child(argument: dict[str, Any]) -> int:
    """Write the process ids of itself and of a child of its own, and stay."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    write(Path(argument["file"]), f"{os.getpid()} {child.pid}")
    time.sleep(600)
    return 0


def tell(argument: dict[str, Any]) -> int:
    """Write what a child sees of its surroundings."""
    adjustment = Path("/proc/self/oom_score_adj").read_text().strip()
    session, group = os.getsid(0) == os.getppid(), os.getpgid(0) == os.getpid()
    ignored = signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    preloaded = "mark_of_preload" in sys.modules
    write(Path(argument["file"]), f"{adjustment} {session} {group} {ignored} {preloaded} {os.environ['OMP_NUM_THREADS']}")
    return len(argument.get("load", ""))


def write(path: Path, text: str) -> None:
    """Write a file that is seen only when it is whole."""
    part = path.with_suffix(f".{os.getpid()}")
    part.write_text(text)
    part.rename(path)
