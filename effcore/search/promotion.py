"""Who goes on from a rung of training to the next: successive halving by the front that a candidate is on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from effcore.pareto import ranking
from effcore.search.samplers import derived_seed


@dataclass(frozen=True, kw_only=True)
class Look:
    """What was seen of a candidate at a rung.

    Attributes:
        number: Of its trial.
        values: Of the objectives, as far as they are known there.
        violation: How much it breaks of its constraints, as far as that is known.
        promoted: Whether it has gone on already.
    """

    number: int
    values: tuple[float, ...]
    violation: float = 0.0
    promoted: bool = False


def promotable(
    looks: Sequence[Look], *, maximise: Sequence[bool], reduction: int, tie_break: Literal["hypervolume", "crowding"] = "hypervolume"
) -> list[int]:
    """Numbers of the candidates of one rung that may go on now, best first.

    Asynchronous successive halving: of n that were looked at, the best n / reduction. With one objective that is the usual rule.

    Args:
        looks: All candidates that were seen at the rung, promoted or not.
        maximise: Direction of each objective.
        reduction: One in this many goes on.
        tie_break: Of candidates on the same front.

    Source: Li et al. 2020, https://arxiv.org/abs/1810.05934; with several objectives Schmucker et al. 2021, https://arxiv.org/abs/2106.12639.
    """
    return [look.number for look in best_first(looks, maximise=maximise, tie_break=tie_break)[: len(looks) // reduction] if not look.promoted]


def best_first(
    looks: Sequence[Look], *, maximise: Sequence[bool], tie_break: Literal["hypervolume", "crowding"] = "hypervolume"
) -> list[Look]:
    """The candidates of a rung, best first."""
    values, broken = [look.values for look in looks], [look.violation for look in looks]
    return [looks[index] for index in ranking(values, maximise=tuple(maximise), violations=broken, tie_break=tie_break)]


def bracket_weights(levels: int, *, reduction: int) -> list[float]:
    """Share of the candidates that belongs to each bracket of Hyperband; bracket s is judged from rung s on.

    Args:
        levels: Rungs at which a candidate may be stopped.
        reduction: One candidate in this many goes on.

    Source: Li et al. 2018, https://arxiv.org/abs/1603.06560.

    Example:
        >>> [round(w, 2) for w in bracket_weights(2, reduction=3)]
        [0.55, 0.27, 0.18]
    """
    sizes = [(levels + 1) / (kept + 1) * reduction**kept for kept in range(levels, -1, -1)]
    sizes = [size / reduction**levels for size in sizes]
    return [size / sum(sizes) for size in sizes]


def bracket_of(number: int, *, levels: int, reduction: int, seed: int) -> int:
    """The bracket of a trial: drawn by the weights, the same for the same seed and number."""
    share, total = derived_seed(seed, "bracket", number) / 2**32, 0.0
    for bracket, weight in enumerate(bracket_weights(levels, reduction=reduction)):
        total += weight
        if share < total:
            return bracket
    return levels
