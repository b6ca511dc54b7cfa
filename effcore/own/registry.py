"""What an operator named, kept in the state folder, so that later commands, the page and all workers know it too."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from effcore.catalogue import Task
from effcore.catalogue.own import Checkpoint
from effcore.errors import EffcoreError
from effcore.recipe import canonical, digest

_NAMED = ("name", "path", "sha256")
FOLDER, CURRENT = "own", "registry.json"


@dataclass(frozen=True, kw_only=True)
class DataSource:
    """Data that a task is made of.

    Attributes:
        path: Where it is; empty where a plug-in reads it.
        broken: `refuse` or `skip`.
        resolution: Side in pixels that was asked for; None where the data decides.
        listing: Names, sizes and times of all files, hashed; empty where they are so new that a change might not show.
        key: Of the prepared data in the cache.
        task: Record for the catalogue.
        health: As `prepare.Prepared`.
    """

    path: str
    broken: str
    resolution: int | None
    listing: str
    key: str
    task: Task
    health: Mapping[str, Any] = field(hash=False)

    @property
    def document(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(replace(self, task=replace(self.task, refuses={}))) | {"health": dict(self.health)}

    @staticmethod
    def of(document: Mapping[str, Any]) -> DataSource:
        """What `document` wrote."""
        task = document["task"]
        record = Task(**task | {"shape": tuple(task["shape"]), "classes": tuple(task["classes"])})
        return DataSource(**dict(document) | {"task": record})


@dataclass(frozen=True, kw_only=True)
class PluginSource:
    """Code that adds to the catalogue.

    Attributes:
        origin: Path of the file, or `package:NAME` of an entry point.
        value: `module:attribute` of an entry point; empty for a file.
        sha256: Of the code.
    """

    origin: str
    value: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Registry:
    """All that an operator named.

    Attributes:
        data: By name of the task.
        plugins: In the order in which they were given.
        checkpoints: By name, each with the listing by which a change of its file shows.
    """

    data: Mapping[str, DataSource] = field(default_factory=dict)
    plugins: tuple[PluginSource, ...] = ()
    checkpoints: Mapping[str, tuple[Checkpoint, str]] = field(default_factory=dict)

    @property
    def document(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "data": {name: source.document for name, source in sorted(self.data.items())},
            "plugins": [asdict(plugin) for plugin in self.plugins],
            "checkpoints": {name: asdict(one) | {"listing": listing} for name, (one, listing) in sorted(self.checkpoints.items())},
        }  # fmt: skip

    @property
    def files(self) -> Registry:
        """Without the plug-ins of installed packages, which are found anew in every process."""
        return replace(self, plugins=tuple(p for p in self.plugins if not p.value))

    @property
    def empty(self) -> bool:
        """Whether there is nothing."""
        return not (self.data or self.plugins or self.checkpoints)


def parse(text: str, *, source: Path) -> Registry:
    """What `Registry.document` is as JSON.

    Raises:
        EffcoreError: It is no such text.
    """
    try:
        document = json.loads(text)
        checkpoints = {name: (Checkpoint(**{k: one[k] for k in _NAMED}), one["listing"]) for name, one in document["checkpoints"].items()}
        return Registry(
            data={name: DataSource.of(one) for name, one in document["data"].items()},
            plugins=tuple(PluginSource(**one) for one in document["plugins"]), checkpoints=checkpoints,
        )  # fmt: skip
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise EffcoreError(
            f"{source} is not what effcore wrote there: {error}. Remove it and give --data, --plugin and --checkpoint again."
        ) from error


def read(home: Path, *, version: str = "") -> Registry:
    """What is known in a state folder.

    Args:
        home: The state folder.
        version: One that `pin` kept; what is known now where it is empty.

    Raises:
        EffcoreError: It can't be read.
    """
    path = home / FOLDER / (f"{version}.json" if version else CURRENT)
    try:
        return parse(path.read_text(), source=path)
    except FileNotFoundError:
        if version:
            raise EffcoreError(f"{path} is gone, which says what the operator named. Give the command again.") from None
        return Registry()
    except OSError as error:
        raise EffcoreError(f"{path} can't be read: {error.strerror}.") from error


def write(home: Path, registry: Registry) -> None:
    """Replace what is known in a state folder, whole or not at all."""
    _write(home / FOLDER / CURRENT, canonical(registry.files.document))


def pin(home: Path, registry: Registry) -> str:
    """Keep what is known under a name by content, so that all processes of a sweep see the same; empty where nothing is."""
    if registry.empty:
        return ""
    version = digest(registry.document)
    path = home / FOLDER / f"{version}.json"
    if not path.exists():
        _write(path, canonical(registry.document))
    return version


def stamp(home: Path) -> tuple[int, int, int]:
    """Changes with every `write`; costs a look at one file."""
    try:
        state = (home / FOLDER / CURRENT).stat()
    except OSError:
        return (0, 0, 0)
    return (state.st_ino, state.st_size, state.st_mtime_ns)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f"{path.name}.{uuid.uuid4().hex}.tmp")
    aside.write_text(text)
    os.replace(aside, path)
