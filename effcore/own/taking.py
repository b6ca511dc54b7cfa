"""What a command names, taken in beside what is known: checked, read and described."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from effcore.cache import Cache
from effcore.catalogue import own
from effcore.catalogue.own import Checkpoint
from effcore.errors import EffcoreError
from effcore.measure.load import core_count
from effcore.own.brought import SHIPPED_TASKS, Brought, Say
from effcore.own.data import check_resolution, fresh, kept
from effcore.own.entries import check_names, facts_of, read_task
from effcore.own.listing import listing_of, sha256_of
from effcore.own.plugins import load, source_of
from effcore.own.prepare import prepare
from effcore.own.registry import DataSource, PluginSource, Registry
from effcore.plugin import OwnTask


def take(home: Path, now: Registry, brought: Brought, *, keep: bool, say: Say) -> Registry:
    """What is known afterwards.

    Args:
        home: The state folder.
        now: What is known before.
        brought: What is named.
        keep: Whether prepared data and code are put into the state folder.
        say: Gets a line on everything that is new.

    Raises:
        EffcoreError: Something can't be used.
    """
    check_resolution(brought.resolution)
    plugins = _plugins(home, now, brought, keep=keep, say=say)
    data = {name: source for name, source in now.data.items() if source.path or source.listing in {p.sha256 for p in plugins}}
    for text in brought.data:
        name, path = split_pair(text, option="--data")
        own.check_name(name, what="task", shipped=SHIPPED_TASKS)
        data[name] = fresh(
            name, path, broken=brought.broken, resolution=brought.resolution, known=data.get(name), home=home, keep=keep, threads=core_count()
        )
        say_changes(now.data.get(name), data[name], say)
    loaded = {source: load(source, home=home) for source in plugins}
    check_names(loaded, frozenset(name for name, source in data.items() if source.path))
    for source, plugin in loaded.items():
        for task in plugin.tasks:
            data[task.name] = _of_plugin(home, task, source, data.get(task.name), keep=keep)
            say_changes(now.data.get(task.name), data[task.name], say)
    return replace(now, data=data, plugins=plugins, checkpoints=_checkpoints(now, brought))


def _plugins(home: Path, now: Registry, brought: Brought, *, keep: bool, say: Say) -> tuple[PluginSource, ...]:
    """Files that are known, as they are now, then those that are new, then installed packages; a known file that is gone stays as it was."""
    files = {p.origin: p for p in now.plugins if not p.value}
    for path in dict.fromkeys([*(Path(origin) for origin in files if Path(origin).exists()), *(p.expanduser().resolve() for p in brought.plugins)]):
        source = source_of(path, home=home, keep=keep)
        if files.get(str(path)) != source:
            names = "; ".join(f"{kind} {', '.join(some)}" for kind, some in facts_of(load(source, home=home)).items())
            say(f"{path.name}: {names or 'nothing'}.")
        files[str(path)] = source
    return (*files.values(), *(p for p in now.plugins if p.value))


def _of_plugin(home: Path, task: OwnTask, source: PluginSource, known: DataSource | None, *, keep: bool) -> DataSource:
    """The data of a plug-in's task, read again where its code has changed."""
    if known is not None and known.listing == source.sha256 and (not keep or known.key in Cache(home).keys()):
        return known
    prepared = prepare(task.name, read_task(task, source), origin=source.origin)
    return kept(prepared, Cache(home), DataSource(
        path="", broken="refuse", resolution=None, listing=source.sha256, key="", task=prepared.task, health=prepared.health,
    ), keep=keep)  # fmt: skip


def again(home: Path, task: str, source: DataSource, plugins: Sequence[PluginSource], *, keep: bool, say: Say) -> DataSource:
    """The data of a task as it is now.

    Args:
        home: The state folder.
        task: Its name.
        source: As it was read.
        plugins: All that are known; one of them brings it where it has no path.
        keep: As for `take`.
        say: As for `take`.

    Raises:
        EffcoreError: It is gone or can't be used.
    """
    if not source.path:
        plugin = next(p for p in plugins if p.sha256 == source.listing)
        entry = next(t for t in load(plugin, home=home).tasks if t.name == task)
        return _of_plugin(home, entry, plugin, source, keep=keep)
    new = fresh(
        task, Path(source.path), broken="skip" if source.broken == "skip" else "refuse", resolution=source.resolution, known=source,
        home=home, keep=keep, threads=core_count(),
    )  # fmt: skip
    say_changes(source, new, say)
    return new


def _checkpoints(now: Registry, brought: Brought) -> dict[str, tuple[Checkpoint, str]]:
    """Weights by name; those that are known are looked at again, and one whose file is gone stays until it is used."""
    given = [split_pair(text, option="--checkpoint") for text in brought.checkpoints]
    for name, path in given:
        own.check_name(name, what="checkpoint", shipped=())
        if not path.is_file():
            raise EffcoreError(f"The weights of {name!r} must be a file at {path}. There is none. Give its place with --checkpoint {name}=PATH.")
    places = {name: Path(one.path) for name, (one, _) in now.checkpoints.items()} | dict(given)
    return {name: _checkpoint(name, path, now.checkpoints.get(name)) for name, path in places.items()}


def _checkpoint(name: str, path: Path, known: tuple[Checkpoint, str] | None) -> tuple[Checkpoint, str]:
    if known is not None and not path.is_file():
        return known
    listing = listing_of(path)
    if known is not None and known[0].path == str(path) and listing and known[1] == listing:
        return known
    return Checkpoint(name=name, path=str(path), sha256=sha256_of(path)), listing


def split_pair(text: str, *, option: str) -> tuple[str, Path]:
    """Name and path of `NAME=PATH`.

    Raises:
        EffcoreError: It is no such text.
    """
    name, separator, path = text.partition("=")
    if not separator or not name or not path:
        raise EffcoreError(f"{option} must be NAME=PATH, as {option} pets=photos/pets. Got {text!r}.")
    return name, Path(path).expanduser().resolve()


def say_changes(before: DataSource | None, after: DataSource, say: Say) -> None:
    """Tell what is new of data, and that results of before are of other images where it changed."""
    task = after.task
    if before is not None and before.task.fingerprint != task.fingerprint:
        say(f"The data of {task.name!r} is not what it was: what was found before is of other images.")
    if before is None or before.task != task:
        say(f"{task.name}: {task.summary} {task.train:,} for training, {task.validation:,} for validation, {task.test:,} for testing.")


__all__ = ["again", "say_changes", "split_pair", "take"]
