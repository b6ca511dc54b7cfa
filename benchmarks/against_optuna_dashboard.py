"""Seconds until a frontier is drawn in a real browser, against optuna-dashboard on the same trials; one JSON line a size.

python benchmarks/against_optuna_dashboard.py [--points 1000 10000 100000] [--turns 3] [--peer-up-to 10000]

Both run on this machine in the same run, in turns, each turn in a fresh browser context with nothing cached. Drawn means the
same for both: the points are in the page as paths, or on a canvas that has ink, and a frame has been shown since. Above 12,000
points the page draws one marker for all that would lie on each other; then drawn means at least 1,000 markers. The peer is
installed into an environment of its own. The page's chart is drawn before the rest of the page is there, and taken over by it: it counts
when it is drawn, and `page_in_place_s` is when the page has it in its place. The trials are drawn by benchmarks/stores.py, not measured.

Then, of the page alone: from the Enter that chooses another axis, or a filter, until that is drawn; and the server's share of
a rerun, by a client that only speaks the protocol: from the request to the end of the script, the first time and afterwards.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import optuna_peer
import psutil
import viewers
from playwright.sync_api import Browser, Page, sync_playwright
from protocol import viewer
from stores import TECHNIQUES, drawn, make_store

from effcore.cli.serve import ADDRESS, free_port

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
SCRIPT = Path(__file__).with_name("drawn.js").read_text()
OURS, PEERS = ".st-key-frontier-chart", "#graph-pareto-front"
FIRST = f":is(#first-look, {OURS})"
"""The chart, in its place or where it stands until the page is there to take it."""
DRAWN_ONE_BY_ONE = 12_000
MANY = 10**9
PATIENCE_MS = 180_000


@contextmanager
def tab(browser: Browser) -> Iterator[Page]:
    """A page that has nothing cached."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.add_init_script(SCRIPT)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    yield page
    context.close()


def until_drawn(page: Page, box: str, *, least: int, axis: str = "", said: str = "", since: int | None = None) -> float:
    """Seconds since navigation, or since Enter was pressed where `since` is None; what the text of the chart must say tells old from new."""
    found = page.evaluate("given => window.effcoreUntilDrawn(...given)", [box, least, MANY, axis, said, since])
    return round(found["ms"] / 1000, 3)


def opened(browser: Browser, url: str, box: str, *, least: int) -> float:
    """Seconds from navigation to the drawn frontier."""
    with tab(browser) as page:
        page.goto(url, wait_until="commit")
        return until_drawn(page, FIRST if box == OURS else box, least=least, since=0)


def in_place(browser: Browser, url: str, *, least: int) -> float:
    """Seconds from navigation until the chart stands where it belongs in the finished page."""
    with tab(browser) as page:
        page.goto(url, wait_until="commit")
        return until_drawn(page, OURS, least=least, since=0)


def changed(browser: Browser, url: str, points: int) -> dict[str, float]:
    """Seconds from Enter to the redrawn frontier: for another axis, and for a filter that leaves a fifth."""
    least = min(points, 1000)
    with tab(browser) as page:
        page.goto(url, wait_until="commit")
        until_drawn(page, OURS, least=least, since=0)
        page.wait_for_timeout(3000)  # the rest of the page, so that only the change is timed
        page.get_by_role("combobox", name="Horizontal axis").click()
        page.keyboard.type("File size")
        page.keyboard.press("Enter")
        axis = until_drawn(page, OURS, least=least, axis="File size")
        page.wait_for_timeout(3000)
        page.get_by_role("button", name="Filter").click()
        page.get_by_role("textbox", name="Words in the name").fill("pruning")
        page.keyboard.press("Enter")
        left = points // len(TECHNIQUES)
        return {"axis_s": axis, "filter_s": until_drawn(page, OURS, least=min(left, 500), said=f" of {left:,} points")}


def server_share(port: int, server: psutil.Process) -> dict[str, Any]:
    """Milliseconds of a rerun at the server: the first look at an axis, the median of looks at what was seen before, and what
    such a look takes of the processor, which other work on the machine changes little."""
    with viewer(port) as page:
        page.run()
        page.wake()
        first = page.run("x=params").whole_s
        before = sum(server.cpu_times()[:2])
        again = [page.run("" if turn % 2 else "x=params") for turn in range(8)]
        processor_s = (sum(server.cpu_times()[:2]) - before) / len(again)
    return {
        "first_ms": round(1000 * first), "again_ms": round(1000 * statistics.median(a.whole_s for a in again)),
        "processor_ms": round(1000 * processor_s), "figure_kb": round(again[0].figure_bytes / 1000), "all_kb": round(again[0].whole_bytes / 1000),
    }  # fmt: skip


def compare(browser: Browser, points: int, *, turns: int, with_peer: bool, peer: Path | None) -> dict[str, Any]:
    """Both in turns over stores of that many points."""
    least = points if points <= DRAWN_ONE_BY_ONE else 1000
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        make_store(home, points)
        port, other = free_port(8810), free_port(8860)
        running, theirs = [viewers.start(home, port)], f"http://{ADDRESS}:{other}/dashboard/studies/1"
        try:
            if with_peer:
                bin = optuna_peer.installed(peer)
                storage = optuna_peer.make_study(Path(folder) / "study.db", drawn(points), bin=bin)
                running.append(optuna_peer.start(storage, other, bin=bin))
            sites = {"page": (f"http://{ADDRESS}:{port}/", OURS)} | ({"peer": (theirs, PEERS)} if with_peer else {})
            seconds: dict[str, list[float]] = {name: [] for name in sites}
            for _ in range(turns + 1):  # the first of each is not counted: both servers read their stores then
                for name, (url, box) in sites.items():
                    seconds[name].append(opened(browser, url, box, least=least))
            answer: dict[str, Any] = {"points": points, "turns": turns, "load": round(os.getloadavg()[0], 1)}
            answer |= {f"{name}_s": statistics.median(all_[1:]) for name, all_ in seconds.items()} | {"seconds": seconds}
            answer["page_in_place_s"] = statistics.median(in_place(browser, sites["page"][0], least=least) for _ in range(turns))
            if with_peer:
                answer["share_of_peer"] = round(answer["page_s"] / answer["peer_s"], 3)
            return answer | changed(browser, sites["page"][0], points) | {"server": server_share(port, psutil.Process(running[0].pid))}
        finally:
            for process in running:
                process.terminate()
                process.wait(timeout=30)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--peer-up-to", type=int, default=10_000, help="Points up to which the peer is asked too.")
    parser.add_argument("--peer", type=Path, help="Environment of the peer; made where it is not there.")
    given = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for points in given.points:
            found = compare(browser, points, turns=given.turns, with_peer=points <= given.peer_up_to, peer=given.peer)
            print(json.dumps(found), flush=True)
            print(f"{points:,} points: page {found['page_s']} s, peer {found.get('peer_s', '-')} s", file=sys.stderr)
        browser.close()


if __name__ == "__main__":
    main()
