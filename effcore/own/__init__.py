"""What an operator brings: data, plug-ins and weights, named once on the command line and known from then on.

A spec and a page use the names only. In every process `know` fills the catalogue with what the state folder holds.
"""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

from effcore.cache import Cache
from effcore.catalogue import TASKS, own
from effcore.errors import EffcoreError
from effcore.home import locked
from effcore.own import registry
from effcore.own.brought import SHIPPED_TASKS, Brought, Say
from effcore.own.registry import DataSource, PluginSource, Registry, pin, stamp

VERSION_VARIABLE = "EFFCORE_OWN"
"""Which version of what the operator named the children of a sweep are to know."""


@dataclass
class _Known:
    """What the catalogue of this process holds beside what ships."""

    registry: Registry
    mark: object = None
    entries: frozenset[tuple[str, str]] = frozenset()


_lock = threading.RLock()
_state = _Known(Registry())


def known() -> Registry:
    """What the catalogue of this process holds beside what ships."""
    return _state.registry


def know(home: Path, *, version: str = "") -> Registry:
    """Fill the catalogue of this process with what the state folder holds; costs a look at one file where nothing changed.

    Args:
        home: The state folder.
        version: As `pinned` named it; what is known now where it is empty.

    Raises:
        EffcoreError: It can't be read, or a plug-in fails.
    """
    mark = (str(home), version or stamp(home))
    with _lock:
        if _state.mark != mark:
            _register(registry.read(home, version=version) if version else _read_all(home), home)
            _state.mark = mark
        return known()


def _read_all(home: Path) -> Registry:
    found = registry.read(home)
    return replace(found, plugins=(*found.plugins, *_installed()))


@cache
def _installed() -> tuple[PluginSource, ...]:
    from importlib.metadata import entry_points

    from effcore.plugin import GROUP

    if not entry_points(group=GROUP):
        return ()
    from effcore.own.plugins import installed

    return installed()


def bring(home: Path, brought: Brought, *, keep: bool = True, say: Say = lambda text: None) -> Registry:
    """Take in what a command names beside what is known already, and fill the catalogue.

    Args:
        home: The state folder.
        brought: What the command names.
        keep: Whether it is to be known from now on; without, nothing is written.
        say: Gets a line on everything that is new.

    Raises:
        EffcoreError: Something can't be used; then nothing is kept.
    """
    if not brought.data and (brought.resolution is not None or brought.broken != "refuse"):
        raise EffcoreError("--resolution and --broken say how the data of --data is read. Give them together with it.")
    now = _read_all(home)
    if not brought.anything and not now.plugins and not now.checkpoints:
        return know(home)
    from effcore.own import taking

    if not keep:
        return _use(taking.take(home, now, brought, keep=False, say=say), home)
    home.mkdir(parents=True, exist_ok=True)
    with locked(home, "own"):
        now = _read_all(home)
        new = _use(taking.take(home, now, brought, keep=True, say=say), home)
        if new != now:
            registry.write(home, new)
            _state.mark = (str(home), stamp(home))
    return new


def forget(home: Path, name: str) -> None:
    """Take data, weights or a plug-in out of what is known; their files stay where they are.

    Args:
        home: The state folder.
        name: Of data or weights; of a plug-in its path or the name of its file.

    Raises:
        EffcoreError: There is nothing of that name.
    """
    with locked(home, "own"):
        now = registry.read(home)
        plugins = tuple(p for p in now.plugins if name not in (p.origin, Path(p.origin).name) and Path(name).resolve() != Path(p.origin))
        gone = {p.sha256 for p in now.plugins} - {p.sha256 for p in plugins}
        new = Registry(
            data={n: s for n, s in now.data.items() if n != name and not (not s.path and s.listing in gone)}, plugins=plugins,
            checkpoints={n: c for n, c in now.checkpoints.items() if n != name},
        )  # fmt: skip
        if new == now:
            names = [*now.data, *now.checkpoints, *(Path(p.origin).name for p in now.plugins)]
            raise EffcoreError(f"Nothing of the name {name!r} was named with --data, --plugin or --checkpoint. Known: {', '.join(names) or 'none'}.")
        registry.write(home, new)


def refresh(home: Path, task: str, *, keep: bool = True, say: Say = lambda text: None) -> None:
    """Look whether the data of a task is still as it was read, and read it again where it is not.

    Args:
        home: The state folder.
        task: Name of a task; one that ships is left alone.
        keep: Whether what is read is kept.
        say: As for `bring`.

    Raises:
        EffcoreError: It is gone or can't be used.
    """
    source = known().data.get(task) or know(home).data.get(task)
    if source is None:
        return
    from effcore.own import taking

    new = taking.again(home, task, source, known().plugins, keep=keep, say=say)
    if new == source:
        return
    with _lock:
        if keep:
            with locked(home, "own"):
                now = registry.read(home)
                registry.write(home, replace(now, data=dict(now.data) | {task: new}))
        _use(replace(known(), data=dict(known().data) | {task: new}), home)


def restore(home: Path, task: str, *, say: Say = lambda text: None) -> None:
    """Have the prepared data of a task in the cache, from which it may have been freed; where it is there its source may be gone.

    Args:
        home: The state folder.
        task: Name of a task; one that ships is left alone.
        say: As for `bring`.

    Raises:
        EffcoreError: It was freed, and its source is gone or can't be used.
    """
    source = known().data.get(task) or know(home).data.get(task)
    if source is not None and source.key not in Cache(home).keys():
        refresh(home, task, say=say)


def pinned(home: Path) -> str:
    """Keep what this process knows, for its children, and name it."""
    return pin(home, known())


def _use(new: Registry, home: Path) -> Registry:
    with _lock:
        _register(new, home)
        _state.mark = (str(home), stamp(home))
    return new


def _register(new: Registry, home: Path) -> None:
    """Put what is new into the catalogue and take out what is gone; a name that stays is there all the time."""
    entries: set[tuple[str, str]] = set()
    if new.plugins:
        from effcore.own.entries import check_names, register
        from effcore.own.plugins import load

        plugins = {source: load(source, home=home) for source in new.plugins}
        check_names(plugins, frozenset(name for name, source in new.data.items() if source.path))
        for source, plugin in plugins.items():
            entries |= register(source, plugin)
    if _state.entries - entries:
        from effcore.own.entries import forget as forget_entries

        forget_entries(set(_state.entries - entries))
    for name, data in new.data.items():
        own.READERS[name] = partial(_read, home, data.key, name)
        TASKS[name] = data.task
    for name in known().data.keys() - new.data.keys():
        del TASKS[name], own.READERS[name]
    own.CHECKPOINTS.update({name: one for name, (one, _) in new.checkpoints.items()})
    for name in own.CHECKPOINTS.keys() - new.checkpoints.keys():
        del own.CHECKPOINTS[name]
    _state.registry, _state.entries = new, frozenset(entries)


def _read(home: Path, key: str, name: str) -> Any:
    from effcore.own.data import read_kept  # numpy and Pillow, which most commands can do without

    return read_kept(home, key, name)


def to_stderr(text: str) -> None:
    """Print a line on stderr."""
    print(text, file=sys.stderr)


__all__ = ["SHIPPED_TASKS", "Brought", "DataSource", "Registry", "bring", "forget", "know", "known", "pinned", "refresh", "restore", "to_stderr"]
