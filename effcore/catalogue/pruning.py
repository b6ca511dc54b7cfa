"""Taking away what matters least."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ValidationInfo, field_validator, model_validator

from effcore.catalogue.record import Card, Parameters, Technique, parameter, require_use, with_first

CRITERIA: dict[str, tuple[str, ...]] = {
    "channels": ("l2", "l1", "taylor", "batch_norm", "activation", "apoz", "random"),
    "weights": ("l1", "taylor", "random"),
    "two_of_four": ("l1", "taylor", "random"),
    "blocks": ("activation", "l2", "l1", "taylor", "batch_norm", "random"),
}
"""Criteria that each structure can be judged by, the one that is meant first."""

USES: dict[str, tuple[str, ...]] = {
    "channels": ("scope", "rounds", "round_to"), "weights": ("scope", "rounds"), "two_of_four": (), "blocks": ("rounds",),
}  # fmt: skip
"""Parameters that each structure has a use for, beside its amount, its criterion and its fine-tuning."""

OF_THE_SCHEDULE: dict[str, tuple[str, ...]] = {"after": ("fine_tune", "rounds"), "gradual": (), "rewind": ("rounds", "rewind_to")}
"""Parameters that each schedule has a use for, of those that tell when weights go."""

SCHEDULED: tuple[str, ...] = ("weights", "two_of_four")
"""Structures that can go while a network is trained, or be trained anew from early weights."""

WHY_NOT: dict[str, str] = {
    "l2": "for a single weight it is the same as l1",
    "batch_norm": "batch normalization has one factor for a whole channel",
    "activation": "an activation is of a whole channel",
    "apoz": "zeros among activations are counted for each channel",
}
"""Why a criterion can't judge single weights, or, the last one, a block."""


