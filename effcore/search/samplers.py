"""Which candidate comes next: Optuna's strategies over a tree of decisions, each a function of the seed and of what was told."""

from __future__ import annotations

import hashlib
import logging
import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from effcore.search.trial import Trial
from effcore.spec.dimensions import Dimension, Node, active, dimensions, resolve

if TYPE_CHECKING:
    import optuna

CONDITIONAL = ("tpe",)
"""Strategies that know dimensions which are there at times only; the others are asked for all, and told of all."""

UNGUIDED = ("random", "qmc")
"""Strategies that look at no result."""


STARTED = ("tpe", "gp")
"""Strategies that begin with candidates that were drawn without looking at results."""

ANEW = 20
"""In a search of hundreds of candidates the strategy sees changed values a little later: telling 500 anew takes 0.05 to 0.1 s, at every look."""

SEVERAL = ("tpe",)
"""Strategies of which several proposals cost little."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How candidates are chosen.

    Attributes:
        strategy: Name of the catalogue, without grid.
        startup: Candidates that are drawn evenly at first, from a Sobol sequence.
        population: Candidates of a generation.
    """

    strategy: str = "tpe"
    seed: int = 0
    startup: int = 10
    population: int = 16


def derived_seed(seed: int, *parts: object) -> int:
    """A seed for one purpose, which depends on nothing but the seed and the purpose."""
    text = ":".join(str(part) for part in (seed, *parts))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def even_draw(space: Sequence[Dimension], settings: Settings, *, number: int, salt: int = 0) -> dict[str, float]:
    """A candidate drawn evenly: at random, or as the element `number` of a scrambled Sobol sequence.

    Source: Owen 1998, https://doi.org/10.1006/jcom.1998.0487, as in `scipy.stats.qmc`.
    """
    if not space:
        return {}
    if settings.strategy == "qmc" and salt == 0:
        from scipy.stats import qmc

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a single point is no balanced set
            engine = qmc.Sobol(len(space), scramble=True, rng=np.random.default_rng(derived_seed(settings.seed, "qmc")))
            shares = engine.fast_forward(number).random(1)[0] if number else engine.random(1)[0]
    else:
        shares = np.random.default_rng(derived_seed(settings.seed, "draw", number, salt)).random(len(space))
    return {d.name: d.at(float(share)) for d, share in zip(space, shares, strict=True)}


def spread_draw(root: Node, space: Sequence[Dimension], settings: Settings, *, number: int) -> dict[str, float]:
    """A candidate of a scrambled Sobol sequence, as its strategy wants it: with or without what makes no difference."""
    drawn = even_draw(space, replace(settings, strategy="qmc"), number=number)
    return active(root, drawn) if settings.strategy in CONDITIONAL else drawn


class View:
    """What a strategy sees: an Optuna study in memory that holds every trial as far as it is known.

    Args:
        root: The tree of decisions.
        maximise: Direction of each objective.
        log: Which of them are compared by ratio; none where it is empty.
        settings: How candidates are chosen.
    """

    def __init__(self, root: Node, *, maximise: Sequence[bool], settings: Settings, log: Sequence[bool] = ()) -> None:
        self._root, self._space, self._settings = root, dimensions(root), settings
        self._maximise, self._log = tuple(maximise), tuple(log) or (False,) * len(maximise)
        self._study = optuna_study(self._maximise)
        self._seen: dict[int, Trial] = {}
        self._numbers: dict[int, int] = {}
        self._outdated = 0

    def see(self, trials: Sequence[Trial]) -> None:
        """See the trials as they are now; only what changed costs anything.

        Optuna takes no other values for a trial that has some: all are told anew, once in `len(trials) / ANEW` looks.
        """
        changed = [t for t in trials if self._seen.get(t.number) is not t]
        later = {t.number for t in changed if t.number in self._seen and self._seen[t.number].values is not None}
        self._outdated += bool(later)
        if self._outdated * ANEW > len(trials):
            self._study, self._numbers, self._outdated, changed, later = optuna_study(self._maximise), {}, 0, list(trials), set()
        now = [t for t in changed if t.number not in later]
        for trial in now:
            if trial.number in self._numbers:  # it was running and came to something
                self._study.tell(self._numbers.pop(trial.number), state=_failed())
            frozen = self.frozen(trial)
            if frozen is not None:
                number = len(self._study.get_trials(deepcopy=False))
                self._study.add_trial(frozen)
                if not frozen.state.is_finished():
                    self._numbers[trial.number] = number
        self._seen |= {t.number: t for t in now}

    def frozen(self, trial: Trial) -> optuna.trial.FrozenTrial | None:
        """A trial as Optuna sees it; None for one that failed, which says nothing."""
        import optuna

        states = optuna.trial.TrialState
        if trial.state == "failed":
            return None
        state = states.PRUNED if trial.state == "postponed" else states.RUNNING if trial.values is None else states.COMPLETE
        params, distributions = encode(self._space, trial.assignment)
        return optuna.create_trial(
            state=state, values=self._turned(trial.values) if state == states.COMPLETE and trial.values else None, params=params,
            distributions=distributions, system_attrs=dict(trial.marks),
            constraints={str(i): v for i, v in enumerate(trial.violations)} if state == states.COMPLETE else None,
        )  # fmt: skip

    def _turned(self, values: Sequence[float]) -> list[float]:
        """As they are compared."""
        return [math.log(max(v, 1e-12)) if by_ratio else v for v, by_ratio in zip(values, self._log, strict=True)]

    def propose(self, *, number: int, salt: int) -> tuple[dict[str, float], dict[str, Any]]:
        """A candidate, and what the strategy keeps with it; the study is left without it.

        Args:
            number: Of the trial that it is for.
            salt: Another one for another try.
        """
        with _quiet():
            self._study.sampler = make_sampler(self._settings, seed=derived_seed(self._settings.seed, "ask", number, salt))
            asked = self._study.ask()
            found: dict[str, float] = {}

            def pick(dimension: Dimension) -> float:
                if dimension.name not in found:
                    found[dimension.name] = _suggest(asked, dimension)
                return found[dimension.name]

            if self._settings.strategy not in CONDITIONAL:
                for dimension in self._space:
                    pick(dimension)
            resolve(self._root, pick)
            frozen = self._study.tell(asked, state=_failed())
            marks = {name: value for name, value in frozen.system_attrs.items() if name.endswith(":generation")}
        return found, marks


