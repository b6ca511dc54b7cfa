"""From what a plug-in brings to the records of the catalogue, and out of it again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from effcore.catalogue import FAMILIES, TECHNIQUES, Family, Technique, own
from effcore.errors import EffcoreError
from effcore.own.brought import SHIPPED_TASKS
from effcore.own.plugins import guarded
from effcore.own.raw import Raw, class_names
from effcore.own.registry import PluginSource
from effcore.plugin import OwnArchitecture, OwnTask, OwnTechnique, Plugin

SHIPPED = {"family": frozenset(FAMILIES), "technique": frozenset(TECHNIQUES), "task": SHIPPED_TASKS}
"""What there is before anything is brought; this module is imported before that."""


def check_names(plugins: Mapping[PluginSource, Plugin], tasks: frozenset[str]) -> None:
    """Refuse names that are taken, by what ships or by another plug-in.

    Args:
        plugins: All that are to be known.
        tasks: Names of tasks that come from data.

    Raises:
        EffcoreError: One is.
    """
    taken: dict[str, set[str]] = {"family": set(), "technique": set(), "task": set(tasks)}
    for source, plugin in plugins.items():
        for what, entries in (("family", plugin.architectures), ("technique", plugin.techniques), ("task", plugin.tasks)):
            for entry in entries:
                own.check_name(entry.name, what=what, shipped=SHIPPED[what])
                if entry.name in taken[what]:
                    raise EffcoreError(f"The plug-in {source.origin} brings the {what} {entry.name!r}, which there is already. Rename one of them.")
                taken[what].add(entry.name)


def register(source: PluginSource, plugin: Plugin) -> set[tuple[str, str]]:
    """Put what a plug-in brings into the catalogue; tasks are put there by their data. Returns kind and name of each."""
    for entry in plugin.architectures:
        FAMILIES[entry.name] = _family(entry, source)
        own.BUILDERS[entry.name] = guarded(entry.build, source, f"building {entry.name!r} failed")
        own.SOURCES[f"family:{entry.name}"] = source.sha256[:16]
    for one in plugin.techniques:
        TECHNIQUES[one.name] = _technique(one, source)
        function = guarded(one.function, source, f"the technique {one.name!r} failed")
        places = {"contribute": (own.CONTRIBUTORS, own.FUNCTIONS), "transform": (own.FUNCTIONS,), "lower": (own.FUNCTIONS, own.CONVERTERS)}
        for place in places[one.role]:
            place[one.name] = function
        own.SOURCES[f"technique:{one.name}"] = source.sha256[:16]
    return {("family", e.name) for e in plugin.architectures} | {("technique", e.name) for e in plugin.techniques}


def forget(names: set[tuple[str, str]]) -> None:
    """Take out of the catalogue what `register` put there."""
    for kind, name in names:
        (FAMILIES if kind == "family" else TECHNIQUES).pop(name, None)
        for place in (own.BUILDERS,) if kind == "family" else (own.FUNCTIONS, own.CONTRIBUTORS, own.CONVERTERS):
            place.pop(name, None)
        own.SOURCES.pop(f"{kind}:{name}", None)


def _family(entry: OwnArchitecture, source: PluginSource) -> Family:
    card = entry.card
    return Family(
        name=entry.name, blocks=(), summary=card.summary, formula=card.formula, cost=card.cost, unhelpful=card.unhelpful, figure=card.figure,
        source=card.source, link=card.link, max_depth=entry.max_depth, refuses=dict(entry.refuses), scales=entry.scales, origin=source.origin,
    )  # fmt: skip


def _technique(entry: OwnTechnique, source: PluginSource) -> Technique:
    name, converts, card = entry.name, entry.converts, entry.card
    return Technique(
        name=name, title=card.name, category=entry.category, role=entry.role, parameters=entry.parameters, summary=card.summary,
        formula=card.formula, cost=card.cost, unhelpful=card.unhelpful, figure=card.figure, source=card.source, link=card.link,
        label=entry.label or (lambda config: name), converts=lambda config: converts, version=entry.version, origin=source.origin,
    )  # fmt: skip


def read_task(entry: OwnTask, source: PluginSource) -> Raw:
    """The images that a plug-in reads.

    Raises:
        EffcoreError: They are not what they must be.
    """
    images, labels = guarded(entry.read, source, f"reading the task {entry.name!r} failed")()
    images, labels = np.asarray(images), np.asarray(labels)
    classes = class_names([str(name) for name in entry.classes], Path(source.origin))
    good = images.dtype == np.uint8 and images.ndim == 4 and images.shape[1] in (1, 3) and labels.shape == images.shape[:1]
    if not good or not np.issubdtype(labels.dtype, np.integer) or len(labels) == 0:
        raise EffcoreError(
            f"The plug-in {source.origin}: {entry.name!r} must read images, uint8 (N, C, H, W) with 1 or 3 channels, and as many whole labels. "
            f"Got {images.dtype} {images.shape} and {labels.dtype} {labels.shape}."
        )
    if labels.min() < 0 or labels.max() >= len(classes) or images.max() > entry.levels:
        raise EffcoreError(
            f"The plug-in {source.origin}: labels of {entry.name!r} must be from 0 to {len(classes) - 1} and pixels at most {entry.levels}. "
            f"Got labels from {labels.min()} to {labels.max()} and pixels up to {images.max()}."
        )
    return Raw(images=images, labels=labels.astype(np.int64), classes=classes, split=None, levels=entry.levels, kind="a plug-in")


def facts_of(plugin: Plugin) -> dict[str, Any]:
    """Names of all that a plug-in brings, by kind, for the terminal."""
    kinds = (("architectures", plugin.architectures), ("techniques", plugin.techniques), ("tasks", plugin.tasks))
    return {kind: [entry.name for entry in entries] for kind, entries in kinds if entries}
