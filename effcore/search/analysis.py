"""What a search came to: hypervolume over compute, which parameters matter, what was saved, and where to look next."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from effcore.objectives import maximise, metric
from effcore.pareto import Floats, hypervolume, pareto_mask
from effcore.search.history import History, Tried, made_a_difference
from effcore.search.samplers import encode, optuna_study

BEYOND = 0.1
"""How far beyond the worst finished candidate the reference point lies, as a share of the range."""

FEWEST = 8
"""Finished candidates before the importance of parameters is estimated."""


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How objectives are brought to the range from 0, the best, to 1, the worst; by their logarithm where the metric suits one.

    Attributes:
        best, worst: Of each objective, in its own unit.
    """

    objectives: tuple[str, ...]
    best: tuple[float, ...]
    worst: tuple[float, ...]

    def costs(self, values: ArrayLike) -> Floats:
        """Shape (n, k), lower is better."""
        rows = np.array(values, dtype=np.float64).reshape(-1, len(self.objectives))
        columns = []
        for index, name in enumerate(self.objectives):
            best, worst, column = (_turned(name, v) for v in (self.best[index], self.worst[index], rows[:, index]))
            columns.append((column - best) / (worst - best if worst != best else 1.0))
        return np.stack(columns, axis=1)

    @property
    def reference(self) -> dict[str, float]:
        """The reference point of the hypervolume, in the units of the objectives."""
        point = {}
        for name, best, worst in zip(self.objectives, self.best, self.worst, strict=True):
            beyond = _turned(name, worst) + BEYOND * (_turned(name, worst) - _turned(name, best))
            point[name] = float(np.exp(beyond)) if metric(name).log else float(beyond)
        return point

    def hypervolume(self, values: Sequence[Sequence[float]]) -> float:
        """Of the scaled objectives up to the reference point; the square from the best to the worst counts 1, all of it 1.1^k."""
        if not len(values):
            return 0.0
        return hypervolume(self.costs(values), reference=[1 + BEYOND] * len(self.objectives), maximise=False)


def _turned(name: str, value: Any) -> Any:
    return np.log(np.maximum(value, 1e-12)) if metric(name).log else value


def scale_of(values: Sequence[Sequence[float]], objectives: Sequence[str]) -> Scale:
    """The scale that the values themselves span.

    Args:
        values: Shape (n, k), at least one.
        objectives: Names of the metrics.
    """
    rows, up = np.array(values, dtype=np.float64), np.array(maximise(tuple(objectives)))
    low, high = rows.min(axis=0), rows.max(axis=0)
    best, worst = np.where(up, high, low), np.where(up, low, high)
    return Scale(objectives=tuple(objectives), best=tuple(map(float, best)), worst=tuple(map(float, worst)))


@dataclass(frozen=True, kw_only=True)
class Growth:
    """Hypervolume of what had finished, over what the search had cost; it rises in steps.

    Attributes:
        scale: Normalisation and reference point.
        core_s: When each step was.
        hypervolume: After each step.
        numbers: The candidate that made it.
    """

    scale: Scale
    core_s: tuple[float, ...]
    hypervolume: tuple[float, ...]
    numbers: tuple[int, ...]


def wanted(history: History) -> list[Tried]:
    """Finished candidates that keep all constraints, in the order in which they finished."""
    return sorted((t for t in history.finished if t.violation <= 0 and t.values), key=lambda t: (t.core_s, t.number))


def growth(history: History, *, scale: Scale | None = None) -> Growth | None:
    """Hypervolume over core-seconds; None where nothing that keeps the constraints has finished.

    Args:
        history: The search.
        scale: To compare several searches; what this one spans where it is None.
    """
    done = wanted(history)
    if not done:
        return None
    values = [t.values or () for t in done]
    used = scale or scale_of(values, history.objectives)
    found = [used.hypervolume(values[: n + 1]) for n in range(len(values))]
    return Growth(
        scale=used, core_s=tuple(t.core_s for t in done), hypervolume=tuple(found), numbers=tuple(t.number for t in done)
    )  # fmt: skip


def nearest_miss(history: History) -> Tried | None:
    """The finished candidate that breaks the constraints least, where none keeps them."""
    done = history.finished
    return None if wanted(history) or not done else min(done, key=lambda t: (t.violation, t.number))


def importance(history: History) -> dict[str, dict[str, float]]:
    """How much each parameter decides each objective, by PED-ANOVA; the shares of one objective add up to one.

    An objective that is the same for all finished candidates is decided by none, and searches with few of them have none.

    Source: Watanabe et al. 2023, https://arxiv.org/abs/2304.10255, as in Optuna.
    """
    done = [t for t in history.finished if t.values]
    if len(done) < FEWEST:
        return {}
    import optuna

    study = optuna_study(maximise(history.objectives))
    for tried in done:
        params, distributions = encode(history.space, made_a_difference(history.space, tried.assignment))
        study.add_trial(optuna.create_trial(values=list(tried.values or ()), params=params, distributions=distributions))
    found = {}
    for index, name in enumerate(history.objectives):
        if len({t.values[index] for t in done if t.values}) < 2:
            continue
        evaluator = optuna.importance.PedAnovaImportanceEvaluator()

        def target(trial: Any, index: int = index) -> float:
            # The evaluator takes low values for good ones, whatever the direction of the study.
            return float(trial.values[index]) * (-1 if metric(history.objectives[index]).maximise else 1)

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that low values count as good ones
            shares = optuna.importance.get_param_importances(study, evaluator=evaluator, target=target)
        found[name] = {parameter: float(share) for parameter, share in shares.items()}
    return found


