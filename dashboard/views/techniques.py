"""The techniques page as a value: what each technique did against the same recipe without it, in figures and in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from dashboard.quantities import ABSENT, MINUS, count, digits, show, tenths
from dashboard.theme import title
from effcore.analysis.changes import Change
from effcore.analysis.effect_sizes import Effect, Spread, effects_of, spread, tally, volume_lost
from effcore.analysis.frontier import Evidence, Frontier, Point, Variant, find_frontier
from effcore.analysis.verdict import NEEDED, RULES, Outcome, family, judge_all
from effcore.objectives import Metric, metric

COSTS = ("latency_ms", "size_mb", "model_ram_mb")
"""What a technique is weighed against accuracy by: the figures that verdicts are made of."""

MOST_FROM_RAW = 400
"""Points up to which changes are computed from raw results, a file or two each; beyond it from the stored intervals."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step in the plane: what it changed, and where it led from and to.

    Attributes:
        run_id: Of the point that it led to.
        factor, factor_low, factor_high: Cost divided by that of the parent, with its interval; the factor itself where there is none.
        gained, gained_low, gained_high: Points of accuracy against the parent.
        start, end: Cost and accuracy in percent, of the parent and of the point.
    """

    run_id: str
    name: str
    parent: str
    step: str
    technique: str
    outcome: Outcome
    factor: float
    factor_low: float
    factor_high: float
    gained: float
    gained_low: float
    gained_high: float
    start: tuple[float, float]
    end: tuple[float, float]
    cost_text: str
    accuracy_text: str
    why: str


@dataclass(frozen=True, kw_only=True)
class TechniqueRow:
    """One technique over all its steps.

    Attributes:
        cost, accuracy: Middle and quartiles; None where no step could be compared.
        outcomes: `7 helped, 2 trade-off`.
        lost: Share of the hypervolume, in percent, that is lost without it; None where there is no such volume.
    """

    technique: str
    title: str
    steps: tuple[Step, ...]
    cost: Spread | None
    accuracy: Spread | None
    cost_text: str
    accuracy_text: str
    outcomes: str
    lost: float | None


@dataclass(frozen=True, kw_only=True)
class TechniquesView:
    """All techniques that led from one measured point to another.

    Attributes:
        cost: The metric that accuracy is weighed against.
        rows: In the order of the catalogue.
        headline: What helped most, in one sentence.
        from_raw: Whether changes are from raw results, see `MOST_FROM_RAW`.
        points: Of the source, in its one environment.
    """

    cost: Metric
    rows: tuple[TechniqueRow, ...]
    headline: str
    environment: str
    from_raw: bool
    points: tuple[Point, ...]
    rules: tuple[str, ...] = RULES

    def row(self, technique: str) -> TechniqueRow | None:
        """The row of a technique."""
        return next((row for row in self.rows if row.technique == technique), None)


def techniques_view(
    own: Sequence[Variant],
    everything: Sequence[Variant],
    *,
    cost: str,
    environment: str | None,
    evidence: Callable[[Frontier], Evidence],
) -> TechniquesView:
    """The view of the steps of some variants.

    Args:
        own: Variants of the source.
        everything: Variants of the store, where parents are looked up too.
        cost: One of `COSTS`.
        environment: Key of the environment; the most frequent one where it is None.
        evidence: Reads the raw results behind points.
    """
    frontier = find_frontier(own, ("accuracy", cost), environment=environment)
    relatives = family(own, everything, environment=frontier.environment)
    from_raw = len(relatives.points) <= MOST_FROM_RAW
    known = evidence(replace(relatives, objectives=NEEDED)) if from_raw else Evidence()
    effects = effects_of(frontier.points, relatives.points, judge_all(frontier.points, relatives, known))
    names = list(dict.fromkeys(e.technique for e in effects))
    rows = tuple(_row(name, [e for e in effects if e.technique == name], frontier, cost) for name in names)
    return TechniquesView(
        cost=metric(cost),
        rows=rows,
        headline=_headline(rows, metric(cost)),
        environment=frontier.environment,
        from_raw=from_raw,
        points=frontier.points,
    )


def _row(technique: str, effects: Sequence[Effect], frontier: Frontier, cost: str) -> TechniqueRow:
    costs, accuracies = spread(effects, cost), spread(effects, "accuracy")
    optional_loss = volume_lost(frontier.points, frontier.objectives, technique) if _can_be_left_out(technique) else None
    return TechniqueRow(
        technique=technique,
        title=title(technique),
        steps=tuple(step for e in effects if (step := _step(e, cost)) is not None),
        cost=costs,
        accuracy=accuracies,
        cost_text=factor_words(costs),
        accuracy_text=points_words(accuracies),
        outcomes=", ".join(f"{number} {outcome}" for outcome, number in tally(effects).items()),
        lost=None if optional_loss is None else 100 * optional_loss,
    )


def _can_be_left_out(technique: str) -> bool:
    """Every recipe has an architecture, a training and a runtime: without these there would be no point at all."""
    return technique not in ("architecture", "training", "runtime")


def _step(effect: Effect, cost: str) -> Step | None:
    paid, accuracy = effect.change(cost), effect.change("accuracy")
    if paid is None or accuracy is None:
        return None
    low, high = _ends(paid)
    lost, won = _ends(accuracy)
    return Step(
        run_id=effect.child.run_id,
        name=effect.child.name,
        parent=effect.parent.name,
        step=effect.step,
        technique=effect.technique,
        outcome=effect.outcome,
        factor=paid.change,
        factor_low=low,
        factor_high=high,
        gained=100 * accuracy.change,
        gained_low=100 * lost,
        gained_high=100 * won,
        start=(paid.parent, 100 * accuracy.parent),
        end=(paid.value, 100 * accuracy.value),
        cost_text=paid.text,
        accuracy_text=accuracy.text.removeprefix("accuracy "),
        why="; ".join((*effect.verdict.reasons, *effect.verdict.notes)),
    )


def _ends(change: Change) -> tuple[float, float]:
    known = change.low is not None and change.high is not None
    return (change.low, change.high) if known else (change.change, change.change)  # type: ignore[return-value]


def factor_words(found: Spread | None) -> str:
    """`÷2.10 (÷2.40 to ÷1.90)`, middle and quartiles; the middle alone where they agree."""
    if found is None:
        return ABSENT
    middle, low, high = factor(found.median), factor(found.low), factor(found.high)
    return middle if low == high else f"{middle} ({low} to {high})"


def factor(ratio: float) -> str:
    """A ratio as people say it: `÷2.10`, `×1.31` or `same`."""
    if 0.995 < ratio < 1.005:
        return "same"
    return f"×{digits(ratio)}" if ratio > 1 else f"÷{digits(1 / ratio)}"


def points_words(found: Spread | None) -> str:
    """`+0.3 points (−0.1 to +0.6)`, middle and quartiles; the middle alone where they agree."""
    if found is None:
        return ABSENT
    middle, low, high = (signed(100 * v) for v in (found.median, found.low, found.high))
    return f"{middle} points" if low == high else f"{middle} points ({low} to {high})"


def signed(value: float) -> str:
    """One decimal with its sign; what rounds to nothing has none."""
    text = tenths(abs(value))
    return text if text == "0.0" else ("+" if value > 0 else MINUS) + text


def _headline(rows: Sequence[TechniqueRow], cost: Metric) -> str:
    """The technique without which most is lost, and what it does."""
    owed = [row for row in rows if row.lost is not None and row.lost >= 0.05]
    if not owed:
        return ""
    best = max(owed, key=lambda row: row.lost or 0.0)
    parts = [f"{cost.label.lower()} {factor(best.cost.median)}"] if best.cost else []
    parts += [f"accuracy {signed(100 * best.accuracy.median)} points"] if best.accuracy else []
    said = f" Its steps: {', '.join(parts)} in the middle of {count(len(best.steps), 'pair')}." if parts else ""
    return f"Most is owed to {best.title.lower()}: without it {tenths(best.lost or 0.0)} % of the dominated area is lost.{said}"


def step_hover(step: Step, cost: Metric) -> tuple[str, ...]:
    """What is said of a step under the pointer, a line each."""
    return (
        step.name,
        f"against {step.parent}",
        f"{cost.label} {show(cost, step.start[0])} to {show(cost, step.end[0])}",
        f"Accuracy {tenths(step.start[1])} % to {tenths(step.end[1])} %",
        step.cost_text,
        step.accuracy_text,
        f"verdict: {step.outcome}",
    )