class Pruning(Parameters):
    """What is removed, how much of it and what follows."""

    structure: Literal["channels", "weights", "two_of_four", "blocks"] = parameter(
        "channels",
        help="What is removed: whole channels, which makes every dense runtime faster; single weights, which become zero; "
        "two of every four inputs of a weight, which become zero; or whole blocks around which an identity shortcut leads.",
    )
    amount: float = parameter(
        0.5, gt=0, lt=1, help="Share of the channels of every layer, of the weights, or of the blocks that can go (rounded up), that is removed."
    )
    schedule: Literal["after", "gradual", "rewind"] = parameter(
        "after",
        help="When it goes: after the training, with fine-tuning; gradually during the training, by a cubic schedule, in which case the step "
        "shapes the phase that it stands in; or after the training, from whose beginning the weights that remain are then trained anew (rewind).",
    )
    criterion: Literal["l1", "l2", "taylor", "batch_norm", "activation", "apoz", "random"] = parameter(
        "l2",
        help="What a channel, over all layers that share it, a block or a weight is judged by: a norm of its weights, what the loss would change "
        "without it (taylor), its factor of batch normalization, its mean activation or how much it changes what passes (activation), how rarely "
        "its activation is zero (apoz), or chance, as a control. Left out: l2 for channels, l1 for weights, activation for blocks.",
    )
    scope: Literal["layer", "global", "sensitivity"] = parameter(
        "layer",
        help="Whether every layer loses the same share, one threshold for all layers decides what each of them loses, or a scan of the layers does: "
        "each loses what costs it alone as much accuracy on the validation images as the others (sensitivity).",
    )
    fine_tune: int = parameter(
        1, ge=0, le=1000, unit="epochs", help="Epochs of training after every round, with the learning steps of the phase before."
    )
    rounds: int = parameter(
        1, ge=1, le=100, help="In how many rounds the amount is reached, each with its fine-tuning; every round takes the same share of what remains."
    )
    round_to: int = parameter(8, ge=1, le=64, unit="channels", help="Channels that remain are a multiple of this.")
    rewind_to: Literal["early", "start"] = parameter(
        "early",
        help="Which weights the schedule rewind goes back to in every round: those after the first quarter of the phase's epochs, or those that it "
        "started with.",
    )

    @property
    def follows_weights(self) -> bool:
        """Whether the shapes that remain are known only once the network is trained."""
        return self.structure == "blocks" or (self.structure == "channels" and self.scope == "global")

    @property
    def zeroes(self) -> bool:
        """Whether weights become zero and the shapes stay."""
        return self.structure in ("weights", "two_of_four")

    @model_validator(mode="before")
    @classmethod
    def _criterion_of_structure(cls, given: Any) -> Any:
        return with_first(given, "criterion", by="structure", choices=CRITERIA)

    @field_validator("amount")
    @classmethod
    def _amount_fits(cls, value: float, info: ValidationInfo) -> float:
        if info.data.get("structure") == "two_of_four" and value != 0.5:
            raise ValueError("left at 0.5 with the structure two_of_four, which takes two of every four weights")
        return value

    @field_validator("schedule")
    @classmethod
    def _schedule_fits(cls, value: str, info: ValidationInfo) -> str:
        structure = info.data.get("structure")
        if value != "after" and structure is not None and structure not in SCHEDULED:
            raise ValueError(f"after with the structure {structure}: no shape can change in a training, and early weights have their own")
        return value

    @field_validator("criterion")
    @classmethod
    def _criterion_fits(cls, value: str, info: ValidationInfo) -> str:
        structure = info.data.get("structure")
        if structure in CRITERIA and value not in CRITERIA[structure]:
            raise ValueError(f"{', '.join(CRITERIA[structure][:-1])} or {CRITERIA[structure][-1]} with the structure {structure}: {WHY_NOT[value]}")
        if info.data.get("schedule") == "gradual" and value not in ("l1", "random"):
            raise ValueError("l1 or random with the schedule gradual: in the middle of a training there are no gradients over many images")
        return value

    @field_validator("fine_tune", "rounds", "rewind_to")
    @classmethod
    def _of_its_schedule(cls, value: Any, info: ValidationInfo) -> Any:
        require_use(cls, value, info, by="schedule", uses=OF_THE_SCHEDULE)
        return value

    @field_validator("scope", "rounds", "round_to")
    @classmethod
    def _of_its_structure(cls, value: Any, info: ValidationInfo) -> Any:
        require_use(cls, value, info, by="structure", uses=USES)
        if value == "sensitivity" and info.data.get("structure") == "channels":
            raise ValueError("layer or global with the structure channels: layers that share their channels lose them together")
        if value == "sensitivity" and info.data.get("schedule") == "gradual":
            raise ValueError("layer or global with the schedule gradual: the layers are scanned once the network is trained")
        if info.field_name == "rounds" and value > 1 and info.data.get("fine_tune") == 0:
            raise ValueError("1 with fine_tune 0: nothing is learned between rounds, so that one does the same")
        return value


def label(config: Pruning) -> str:
    """What tells steps apart on a page: `prune 50%`, `prune 80% of weights by taylor`, `prune 2:4`."""
    share = f"prune {config.amount:.0%}"
    kinds = {"channels": share, "weights": f"{share} of weights", "two_of_four": "prune 2:4", "blocks": f"{share} of blocks"}
    words = [kinds[config.structure]]
    words += [f"by {config.criterion.replace('_', ' ')}"] if config.criterion != CRITERIA[config.structure][0] else []
    words += {"layer": [], "global": ["globally"], "sensitivity": ["by layer sensitivity"]}[config.scope]
    words += [f"in {config.rounds} rounds"] if config.rounds > 1 else []
    words += ["gradually"] if config.schedule == "gradual" else []
    words += [f"rewound{' to the start' if config.rewind_to == 'start' else ''}"] if config.schedule == "rewind" else []
    return " ".join(words)


