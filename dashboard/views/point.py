"""The page of a point as a value: its steps, its figures against its parent, and who dominates it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dashboard.form import in_order
from dashboard.quantities import better_by, change, improved, interval, show
from dashboard.views.records import plain_values
from effcore.analysis.changes import MEMORY_FACTOR, MEMORY_MB
from effcore.analysis.frontier import Frontier, Point, Variant, find_frontier
from effcore.catalogue import TECHNIQUES
from effcore.objectives import METRICS, metric

FIGURES = (
    "accuracy", "val_accuracy", "latency_ms", "latency_p90_ms", "latency_p99_ms", "latency_ratio", "load_ms", "size_mb",
    "size_compressed_mb", "size_huffman_mb", "peak_ram_mb", "model_ram_mb", "params", "nonzero_params", "macs",
    "train_s", "train_total_s", "train_epochs", "train_samples",
)  # fmt: skip
"""In the order of the page; what was not measured is left out."""

_OWN = {"train_s"}
"""Counted from the parent on, so that the parent's own says nothing beside it."""


@dataclass(frozen=True, kw_only=True)
class StepLine:
    """One step of the recipe.

    Attributes:
        parameters: All of them, as `amount 0.5, criterion l2`.
        new: Whether it is the step that leads from the parent.
    """

    technique: str
    label: str
    parameters: str
    new: bool


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One figure against that of the parent.

    Attributes:
        better: Whether it moved for the better; None where it did not move or there is no parent.
    """

    label: str
    value: str
    interval: str
    parent: str
    change: str
    better: bool | None
    help: str


@dataclass(frozen=True, kw_only=True)
class Relative:
    """Another point that this page leads to."""

    run_id: str
    name: str
    text: str


@dataclass(frozen=True, kw_only=True)
class PointView:
    """Everything that the page shows of the store's frame; files are read apart."""

    variant: Variant
    steps: tuple[StepLine, ...]
    figures: tuple[Figure, ...]
    parent: Relative | None
    parent_note: str
    verdict: str
    dominators: tuple[Relative, ...]
    children: tuple[Relative, ...]
    seeds: tuple[Relative, ...]
    elsewhere: tuple[Relative, ...]
    shared_structure: tuple[Relative, ...]


def point_view(
    variants: Sequence[Variant], run_id: str, *, objectives: Sequence[str] = ("accuracy", "latency_ms")
) -> PointView | None:
    """The view of one variant among its siblings.

    Args:
        variants: All of the store.
        run_id: Run of the variant; None is returned where there is none.
        objectives: Metrics of the verdict.
    """
    mine = next((v for v in variants if v.run_id == run_id), None)
    if mine is None:
        return None
    siblings = [v for v in variants if v.recipe.get("task") == mine.recipe.get("task") and v.sweep == mine.sweep]
    beside = [
        v for v in siblings if v.environment == mine.environment and v.run_id != run_id and v.status == "FINISHED"
    ]
    frontier = find_frontier(siblings, objectives, environment=mine.environment)
    point = next((p for p in frontier.points if any(v.run_id == run_id for v in p.variants)), None)
    parent = _parent(mine, variants)
    return PointView(
        variant=mine,
        steps=step_lines(mine),
        figures=figures(mine, parent),
        parent=_relative(parent, f"the step from it is {mine.step}") if parent else None,
        parent_note=_parent_note(mine, parent),
        verdict=_verdict(mine, point, frontier),
        dominators=_dominators(point, frontier),
        children=tuple(_relative(v, v.step) for v in beside if v.parent == mine.recipe_key and v.seed == mine.seed),
        seeds=tuple(
            _relative(v, f"seed {v.seed}") for v in beside if v.recipe_key == mine.recipe_key and v.seed != mine.seed
        ),
        elsewhere=tuple(
            _relative(v, show(metric("latency_ms"), v.metrics.get("latency_ms")))
            for v in siblings
            if (v.recipe_key, v.seed) == (mine.recipe_key, mine.seed) and v.environment not in ("", mine.environment)
        ),
        shared_structure=tuple(
            _relative(v)
            for v in beside
            if v.structure == mine.structure and v.recipe_key != mine.recipe_key and v.structure
        ),
    )


def _relative(variant: Variant, text: str = "") -> Relative:
    return Relative(run_id=variant.run_id, name=variant.name, text=text)