def _failed() -> Any:
    import optuna

    return optuna.trial.TrialState.FAIL


def optuna_study(maximise: Sequence[bool]) -> optuna.Study:
    """An empty study of Optuna in memory."""
    import optuna

    with _quiet():
        return optuna.create_study(directions=["maximize" if up else "minimize" for up in maximise])


class _quiet(warnings.catch_warnings):
    """Without Optuna's own words on every trial and on parts that it calls experimental."""

    def __enter__(self) -> Any:
        import optuna

        entered = super().__enter__()
        optuna.logging.set_verbosity(logging.ERROR)
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return entered


def make_sampler(settings: Settings, *, seed: int) -> optuna.samplers.BaseSampler:
    """Optuna's sampler of a strategy."""
    from optuna import samplers

    makers: dict[str, Callable[[], samplers.BaseSampler]] = {
        "tpe": lambda: samplers.TPESampler(seed=seed, multivariate=True, group=True, n_startup_trials=settings.startup, constant_liar=True),
        "gp": lambda: samplers.GPSampler(seed=seed, n_startup_trials=settings.startup, warn_independent_sampling=False),
        "nsga2": lambda: samplers.NSGAIISampler(seed=seed, population_size=settings.population),
        "nsga3": lambda: samplers.NSGAIIISampler(seed=seed, population_size=settings.population),
    }
    return makers[settings.strategy]()


def sampler_name(settings: Settings) -> str:
    """What chooses, with its version, for the record."""
    import optuna
    import scipy

    if settings.strategy == "random":
        return f"numpy {np.__version__} PCG64"
    if settings.strategy == "qmc":
        return f"scipy {scipy.__version__} Sobol, scrambled"
    with _quiet():
        return f"optuna {optuna.__version__} {type(make_sampler(settings, seed=0)).__name__}"


@cache
def distribution(dimension: Dimension) -> optuna.distributions.BaseDistribution:
    """How Optuna sees a dimension."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if dimension.ordered:
        return IntDistribution(0, len(dimension.labels) - 1)
    if dimension.labels:
        return CategoricalDistribution(dimension.labels)
    if dimension.whole:
        return IntDistribution(int(dimension.low), int(dimension.high), log=dimension.log, step=int(dimension.step or 1))
    return FloatDistribution(dimension.low, dimension.high, log=dimension.log, step=dimension.step)


def encode(space: Sequence[Dimension], assignment: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Parameters and distributions of Optuna for the decisions that were made."""
    there = [d for d in space if d.name in assignment]
    values = {d.name: assignment[d.name] for d in there}
    params = {
        d.name: d.labels[int(values[d.name])] if d.labels and not d.ordered else int(values[d.name]) if d.ordered or d.whole else values[d.name]
        for d in there
    }
    return params, {d.name: distribution(d) for d in there}


def _suggest(trial: optuna.Trial, dimension: Dimension) -> float:
    if dimension.ordered:
        return float(trial.suggest_int(dimension.name, 0, len(dimension.labels) - 1))
    if dimension.labels:
        return float(dimension.labels.index(trial.suggest_categorical(dimension.name, dimension.labels)))
    if dimension.whole:
        low, high, step = int(dimension.low), int(dimension.high), int(dimension.step or 1)
        return float(trial.suggest_int(dimension.name, low, high, step=step, log=dimension.log))
    return dimension.fitted(trial.suggest_float(dimension.name, dimension.low, dimension.high, step=dimension.step, log=dimension.log))