STRUCTURE_CARDS = (
    Card(
        name="channels",
        summary="Whole channels are cut out, in every layer that shares them. The network that remains is smaller and dense.",
        formula="keep the (1 - amount) C channels with the highest score",
        unhelpful="Where layers have as few channels as round_to, and for accuracy: at equal amount it loses more than single weights do.",
        source="Fang et al. 2023, DepGraph: Towards Any Structural Pruning",
        link="https://arxiv.org/abs/2301.12900",
    ),
    Card(
        name="weights",
        summary="Single weights become zero and stay zero while the rest is trained. The shapes stay; the compressed file becomes smaller.",
        formula="w_i = 0 where score(w_i) is among the amount * n lowest",
        unhelpful="For speed and memory: a dense kernel multiplies by zero as by any other number.",
        source="Han et al. 2015, Learning both Weights and Connections for Efficient Neural Networks",
        link="https://arxiv.org/abs/1506.02626",
    ),
    Card(
        name="two_of_four",
        summary="Of every four consecutive inputs of a weight two become zero, at each place of a kernel. "
        "Graphics processors with sparse tensor cores multiply such weights up to twice as fast.",
        formula="w_4k ... w_4k+3: the two with the lowest scores are 0",
        unhelpful="For speed on processors and older graphics cards, and in layers whose inputs are no multiple of four, which stay whole.",
        source="Mishra et al. 2021, Accelerating Sparse Deep Neural Networks",
        link="https://arxiv.org/abs/2104.08378",
    ),
    Card(
        name="blocks",
        summary="Whole blocks go; what came into one goes on by its shortcut as it is. That takes operators away, and with them their overhead, "
        "which fewer channels do not. Its first paper takes single blocks out of a trained ResNet-110 and loses hardly anything.",
        formula="x + f(x) -> x",
        unhelpful="Where each stage has one block that changes the shape and no other: such a block can't go. In small networks every block counts.",
        source="Veit et al. 2016, Residual Networks Behave Like Ensembles of Relatively Shallow Networks; Men et al. 2024, ShortGPT",
        link="https://arxiv.org/abs/1605.06431",
    ),
)
"""One of each structure."""

SCOPE_CARDS = (
    Card(
        name="sensitivity",
        summary="Every layer is pruned alone, by several amounts, and the accuracy on the validation images tells what that costs. "
        "Then each loses as much as costs it alone the same, so that all together lose the amount. The table of the scan is kept.",
        formula="a_l = max a with acc - acc_l(a) <= d; the d with sum n_l a_l = amount * sum n_l",
        unhelpful="Where layers make up for each other: alone a layer costs less than together with the others. And it takes validation images, "
        "which choosing among points uses too.",
        source="Li et al. 2017, Pruning Filters for Efficient ConvNets; Han et al. 2015, Learning both Weights and Connections",
        link="https://arxiv.org/abs/1608.08710",
    ),
)
"""Of the scope that needs one."""

SCHEDULE_CARDS = (
    Card(
        name="after",
        summary="The trained network is pruned at once or in rounds, each of which is followed by a short training. "
        "The training itself is shared with every other variant of the network.",
        formula="after round i of n: 1 - (1 - amount)^(i / n) is gone",
        unhelpful="Where most is taken at once and little is trained afterwards: rounds keep more.",
        source="Han et al. 2015, Learning both Weights and Connections for Efficient Neural Networks",
        link="https://arxiv.org/abs/1506.02626",
    ),
    Card(
        name="gradual",
        summary="Weights go between the first and the third quarter of a training, many at first and fewer later; the last quarter trains what "
        "remains. It takes no further epoch; what finding the weights costs is in the time of the phase. "
        "Its paper reports 87.5 % of the weights of InceptionV3 gone for 3.5 points, and 50 % for 0.1.",
        formula="s(t) = amount (1 - (1 - (t - t0) / (t1 - t0))^3); of every four weights round(4 s(t)) go",
        unhelpful="In trainings of few steps, where it finds weights before they have learned; and it shares no training with other amounts.",
        source="Zhu and Gupta 2017, To prune, or not to prune; with 2:4: Kao et al. 2022, decaying masks",
        link="https://arxiv.org/abs/1710.01878",
    ),
    Card(
        name="rewind",
        summary="The trained weights tell which go; those that remain get back the values that they had early in the training, or at its start, "
        "and are trained anew. In rounds this finds the winning tickets of the lottery ticket hypothesis. "
        "Its paper finds 10 to 20 % of the weights of small networks to be enough.",
        formula="w <- m * w_k, m = [score(w_T) is high], then T - k steps",
        unhelpful="For training time: every round costs nearly a whole training. From the start it fails on larger networks, where early does not.",
        source="Frankle and Carbin 2019, The Lottery Ticket Hypothesis; Frankle et al. 2020, Linear Mode Connectivity",
        link="https://arxiv.org/abs/1803.03635",
    ),
)
"""One of each schedule."""

