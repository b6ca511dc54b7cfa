"""Child processes of the fork server: start one, wait for it, end it."""

from __future__ import annotations

import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SERVER_DIED = -1000
"""Status of a child whose server died; the kernel killed it with the server."""

_ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass
class Child:
    """A child that was asked for.

    Attributes:
        channel: Of the server that was asked for it.
    """

    identity: int
    channel: socket.socket
    pid: int | None = None
    status: int | None = None
    done: threading.Event = field(default_factory=threading.Event)
    killed: bool = False

    def wait(self) -> int:
        """Exit code, minus the signal that ended it, or `SERVER_DIED`."""
        self.done.wait()
        assert self.status is not None, "a child that is done has a status"
        return self.status


class Children:
    """All children of one driver; the server is started with the first and again when it died.

    Args:
        preload: Module that the server imports before it forks.
        log: File for what the server itself prints.
        environment: Variables that the server gets beside those of this process.
    """

    def __init__(self, *, preload: str, log: Path, environment: dict[str, str] | None = None) -> None:
        self._preload, self._log = preload, log
        self._environment = dict.fromkeys(_ONE_THREAD, "1") | (environment or {})
        self._lock = threading.Lock()
        self._server: subprocess.Popen[bytes] | None = None
        self._channel: socket.socket | None = None
        self._children: dict[int, Child] = {}
        self._numbers = itertools.count()

    @property
    def server_pid(self) -> int | None:
        """Process id of the server, None while there is none."""
        return self._server.pid if self._server else None

    @property
    def pids(self) -> frozenset[int]:
        """Process ids of the server and of its children."""
        found = [self.server_pid, *(child.pid for child in list(self._children.values()))]
        return frozenset(pid for pid in found if pid is not None)

    def warm(self) -> None:
        """Start the server now, so that its imports run while the caller does something else."""
        with self._lock:
            self._ensure_server()

    def start(self, target: str, argument: Any, *, log: Path) -> Child:
        """Fork a child that calls a function.

        Args:
            target: `module:function`; it takes the argument and returns the exit code.
            argument: Plain data.
            log: File for what it prints.
        """
        with self._lock:
            channel = self._ensure_server()
            child = Child(next(self._numbers), channel)
            self._children[child.identity] = child
            request = {"id": child.identity, "target": target, "argument": argument, "log": str(log)}
            try:
                channel.sendall(json.dumps(request).encode() + b"\n")
            except OSError:
                self._children.pop(child.identity, None)
                self._finish(child, SERVER_DIED)
        return child

    def kill(self, child: Child) -> None:
        """End a child at once, with all that it started."""
        child.killed = True
        if child.pid is not None and not child.done.is_set():
            try:
                os.killpg(child.pid, signal.SIGKILL)
            except ProcessLookupError:
                try:  # it has not made its group yet
                    os.kill(child.pid, signal.SIGKILL)
                except ProcessLookupError:
                    return

    def close(self) -> None:
        """End the server and, with it, every child."""
        with self._lock:
            server, channel = self._server, self._channel
            self._server = self._channel = None
        for child in list(self._children.values()):
            self.kill(child)
        if channel is not None:
            channel.shutdown(socket.SHUT_RDWR)
        if server is not None:
            try:
                server.wait(timeout=1)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()

    def _ensure_server(self) -> socket.socket:
        if self._server is not None and self._channel is not None and self._server.poll() is None:
            return self._channel
        ours, theirs = socket.socketpair()
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with open(self._log, "ab") as log:
            self._server = subprocess.Popen(
                [sys.executable, "-m", "effcore.execution.forkserver", str(theirs.fileno()), self._preload, str(os.getpid())],
                pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=os.environ | self._environment, start_new_session=True,
            )  # fmt: skip
        theirs.close()
        self._channel = ours
        threading.Thread(target=self._listen, args=(ours, self._server), daemon=True, name="effcore-children").start()
        return ours

    def _listen(self, channel: socket.socket, server: subprocess.Popen[bytes]) -> None:
        with channel.makefile("rb") as lines:
            try:
                for line in lines:
                    self._receive(json.loads(line))
            except (OSError, ValueError):  # the server died in the middle of a line
                pass
        server.wait()
        with self._lock:
            if self._channel is channel:
                self._server = self._channel = None
            # Only those of this server: a new one may have been started, and asked, before this thread came to know.
            lost = [child for child in self._children.values() if child.channel is channel]
            for child in lost:
                del self._children[child.identity]
        for child in lost:
            self._finish(child, SERVER_DIED)

    def _receive(self, answer: dict[str, Any]) -> None:
        child = self._children.get(answer["id"])
        if child is None:
            return
        if "pid" in answer:
            child.pid = answer["pid"]
            if child.killed:  # it was asked to end before it had a number
                self.kill(child)
        else:
            self._children.pop(child.identity, None)
            self._finish(child, answer["status"])

    @staticmethod
    def _finish(child: Child, status: int) -> None:
        child.status = status
        child.done.set()