def _parent(mine: Variant, variants: Sequence[Variant]) -> Variant | None:
    """The parent with the same seed, measured in the same environment; one of the same sweep before others."""
    found = [
        v
        for v in variants
        if v.recipe_key == mine.parent
        and v.seed == mine.seed
        and v.environment == mine.environment
        and v.status == "FINISHED"
    ]
    return next((v for v in found if v.sweep == mine.sweep), found[0] if found else None)


def step_lines(variant: Variant) -> tuple[StepLine, ...]:
    """The recipe of a variant, step by step, with every parameter written out."""
    lines = []
    for entry in variant.recipe.get("steps", ()):
        for name, values in entry.items():
            lines.append(
                StepLine(
                    technique=name,
                    label=_label(name, values),
                    parameters=plain_values(in_order(name, values)),
                    new=name == variant.technique and bool(variant.step),
                )
            )
    newest = max((i for i, line in enumerate(lines) if line.new), default=None)
    return tuple(
        StepLine(technique=line.technique, label=line.label, parameters=line.parameters, new=i == newest)
        for i, line in enumerate(lines)
    )


def _label(technique: str, values: Mapping[str, Any]) -> str:
    """The catalogue's words for a step; empty where the recipe is older than the catalogue."""
    if technique not in TECHNIQUES:
        return ""
    record = TECHNIQUES[technique]
    try:
        return record.label(record.parameters.model_validate({k: v for k, v in values.items() if k != "version"}))
    except ValueError:
        return ""


def figures(variant: Variant, parent: Variant | None) -> tuple[Figure, ...]:
    """Every figure that was measured, in the order of the page."""
    rows = []
    for name in FIGURES:
        value = variant.metrics.get(name)
        if value is None:
            continue
        which, before = METRICS[name], parent.metrics.get(name) if parent and name not in _OWN else None
        moved = change(which, before, value)
        level = parent is not None and moved not in ("", "same") and overlap(name, variant.metrics, parent.metrics)
        little = moved not in ("", "same") and too_little(name, before, value)
        rows.append(
            Figure(
                label=which.label,
                value=show(which, value),
                interval=interval(which, variant.metrics.get(f"{name}_low"), variant.metrics.get(f"{name}_high")),
                parent=show(which, before) if before is not None else "",
                change=moved + (", within the interval" if level else ", too little to count" if little else ""),
                better=None if level or little else improved(which, before, value),
                help=which.help,
            )
        )
    return tuple(rows)


def overlap(name: str, mine: Mapping[str, float], other: Mapping[str, float]) -> bool:
    """Whether either figure lies within the interval of the other, so that the change may be chance."""
    for inner, outer in ((mine, other), (other, mine)):
        low, high = outer.get(f"{name}_low"), outer.get(f"{name}_high")
        if low is not None and high is not None and low < high and name in inner and low <= inner[name] <= high:
            return True
    return False


def too_little(name: str, before: float | None, value: float | None) -> bool:
    """Whether a memory moved by no more than verdicts call about the same: it is measured once, without an interval."""
    if name not in ("peak_ram_mb", "model_ram_mb") or before is None or value is None or min(before, value) <= 0:
        return False
    return max(before, value) / min(before, value) < MEMORY_FACTOR or abs(value - before) < MEMORY_MB


def _parent_note(mine: Variant, parent: Variant | None) -> str:
    if mine.parent is None:
        return "It has no parent: there is no step to undo."
    if parent is None:
        return f"Its parent, the same recipe without the step {mine.step or mine.technique}, was not measured."
    return ""


def _verdict(mine: Variant, point: Point | None, frontier: Frontier) -> str:
    names = " and ".join(metric(name).label.lower() for name in frontier.objectives)
    if mine.status == "FAILED":
        return "It failed, so that it is not among the points."
    if point is None:
        return f"It is not among the points of {names}: a figure is missing or the variant is not finished."
    if point.on_frontier:
        return f"On the frontier of {names}: no other of {len(frontier.points)} points is better on both."
    count = len(point.dominated_by)
    return f"Dominated on {names} by {count} point{'s' if count > 1 else ''} of the frontier."


def _dominators(point: Point | None, frontier: Frontier) -> tuple[Relative, ...]:
    if point is None:
        return ()
    relatives = []
    for key in point.dominated_by:
        other = frontier.point(key)
        if other is None:
            continue
        gains = [better_by(metric(n), other.metrics[n], point.metrics[n]) for n in frontier.objectives]
        relatives.append(
            Relative(
                run_id=other.run_id,
                name=other.name,
                text=", ".join(g for g in gains if g) or "better within the last digit",
            )
        )
    return tuple(relatives)
