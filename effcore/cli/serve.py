"""`effcore serve`: the dashboard and the runner together."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Annotated

import typer

from effcore.cli.options import Broken, Checkpoint, Data, Home, Plugin, Resolution, Tls, Uri, brought, open_home
from effcore.cli.reach import LOOPBACK, OWN, Reach, reach, url
from effcore.errors import EffcoreError
from effcore.execution.forkserver import die_with_parent
from effcore.home import HOME, URI, find_home, find_uri

ADDRESS = LOOPBACK
PORT = 8501
START_S = 60.0
RUNNER = [sys.executable, "-m", "effcore", "runner"]
RUNNER_RESTARTS = 3
"""In an hour: a runner that was killed is started again, so that the page stays and its sweeps go on; one that can't live is not, for ever."""
RESTARTS_WITHIN_S = 3600.0

Address = Annotated[
    str | None, typer.Option("--address", metavar="IP", help="Listen there and not on 127.0.0.1, for a class; needs EFFCORE_INSTRUCTOR_KEY.")
]
Hosts = Annotated[
    list[str] | None,
    typer.Option("--host", metavar="NAME", help="Name or address by which the class reaches the page. Repeatable; needs the key too."),
]


def serve(
    spec: Annotated[Path | None, typer.Argument(metavar="SPEC", help="A sweep to run at once, while the page is up.")] = None,
    port: Annotated[int, typer.Option("--port", metavar="N", min=1, max=65535, help="Port of the page; the next free one where it is taken.")] = PORT,
    address: Address = None,
    host: Hosts = None,
    home: Home = None,
    tracking_uri: Uri = None,
    data: Data = None,
    broken: Broken = "refuse",
    resolution: Resolution = None,
    plugin: Plugin = None,
    checkpoint: Checkpoint = None,
    demo: Annotated[bool, typer.Option("--demo", help="Open the recorded study that ships with effcore, read-only; runs nothing.")] = False,
    recording: Annotated[
        Path | None, typer.Option("--recording", metavar="FILE", help="Open a file of `effcore record`, read-only; runs nothing.")
    ] = None,
    csv: Annotated[
        list[str] | None, typer.Option("--csv", metavar="NAME=PATH", help="A table of results to open on the page of experiments. Repeatable.")
    ] = None,
    optuna: Annotated[
        list[str] | None,
        typer.Option("--optuna", metavar="NAME=URL", help="A storage of Optuna whose studies open on the page of experiments. Repeatable."),
    ] = None,
) -> None:
    """Show the dashboard, and run what is launched from it.

    On 127.0.0.1 alone unless --address or --host is given, until Ctrl-C.
    """
    where = reach(address, host or ())
    key = _class_key(find_home(home, make=False)) if where.beyond else {}
    shown = _recorded(demo, recording, alone=spec is None and tracking_uri is None)
    given = brought(data, broken, resolution, plugin, checkpoint)
    open_home(home, given, make=given.anything)
    if spec is not None:
        from effcore.cli.options import read_text
        from effcore.spec import parse

        parse(read_text(spec), source=str(spec))  # a spec with problems is refused before anything is started or written
    folder, uri = find_home(home), shown or find_uri(tracking_uri)
    chosen = free_port(port, address=where.address)
    if chosen != port:
        print(f"Port {port} is taken; the page is on {chosen}.", file=sys.stderr)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    environment = os.environ | {HOME: str(folder)} | ({URI: uri} if uri else {}) | key
    environment |= {"EFFCORE_TABLES": _tables(csv or []), "EFFCORE_STUDIES": _studies(optuna or [])}
    processes = [_start(_page_command(chosen, where), environment, folder / "logs" / "page.log")]
    if shown is None:
        processes.append(_start(RUNNER, environment, folder / "logs" / "runner.log"))
    try:
        own = url(where.here, chosen)
        _wait_for_page(own, processes[0], folder)
        _tell(where, chosen)
        if spec is not None:
            _run_here(spec, environment)
            print(f"The page stays at {own} until Ctrl-C.", file=sys.stderr)
        _watch(processes, environment, folder)
    except KeyboardInterrupt:
        print("\nStopped. `effcore serve` starts the page again; nothing is lost.", file=sys.stderr)
    finally:
        _end(processes)


