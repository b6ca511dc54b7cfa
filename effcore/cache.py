"""Where the output of every finished stage is kept, under the stage's key."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from effcore.home import locked
from effcore.recipe import canonical

RECORD = "stage.json"


@dataclass(frozen=True)
class Entry:
    """The kept output of one stage.

    Attributes:
        folder: Where its files are; they are not to be changed.
        record: Key, kind, facts, seconds, start and end (Unix time), the SHA-256 of every file and of all this.
    """

    key: str
    folder: Path
    record: Mapping[str, Any]

    @property
    def facts(self) -> Mapping[str, Any]:
        facts: Mapping[str, Any] = self.record["facts"]
        return facts

    @property
    def seconds(self) -> float:
        return float(self.record["seconds"])


@dataclass(frozen=True)
class Usage:
    """How much an entry takes and when it was used last (Unix time)."""

    key: str
    size_bytes: int
    used: float


class Cache:
    """Entries under one folder, written aside and renamed into place, so that a half-written one is never seen.

    Args:
        home: The state folder.
    """

    def __init__(self, home: Path) -> None:
        self.root = home / "cache"
        self._aside = home / "cache.tmp"
        self._home = home

    def keys(self) -> set[str]:
        """Keys of all entries, checked or not."""
        return {name for name in os.listdir(self.root)} if self.root.is_dir() else set()

    def find(self, key: str) -> Entry | None:
        """The entry of that key, or None; a damaged one is taken away, so that it is built again."""
        folder = self.root / key
        if not folder.is_dir():
            return None
        record = _checked_record(folder, key)
        if record is None:
            self.remove(key)
            return None
        try:
            os.utime(folder)
        except FileNotFoundError:  # another process has just taken it away
            return None
        return Entry(key, folder, record)

    @contextmanager
    def aside(self) -> Iterator[Path]:
        """A fresh folder to write an output into; gone afterwards unless it was kept."""
        folder = self._aside / f"{os.getpid()}-{uuid.uuid4().hex}"
        folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def keep(self, key: str, folder: Path, record: Mapping[str, Any]) -> Entry:
        """Move a written folder into place.

        Args:
            key: Key of the stage.
            folder: From `aside`, with the output files in it.
            record: What is to be remembered beside them; the checksums are added.
        """
        files = {str(p.relative_to(folder)): _checksum(p) for p in sorted(folder.rglob("*")) if p.is_file()}
        full: dict[str, Any] = json.loads(json.dumps(dict(record) | {"key": key, "files": files}, allow_nan=False))
        full["seal"] = _seal(full)
        (folder / RECORD).write_text(json.dumps(full))
        self.root.mkdir(parents=True, exist_ok=True)
        while True:
            try:
                os.rename(folder, self.root / key)
                return Entry(key, self.root / key, full)
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
            # Something is there already: another process made the same output, or a damaged one was left.
            there = self.find(key)
            if there is not None:
                return there

    def remove(self, key: str) -> None:
        """Take an entry away in one step, then delete its files."""
        self._aside.mkdir(parents=True, exist_ok=True)
        gone = self._aside / f"gone-{uuid.uuid4().hex}"
        try:
            os.rename(self.root / key, gone)
        except FileNotFoundError:
            return
        shutil.rmtree(gone, ignore_errors=True)

    def usage(self) -> list[Usage]:
        """Size and last use of every entry, least recently used first."""
        found = []
        for key in self.keys():
            folder = self.root / key
            try:
                size = sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
                found.append(Usage(key, size, folder.stat().st_mtime))
            except FileNotFoundError:  # another process has just taken it away
                continue
        return sorted(found, key=lambda u: (u.used, u.key))

    def sweep_aside(self, *, older_than_s: float = 86_400) -> int:
        """Delete what killed processes left half-written; returns the bytes that were freed.

        Args:
            older_than_s: What was written to later is left: a process of another host that shares the folder may be writing it.
        """
        freed = 0
        for folder in self._aside.glob("*") if self._aside.is_dir() else ():
            if time.time() - folder.stat().st_mtime > older_than_s and not _is_written(folder):
                freed += sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
                shutil.rmtree(folder, ignore_errors=True)
        return freed

    def claim(self, key: str) -> AbstractContextManager[None]:
        """Hold the key, so that no other process computes it at the same time; freed by the kernel on a kill."""
        return locked(self._home, key)


def _is_written(folder: Path) -> bool:
    """Whether the process that made a folder of `Cache.aside` lives: a long training writes nothing for days."""
    number = folder.name.partition("-")[0]
    try:
        os.kill(int(number), 0)
    except PermissionError:  # another user's
        return True
    except (ValueError, OverflowError, ProcessLookupError):
        return False
    return True


def _checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _seal(record: Mapping[str, Any]) -> str:
    """SHA-256 of a record without its seal, so that a changed byte in the facts is noticed like one in a file."""
    return hashlib.sha256(canonical({k: v for k, v in record.items() if k != "seal"}).encode()).hexdigest()


def _checked_record(folder: Path, key: str) -> Mapping[str, Any] | None:
    """The record of an entry whose files are all as they were written; None for a damaged one.

    Raises:
        OSError: Its files can't be read now, as for want of rights or of file handles, which says nothing of what is in them.
    """
    try:
        record: dict[str, Any] = json.loads((folder / RECORD).read_text())
        whole = record["key"] == key and record["seal"] == _seal(record)
        whole = whole and all(_checksum(folder / name) == digest for name, digest in record["files"].items())
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError, ValueError, KeyError, TypeError):
        return None
    return record if whole else None
