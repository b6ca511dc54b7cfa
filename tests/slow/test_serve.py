"""`effcore serve`: the page and the runner together, with sweeps that are launched, cancelled, killed and gone on with."""

from __future__ import annotations

import os
import re
import signal
import socket
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from homes import Command, Home, free_port, wait_for

from effcore.tracking import Store

pytestmark = pytest.mark.slow

SPEC = """
name: {name}
task: digits
recipe:
  - architecture: {{family: mlp, width: {widths}}}
  - training: {{epochs: 2, batch_size: 4}}
  - runtime: onnxruntime
measure: {{processes: 3, width: 1.0, max_s: 1}}
"""


class Served:
    """A home with `effcore serve` on it."""

    def __init__(self, home: Home, *arguments: str, port: int | None = None) -> None:
        self.home = home
        self.wished = port or free_port()
        self.command = home.start("serve", "--port", self.wished, *arguments)
        line = wait_for(lambda: re.search(r"Dashboard: http://([\d.]+):(\d+)\n", self.command.stderr), self.command, every_s=0.1)
        self.where, self.port = line.group(1), int(line.group(2))
        self.store = Store(home.path)

    def process(self, word: str) -> int | None:
        """Process id of one with this word in its command line."""
        return next((pid for pid, line in self.home.alive().items() if word in line), None)

    def listening(self) -> set[tuple[str, int]]:
        """Addresses that any process of the tree listens on."""
        found = set()
        for pid in self.home.alive():
            try:
                for connection in psutil.Process(pid).net_connections("inet"):
                    if connection.status == psutil.CONN_LISTEN or connection.type == socket.SOCK_DGRAM:
                        found.add((connection.laddr.ip, connection.laddr.port))
            except psutil.NoSuchProcess:
                continue
        return found

    def state(self, run_id: str) -> str:
        return self.store.sweep(run_id).state

    def wait_for_state(self, run_id: str, state: str) -> None:
        wait_for(lambda: self.state(run_id) == state, self.command, every_s=0.2)


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that something listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield int(listener.getsockname()[1])


def visit(port: int, host: str = "127.0.0.1") -> None:
    """Do what a browser does: have the page's script run to its end."""
    from streamlit.proto.BackMsg_pb2 import BackMsg
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
    from websockets.sync.client import connect

    ask, answer = BackMsg(), ForwardMsg()
    ask.rerun_script.query_string = ""
    address = f"ws://{host}:{port}/_stcore/stream"
    with connect(address, origin=f"http://{host}:{port}", subprotocols=["streamlit"], max_size=None) as page:
        page.send(ask.SerializeToString())
        while answer.WhichOneof("type") != "script_finished":
            answer.ParseFromString(page.recv(timeout=120))
            assert not answer.delta.new_element.HasField("exception"), answer


def test_sweeps_from_the_page(home: Home, taken: int) -> None:
    served = Served(home, port=taken)
    assert served.port > taken
    assert served.command.stderr.splitlines()[0] == f"Port {taken} is taken; the page is on {served.port}."
    with urllib.request.urlopen(f"http://127.0.0.1:{served.port}/_stcore/health", timeout=60) as answer:
        assert answer.status == 200
    visit(served.port)

    run_id = served.store.schedule(SPEC.format(name="launched", widths="[0.25, 0.5]"), owner="a test")
    assert served.store.schedule(SPEC.format(name="launched", widths="[0.25, 0.5]")) == run_id
    seen: list[set[tuple[str, int]]] = []
    for moment in (home.server, lambda: home.running("train"), lambda: home.running("export"), home.measures):
        wait_for(moment, served.command)
        seen.append(served.listening())
    served.wait_for_state(run_id, "done")
    seen.append(served.listening())
    assert seen == [{("127.0.0.1", served.port)}] * 5
    variants = served.store.variants(sweep=run_id)
    assert sorted(v.name for v in variants) == ["mlp x0.25 · 2 ep batch 4", "mlp x0.5 · 2 ep batch 4"]

    visit(served.port)
    page = served.process("dashboard")
    maps = Path(f"/proc/{page}/maps").read_text()
    assert "libpython" in maps or "/python" in maps
    assert "torch" not in maps and "onnxruntime" not in maps

    cancel_halfway(served)
    kill_the_sweep_alone(served)
    end(served)