def _tell(where: Reach, port: int) -> None:
    """Say where the page is, for who started it and for a class."""
    own = url(where.here, port)
    print(f"Dashboard: {own}", file=sys.stderr)
    for name in where.hosts:
        told = f"{url(name, port)}/class" if where.listens_beyond else f"{name}, by what leads from there to {own}"
        print(f"For the class: {told}", file=sys.stderr)


def _class_key(home: Path) -> dict[str, str]:
    """The instructor's key as a variable, so that the page has a class for as long as it is reached, whatever becomes of the file of the key.

    Raises:
        EffcoreError: There is none: whoever reached the page could do everything.
    """
    from dashboard.classroom import KEY_FILE, KEY_VARIABLE, instructor_key

    key = instructor_key(home)
    if key is None:
        said = "--address and --host let others reach the page, who without a class may do everything that you may."
        raise EffcoreError(f"{said} Set {KEY_VARIABLE} to an instructor's key, or write one to {home / KEY_FILE}.")
    return {KEY_VARIABLE: key}


def _tables(given: list[str]) -> str:
    """The tables as the page takes them: a JSON object of paths by name; each is read once, to refuse what can't be shown.

    Raises:
        EffcoreError: A table is given twice, has a wrong name, or can't be read.
    """
    from effcore.tracking.foreign import read_csv

    tables = _named(given, "--csv", "PATH")
    for name, path in tables.items():
        read_csv(name, Path(path))
    return json.dumps({name: str(Path(path).resolve()) for name, path in tables.items()})


def _studies(given: list[str]) -> str:
    """The storages of Optuna as the page takes them: a JSON object of URLs by name; each is opened once.

    Raises:
        EffcoreError: One is given twice, has a wrong name, can't be read, or holds no study.
    """
    from effcore.tracking.studies import Studies

    studies = _named(given, "--optuna", "URL")
    for name, storage in studies.items():
        Studies(name, storage)
    return json.dumps(studies)


def _named(given: list[str], option: str, what: str) -> dict[str, str]:
    """What stands behind each name.

    Raises:
        EffcoreError: A name is wrong or there twice, or nothing stands behind it.
    """
    named: dict[str, str] = {}
    for text in given:
        name, _, value = text.partition("=")
        if not value or not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", name) or name in named:
            raise EffcoreError(f"{option} must be NAME={what} with another name for each, of letters, digits, - and _. Got {name[:80]!r}.")
        named[name] = value
    return named


def _recorded(demo: bool, recording: Path | None, *, alone: bool) -> str | None:
    """Address of the recorded study to open; None where none is asked for.

    Raises:
        EffcoreError: Something else is asked for at once, or the file is no recording.
    """
    if not demo and recording is None:
        return None
    if not alone or (demo and recording is not None):
        raise EffcoreError("A recorded study is opened alone: --demo or --recording, without a spec and without --tracking-uri.")
    import dashboard
    from effcore.tracking.recording import ADDRESS as RECORDED
    from effcore.tracking.recording import read_header

    assert dashboard.__file__ is not None, "the dashboard is a package with a file"
    path = (recording or Path(dashboard.__file__).parent / "recordings" / "demo.jsonl.xz").resolve()
    header = read_header(path)
    print(f"Recorded on {header.recorded}, measured on {header.machine}; nothing is run or written.", file=sys.stderr)
    return RECORDED + str(path)


def _run_here(spec: Path, environment: dict[str, str]) -> None:
    """Run a sweep with its progress on this terminal; in a session of its own, so that Ctrl-C reaches it once, from here."""
    command = [sys.executable, "-m", "effcore", "run", str(spec)]
    parent = os.getpid()
    process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=lambda: die_with_parent(parent))
    try:
        process.wait()
    except KeyboardInterrupt:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)
        raise