CRITERION_CARDS = (
    Card(
        name="l1",
        summary="What has the smallest sum of absolute weights goes first. For a single weight that is its size.",
        formula="score = sum |w|",
        unhelpful="Where layers have different scales and one threshold judges them all.",
        source="Li et al. 2017, Pruning Filters for Efficient ConvNets",
        link="https://arxiv.org/abs/1608.08710",
    ),
    Card(
        name="l2",
        summary="The channels with the smallest sum of squared weights go first, over all layers that share them.",
        formula="score = sum w^2",
        unhelpful="Where a channel with small weights is scaled up by what follows, as by batch normalization.",
        source="Fang et al. 2023, DepGraph: Towards Any Structural Pruning",
        link="https://arxiv.org/abs/2301.12900",
    ),
    Card(
        name="taylor",
        summary="What the loss on some training images would change least without goes first, to first order.",
        formula="score = sum |w dL/dw|",
        unhelpful="Where a network fits its training images so well that gradients are mostly noise. With one threshold for all layers and "
        "a single round it can leave too little of a layer; take several rounds.",
        source="Molchanov et al. 2019, Importance Estimation for Neural Network Pruning",
        link="https://arxiv.org/abs/1906.10771",
    ),
    Card(
        name="batch_norm",
        summary="The channels with the smallest factor of batch normalization go first.",
        formula="score = |gamma|, y = gamma (x - mean) / deviation + beta",
        unhelpful="After a short training without a penalty on the factors: they hardly differ from the 1 that they started with.",
        source="Liu et al. 2017, Learning Efficient Convolutional Networks through Network Slimming",
        link="https://arxiv.org/abs/1708.06519",
    ),
    Card(
        name="activation",
        summary="The channels with the smallest mean activation on 256 training images go first, against the mean of their layer. "
        "Of blocks those go first that change least of what passes.",
        formula="score = mean |a| / mean of the layer; of a block ||f(x)|| / ||x||",
        unhelpful="Where what follows scales small activations up, as batch normalization does; and it keeps channels that are always on alike.",
        source="Molchanov et al. 2017, Pruning Convolutional Neural Networks for Resource Efficient Inference; blocks: Men et al. 2024, ShortGPT",
        link="https://arxiv.org/abs/1611.06440",
    ),
    Card(
        name="apoz",
        summary="The channels whose activation is zero most often on 256 training images go first: the average percentage of zeros. "
        "Its paper takes 2.6 times the parameters out of VGG-16 without a loss.",
        formula="score = 1 - mean(a = 0)",
        unhelpful="In networks without a ReLU, whose activations are never zero, and of layers right before a shortcut is added, which have none.",
        source="Hu et al. 2016, Network Trimming",
        link="https://arxiv.org/abs/1607.03250",
    ),
    Card(
        name="random",
        summary="Chance decides, by the seed of the variant. A criterion that is no better than this has learned nothing about the network.",
        formula="score ~ U(0, 1)",
        unhelpful="For anything but a comparison.",
        source="Mittal et al. 2018, Recovering from Random Pruning",
        link="https://arxiv.org/abs/1801.10447",
    ),
)
"""One of each criterion."""

PRUNING = Technique(
    name="pruning",
    title="Pruning",
    category="compression",
    role="transform",
    parameters=Pruning,
    summary="What matters least is taken out of the network, and the rest is trained a little more. "
    "Cut channels leave a smaller, dense network that is faster in any runtime. "
    "Weights that become zero leave its shapes and its speed, and compress well.",
    formula="keep the (1 - amount) * C channels, or (1 - amount) * n weights, with the highest score",
    source="Fang et al. 2023, DepGraph: Towards Any Structural Pruning; Li et al. 2017, Pruning Filters",
    link="https://arxiv.org/abs/2301.12900",
    label=label,
    cards=(*STRUCTURE_CARDS, *CRITERION_CARDS, *SCHEDULE_CARDS, *SCOPE_CARDS),
    roles={"gradual": "contribute"},
    role_by="schedule",
)
