"""Outputs are kept whole or not at all, whatever happens to the process that writes them."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from processes import finish, is_gone, read_line, start, wait_until

from effcore.cache import RECORD, Cache

KEPT = {"kind": "train", "facts": {"metrics": {"accuracy": 0.5}, "channels": [1, 2]}, "seconds": 1.5}


def keep(cache: Cache, key: str, text: str = "weights") -> None:
    with cache.aside() as folder:
        (folder / "model.pt").write_text(text)
        (folder / "inner").mkdir()
        (folder / "inner" / "curve.json").write_text("[]")
        cache.keep(key, folder, KEPT)


def test_what_was_kept_is_found_with_its_record_and_files(tmp_path: Path) -> None:
    keep(Cache(tmp_path), "train-1")
    entry = Cache(tmp_path).find("train-1")
    assert entry is not None
    assert entry.facts == KEPT["facts"] and entry.seconds == 1.5 and entry.record["key"] == "train-1"
    assert (entry.folder / "model.pt").read_text() == "weights"
    assert set(entry.record["files"]) == {"model.pt", "inner/curve.json"}
    assert Cache(tmp_path).keys() == {"train-1"}


def test_nothing_is_found_where_nothing_is(tmp_path: Path) -> None:
    assert Cache(tmp_path).find("train-1") is None
    assert Cache(tmp_path).keys() == set() and Cache(tmp_path).usage() == []
    assert list(tmp_path.iterdir()) == []


def flip_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def replace_in_record(old: str, new: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        text = (folder / RECORD).read_text()
        assert old in text
        (folder / RECORD).write_text(text.replace(old, new))

    return change


DAMAGES: dict[str, Callable[[Path], object]] = {
    "a changed byte": lambda folder: flip_byte(folder / "model.pt"),
    "a file cut short": lambda folder: (folder / "model.pt").write_text("weig"),
    "an empty file": lambda folder: (folder / "model.pt").write_text(""),
    "a missing file": lambda folder: (folder / "model.pt").unlink(),
    "a missing file further down": lambda folder: (folder / "inner" / "curve.json").unlink(),
    "a record cut short": lambda folder: (folder / RECORD).write_text((folder / RECORD).read_text()[:-20]),
    "an empty record": lambda folder: (folder / RECORD).write_text(""),
    "no record": lambda folder: (folder / RECORD).unlink(),
    "a record of another form": lambda folder: (folder / RECORD).write_text("[1, 2]"),
    "a record without files": lambda folder: (folder / RECORD).write_text('{"key": "train-1"}'),
    "bytes that are no text": lambda folder: (folder / RECORD).write_bytes(b"\xff\xfe\x00"),
    "a changed figure": replace_in_record("0.5", "0.6"),
    "the record of another key": replace_in_record("train-1", "train-2"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_entry_is_taken_away_and_can_be_built_again(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    cache = Cache(tmp_path)
    keep(cache, "train-1")
    damage(tmp_path / "cache" / "train-1")
    assert cache.find("train-1") is None
    assert cache.keys() == set()
    keep(cache, "train-1")
    assert cache.find("train-1") is not None


@pytest.mark.parametrize("number", [errno.EMFILE, errno.EIO, errno.ESTALE, errno.EACCES])
def test_an_error_of_the_system_says_nothing_of_an_entry_and_takes_none_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    cache = Cache(tmp_path)
    keep(cache, "train-1")

    def fail(path: Path) -> str:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch, pytest.raises(OSError, match=re.escape(os.strerror(number))):
        patch.setattr("effcore.cache._checksum", fail)
        cache.find("train-1")
    assert cache.find("train-1") is not None


def test_a_damaged_entry_that_nobody_noticed_is_replaced(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    keep(cache, "train-1", "old")
    flip_byte(tmp_path / "cache" / "train-1" / "model.pt")
    keep(cache, "train-1", "new")
    entry = cache.find("train-1")
    assert entry is not None and (entry.folder / "model.pt").read_text() == "new"


def test_the_first_of_two_good_outputs_stays(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    keep(cache, "train-1", "first")
    keep(cache, "train-1", "second")
    assert (tmp_path / "cache" / "train-1" / "model.pt").read_text() == "first"
    assert list((tmp_path / "cache.tmp").iterdir()) == []


def test_what_was_not_kept_leaves_nothing(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    with pytest.raises(RuntimeError), cache.aside() as folder:
        (folder / "model.pt").write_text("half")
        raise RuntimeError
    assert cache.keys() == set() and list((tmp_path / "cache.tmp").iterdir()) == []


def test_a_fact_that_is_no_number_is_not_kept(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    with pytest.raises(ValueError), cache.aside() as folder:
        cache.keep("train-1", folder, {"facts": {"loss": float("nan")}})
    assert cache.keys() == set()


WRITE_FOR_EVER = """
import sys, time
from pathlib import Path
from effcore.cache import Cache
with Cache(Path(sys.argv[1])).aside() as folder:
    (folder / "model.pt").write_text("half")
    print("writing", flush=True)
    time.sleep(600)
