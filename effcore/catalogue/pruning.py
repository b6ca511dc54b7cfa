"""Taking away what matters least."""

from __future__ import annotations

from typing import Literal

from effcore.catalogue.record import Parameters, Technique, parameter


class Pruning(Parameters):
    """What is removed, how much of it and what follows."""

    structure: Literal["channels"] = parameter("channels", help="What is removed: whole channels, which makes every dense runtime faster.")
    amount: float = parameter(0.5, gt=0, lt=1, help="Share of the channels of every layer that is removed.")
    criterion: Literal["l1", "l2"] = parameter("l2", help="Norm of a channel's weights, over all layers that share it, by which it is judged.")
    fine_tune: int = parameter(1, ge=0, le=1000, unit="epochs", help="Epochs of training afterwards, with the learning steps of the phase before.")
    round_to: int = parameter(8, ge=1, le=64, unit="channels", help="Channels that remain are a multiple of this.")


PRUNING = Technique(
    name="pruning",
    title="Pruning",
    category="compression",
    role="transform",
    parameters=Pruning,
    summary="The channels with the smallest weights are cut out of the network, in every layer that shares them, "
    "and the rest is trained a little more. "
    "The network that remains is smaller and dense, so that it is faster in any runtime.",
    formula="keep the (1 - amount) * C channels with the largest norm of their weights",
    source="Fang et al. 2023, DepGraph: Towards Any Structural Pruning; Li et al. 2017, Pruning Filters",
    link="https://arxiv.org/abs/2301.12900",
    label=lambda config: f"prune {config.amount:.0%}",
)
