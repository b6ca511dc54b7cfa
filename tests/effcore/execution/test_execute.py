"""The engine: order, sharing, failures, measurements alone, cancelling."""

from __future__ import annotations

import json
import os
import queue
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from processes import HERE, ROOT, finish, is_gone, read_line, start, wait_until

from effcore.errors import Cancelled, StageError
from effcore.execution.execute import Engine
from effcore.execution.worker import Outcome
from effcore.host import VARIABLE
from effcore.plan import Stage


def make_engine(home: Path, *, slots: int = 2) -> Engine:
    variables = {"PYTHONPATH": f"{ROOT}{os.pathsep}{HERE}", VARIABLE: str(home / "host")}
    return Engine(home=home, slots=slots, preload="fake_stages", environment=variables, warm=False)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with make_engine(tmp_path) as found:
        yield found


def stage(name: str, kind: str = "join", *, after: tuple[str, ...] = (), exclusive: bool = False, **config: Any) -> Stage:
    inputs = tuple((f"input{n}", key) for n, key in enumerate(after))
    return Stage(kind, name, {"text": name[-1]} | config, inputs, f"class of {kind}", 1.0, exclusive)


def run(engine: Engine, *stages: Stage) -> dict[str, Outcome | BaseException]:
    """What comes of all stages, by key."""
    events: queue.Queue[tuple[Stage, Outcome | BaseException]] = queue.Queue()
    for found in stages:
        engine.submit(found, done=lambda s, o: events.put((s, o)))
    return {s.key: o for s, o in (events.get(timeout=120) for _ in stages)}


def spans(home: Path) -> dict[str, tuple[float, float, bool]]:
    """Start, end and whether it wanted to be alone, of every stage that finished."""
    lines = [json.loads(line) for line in (home / "executions.jsonl").read_text().splitlines()]
    return {line["key"]: (line["start"], line["end"], line["exclusive"]) for line in lines if line["event"] == "finished"}


def text(outcome: Outcome | BaseException) -> str:
    assert isinstance(outcome, Outcome), outcome
    return (outcome.entry.folder / "text").read_text()


def test_a_stage_runs_after_all_that_it_needs(engine: Engine, tmp_path: Path) -> None:
    stages = (
        stage("k-a", seconds=0.2), stage("k-b"), stage("k-c", after=("k-a", "k-b")), stage("k-d", after=("k-c", "k-a")),
    )  # fmt: skip
    outcomes = run(engine, *stages)
    assert {key: text(outcome) for key, outcome in outcomes.items()} == {"k-a": "a", "k-b": "b", "k-c": "abc", "k-d": "abcad"}
    found = spans(tmp_path)
    assert max(found["k-a"][1], found["k-b"][1]) <= found["k-c"][0] <= found["k-c"][1] <= found["k-d"][0]


def test_the_same_stage_twice_is_run_once_and_told_twice(engine: Engine, tmp_path: Path) -> None:
    told: queue.Queue[Outcome | BaseException] = queue.Queue()
    for _ in range(2):
        engine.submit(stage("k-a"), done=lambda s, o: told.put(o))
    outcomes = [told.get(timeout=120), told.get(timeout=120)]
    assert [text(outcome) for outcome in outcomes] == ["a", "a"]
    assert len((tmp_path / "executions.jsonl").read_text().splitlines()) == 2


def test_what_is_in_the_cache_is_reused_by_the_next_engine(tmp_path: Path) -> None:
    with make_engine(tmp_path) as first:
        assert [o.reused for o in run(first, stage("k-a")).values() if isinstance(o, Outcome)] == [False]
    with make_engine(tmp_path) as second:
        outcomes = run(second, stage("k-a"), stage("k-b", after=("k-a",)))
        assert {k: o.reused for k, o in outcomes.items() if isinstance(o, Outcome)} == {"k-a": True, "k-b": False}
        assert text(outcomes["k-b"]) == "ab"


def test_a_sweep_that_has_all_its_outputs_starts_no_server(tmp_path: Path) -> None:
    with make_engine(tmp_path) as first:
        run(first, stage("k-a"))
    with make_engine(tmp_path) as second:
        run(second, stage("k-a"))
        assert second._worker._children.server_pid is None


def test_a_failure_reaches_all_that_needed_it_with_its_cause_and_nothing_else(engine: Engine, tmp_path: Path) -> None:
    outcomes = run(
        engine, stage("k-a", "refuse", text="nothing left to prune."), stage("k-b", after=("k-a",)),
        stage("k-c", after=("k-b",)), stage("k-d"), stage("k-e", after=("k-d",)),
    )  # fmt: skip
    cause = "refuse: nothing left to prune."
    assert {key: str(outcomes[key]) for key in ("k-a", "k-b", "k-c")} == dict.fromkeys(("k-a", "k-b", "k-c"), cause)
    assert all(isinstance(outcomes[key], StageError) for key in ("k-a", "k-b", "k-c"))
    assert text(outcomes["k-e"]) == "de"
    assert set(spans(tmp_path)) == {"k-d", "k-e"}


def test_what_was_submitted_after_a_failure_hears_of_it_too(engine: Engine) -> None:
    run(engine, stage("k-a", "refuse", text="no."))
    assert str(run(engine, stage("k-b", after=("k-a",)))["k-b"]) == "refuse: no."


