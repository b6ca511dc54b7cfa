"""Plug-ins: read from a file or found as an installed package, run once a process, named with file and line where they fail."""

from __future__ import annotations

import hashlib
import importlib.util
import linecache
import sys
import traceback
from collections.abc import Callable
from functools import wraps
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from effcore.errors import EffcoreError
from effcore.own.registry import FOLDER, PluginSource
from effcore.plugin import GROUP, OwnArchitecture, OwnTask, OwnTechnique, Plugin

NAME = "PLUGIN"
KEPT = "plugins"
PACKAGE = "package:"

_loaded: dict[PluginSource, Plugin] = {}
"""Of this process: code is run once, however often its registry is read."""


def source_of(path: Path, *, home: Path, keep: bool) -> PluginSource:
    """A file as a plug-in; a copy is kept, so that a sweep goes on with the code that it was begun with.

    Args:
        path: Of the file.
        home: The state folder.
        keep: Whether to keep the copy.

    Raises:
        EffcoreError: It can't be read.
    """
    try:
        code = path.read_bytes()
    except OSError as error:
        raise EffcoreError(f"The plug-in {path} can't be read: {error.strerror}. Give a Python file with --plugin FILE.") from error
    source = PluginSource(origin=str(path), value="", sha256=hashlib.sha256(code).hexdigest())
    kept = _kept(home, source)
    if keep and not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        aside = kept.with_suffix(".tmp")
        aside.write_bytes(code)
        aside.replace(kept)
    return source


def installed() -> tuple[PluginSource, ...]:
    """The plug-ins of installed packages, by name."""
    found = sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value))
    return tuple(PluginSource(origin=PACKAGE + point.name, value=point.value, sha256=_package_hash(point)) for point in found)


def load(source: PluginSource, *, home: Path) -> Plugin:
    """What a plug-in brings.

    Raises:
        EffcoreError: It fails, with file and line, or brings nothing.
    """
    if source not in _loaded:
        found = _from_package(source) if source.value else _from_file(source, home)
        if not isinstance(found, Plugin):
            raise EffcoreError(f"The plug-in {source.origin} must have a {NAME} made with effcore.plugin.Plugin. Got {type(found).__name__}.")
        _check(found, source)
        _loaded[source] = found
    return _loaded[source]


def guarded(function: Callable[..., Any], source: PluginSource, what: str) -> Callable[..., Any]:
    """A function of a plug-in, whose errors say where in it they are."""

    @wraps(function)
    def guard(*args: Any, **options: Any) -> Any:
        try:
            return function(*args, **options)
        except EffcoreError:
            raise
        except Exception as error:  # code of others may raise anything
            raise EffcoreError(_told(source, error, what)) from error

    return guard


def _kept(home: Path, source: PluginSource) -> Path:
    return home / FOLDER / KEPT / f"{source.sha256[:16]}.py"


def _from_file(source: PluginSource, home: Path) -> Any:
    """`PLUGIN` of a file, run under its own path, so that its errors name the file that the operator knows."""
    kept, path = _kept(home, source), Path(source.origin)
    file = kept if kept.exists() else path
    try:
        code = file.read_bytes()
    except OSError as error:
        raise EffcoreError(f"The plug-in {path} can't be read: {error.strerror}. Give its place with --plugin FILE.") from error
    if hashlib.sha256(code).hexdigest() != source.sha256:
        raise EffcoreError(f"The plug-in {path} has changed since the command began. Give the command again.")
    name = f"effcore_plugin_{source.sha256[:16]}"
    module = ModuleType(name)
    module.__file__ = source.origin
    sys.modules[name] = module  # dataclasses and pydantic look their module up
    try:
        exec(compile(code, source.origin, "exec"), module.__dict__)
    except (Exception, SystemExit) as error:  # code of others may raise anything
        del sys.modules[name]
        raise EffcoreError(_told(source, error, "it could not be loaded")) from error
    return getattr(module, NAME, None)


def _from_package(source: PluginSource) -> Any:
    point = EntryPoint(source.origin.removeprefix(PACKAGE), source.value, GROUP)
    if _package_hash(point) != source.sha256:
        raise EffcoreError(f"The plug-in {source.origin} has changed since the command began. Give the command again.")
    try:
        found = point.load()
    except (Exception, SystemExit) as error:  # code of others may raise anything
        raise EffcoreError(_told(source, error, "it could not be loaded")) from error
    return getattr(found, NAME, None) if isinstance(found, ModuleType) else found


def _package_hash(point: EntryPoint) -> str:
    """SHA-256 of all Python files of the package that an entry point is in, or of its module."""
    top = point.module.split(".")[0]
    spec = importlib.util.find_spec(top)
    places = [Path(p) for p in (spec.submodule_search_locations or ())] if spec else []
    files = sorted(file for place in places for file in place.rglob("*.py")) or ([Path(spec.origin)] if spec and spec.origin else [])
    sha = hashlib.sha256(point.value.encode())
    for file in files:
        sha.update(file.name.encode() + b"\0" + file.read_bytes())
    return sha.hexdigest()


def _told(source: PluginSource, error: BaseException, what: str) -> str:
    """File and line of a plug-in's mistake, the line itself, and what to do."""
    place, line = source.origin, ""
    if isinstance(error, SyntaxError) and error.filename:
        place, line = f"{error.filename}, line {error.lineno}", (error.text or "").strip()
    else:
        own = [f for f in traceback.extract_tb(error.__traceback__) if source.value or f.filename == source.origin]
        if own:
            place = f"{own[-1].filename}, line {own[-1].lineno}"
            line = linecache.getline(own[-1].filename, own[-1].lineno or 0).strip()
    shown = f" in `{line}`" if line else ""
    message = error.msg if isinstance(error, SyntaxError) else str(error)
    text = (message.strip().splitlines() or ["no message"])[0]
    return f"The plug-in {place}: {what}. {type(error).__name__}{shown}: {text}. Correct it there and give the command again."


def _check(plugin: Plugin, source: PluginSource) -> None:
    for kind, allowed in (("architectures", OwnArchitecture), ("techniques", OwnTechnique), ("tasks", OwnTask)):
        wrong = [type(entry).__name__ for entry in getattr(plugin, kind) if not isinstance(entry, allowed)]
        if wrong:
            raise EffcoreError(f"The plug-in {source.origin}: {kind} must hold {allowed.__name__}. Got {', '.join(wrong)}.")
    described: list[OwnArchitecture | OwnTechnique] = [*plugin.architectures, *plugin.techniques]
    bare = [e.name for e in described if not (e.card.summary and e.card.source)]
    if bare:
        raise EffcoreError(f"The plug-in {source.origin}: every card must have a summary and a source. Not so: {', '.join(bare)}.")