def runner(home: Home = None, tracking_uri: Uri = None) -> None:
    """Run the sweeps that were launched from the page; `effcore serve` starts it."""
    from effcore.runner import run_queue
    from effcore.tracking import Store

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = open_home(home)
    run_queue(Store(folder, uri=find_uri(tracking_uri)), home=folder)


def worker(
    address: Annotated[str, typer.Argument(metavar="tls://HOST:PORT", help="Dask scheduler to join.")],
    tls: Tls = None,
    slots: Annotated[
        int | None, typer.Option("--slots", metavar="N", min=1, help="Stages that run at once; all cores where it is not given.")
    ] = None,
    home: Home = None,
    data: Data = None,
    broken: Broken = "refuse",
    resolution: Resolution = None,
    plugin: Plugin = None,
    checkpoint: Checkpoint = None,
) -> None:
    """Join a cluster and run stages of its sweeps.

    Those of `effcore run --cluster`; all hosts must see the same state folder.
    """
    from effcore.execution.cluster import Cluster, serve_worker

    folder = open_home(home, brought(data, broken, resolution, plugin, checkpoint))
    serve_worker(Cluster(address, tls or Path("tls")), home=folder, slots=slots)


def free_port(wished: int, *, address: str = ADDRESS) -> int:
    """The wished port, or the next one that nothing listens on.

    Raises:
        EffcoreError: The next hundred are taken too, or the address is none of this machine.
    """
    for port in range(wished, min(wished + 100, 65536)):
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError as error:
                if error.errno == errno.EADDRNOTAVAIL:
                    raise EffcoreError(f"{address} is no address of this machine. `ip address` lists those there are; 0.0.0.0 is all.") from None
                continue
            return port
    raise EffcoreError(f"No port from {wished} to {wished + 99} is free on {address}. Give another one with --port.")


def _page_command(port: int, where: Reach) -> list[str]:
    options = {"server.address": where.address, "server.port": port, "server.headless": "true", "browser.gatherUsageStats": "false"}
    every = [*options.items(), *(("server.allowedHosts", name) for name in where.allowed if where.allowed != OWN)]
    flags = [text for name, value in every for text in (f"--{name}", str(value))]
    return [sys.executable, "-m", "dashboard", *flags]


def _start(command: list[str], environment: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    log.parent.mkdir(parents=True, exist_ok=True)
    parent = os.getpid()
    root = Path(__file__).parents[2]  # where .streamlit/config.toml lies
    with open(log, "ab") as output:
        return subprocess.Popen(
            command, env=environment, cwd=root, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            preexec_fn=lambda: die_with_parent(parent), start_new_session=True,
        )  # fmt: skip


def _wait_for_page(own: str, page: subprocess.Popen[bytes], home: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if page.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{own}/_stcore/health", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise EffcoreError(f"The page did not start. What it printed is in {home / 'logs' / 'page.log'}.")


def _watch(processes: list[subprocess.Popen[bytes]], environment: dict[str, str], home: Path) -> None:
    """Wait until the page ends, or the runner once too often within an hour; neither should."""
    restarts: list[float] = []
    while True:
        while all(p.poll() is None for p in processes):
            time.sleep(0.5)
        which = "page" if processes[0].poll() is not None else "runner"
        log = home / "logs" / f"{which}.log"
        restarts = [moment for moment in restarts if time.monotonic() - moment < RESTARTS_WITHIN_S]
        if which == "page" or len(restarts) == RUNNER_RESTARTS:
            raise EffcoreError(f"The {which} ended by itself. What it printed is in {log}.")
        restarts.append(time.monotonic())
        print(f"The runner ended by itself and is started again; its sweep goes on. What it printed is in {log}.", file=sys.stderr)
        processes[1] = _start(RUNNER, environment, log)


def _end(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(timeout=25)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
