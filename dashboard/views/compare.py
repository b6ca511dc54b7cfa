"""Two to six points beside each other as a value: only what differs, and how sure that is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dashboard.form import in_order, point_document
from dashboard.form.spec_yaml import to_yaml
from dashboard.quantities import ABSENT, change, show
from dashboard.theme import title
from dashboard.views.point import FIGURES, overlap, too_little
from dashboard.views.records import plain_values
from effcore.analysis.changes import Change, accuracy_change, latency_change, memory_change, size_change
from effcore.analysis.frontier import Evidence, Frontier, Point, Variant, find_frontier
from effcore.analysis.verdict import NEEDED
from effcore.objectives import METRICS
from effcore.recipe import canonical

FEWEST, MOST = 2, 6
"""Points that can be compared: fewer have nothing to stand against, more can't be told apart by shape."""
LETTERS = "ABCDEF"


@dataclass(frozen=True, kw_only=True)
class Contender:
    """One of the points.

    Attributes:
        letter: A to F, by which charts and tables call it.
        task: Name of its task.
    """

    letter: str
    run_id: str
    name: str
    task: str
    point: Point


@dataclass(frozen=True, kw_only=True)
class Row:
    """Something in which the points differ.

    Attributes:
        values: One a point, in their order.
    """

    label: str
    values: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """One point against the reference.

    Attributes:
        letter, name: Of the point.
        lines: A sentence each for latency, accuracy, file and memory, as far as both have them.
        notes: What can't be compared, and why.
    """

    letter: str
    name: str
    lines: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class CompareView:
    """The points beside each other.

    Attributes:
        reference: Letter of the point that the others stand against.
        steps: Parameters in which the recipes differ.
        figures: Figures in which they differ, with the change against the reference.
        contrasts: Paired tests, a point each.
        missing: Runs that were asked for and can't be compared, with the reason.
    """

    contenders: tuple[Contender, ...]
    reference: str
    steps: tuple[Row, ...]
    figures: tuple[Row, ...]
    contrasts: tuple[Contrast, ...]
    missing: tuple[str, ...]

    @property
    def standard(self) -> Contender:
        """The point that the others stand against."""
        return next(c for c in self.contenders if c.letter == self.reference)

    @property
    def one_task(self) -> bool:
        """Whether all are of one task, so that they saw the same test images."""
        return len({c.task for c in self.contenders}) == 1


def read_points(text: str) -> tuple[str, ...]:
    """Run ids out of an address, each once."""
    return tuple(dict.fromkeys(part for part in (p.strip() for p in text.split(",")) if part))


def compare_view(
    variants: Sequence[Variant], run_ids: Sequence[str], *, reference: str = "", evidence: Callable[[Frontier], Evidence]
) -> CompareView:
    """The view of some points.

    Args:
        variants: All of the store.
        run_ids: In the order of the letters; those that are not there are named in `missing`.
        reference: Run of the point that the others stand against; the first where it is empty or not among them.
        evidence: Reads the raw results behind points; asked for these alone.
    """
    contenders: list[Contender] = []
    missing = []
    for run_id in run_ids:
        point, why = _point(variants, run_id)
        if point is None:
            missing.append(f"{run_id[:40]}: {why}")
        elif len(contenders) == MOST:
            missing.append(f"{point.name}: no more than {MOST} can be compared")
        elif all(c.run_id != point.run_id for c in contenders):
            task, letter = str(point.first.recipe.get("task", "")), LETTERS[len(contenders)]
            if any(c.point.key == point.key for c in contenders):
                point = _under_another_key(point, letter)
            contenders.append(Contender(letter=letter, run_id=point.run_id, name=point.name, task=task, point=point))
    standard = next((c for c in contenders if c.run_id == reference), contenders[0] if contenders else None)
    view = CompareView(
        contenders=tuple(contenders),
        reference=standard.letter if standard else "",
        steps=_steps(contenders),
        figures=(),
        contrasts=(),
        missing=tuple(missing),
    )
    if standard is None or len(contenders) < FEWEST:
        return view
    frontier = Frontier(objectives=NEEDED, environment="", points=tuple(c.point for c in contenders), left_out=())
    known = evidence(frontier)
    others = [c for c in contenders if c is not standard]
    return replace(
        view, figures=_figures(contenders, standard), contrasts=tuple(_contrast(c, standard, known, one_task=view.one_task) for c in others)
    )