def answer_to(port: int, host: str) -> str:
    """First line of the answer to a browser that was led here by that name."""
    asked = f"GET /_stcore/stream HTTP/1.1\r\nHost: {host}:{port}\r\nOrigin: http://{host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=60) as tab:
        tab.sendall(f"{asked}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode())
        return tab.recv(4096).decode("latin-1").splitlines()[0]


def own_address() -> str:
    """An IPv4 address of this machine that others could reach."""
    every = [a.address for some in psutil.net_if_addrs().values() for a in some if a.family == socket.AF_INET]
    found = [address for address in every if not address.startswith(("127.", "169.254."))]
    if not found:
        pytest.skip("this machine has no address but its loopback ones")
    return found[0]


def test_a_class_reaches_the_page_by_the_address_that_was_given_and_nobody_by_another_name(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    address = own_address()
    monkeypatch.delenv("EFFCORE_INSTRUCTOR_KEY", raising=False)
    refused = home.start("serve", "--address", "0.0.0.0", "--host", address)
    assert refused.end() == 2 and "Set EFFCORE_INSTRUCTOR_KEY to an instructor's key" in refused.stderr and not home.alive()
    home.path.mkdir(exist_ok=True)
    (home.path / "instructor.key").write_text("the key of this test")
    served = Served(home, "--address", "0.0.0.0", "--host", address, "--host", "lecture.test")
    told = "".join(f"For the class: http://{name}:{served.port}/class\n" for name in (address, "lecture.test"))
    wait_for(lambda: told in served.command.stderr, served.command, every_s=0.1)
    assert served.listening() == {("0.0.0.0", served.port)}
    visit(served.port, address)
    assert [answer_to(served.port, name).split()[1] for name in ("lecture.test", "localhost", "other.test")] == ["101", "101", "403"]
    end(served)

    alone = Served(home, "--address", address)
    assert alone.listening() == {(address, alone.port)} and alone.where == address
    visit(alone.port, address)
    end(alone)


def cancel_halfway(served: Served) -> None:
    home = served.home
    run_id = served.store.schedule(SPEC.format(name="cancelled", widths="[1.0, 1.5, 2.0, 2.5]"))
    wait_for(lambda: home.running("train"), served.command)
    server, sweep = home.server(), served.process("--run-id")
    children = [line["pid"] for line in home.running("train")]
    served.store.cancel(run_id)
    served.wait_for_state(run_id, "cancelled")
    wait_for(lambda: not {server, sweep, *children} & home.alive().keys(), served.command)
    assert len(home.alive()) == 3, "serve, page and runner are left"
    assert served.store.sweep(run_id).done < 4
    assert "RUNNING" not in home.statuses("variant")


def kill_the_sweep_alone(served: Served) -> None:
    """The runner notices at once and goes on with it."""
    home = served.home
    run_id = served.store.schedule(SPEC.format(name="killed", widths="[3.0, 3.5]"))
    wait_for(lambda: home.running("train"), served.command)
    sweep = served.process("--run-id")
    assert sweep is not None
    os.kill(sweep, signal.SIGKILL)
    served.wait_for_state(run_id, "done")
    assert served.store.sweep(run_id).done == 2
    nothing_twice(home)


def nothing_twice(home: Home) -> None:
    finished: set[str] = set()
    for line in home.executions():
        assert line["key"] not in finished, "a finished stage was executed again"
        finished |= {line["key"]} if line["event"] == "finished" else set()


def end(served: Served) -> None:
    """SIGTERM ends the page, the runner and whatever it runs."""
    served.command.process.send_signal(signal.SIGTERM)
    assert served.command.end() == 0
    assert "Stopped." in served.command.stderr and "Traceback" not in served.command.stderr
    served.home.gone()


def test_a_sweep_is_gone_on_with_after_every_kind_of_end(home: Home) -> None:
    served = Served(home)
    run_id = served.store.schedule(SPEC.format(name="resumed", widths="[0.25, 0.5, 0.75]"))

    wait_for(lambda: home.running("train"), served.command)
    before = home.alive().keys() - {served.command.pid, served.process("dashboard")}
    runner = served.process("runner")
    assert runner is not None and len(before) >= 4, "the runner, the sweep, its fork server and the training"
    os.kill(runner, signal.SIGKILL)
    wait_for(lambda: not before & home.alive().keys(), served.command)
    wait_for(lambda: "The runner ended by itself and is started again" in served.command.stderr, served.command)
    visit(served.port)

    wait_for(lambda: home.running("export"), served.command)
    served.command.kill(group=True)
    home.gone()

    served = Served(home)
    wait_for(home.measures, served.command)
    end(served)
    assert served.state(run_id) == "waiting"

    served = Served(home)
    served.wait_for_state(run_id, "done")
    end(served)
    nothing_twice(home)
    assert len(served.store.variants(sweep=run_id)) == 3
    assert home.statuses("sweep") == ["FINISHED"] and home.statuses("variant") == ["FINISHED"] * 3


def test_a_sweep_that_serve_runs_itself_ends_with_it(home: Home) -> None:
    spec = home.file("own", SPEC.format(name="own", widths="0.25"))
    for how in (signal.SIGKILL, signal.SIGTERM):
        command: Command = home.start("serve", spec, "--port", free_port())
        wait_for(lambda: home.running("export"), command)
        command.process.send_signal(how)
        command.end()
        home.gone()
    assert "To go on: effcore run" in command.stderr and "Traceback" not in command.stderr
    assert home.statuses("sweep") == ["KILLED"]
    home.start("run", spec).well()
    nothing_twice(home)
    assert home.statuses("sweep") == ["FINISHED"] and home.statuses("variant") == ["FINISHED"]


def test_a_second_serve_of_the_same_folder_takes_over(home: Home) -> None:
    first = Served(home)
    second = Served(home)
    run_id = first.store.schedule(SPEC.format(name="taken over", widths="0.25"))
    wait_for(lambda: home.running("train"), first.command)
    first.command.process.send_signal(signal.SIGTERM)
    assert first.command.end() == 0
    second.wait_for_state(run_id, "done")
    end(second)
    nothing_twice(home)
