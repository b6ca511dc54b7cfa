"""Lesson: how does one find good settings without trying them all?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from dashboard.lessons.lesson import Guess, Lesson, Truth, exact
from dashboard.lessons.recorded import Recorded

STRATEGIES = ("grid", "random", "bayesian")
CLOSE_POINTS = 1.0
SEEDS = 15
TRIES = 40


@dataclass(frozen=True)
class Course:
    """Best accuracy found after each try.

    Attributes:
        best: Median over the seeds, one value for each try.
        low, high: Quartiles.
        seconds: Training that was spent by then, median.
    """

    best: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    seconds: tuple[float, ...]


@dataclass(frozen=True)
class Landscape:
    """Recorded accuracy and seconds of every combination of three settings.

    Attributes:
        rates, widths, sizes: The values of each.
        accuracy, seconds: By combination, in the order of the three.
    """

    rates: tuple[float, ...]
    widths: tuple[float, ...]
    sizes: tuple[int, ...]
    accuracy: tuple[float, ...]
    seconds: tuple[float, ...]

    def index(self, rate: int, width: int, size: int) -> int:
        """Place of a combination."""
        return (rate * len(self.widths) + width) * len(self.sizes) + size


def landscape(recorded: Recorded) -> Landscape:
    """The recorded trainings."""
    rows = recorded.document["landscape"]
    values = {name: tuple(sorted({r[name] for r in rows})) for name in ("learning_rate", "width", "batch_size")}
    ordered = sorted(rows, key=lambda r: (r["learning_rate"], r["width"], r["batch_size"]))
    return Landscape(
        values["learning_rate"], values["width"], values["batch_size"], tuple(r["val_accuracy"] for r in ordered),
        tuple(r["seconds"] for r in ordered),
    )  # fmt: skip


@lru_cache(maxsize=16)
def tried(space: Landscape, strategy: str, seed: int) -> tuple[int, ...]:
    """Which combinations a strategy tries, in its order; searched for real, on the recorded landscape.

    Args:
        space: Of the recording.
        strategy: `grid` in the order of the table, `random`, or `bayesian`: Optuna's tree-structured Parzen estimator.
        seed: Of the strategy.
    """
    count = len(space.accuracy)
    if strategy == "grid":
        return tuple(range(min(TRIES, count)))
    if strategy == "random":
        return tuple(int(i) for i in np.random.default_rng(seed).permutation(count)[:TRIES])
    return _bayesian(space, seed)


def _bayesian(space: Landscape, seed: int) -> tuple[int, ...]:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    chosen: list[int] = []

    def objective(trial: Any) -> float:
        place = space.index(
            trial.suggest_int("rate", 0, len(space.rates) - 1), trial.suggest_int("width", 0, len(space.widths) - 1),
            trial.suggest_int("size", 0, len(space.sizes) - 1),
        )  # fmt: skip
        chosen.append(place)
        return space.accuracy[place]

    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=6))
    study.optimize(objective, n_trials=TRIES)
    return tuple(chosen)


@lru_cache(maxsize=8)
def course(space: Landscape, strategy: str) -> Course:
    """How a strategy gets on, over seeds; a combination that is tried again costs nothing."""
    best, seconds = [], []
    for seed in range(1 if strategy == "grid" else SEEDS):
        order = tried(space, strategy, seed)
        best.append(np.maximum.accumulate([space.accuracy[i] for i in order]))
        first = [order.index(i) == n for n, i in enumerate(order)]
        seconds.append(np.cumsum([space.seconds[i] if new else 0.0 for i, new in zip(order, first, strict=True)]))
    found: Callable[[float], tuple[float, ...]] = lambda q: tuple(float(x) for x in np.quantile(best, q, axis=0))  # noqa: E731
    return Course(found(0.5), found(0.25), found(0.75), tuple(float(x) for x in np.median(seconds, axis=0)))


def tries_until_close(space: Landscape, strategy: str) -> float | None:
    """Tries until the best found is within `CLOSE_POINTS` of the best there is, median over the seeds; None where never."""
    goal, found = max(space.accuracy) - CLOSE_POINTS / 100, []
    for seed in range(1 if strategy == "grid" else SEEDS):
        order = tried(space, strategy, seed)
        found.append(next((n for n, i in enumerate(order, start=1) if space.accuracy[i] >= goal), np.inf))
    middle = float(np.median(found))
    return middle if np.isfinite(middle) else None


def _truth(recorded: Recorded) -> Truth:
    space = landscape(recorded)
    tries = tries_until_close(space, "random")
    if tries is None:
        text = f"More than {TRIES} of {len(space.accuracy)}: of {SEEDS} searches at most half came so close."
        return Truth(value=TRIES, low=TRIES, high=len(space.accuracy), text=text)
    return exact(tries, f"{tries:g} of {len(space.accuracy)} in the median of {SEEDS} searches: many combinations are nearly as good as the best.")


def _learned(recorded: Recorded) -> tuple[str, ...]:
    space = landscape(recorded)
    found = {name: tries_until_close(space, name) for name in STRATEGIES}
    said = ", ".join(f"{name} {'never' if n is None else f'{n:g}'}" for name, n in found.items())
    return (
        f"Tries until one point from the best, median: {said} (of at most {TRIES}).",
        "A grid spends most of its tries on values that were bad already. "
        "Random tries take every setting at many values; Bayesian search asks a model of what was seen where it is likely to be good.",
        "Every try costs a training. What a search saves is counted in seconds of compute, its own included.",
    )


LESSON = Lesson(
    key="search", title="Hyper-parameter search", question="Ninety-six combinations of three settings. How many must be tried to find a good one?",
    guess=Guess(ask="How many random tries come within one point of the best combination, half of the time?", unit="tries", low=1, high=60, step=1),
    truth=_truth, learned=_learned,
)  # fmt: skip