def fates(history: History) -> dict[str, int]:
    """How many candidates came to which end."""
    return dict(Counter(t.fate for t in history.tried))


@dataclass(frozen=True, kw_only=True)
class Savings:
    """Core-seconds that were not spent, as far as they can be known; what was not run is forecast.

    Attributes:
        sharing_s: Had no two variants shared a stage or a measurement.
        stopping_s: Rest of the candidates that wait at a rung.
        postponing_s: Candidates of which nothing was run.
        choosing_s: What the search itself took, on all its slots; to be taken off.
        sounding_s: Measuring structures before they were trained, where that served nothing else; to be taken off.
    """

    sharing_s: float
    stopping_s: float
    postponing_s: float
    choosing_s: float
    sounding_s: float

    @property
    def net_s(self) -> float:
        """All that was saved without what it cost to choose."""
        return self.sharing_s + self.stopping_s + self.postponing_s - self.choosing_s - self.sounding_s


SAVINGS = ("sharing", "stopping", "postponing", "choosing", "sounding", "net")


def savings(history: History) -> Savings:
    """What sharing, stopping and putting off have saved."""

    def rest(fate: str) -> float:
        return sum(t.saved_s for t in history.tried if t.fate == fate)

    return Savings(
        sharing_s=history.shared_s, stopping_s=rest("stopped"), postponing_s=rest("postponed"), choosing_s=history.choosing_s * history.slots,
        sounding_s=history.sounding_s,
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Gap:
    """The widest gap between two neighbours on the frontier.

    Attributes:
        between: The two candidates.
        width: Distance of the two in the scaled objectives.
        limits: Constraints within which a candidate would fall into the gap.
    """

    between: tuple[Tried, Tried]
    width: float
    limits: tuple[str, ...]


def widest_gap(history: History) -> Gap | None:
    """Where the frontier of the first two objectives has its widest gap; None with fewer than two different points on it or one objective."""
    done = [t for t in wanted(history) if t.values]
    if len(history.objectives) < 2 or len(done) < 2:
        return None
    pair, up = history.objectives[:2], maximise(history.objectives[:2])
    values = [(t.values or ())[:2] for t in done]
    costs = scale_of(values, pair).costs(values)
    front = sorted(np.flatnonzero(pareto_mask(values, maximise=up)), key=lambda i: (costs[i][0], costs[i][1]))
    steps = [(float(np.linalg.norm(costs[a] - costs[b])), int(a), int(b)) for a, b in zip(front, front[1:], strict=False)]
    if not steps or max(steps)[0] == 0:
        return None
    width, first, second = max(steps)
    limits = []
    for index, (name, more) in enumerate(zip(pair, up, strict=True)):
        ends = (values[first][index], values[second][index])
        limits.append(f"{name} >= {min(ends):.4g}" if more else f"{name} <= {max(ends):.4g}")
    return Gap(between=(done[first], done[second]), width=width, limits=tuple(limits))


def report(history: History) -> dict[str, Any]:
    """All of the analysis as one document of plain data, as `effcore search --json` prints it."""
    grown, missed, saved, gap = growth(history), nearest_miss(history), savings(history), widest_gap(history)
    return {
        "sweep": history.name, "strategy": history.strategy, "sampler": history.sampler, "seed": history.seed, "stopping": history.stopping,
        "objectives": list(history.objectives), "constraints": list(history.constraints), "elapsed_s": history.elapsed_s,
        "core_s": history.core_s, "slots": history.slots, "fates": fates(history),
        "hypervolume": None if grown is None else _growth(grown), "importance": importance(history),
        "saved_core_s": {name: round(getattr(saved, f"{name}_s"), 2) for name in SAVINGS},
        "sounded": history.sounded,
        "prediction_error": {name: {"median": e, "candidates": n} for name, (e, n) in history.prediction_error.items()},
        "nearest_miss": None if missed is None else {"number": missed.number, "name": missed.name, "violation": missed.violation},
        "gap": None if gap is None else {"between": [t.name for t in gap.between], "width": gap.width, "limits": list(gap.limits)},
        "reasons": _reasons(history.tried),
    }  # fmt: skip


def _growth(grown: Growth) -> Mapping[str, Any]:
    scale = grown.scale
    pairs = dict(zip(scale.objectives, zip(scale.best, scale.worst, strict=True), strict=True))
    return {
        "normalised": {name: {"best": best, "worst": worst, "log": metric(name).log} for name, (best, worst) in pairs.items()},
        "reference": scale.reference, "core_s": list(grown.core_s), "hypervolume": list(grown.hypervolume), "numbers": list(grown.numbers),
    }  # fmt: skip


def _reasons(tried: Sequence[Tried]) -> dict[str, int]:
    return dict(Counter(t.reason for t in tried if t.reason))
