"""What a search came to as a value: hypervolume over compute, the frontier at any moment, what matters, what was saved."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from dashboard.quantities import count, digits, duration, show
from dashboard.theme import title
from effcore.objectives import METRICS, Metric, maximise, searched
from effcore.pareto import pareto_mask, staircase
from effcore.search.analysis import Gap, Growth, fates, growth, importance, savings, wanted, widest_gap
from effcore.search.history import History, Tried


@dataclass(frozen=True, kw_only=True)
class SearchView:
    """One search.

    Attributes:
        headline: What was tried, for how much.
        lines: What was saved, predicted and left, a sentence each.
        growth: None where nothing that keeps the constraints has finished.
        reference: Normalisation and reference point in words.
        importance: Shares in percent by objective and parameter, largest first.
        reasons: Why candidates failed, were refused or put off, with how many.
        gap: The widest gap of the frontier.
    """

    history: History
    headline: str
    lines: tuple[str, ...]
    growth: Growth | None
    reference: str
    importance: dict[str, tuple[tuple[str, float], ...]]
    reasons: tuple[tuple[str, int], ...]
    gap: Gap | None

    @property
    def steps(self) -> int:
        """Moments that can be replayed: one after each candidate that finished and keeps the constraints."""
        return len(wanted(self.history))


def search_view(history: History) -> SearchView:
    """The view of a history."""
    grown = growth(history)
    counted = ", ".join(f"{number} {fate}" for fate, number in fates(history).items())
    return SearchView(
        history=history,
        headline=f"{history.sampler} tried {count(len(history.tried), 'candidate')} for {duration(history.core_s)} of a core: {counted}.",
        lines=_lines(history),
        growth=grown,
        reference=_reference(grown) if grown else "",
        importance={name: tuple((p, 100 * s) for p, s in shares.items()) for name, shares in importance(history).items()},
        reasons=tuple(sorted({(t.reason, sum(o.reason == t.reason for o in history.tried)) for t in history.tried if t.reason})),
        gap=widest_gap(history),
    )


def of_moment(history: History, done: Collection[str]) -> History:
    """A search as it was when only some of its candidates had been written: those, and what it had cost by the last of them.

    Args:
        history: As it is now.
        done: Keys of the recipes that had been.
    """
    if all(tried.recipe in done for tried in history.finished):
        return history
    kept = tuple(t for t in history.tried if t.fate == "finished" and t.recipe in done)
    return replace(history, tried=kept, core_s=max((t.core_s for t in kept), default=0.0))


def _lines(history: History) -> tuple[str, ...]:
    saved = savings(history)
    said = [
        f"Saved {duration(max(saved.net_s, 0.0))} of a core: {duration(saved.sharing_s)} by sharing, {duration(saved.stopping_s)} by stopping, "
        f"{duration(saved.postponing_s)} by putting off (forecast), less {duration(saved.choosing_s)} to choose"
        + (f" and {duration(saved.sounding_s)} to measure {count(history.sounded, 'structure')} before training." if history.sounded else ".")
    ]
    for name, (error, number) in history.prediction_error.items():
        said.append(f"Predicted {metric_label(name)} with a median error of {100 * error:.1f} % over {count(number, 'candidate')}.")
    if history.constraints:
        said.append(f"Constraints: {', '.join(history.constraints)}.")
    return tuple(said)


def metric_label(name: str) -> str:
    """`latency_ms` as words; a name that is no metric stays as it is."""
    return searched(name).label.lower() if name in METRICS else name


def parameter_label(name: str) -> str:
    """`training.batch_size` as words: `Training: batch size`."""
    step, _, field = name.partition(".")
    return f"{title(step)}: {field.replace('.', ' ').replace('_', ' ')}" if field else step


def _reference(grown: Growth) -> str:
    corner = ", ".join(f"{searched(name).label.lower()} {show(searched(name), value)}" for name, value in grown.scale.reference.items())
    return f"Reference point: {corner}. Each objective scaled to what finished, so that hypervolumes of different searches don't compare."


@dataclass(frozen=True, kw_only=True)
class Moment:
    """The frontier of the first two objectives after so many finished candidates.

    Attributes:
        x, y: Metrics.
        points: Cost and quality in the units of the axes, with the name and whether it is on the frontier then.
        stairs: Corners of the staircase.
        later: Points that had not finished yet.
        text: In words.
    """

    x: Metric
    y: Metric
    points: tuple[tuple[float, float, str, bool], ...]
    stairs: tuple[tuple[float, float], ...]
    later: tuple[tuple[float, float], ...]
    text: str


def moment(history: History, step: int) -> Moment | None:
    """The frontier when that many candidates had finished; None with one objective or nothing finished.

    Args:
        history: The search.
        step: From 1 to how many finished.
    """
    done = [t for t in wanted(history) if t.values]
    if len(history.objectives) < 2 or not done:
        return None
    y, x = (searched(name) for name in history.objectives[:2])
    now = done[: max(1, step)]
    mask = pareto_mask([_pair(t) for t in now], maximise=maximise(history.objectives[:2]))
    points = tuple((_scaled(x, t.values[1]), _scaled(y, t.values[0]), t.name, bool(on)) for t, on in zip(now, mask, strict=True) if t.values)
    front = [p for p in points if p[3]]
    corners = staircase([p[0] for p in front], [p[1] for p in front], maximise_x=x.maximise)
    return Moment(
        x=x, y=y, points=points, stairs=tuple(zip(corners[0].tolist(), corners[1].tolist(), strict=True)),
        later=tuple((_scaled(x, t.values[1]), _scaled(y, t.values[0])) for t in done[len(now) :] if t.values),
        text=f"After {duration(now[-1].core_s)} of a core: {count(len(now), 'candidate')} finished, {len(front)} on the frontier.",
    )  # fmt: skip


def _pair(tried: Tried) -> tuple[float, ...]:
    return tuple((tried.values or ())[:2])


def _scaled(which: Metric, value: float) -> float:
    return 100 * value if which.percent else value


def share_of_growth(grown: Growth, shares: Sequence[float] = (0.5, 0.9, 1.0)) -> tuple[str, ...]:
    """When so much of the final hypervolume had been reached, and whether it still grows."""
    last = grown.hypervolume[-1]
    said = []
    for share in shares:
        at = next(s for s, v in zip(grown.core_s, grown.hypervolume, strict=True) if v >= share * last - 1e-12)
        said.append(f"{share:.0%} of it after {duration(at)}".replace("%", " %"))
    half = len(grown.core_s) // 2
    gained = (last - grown.hypervolume[half - 1]) / last if last and half else 0.0
    tail = f"the second half of the candidates added {digits(100 * gained)} %" if half else ""
    return (*said, tail) if tail else tuple(said)


def learning(history: History) -> tuple[tuple[str, tuple[float, ...], str], ...]:
    """Of every candidate that came to more than one rung, the best first: name, first objective at each in the unit of an axis, and its end."""
    which = searched(history.objectives[0])
    rows = [(t.name, tuple(_scaled(which, r[0]) for r in t.rungs), t.fate) for t in history.tried if len(t.rungs) > 1]
    return tuple(sorted(rows, key=lambda row: -float(np.max(row[1])) if which.maximise else float(np.min(row[1]))))