def overlaps(found: dict[str, tuple[float, float, bool]]) -> list[tuple[str, str]]:
    """Pairs that ran at the same time and of which at least one wanted to be alone."""
    return [
        (a, b)
        for a, (start_a, end_a, alone) in found.items()
        for b, (start_b, end_b, _) in found.items()
        if alone and a != b and start_a < end_b and start_b < end_a
    ]


def test_a_measurement_overlaps_with_nothing_of_its_engine(engine: Engine, tmp_path: Path) -> None:
    stages = [stage(f"k-{n}", seconds=0.1) for n in "abcdef"]
    stages[2:2] = [stage("m-1", exclusive=True, seconds=0.15), stage("m-2", exclusive=True, seconds=0.15)]
    run(engine, *stages)
    found = spans(tmp_path)
    assert len(found) == 8 and {key for key, span in found.items() if span[2]} == {"m-1", "m-2"}
    assert overlaps(found) == []


ANOTHER = """
import os, queue, sys
from pathlib import Path
from execution.test_execute import make_engine, stage
home, name, host = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
os.environ["EFFCORE_HOST"] = host
engine = make_engine(home)
engine._worker._children._environment["EFFCORE_HOST"] = host
with engine:
    events = queue.Queue()
    stages = [stage(f"{name}-{n}", exclusive=n % 2 == 0, seconds=0.1) for n in range(6)]
    for found in stages:
        engine.submit(found, done=lambda s, o: events.put(o))
    for _ in stages:
        outcome = events.get(timeout=120)
        assert not isinstance(outcome, BaseException), outcome
"""


def test_a_measurement_overlaps_with_nothing_of_another_sweep_on_the_host(tmp_path: Path) -> None:
    homes = [tmp_path / "a", tmp_path / "b"]
    finish(*(start(ANOTHER, home, home.name, tmp_path / "host") for home in homes))
    found = spans(homes[0]) | spans(homes[1])
    assert len(found) == 12
    assert overlaps(found) == []


def test_stages_run_at_once_as_far_as_there_are_slots(engine: Engine, tmp_path: Path) -> None:
    run(engine, *(stage(f"k-{n}", seconds=0.3) for n in "abcd"))
    found = spans(tmp_path)
    together = [sum(s <= start_of < e for s, e, _ in found.values()) for start_of, _, _ in found.values()]
    assert max(together) == 2


def test_the_higher_priority_goes_first(tmp_path: Path) -> None:
    with make_engine(tmp_path, slots=1) as engine:
        told: queue.Queue[str] = queue.Queue()
        engine.submit(stage("k-a", seconds=0.5), priority=9, done=lambda s, o: told.put(s.key))
        wait_until((tmp_path / "executions.jsonl").exists)
        for name, priority in (("k-b", 0), ("k-c", 1), ("k-d", 2)):
            engine.submit(stage(name), priority=priority, done=lambda s, o: told.put(s.key))
        assert [told.get(timeout=120) for _ in range(4)] == ["k-a", "k-d", "k-c", "k-b"]


def test_cancelling_ends_what_runs_and_what_waits(engine: Engine, tmp_path: Path) -> None:
    told: queue.Queue[tuple[str, Outcome | BaseException]] = queue.Queue()
    for found in (stage("k-a", seconds=600), stage("k-b", seconds=600), stage("k-c"), stage("k-d", after=("k-a",))):
        engine.submit(found, done=lambda s, o: told.put((s.key, o)))
    wait_until(lambda: (tmp_path / "executions.jsonl").exists() and len((tmp_path / "executions.jsonl").read_text().splitlines()) == 2)
    engine.cancel()
    outcomes = dict(told.get(timeout=120) for _ in range(4))
    assert set(outcomes) == {"k-a", "k-b", "k-c", "k-d"}
    assert all(isinstance(outcome, Cancelled) for outcome in outcomes.values())
    assert len((tmp_path / "executions.jsonl").read_text().splitlines()) == 2


def test_leaving_the_engine_ends_its_server(tmp_path: Path) -> None:
    with make_engine(tmp_path) as engine:
        run(engine, stage("k-a"))
        server = engine._worker._children.server_pid
        engine.submit(stage("k-b", seconds=600), done=lambda s, o: None)
        wait_until(lambda: len((tmp_path / "executions.jsonl").read_text().splitlines()) == 3)
    assert server is not None
    wait_until(lambda: is_gone(server))


LISTENING = """
import sys
from pathlib import Path
import psutil
from execution.test_execute import make_engine, run, stage
with make_engine(Path(sys.argv[1])) as engine:
    run(engine, stage("k-a"))
    family = [psutil.Process(), *psutil.Process().children(recursive=True)]
    found = []
    for process in family:
        try:
            found += [c for c in process.net_connections() if c.status == psutil.CONN_LISTEN]
        except psutil.NoSuchProcess:  # a child that has done its stage and ended meanwhile listens to nobody
            continue
    print(found, flush=True)
"""


def test_no_socket_listens(tmp_path: Path) -> None:
    process = start(LISTENING, tmp_path)
    assert read_line(process) == "[]"
    assert process.communicate()[1] == ""


def test_two_engines_at_once_in_one_process_do_not_mix(tmp_path: Path) -> None:
    results: dict[str, str] = {}

    def work(name: str) -> None:
        with make_engine(tmp_path / name) as engine:
            results[name] = text(run(engine, stage("k-a", text=name))["k-a"])

    threads = [threading.Thread(target=work, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {"one": "one", "two": "two"}
