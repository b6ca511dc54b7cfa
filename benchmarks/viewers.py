"""Many viewers of one large frontier at once: python benchmarks/viewers.py [--points 10000] [--viewers 30]

Protocol clients, not browsers: each opens the page's socket as a browser does and waits until the figure has been sent.
Prints the median time until then, the time of a single viewer in the same run as what to compare it with, and the memory of
the server. The store is made by benchmarks/stores.py; its figures are drawn, not measured.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

import psutil
from protocol import viewer
from stores import make_store
from waiting import until

from effcore.cli.serve import ADDRESS, free_port


def start(home: Path, port: int) -> subprocess.Popen[bytes]:
    """The pages over a home folder, when they answer."""
    environment = os.environ | {"EFFCORE_HOME": str(home)}
    command = [sys.executable, "-m", "dashboard", "--server.port", str(port)]
    process = subprocess.Popen(command, env=environment, cwd=Path(__file__).parents[1], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until(lambda: urllib.request.urlopen(f"http://{ADDRESS}:{port}/_stcore/health", timeout=2) is not None, of=process)
    return process


def view(port: int) -> tuple[float, int]:
    """Seconds until a figure has been sent to a new viewer, and bytes up to then."""
    begun = time.monotonic()
    with viewer(port) as page:
        answer = page.run(whole=False)
        return time.monotonic() - begun, answer.figure_bytes


def together(port: int, viewers: int) -> list[float]:
    """Seconds of each of that many viewers that come at once."""
    seconds: list[float] = []
    threads = [threading.Thread(target=lambda: seconds.append(view(port)[0])) for _ in range(viewers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seconds


def main() -> None:
    """One viewer, then all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=10_000)
    parser.add_argument("--viewers", type=int, default=30)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        make_store(Path(folder), given.points)
        port = free_port(8800)
        process = start(Path(folder), port)
        try:
            first, size = view(port)
            alone = [view(port)[0] for _ in range(3)]
            seconds = together(port, given.viewers)
            memory = psutil.Process(process.pid).memory_info().rss
        finally:
            process.terminate()
            process.wait(timeout=30)
    print(f"points {given.points:,}  bytes until the figure {size:,}")
    print(f"first viewer {first:.2f} s  one more {statistics.median(alone):.2f} s")
    print(f"{len(seconds)} at once: median {statistics.median(seconds):.2f} s, last {max(seconds):.2f} s  server {memory / 2**20:,.0f} MiB")


if __name__ == "__main__":
    main()