def _point(variants: Sequence[Variant], run_id: str) -> tuple[Point | None, str]:
    """The point that a run belongs to, over its seeds; or why there is none."""
    mine = next((v for v in variants if v.run_id == run_id), None)
    if mine is None:
        return None, "there is no such run"
    if mine.status != "FINISHED":
        return None, f"{mine.name} has not finished, or failed"
    same = [v for v in variants if (v.recipe_key, v.sweep, v.environment) == (mine.recipe_key, mine.sweep, mine.environment)]
    points = find_frontier(same, ("accuracy",), environment=mine.environment).points
    return (points[0], "") if points else (None, f"{mine.name} has no accuracy")


def _under_another_key(point: Point, letter: str) -> Point:
    """A point whose recipe another sweep or environment has too: raw results are told apart by key."""
    return replace(point, variants=tuple(replace(v, recipe_key=f"{v.recipe_key}-{letter}") for v in point.variants))


def _steps(contenders: Sequence[Contender]) -> tuple[Row, ...]:
    tables = [_parameters(c.point.first.recipe) for c in contenders]
    rows = []
    for key in dict.fromkeys(key for table in tables for key in table):
        values = tuple(table.get(key, ABSENT) for table in tables)
        if len(set(values)) > 1:
            rows.append(Row(label=key, values=values))
    return tuple(rows)


def _parameters(recipe: Mapping[str, Any]) -> dict[str, str]:
    """Every parameter of a recipe by technique and name; a technique that occurs again is numbered."""
    found: dict[str, str] = {}
    seen: dict[str, int] = {}
    for entry in recipe.get("steps", ()):
        for technique, values in entry.items():
            seen[technique] = seen.get(technique, 0) + 1
            head = title(technique) + (f" {seen[technique]}" if seen[technique] > 1 else "")
            for name, value in in_order(technique, values).items():
                if name != "version":
                    found[f"{head}: {name.replace('_', ' ')}"] = plain_values(value)
    return found


def _figures(contenders: Sequence[Contender], standard: Contender) -> tuple[Row, ...]:
    """Figures that differ, each as `0.42 ms  ÷1.90`."""
    rows = []
    for name in FIGURES:
        which = METRICS[name]
        texts = [show(which, c.point.metrics.get(name)) for c in contenders]
        if len(set(texts)) < 2:
            continue
        moved = [_moved(name, c, standard) for c in contenders]
        values = tuple(f"{text}  {m}".rstrip() for text, m in zip(texts, moved, strict=True))
        rows.append(Row(label=which.label, values=values))
    return tuple(rows)


def _moved(name: str, mine: Contender, standard: Contender) -> str:
    """How a figure stands against the reference; ≈ where one lies within the interval of the other, or they differ by too little to count."""
    metrics, base = mine.point.metrics, standard.point.metrics
    said = "" if mine is standard else change(METRICS[name], base.get(name), metrics.get(name))
    level = overlap(name, metrics, base) or too_little(name, base.get(name), metrics.get(name))
    return f"{said} ≈" if said not in ("", "same") and level else said


def _contrast(mine: Contender, standard: Contender, evidence: Evidence, *, one_task: bool) -> Contrast:
    child, base = mine.point, standard.point
    seeds = tuple(sorted(set(child.seeds) & set(base.seeds)))
    notes = []
    found: list[Change | None] = []
    if child.first.environment == base.first.environment:
        found.append(latency_change(child, base, evidence))
    else:
        notes.append("latencies were measured in different environments and don't compare")
    if not one_task:
        notes.append("they are of different tasks, so that accuracies don't compare")
    elif not seeds:
        notes.append("they have no seed in common, so that accuracies are not compared pair by pair")
    else:
        found.append(accuracy_change(child, base, evidence, seeds=seeds))
    found += [size_change(child, base), memory_change(child, base)]
    if any(v.noisy for p in (child, base) for v in p.variants):
        notes.append("the machine was not quiet while latency was measured")
    return Contrast(letter=mine.letter, name=mine.name, lines=tuple(c.text for c in found if c is not None), notes=tuple(notes))


def compared_spec(view: CompareView) -> str:
    """The YAML that builds the points of one task again, each with every seed that one of them has."""
    first = view.contenders[0].point
    recipes = {canonical(c.point.first.recipe): c.point.first.recipe for c in view.contenders}
    documents = [point_document(recipe, name="compared", seed=0, objectives=()) for recipe in recipes.values()]
    seeds = sorted({seed for c in view.contenders for seed in c.point.seeds})
    return to_yaml(
        {
            "name": "compared", "task": first.first.recipe["task"], "objectives": ["accuracy", "latency_ms"], "seeds": seeds,
            "recipes": [document["recipe"] for document in documents],
        }
    )  # fmt: skip
