"""The queue and what a frontier can be of, as values."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from fake_store import START_MS, FakeSweep, make_variants

from dashboard.views.queue import LOG_LINES, cost_line, estimate_errors, expectation, log_tail, queue_headline, queue_rows
from dashboard.views.sources import default_source, environments, sources
from effcore.tracking import Bill

NOW = START_MS + 100_000


def sweep(run_id: str, state: str, **changes) -> FakeSweep:  # type: ignore[no-untyped-def]
    return FakeSweep(run_id=run_id, name=changes.pop("name", run_id), state=state, **changes)


def test_sweeps_at_work_come_first_then_the_newest() -> None:
    records = [
        sweep("old", "done", started_ms=START_MS - 9, ended_ms=START_MS),
        sweep("new", "done", started_ms=START_MS + 5, ended_ms=START_MS + 6),
        sweep("waits", "waiting"), sweep("runs", "running", started_ms=START_MS - 99),
    ]  # fmt: skip
    rows = queue_rows(records, now_ms=NOW)  # type: ignore[arg-type]
    assert [r.run_id for r in rows] == ["runs", "waits", "new", "old"]
    assert queue_headline(rows) == "1 running, 1 waiting"


def test_a_row_tells_share_text_time_and_what_can_be_done() -> None:
    (row,) = queue_rows([sweep("a", "running", total=27, done=11, failed=1)], now_ms=NOW)  # type: ignore[list-item]
    assert (round(row.share, 3), row.text, row.elapsed, row.tone) == (0.444, "12 of 27, 1 failed", "1 min 40 s", "busy")
    assert row.can_cancel and row.has_points and row.hint == ""
    (row,) = queue_rows([sweep("a", "some failed", total=2, done=1, failed=1, ended_ms=START_MS + 5000)], now_ms=NOW)  # type: ignore[list-item]
    assert (row.elapsed, row.can_cancel, row.tone) == ("5 s", False, "bad")


def test_hints_say_what_to_do() -> None:
    def hint(record: FakeSweep, *others: FakeSweep) -> str:
        rows = queue_rows([record, *others], now_ms=NOW)  # type: ignore[list-item]
        return next(r.hint for r in rows if r.run_id == record.run_id)

    assert hint(sweep("a", "waiting")) == "Nobody has taken it for 1 min 40 s. Start a runner: effcore serve"
    assert hint(sweep("a", "waiting", started_ms=NOW - 5000)) == ""
    assert hint(sweep("a", "waiting"), sweep("b", "running")) == "Waits for the sweep before it."
    assert queue_rows([sweep("a", "waiting")], now_ms=NOW, busy=True)[0].hint == "Waits for the sweep before it."  # of another student
    assert "effcore serve" in hint(sweep("a", "stopped"))
    assert hint(sweep("a", "failed", error="disk full")) == "disk full"


def test_an_unplanned_sweep_has_no_share() -> None:
    (row,) = queue_rows([sweep("a", "waiting", total=0)], now_ms=NOW)  # type: ignore[list-item]
    assert (row.share, row.text, row.elapsed) == (0.0, "not planned yet", "")
    assert queue_headline(()) == "Nothing is running or waiting"


def test_sources_are_sweeps_and_all_of_a_task_and_revisions_are_numbered() -> None:
    records = [
        sweep("r1", "done", name="q", started_ms=1),
        sweep("r2", "done", name="q", started_ms=2),
        sweep("r3", "done", task="digits"),
    ]
    variants = make_variants(count=2, sweep="r1")
    found = sources(records, variants)  # type: ignore[arg-type]
    assert [s.label for s in found] == [
        "r3 · digits",
        "q (revision 2) · mnist5k",
        "q (revision 1) · mnist5k",
        "All sweeps · mnist5k",
    ]
    assert [len(s.of(variants)) for s in found] == [0, 0, 2, 2]
    assert default_source(found, variants).sweep == "r1" and default_source(found, ()).sweep == "r3"
    assert found[-1].holds("r2") and not found[1].holds("r1")


def test_environments_come_with_most_points_first() -> None:
    variants = (
        make_variants(count=3, environment="b")
        + make_variants(count=1, environment="a")
        + make_variants(count=1, environment="")
    )
    found = environments(variants)
    assert list(found) == ["b", "a"] and found["b"] == min(v.run_id for v in variants[:3])
    again = [replace(v, run_id=v.run_id + "c", environment="c", measures=v.run_id) for v in variants[:4]]
    assert list(environments([*variants, *again])) == ["b", "a", "c"]


def test_the_end_of_a_log_is_its_last_lines_as_they_stood_last(tmp_path: Path) -> None:
    path = tmp_path / "log"
    assert log_tail(path) == ()
    path.write_bytes(b"".join(b"line %d\n" % n for n in range(5000)) + b"10 %\r20 %\r30 %\n\xff end")
    lines = log_tail(path)
    assert len(lines) == LOG_LINES and lines[-2:] == ("30 %", "\ufffd end") and lines[0] == "line 4990"


def test_a_sweep_that_stands_still_keeps_its_row_and_can_go_on() -> None:
    still, searches = sweep("still", "paused", total=4, done=2), sweep("searches", "running", strategy="tpe")
    records = [sweep("waits", "waiting"), still, sweep("stopping", "pausing"), searches]
    rows = {r.run_id: r for r in queue_rows(records, now_ms=NOW)}  # type: ignore[arg-type]
    assert list(rows) == ["searches", "stopping", "still", "waits"]
    assert queue_headline(tuple(rows.values())) == "1 running, 1 pausing, 1 paused, 1 waiting"
    assert (rows["still"].can_resume, rows["still"].can_pause, rows["still"].can_cancel) == (True, False, True)
    assert "keeps its place" in rows["still"].hint and "come to their end" in rows["stopping"].hint
    assert [r.run_id for r in rows.values() if r.can_pause] == ["searches", "waits"]
    assert [r.run_id for r in rows.values() if r.can_rebudget] == ["searches"]


def test_a_sweep_tells_what_it_cost_what_sharing_saved_and_what_was_expected() -> None:
    bill = Bill(estimated_s=120.0, took_s=150.0, core_s=230.0, alone_s=920.0)
    assert cost_line(sweep("a", "running", bill=bill)) == "230 core-seconds · sharing saved 690 (75 %) · expected to take 2 min"  # type: ignore[arg-type]
    ended = sweep("a", "done", bill=bill, ended_ms=START_MS + 9_000_000)
    assert cost_line(ended).endswith("took 2 min 30 s, expected 2 min")  # type: ignore[arg-type]
    assert queue_rows([ended], now_ms=NOW)[0].elapsed == "2 min 30 s"  # type: ignore[list-item]
    assert cost_line(sweep("a", "done")) == ""  # type: ignore[arg-type]
    cached = Bill(estimated_s=0.0, took_s=2.0, core_s=0.0, alone_s=920.0)
    assert cost_line(sweep("a", "done", bill=cached)) == "0 core-seconds · sharing saved 920 (100 %) · took 2 s, expected nothing new"  # type: ignore[arg-type]


def test_the_error_of_estimates_is_told_from_three_sweeps_on() -> None:
    took = [sweep(f"s{n}", "done", bill=Bill(estimated_s=100.0, took_s=100.0 * n)) for n in (1, 2, 3, 4, 5)]
    others = [sweep("cut", "cancelled", bill=Bill(estimated_s=100.0, took_s=1.0)), sweep("cached", "done", bill=Bill(estimated_s=0.0, took_s=2.0))]
    assert estimate_errors([*others, *took]) == (1.0, 2.0, 3.0, 4.0, 5.0)  # type: ignore[arg-type]
    assert expectation(60.0, [*took, *others]) == (  # type: ignore[arg-type]
        "Of 5 sweeps here the middle one took 3.0 times what was expected, half of them 2.0 to 4.0 times. By that: 2 min to 4 min."
    )
    assert expectation(60.0, took[:2]) == expectation(0.0, took) == ""  # type: ignore[arg-type]