"""


def test_a_killed_writer_leaves_nothing_that_is_seen_and_what_it_left_is_cleaned(tmp_path: Path) -> None:
    writer = start(WRITE_FOR_EVER, tmp_path)
    assert read_line(writer) == "writing"
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    cache = Cache(tmp_path)
    assert cache.keys() == set()
    assert len(list((tmp_path / "cache.tmp").iterdir())) == 1
    assert cache.sweep_aside() == 0  # too fresh to be sure that it was left
    assert cache.sweep_aside(older_than_s=-1) == len("half")
    assert list((tmp_path / "cache.tmp").iterdir()) == []


KEEP_OFTEN = """
import sys
from pathlib import Path
from effcore.cache import Cache
cache, name = Cache(Path(sys.argv[1])), sys.argv[2]
for index in range(150):
    with cache.aside() as folder:
        (folder / "model.pt").write_text(f"{name} {index}" * 100)
        entry = cache.keep("train-1", folder, {"facts": {"by": name}})
    assert entry.record["facts"]["by"] in "ab"
    found = cache.find("train-1")
    try:
        assert found is None or (found.folder / "model.pt").read_text()[0] in "ab"
    except FileNotFoundError:
        pass  # the other process has just taken it away
    cache.remove("train-1")
"""


def test_processes_that_keep_and_remove_the_same_key_at_once_never_see_a_mixture(tmp_path: Path) -> None:
    finish(start(KEEP_OFTEN, tmp_path, "a"), start(KEEP_OFTEN, tmp_path, "b"))
    cache = Cache(tmp_path)
    keep(cache, "train-1")
    assert cache.find("train-1") is not None


CLAIM = """
import os, sys, time
from pathlib import Path
from effcore.cache import Cache
home = Path(sys.argv[1])
cache = Cache(home)
with cache.claim("train-1"):
    if cache.find("train-1") is None:
        with open(home / "work", "a") as file:
            file.write(f"{os.getpid()}\\n")
        with cache.aside() as folder:
            (folder / "model.pt").write_text("x")
            time.sleep(0.2)
            cache.keep("train-1", folder, {"facts": {}})
"""


def test_of_processes_that_want_the_same_key_one_computes_it(tmp_path: Path) -> None:
    finish(*(start(CLAIM, tmp_path) for _ in range(4)))
    assert len((tmp_path / "work").read_text().splitlines()) == 1


HOLD = """
import sys, time
from pathlib import Path
from effcore.cache import Cache
with Cache(Path(sys.argv[1])).claim(sys.argv[2]):
    print("held", flush=True)
    time.sleep(600)
"""


def test_a_claim_ends_with_its_process_and_holds_one_key_only(tmp_path: Path) -> None:
    holder = start(HOLD, tmp_path, "train-1")
    assert read_line(holder) == "held"
    with Cache(tmp_path).claim("train-2"):
        pass
    waiting = start(HOLD, tmp_path, "train-1")
    holder.send_signal(signal.SIGKILL)
    assert read_line(waiting) == "held"
    waiting.kill()
    wait_until(lambda: is_gone(waiting.pid))
    holder.communicate()
    waiting.communicate()


def test_usage_is_least_recently_used_first_and_finding_is_using(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    for age, key in enumerate(("train-1", "train-2", "train-3")):
        keep(cache, key)
        os.utime(tmp_path / "cache" / key, (1000 + age, 1000 + age))
    assert [(u.key, u.used) for u in cache.usage()] == [("train-1", 1000), ("train-2", 1001), ("train-3", 1002)]
    cache.find("train-1")
    last = cache.usage()[-1]
    assert last.key == "train-1" and last.used > time.time() - 3600
    expected = sum(p.stat().st_size for p in (tmp_path / "cache" / "train-1").rglob("*") if p.is_file())
    assert last.size_bytes == expected > len("weights")


def test_removing_what_is_not_there_is_no_error(tmp_path: Path) -> None:
    Cache(tmp_path).remove("train-1")


def test_the_record_is_plain_json_that_other_programs_read(tmp_path: Path) -> None:
    keep(Cache(tmp_path), "train-1")
    record = json.loads((tmp_path / "cache" / "train-1" / RECORD).read_text())
    assert record["facts"] == KEPT["facts"] and record["kind"] == "train"
