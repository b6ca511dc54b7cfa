"""Taking away what matters least."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ValidationInfo, field_validator, model_validator

from effcore.catalogue.cards.pruning import CRITERION_CARDS, SCHEDULE_CARDS, SCOPE_CARDS, STRUCTURE_CARDS
from effcore.catalogue.record import Parameters, Technique, is_recorded, parameter, require_use, with_first

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

MOST_SCANNED = 0.95
"""Largest share of a layer that the scan of the scope sensitivity tries, so that something is left of every layer."""

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
    round_to: int = parameter(8, ge=1, le=64, unit="channels", help="Channels that remain are a multiple of this, and at least this many.")
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
        if value == "sensitivity" and info.data.get("amount", 0) > MOST_SCANNED and not is_recorded(info):
            raise ValueError(f"layer or global with an amount above {MOST_SCANNED:g}, the largest share of a layer that the scan tries")
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
    cost="Epochs of fine-tuning. Channels and blocks that go make file, memory and latency smaller in any runtime, zeros only the compressed file.",
    unhelpful="Where the network is small for its task, so that every channel counts; a narrower network that is trained from the start may do as "
    "well.",
    figure="AlexNet on ImageNet: 9 times fewer weights without a loss (Han et al. 2015); VGG-16 on CIFAR-10: up to 34 % lower costs by whole "
    "filters (Li et al. 2017)",
    source="Fang et al. 2023, DepGraph: Towards Any Structural Pruning; Li et al. 2017, Pruning Filters",
    link="https://arxiv.org/abs/2301.12900",
    label=label,
    cards=(*STRUCTURE_CARDS, *CRITERION_CARDS, *SCHEDULE_CARDS, *SCOPE_CARDS),
    roles={"gradual": "contribute"},
    role_by="schedule",
)
