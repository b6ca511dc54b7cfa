"""What an operator brings: data, plug-ins and weights, named once on the command line and known from then on.

A spec and a page use the names only. In every process `know` fills the catalogue with what the state folder holds.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

from effcore.catalogue import TASKS, own
from effcore.errors import EffcoreError
from effcore.home import locked
from effcore.own import registry
from effcore.own.registry import DataSource, Registry, pin, stamp

VERSION_VARIABLE = "EFFCORE_OWN"
"""Which version of what the operator named the children of a sweep are to know."""

SHIPPED_TASKS = frozenset(TASKS)


@dataclass(frozen=True, kw_only=True)
class Brought:
    """What one command names.

    Attributes:
        data: `NAME=PATH` each.
        broken: What is done with files that can't be read.
        resolution: Side of images in pixels; decided by the data where it is None.
    """

    data: Sequence[str] = ()
    broken: Literal["refuse", "skip"] = "refuse"
    resolution: int | None = None

    @property
    def anything(self) -> bool:
        """Whether there is something."""
        return bool(self.data)


_known = threading.RLock()
_state: dict[str, object] = {"registry": Registry(), "stamp": None}
"""Of this process: what its catalogue holds beside what ships, and the file it was read from."""


def known() -> Registry:
    """What the catalogue of this process holds beside what ships."""
    found = _state["registry"]
    assert isinstance(found, Registry), "only registries are put there"
    return found


def know(home: Path, *, version: str = "") -> Registry:
    """Fill the catalogue of this process with what the state folder holds; costs a look at one file where nothing changed.

    Args:
        home: The state folder.
        version: As `pin` named it; what is known now where it is empty.

    Raises:
        EffcoreError: It can't be read.
    """
    mark = (str(home), version or stamp(home))
    with _known:
        if _state["stamp"] != mark:
            _register(registry.read(home, version=version), home)
            _state["stamp"] = mark
        return known()


def bring(home: Path, brought: Brought, *, keep: bool = True, say: Callable[[str], None] = lambda text: None) -> Registry:
    """Take in what a command names beside what is known already, and fill the catalogue.

    Args:
        home: The state folder.
        brought: What the command names.
        keep: Whether it is to be known from now on; without, nothing is written.
        say: Gets a line on everything that is new.

    Raises:
        EffcoreError: Something can't be used; then nothing is kept.
    """
    if not brought.anything:
        if brought.resolution is not None or brought.broken != "refuse":
            raise EffcoreError("--resolution and --broken say how the data of --data is read. Give them together with it.")
        return know(home)
    if not keep:
        return _take(home, brought, keep=False, say=say)
    home.mkdir(parents=True, exist_ok=True)
    with locked(home, "own"):
        return _take(home, brought, keep=True, say=say)


def _take(home: Path, brought: Brought, *, keep: bool, say: Callable[[str], None]) -> Registry:
    from effcore.forecast import core_count
    from effcore.own.data import check_resolution, fresh

    check_resolution(brought.resolution)
    now = registry.read(home)
    data = dict(now.data)
    for text in brought.data:
        name, path = split_pair(text, option="--data")
        own.check_name(name, what="task", shipped=SHIPPED_TASKS)
        data[name] = fresh(
            name, path, broken=brought.broken, resolution=brought.resolution, known=data.get(name), home=home, keep=keep, threads=core_count()
        )
        _say_changes(now.data.get(name), data[name], say)
    new = replace(now, data=data)
    with _known:
        _register(new, home)
        if keep:
            registry.write(home, new)
        _state["stamp"] = (str(home), stamp(home))
    return new


def split_pair(text: str, *, option: str) -> tuple[str, Path]:
    """Name and path of `NAME=PATH`.

    Raises:
        EffcoreError: It is no such text.
    """
    name, separator, path = text.partition("=")
    if not separator or not name or not path:
        raise EffcoreError(f"{option} must be NAME=PATH, as {option} pets=photos/pets. Got {text!r}.")
    return name, Path(path).expanduser().resolve()


def refresh(home: Path, task: str, *, keep: bool = True, say: Callable[[str], None] = lambda text: None) -> None:
    """Look whether the data of a task is still as it was read, and read it again where it is not.

    Args:
        home: The state folder.
        task: Name of a task; one that ships is left alone.
        keep: Whether what is read is kept.
        say: As for `bring`.

    Raises:
        EffcoreError: It is gone or can't be used.
    """
    source = know(home).data.get(task)
    if source is None or not source.path:
        return
    from effcore.forecast import core_count
    from effcore.own.data import fresh

    new = fresh(
        task, Path(source.path), broken="skip" if source.broken == "skip" else "refuse", resolution=source.resolution, known=source,
        home=home, keep=keep, threads=core_count(),
    )  # fmt: skip
    if new == source:
        return
    _say_changes(source, new, say)
    with _known:
        if keep:
            with locked(home, "own"):
                now = registry.read(home)
                registry.write(home, replace(now, data=dict(now.data) | {task: new}))
        _register(replace(known(), data=dict(known().data) | {task: new}), home)
        _state["stamp"] = (str(home), stamp(home))


def pinned(home: Path) -> str:
    """Keep what this process knows, for its children, and name it."""
    return pin(home, known())


def _say_changes(before: DataSource | None, after: DataSource, say: Callable[[str], None]) -> None:
    if before is not None and before.task.fingerprint != after.task.fingerprint:
        say(f"The data of {after.task.name!r} is not what it was: what was found before is of other images.")
    if before is None or before.task != after.task:
        task = after.task
        say(f"{task.name}: {task.summary} {task.train:,} for training, {task.validation:,} for validation, {task.test:,} for testing.")


def _register(new: Registry, home: Path) -> None:
    """Put what is new into the catalogue and take out what is gone; every name is there all the time."""
    for name, source in new.data.items():
        own.READERS[name] = partial(_read, home, source.key, name)
        TASKS[name] = source.task
    for name in known().data.keys() - new.data.keys():
        del TASKS[name], own.READERS[name]
    _state["registry"] = new


def _read(home: Path, key: str, name: str) -> Any:
    from effcore.own.data import read_kept  # numpy and Pillow, which most commands can do without

    return read_kept(home, key, name)


def to_stderr(text: str) -> None:
    """Print a line on stderr."""
    print(text, file=sys.stderr)


__all__ = ["Brought", "Registry", "bring", "know", "known", "pinned", "refresh", "to_stderr"]
