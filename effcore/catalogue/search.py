"""How a space is searched: the strategies, when candidates are stopped early, and what a search may cost."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from pydantic import ValidationInfo, field_validator

from effcore.catalogue.record import Card, Parameters, parameter, require_use
from effcore.errors import nearest
from effcore.objectives import METRICS

StrategyName = Literal["grid", "random", "qmc", "tpe", "gp", "nsga2", "nsga3", "one_shot"]
StoppingName = Literal["none", "asha", "hyperband"]

MOST_CONSTRAINTS = 8
RULE = re.compile(r"\s*([a-z0-9_]+)\s*(<=|>=)\s*([-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?)\s*")


@dataclass(frozen=True)
class Constraint:
    """A limit on a metric, as `latency_ms <= 1`.

    Attributes:
        at_least: Whether the limit is the smallest that is allowed; otherwise it is the largest.
    """

    metric: str
    limit: float
    at_least: bool

    def violation(self, value: float) -> float:
        """By how much a value breaks it, as a share of the limit; zero or less where it does not."""
        over = self.limit - value if self.at_least else value - self.limit
        return over / abs(self.limit) if self.limit else over

    @property
    def text(self) -> str:
        return f"{self.metric} {'>=' if self.at_least else '<='} {self.limit:g}"


def read_constraint(text: str) -> Constraint:
    """The constraint that a text of a spec stands for.

    Raises:
        ValueError: It is none; the text says what it must be.
    """
    match = RULE.fullmatch(text)
    if match is None:
        raise ValueError("a metric with a limit, as `latency_ms <= 1` or `accuracy >= 0.97`")
    name, sign, limit = match.groups()
    if name not in METRICS:
        raise ValueError(f"a limit on a metric; {name!r} is none. {nearest(name, METRICS)}")
    try:
        return Constraint(name, float(limit), sign == ">=")
    except ValueError:
        raise ValueError(f"a limit that is a number; {limit!r} is none") from None


class Budget(Parameters):
    """What a search may cost; the first limit that is reached ends it, and a larger one later goes on with it."""

    variants: int | None = parameter(None, ge=1, le=20_000, unit="variants", help="Candidates that are begun; none means no limit.")
    minutes: float | None = parameter(None, gt=0, le=100_000, unit="min", help="Minutes that it runs, over all of its runs; none means no limit.")
    core_s: float | None = parameter(
        None, gt=0, le=1e9, unit="s", help="Core-seconds: slots times seconds, idle ones charged too; none means no limit."
    )

    @property
    def limited(self) -> bool:
        """Whether it ends at all."""
        return not (self.variants is self.minutes is self.core_s is None)


_EARLY = ("seed", "budget", "constraints", "stopping", "reduction", "tie_break", "latency_first")
USES: dict[str, tuple[str, ...]] = {
    "grid": (), "random": _EARLY, "qmc": _EARLY, "tpe": (*_EARLY, "startup"), "gp": (*_EARLY, "startup"),
    "nsga2": (*_EARLY, "population"), "nsga3": (*_EARLY, "population"),
    "one_shot": ("seed", "budget", "constraints", "population", "screened"),
}  # fmt: skip
"""Fields that each strategy has a use for."""


class Search(Parameters):
    """How the space is searched."""

    strategy: StrategyName = parameter("grid", help="Which recipes are tried; grid: every recipe of the space, once for each seed.")
    seed: int = parameter(0, ge=0, lt=2**31, help="Of the choice; the same seed with the same results asks for the same candidates.")
    budget: Budget = parameter(Budget(), help="When it ends.")
    constraints: list[str] = parameter([], help="What a candidate must keep to be wanted, as `latency_ms <= 1`; accuracy means that on validation.")
    stopping: StoppingName = parameter("asha", help="Which candidates are trained to the end: all, or the best of each rung of training.")
    reduction: int = parameter(
        3, ge=2, le=10, help="One candidate in this many is promoted from a rung to the next; with latency_first one in this many stays behind."
    )
    tie_break: Literal["hypervolume", "crowding"] = parameter("hypervolume", help="Which of equally ranked candidates comes first.")
    latency_first: bool = parameter(
        True, help="Whether candidates that can't reach the frontier, by their predicted latency, size or memory, are put off; a structure is "
        "measured before it is trained where that is expected to cost less than the training it saves, and what is trained to its end is exported "
        "only where it may still add something."
    )
    startup: int = parameter(6, ge=1, le=1000, unit="candidates", help="First candidates that are drawn evenly, before results guide the choice.")
    population: int = parameter(16, ge=4, le=1000, unit="candidates", help="Candidates in a generation.")

    screened: int = parameter(
        200, ge=4, le=10_000, unit="networks", help="one_shot: sub-networks that are tried on validation; as many as the budget says are built."
    )

    @field_validator("budget", "constraints", "stopping", "reduction", "tie_break", "latency_first", "startup", "population", "seed", "screened")
    @classmethod
    def _has_a_use(cls, value: object, info: ValidationInfo) -> object:
        require_use(cls, value, info, by="strategy", uses=USES)
        return value

    @field_validator("constraints")
    @classmethod
    def _are_limits(cls, value: list[str]) -> list[str]:
        if len(value) > MOST_CONSTRAINTS:
            raise ValueError(f"a list of at most {MOST_CONSTRAINTS} limits")
        for text in value:
            read_constraint(text)
        return value

    @property
    def limits(self) -> tuple[Constraint, ...]:
        """The constraints, read."""
        return tuple(read_constraint(text) for text in self.constraints)

    @property
    def searches(self) -> bool:
        """Whether it chooses candidates one after the other; otherwise all recipes are run."""
        return self.strategy != "grid"


STRATEGIES: dict[str, Card] = {
    card.name: card
    for card in (
        Card(
            name="grid",
            summary="Every combination of the alternatives, each once for each seed. It is complete and easy to compare, step by step.",
            formula="n = n_1 * n_2 * ... * n_k",
            cost="n trainings, of which recipes share the parts that they have in common.",
            unhelpful="With more than a few parameters, or with ranges: most of its points differ in parameters that do not matter.",
            figure="Neural networks on several data sets: random trials find as good ones or better in a small fraction of the time of a grid",
            source="Bergstra and Bengio 2012, Random Search for Hyper-Parameter Optimization",
            link="https://www.jmlr.org/papers/v13/bergstra12a.html",
        ),
        Card(
            name="random",
            summary="Every candidate is drawn evenly, without looking at results. Each one tries a new value of every parameter, "
            "so that those which matter are searched finely. It is what every other strategy must beat.",
            formula="x ~ U(space)",
            cost="Nothing to choose a candidate.",
            unhelpful="Where good candidates are rare: it never learns from what it has seen.",
            figure="Deep belief networks, 32 parameters: as good as a careful grid and an expert together on four of seven data sets, better on one",
            source="Bergstra and Bengio 2012, Random Search for Hyper-Parameter Optimization",
            link="https://www.jmlr.org/papers/v13/bergstra12a.html",
        ),
        Card(
            name="qmc",
            summary="A scrambled Sobol sequence: as random, but each candidate falls into the largest gap of those before. "
            "It covers the space more evenly with the same number of candidates.",
            formula="D_N = O((log N)^k / N)",
            cost="Nothing to choose a candidate.",
            unhelpful="With many parameters and few candidates it is no better than random, and it does not learn from results either.",
            figure="Means of smooth functions: the variance falls almost as n^-3, that of random draws as n^-1 (a theorem)",
            source="Sobol 1967; Owen 1998, Scrambling Sobol and Niederreiter-Xing points",
            link="https://doi.org/10.1006/jcom.1998.0487",
        ),
        Card(
            name="tpe",
            summary="Keeps two densities of what was tried, one of the candidates on the first fronts and one of the rest, and takes "
            "what is likely under the first and unlikely under the second. "
            "It knows conditional parameters and several objectives. It is the strategy to begin with.",
            formula="x* = argmax l(x) / g(x)",
            cost="Little to choose a candidate, against a training.",
            unhelpful="With fewer candidates than its startup it is random search; with a handful of results it can settle too early.",
            figure="Benchmarks and the design of a convolutional network: fronts nearer to the true ones than those of the methods before it "
            "(Ozaki et al. 2022)",
            source="Bergstra et al. 2011, Algorithms for Hyper-Parameter Optimization; Ozaki et al. 2022, Multiobjective TPE",
            link="https://doi.org/10.1613/jair.1.13188",
        ),
        Card(
            name="gp",
            summary="Fits a Gaussian process to each objective and takes the candidate with the largest expected gain of hypervolume. It learns "
            "most from few results.",
            formula="x* = argmax E[HV(front + f(x)) - HV(front)]",
            cost="A second or more to choose a candidate, charged, with the third power of the results that there are.",
            unhelpful="Where training takes less than choosing, with hundreds of results, or with many parameters that only some recipes have.",
            figure="Test problems with several objectives: better fronts than the methods of its time, at a fraction of their time to choose",
            source="Daulton et al. 2020, Differentiable Expected Hypervolume Improvement",
            link="https://arxiv.org/abs/2006.05078",
        ),
        Card(
            name="nsga2",
            summary="An evolution: the best of a generation by front and crowding become parents, children mix and change their parameters. It "
            "needs no model.",
            formula="rank by front, then by crowding distance",
            cost="Nothing to choose a candidate, but many candidates: it pays with hundreds of cheap ones.",
            unhelpful="With fewer candidates than a few generations: the first generation is random search.",
            figure="M objectives, N candidates: sorted in O(M N^2), where the algorithm before took O(M N^3) and a parameter more",
            source="Deb et al. 2002, A Fast and Elitist Multiobjective Genetic Algorithm: NSGA-II",
            link="https://doi.org/10.1109/4235.996017",
        ),
        Card(
            name="nsga3",
            summary="As nsga2, but candidates of equal rank are kept by how near they are to evenly spread reference directions. "
            "It keeps the front spread with three and more objectives.",
            formula="rank by front, then by niche of the nearest reference line",
            cost="Nothing to choose a candidate, but many candidates.",
            unhelpful="With two objectives, where nsga2 does the same for less, and with few candidates.",
            figure="Test problems with 2 to 15 objectives: satisfactory on all of them, each of two rivals only on some",
            source="Deb and Jain 2014, An Evolutionary Many-Objective Optimization Algorithm (NSGA-III)",
            link="https://doi.org/10.1109/TEVC.2013.2281535",
        ),
        Card(
            name="one_shot",
            summary="One supernet is trained; hundreds of its sub-networks are tried on validation, with latencies from a table of measured parts, "
            "and NSGA-II looks for the front. Those on it, as many as the budget says, are cut out, exported and measured as any other variant.",
            formula="cost = T(supernet) + screened * t(statistics + validation) + budget * T(export, measure)",
            cost="One training, longer than a plain one, for as many networks as are asked for; each of them then costs its export and its "
            "measurement.",
            unhelpful="Where the supernet ranks sub-networks otherwise than training them alone does, which `effcore proxies` tells; and where "
            "only one network is wanted: training that alone costs less.",
            figure="Once-for-All on ImageNet: 80.0 % top-1 below 600 million multiply-adds, out of more than 10^19 sub-networks of one training",
            source="Cai et al. 2020, Once-for-All; Yu et al. 2020, BigNAS",
            link="https://arxiv.org/abs/1908.09791",
        ),
    )
}  # fmt: skip

STOPPINGS: dict[str, Card] = {
    card.name: card
    for card in (
        Card(
            name="none",
            summary="Every candidate is trained to the end. Nothing is misjudged by an early look.",
            formula="cost = n * epochs",
            cost="n full trainings.",
            unhelpful="Where most candidates are seen to be poor after a few epochs.",
            figure="Several learners and data sets: with more for promising candidates and less for poor ones comparable accuracy typically comes "
            "ten times as fast",
            source="Jamieson and Talwalkar 2016, Non-stochastic Best Arm Identification",
            link="https://arxiv.org/abs/1502.07943",
        ),
        Card(
            name="asha",
            summary="A candidate waits after each rung of its training; the best of a rung, one in `reduction`, go on where they stopped. With "
            "several objectives best means the front they are on, ties broken by hypervolume or crowding.",
            formula="promote x where rank(x) < floor(n_rung / reduction)",
            cost="Of n candidates about n / reduction are trained on at each rung. Waiting ones cost nothing and may go on later.",
            unhelpful="Where early accuracy says little of the final one, as with small learning rates or strong augmentation that start slowly.",
            figure="ASHA with 500 workers: half of the time of Vizier, and linear in the number of workers (Li et al. 2020); with several "
            "objectives, judging by the whole front is faster than by weighted sums",
            source="Schmucker et al. 2021, Multi-objective Asynchronous Successive Halving; Li et al. 2020, Massively Parallel Tuning",
            link="https://arxiv.org/abs/2106.12639",
        ),
        Card(
            name="hyperband",
            summary="Several asha side by side: each candidate belongs to a bracket, and later brackets judge for the first time at a higher rung. "
            "It hedges against early looks that mislead.",
            formula="candidates of bracket s in proportion to (s_max + 1) / (s_max - s + 1) * reduction^(s_max - s)",
            cost="More than asha: some brackets train all of their candidates longer before they judge.",
            unhelpful="Where early looks are good: the brackets that look late cost more and find the same.",
            figure="Deep and kernel-based learning: more than ten times as fast as Bayesian optimization",
            source="Li et al. 2018, Hyperband",
            link="https://arxiv.org/abs/1603.06560",
        ),
    )
}  # fmt: skip
