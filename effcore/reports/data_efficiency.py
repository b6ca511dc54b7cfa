"""How much data and time each technique needs, as plain data: what `effcore data` prints."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from effcore.analysis.frontier import Variant
from effcore.analysis.learning_curves import fit_power_law, images_needed, time_to_accuracy
from effcore.catalogue import TASKS
from effcore.recipe import canonical, default_runtime, from_document
from effcore.tracking import Store


def read_data_efficiency(store: Store, *, sweep: str | None = None, target: float) -> dict[str, Any]:
    """For each recipe, whatever its share of the data, what a target accuracy takes of images and seconds.

    Args:
        store: Where the results are.
        sweep: Name or run id; the newest where it is None.
        target: Accuracy: on test for the number of images, on validation for the seconds.

    Returns:
        `sweep`, `task`, `synthetic`, `target`, `groups` and `left_out`; a group holds `name`, `steps`, `sizes` (for
        each number of images `images`, `accuracy`, `seeds` and `time_to_target_s`, one for each seed), `law` and
        `images_needed`, or `reason` where there is no law.

    Raises:
        StoreError: There is no such sweep.
    """
    record = store.sweep(sweep)
    groups: dict[str, list[Variant]] = defaultdict(list)
    left_out = []
    for variant in _own(store.variants(sweep=record.run_id)):
        if variant.status == "FINISHED" and "accuracy" in variant.metrics:
            groups[_whatever_the_share(variant.recipe)].append(variant)
        else:
            left_out.append({"run_id": variant.run_id, "name": variant.name, "reason": variant.error or variant.status.lower()})
    seconds = {v.run_id: time_to_accuracy(_curve(store, v), target) for group in groups.values() for v in group}
    task = TASKS[record.task]
    rows = [group_row(group, train=task.train, target=target, seconds=seconds) for group in groups.values()]
    return {
        "sweep": record.name, "task": task.name, "synthetic": task.synthetic, "target": target,
        "groups": sorted(rows, key=lambda row: str(row["name"])), "left_out": left_out,
    }  # fmt: skip


def group_row(
    variants: Sequence[Variant], *, train: int, target: float, seconds: Mapping[str, float | None]
) -> dict[str, Any]:
    """One recipe over its shares of the data.

    Args:
        variants: Finished ones that differ in `data_fraction` and seed only.
        train: Training images of the task.
        target: Accuracy.
        seconds: Until it was reached, by run id.
    """
    by_images: dict[int, list[Variant]] = defaultdict(list)
    for variant in sorted(variants, key=lambda v: v.seed):
        by_images[round(variant.metrics.get("data_fraction", 1.0) * train)].append(variant)
    row: dict[str, Any] = {"name": _name(variants[0].recipe), "steps": without_share(variants[0].recipe)["steps"]}
    row["sizes"] = [
        {
            "images": images, "accuracy": float(np.mean([v.metrics["accuracy"] for v in group])), "seeds": [v.seed for v in group],
            "time_to_target_s": [seconds[v.run_id] for v in group],
        }
        for images, group in sorted(by_images.items())
    ]  # fmt: skip
    runs = [(images, 1 - v.metrics["accuracy"]) for images, group in by_images.items() for v in group]
    if any(error <= 0 for _, error in runs):
        return row | {"law": None, "images_needed": None, "reason": "a run has no error, which no power law can follow"}
    try:
        law = fit_power_law([images for images, _ in runs], [error for _, error in runs])
    except ValueError as error:
        return row | {"law": None, "images_needed": None, "reason": str(error)}
    numbers = {name: {"value": getattr(law, name), "interval": list(law.interval(name))} for name in ("a", "b", "c")}
    return row | {"law": numbers | {"spread": law.spread}, "images_needed": asdict(images_needed(law, target))}


def without_share(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """A recipe's document with the whole of the data in every phase."""
    steps = [
        {name: values | ({"data_fraction": 1.0} if name == "training" else {})}
        for step in recipe["steps"]
        for name, values in step.items()
    ]
    return {"task": recipe["task"], "steps": steps}


def _whatever_the_share(recipe: Mapping[str, Any]) -> str:
    return canonical(without_share(recipe))


def _name(recipe: Mapping[str, Any]) -> str:
    """What was done, in a few words: every step but the runtime that is meant anyhow."""
    read = from_document(without_share(recipe))
    shown = read.steps if read.runtime != default_runtime() else read.steps[:-1]
    return " · ".join(step.label for step in shown)


def _own(variants: Sequence[Variant]) -> list[Variant]:
    """Each recipe and seed once, whatever the environments it was measured in: accuracy does not depend on the batch."""
    first: dict[tuple[str, int], Variant] = {}
    for variant in sorted(variants, key=lambda v: (v.started_ms, v.run_id)):
        first.setdefault((variant.recipe_key, variant.seed), variant)
    return list(first.values())


def _curve(store: Store, variant: Variant) -> list[dict[str, float]]:
    rows: list[dict[str, float]] = json.loads(store.file(variant.run_id, "curve.json").read_text())
    return rows
