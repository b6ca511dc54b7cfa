"""A process with torch preloaded that forks one child for each stage, so that a stage starts in hundredths of a second.

Python's own fork server runs the user's main module again in every child, which a script without a guard and a command
line with its imports would pay for at every stage; this one knows nothing of the main module.

The server ends when its socket closes, which the kernel does when the driver dies, however it dies. Its children are
killed with it by the kernel (PR_SET_PDEATHSIG). So nothing is left running.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import selectors
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from effcore.host import host_lock

PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int) -> None:
    """Ask the kernel to kill this process when its parent dies; where there is no such call, do nothing.

    Args:
        parent: Process id that the parent had, to notice that it died before the call.
    """
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def live_without_parent() -> None:
    """Take `die_with_parent` back."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, 0)


def serve(descriptor: int, preload: str, driver: int) -> None:
    """Answer requests until the socket closes.

    A request is a line of JSON: `id`, `target` (`module:function`), `argument` and `log`, a file for the child's output.
    The answers are lines `{"id", "pid"}` when it started and `{"id", "status"}` when it ended: the exit code, or minus
    the signal that ended it. A child whose function has returned says so itself, before it gives its memory back, which takes
    as long as forking it; the server says it again when it is gone.

    Args:
        descriptor: One end of a socket pair.
        preload: Module that is imported before the first request is answered; like a stage it keeps out of the way of a
            measurement on this host.
        driver: Process id of who started this.
    """
    # The closed socket is seen only after the imports. Until then the kernel watches; not for longer, for what it watches
    # is the thread that started the server, which need not live as long as its process.
    die_with_parent(driver)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    if preload:
        gc.disable()  # next to nothing of what is imported is garbage: looking for it takes an eighth of the time
        with host_lock(exclusive=False):
            import_module(preload)
        gc.enable()
    live_without_parent()
    channel = socket.socket(fileno=descriptor)
    _Server(channel, wake_read).loop()


class _Server:
    def __init__(self, channel: socket.socket, wake: int) -> None:
        self.channel, self.wake = channel, wake
        self.pid = os.getpid()
        self.running: dict[int, int] = {}
        self.buffer = b""

    def loop(self) -> None:
        selector = selectors.DefaultSelector()
        selector.register(self.channel, selectors.EVENT_READ)
        selector.register(self.wake, selectors.EVENT_READ)
        while True:
            for ready, _ in selector.select():
                if ready.fileobj is self.channel:
                    data = self.channel.recv(65536)
                    if not data:
                        os._exit(0)
                    self.receive(data)
                else:
                    os.read(self.wake, 4096)
            self.reap()

    def receive(self, data: bytes) -> None:
        self.buffer += data
        *lines, self.buffer = self.buffer.split(b"\n")
        for line in lines:
            request = json.loads(line)
            pid = os.fork()
            if pid == 0:
                self.become_child(request)
            self.running[pid] = request["id"]
            self.send({"id": request["id"], "pid": pid})

    def become_child(self, request: dict[str, Any]) -> None:
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.close(self.wake)
            die_with_parent(self.pid)
            os.setpgid(0, 0)
            _go_first_when_memory_runs_out()
            _redirect(Path(request["log"]))
            module, name = request["target"].split(":")
            target: Callable[[Any], int] = getattr(import_module(module), name)
            status = int(target(request["argument"]))
            sys.stdout.flush()
            sys.stderr.flush()
            self.send({"id": request["id"], "status": status})
        except BaseException:  # nothing may escape into the server's loop, of which this is a copy
            traceback.print_exc()
            sys.stderr.flush()
        finally:
            os._exit(status)

    def reap(self) -> None:
        while self.running:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            if pid in self.running:
                self.send({"id": self.running.pop(pid), "status": os.waitstatus_to_exitcode(status)})

    def send(self, answer: dict[str, Any]) -> None:
        self.channel.sendall(json.dumps(answer).encode() + b"\n")


def _go_first_when_memory_runs_out() -> None:
    path = Path("/proc/self/oom_score_adj")
    if path.exists():
        path.write_text("800")


def _redirect(log: Path) -> None:
    """Send what the child and its libraries print into a file; the screen belongs to the sweep."""
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
