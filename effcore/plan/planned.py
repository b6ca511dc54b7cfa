"""What a plan is made of: stages, variants, and what of the machine and the installation determines results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from effcore.recipe import Recipe

NETWORK = "network.pt"
"""File of a variant in the store: its network before it was lowered, as a snapshot; what a point teaches others with."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """What determines results beside the recipe.

    Attributes:
        exact_int8: Whether the processor multiplies 8-bit integers without overflow.
        machine: Key of the machine's kind; quantized arithmetic differs between processors.
        threads: Threads of a training.
        sources: Hash of the modules that each kind of stage uses; `technique:<name>` for a technique's own.
        versions: Versions of the packages that shape the result of each kind of stage.
    """

    exact_int8: bool
    machine: str
    threads: int = 1
    sources: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class StoredTeacher:
    """A network of a point in the store that others learn from.

    Attributes:
        key: Its place in the cache of stages, named by the content of its file.
        train_total_s: Seconds of training that it cost, its own teachers charged in full.
    """

    key: str
    train_total_s: float


DOING = {
    "build": "building", "train": "training", "transform": "changing the network", "export": "exporting", "evaluate": "evaluating",
    "measure": "measuring", "admit": "checking the file", "table": "measuring parts", "screen": "trying sub-networks",
}  # fmt: skip
"""What each kind of stage does, for people."""


@dataclass(frozen=True)
class Stage:
    """One unit of work.

    Attributes:
        kind: `build`, `train`, `transform`, `export`, `evaluate` or `measure`.
        key: Kind and hash of all that determines the result.
        config: All that the work needs beside its inputs, as plain data.
        inputs: Key of the stage that each input comes from, by the role of the input.
        cost_class: Stages of the same class cost about the same for each unit.
        units: How much work it is, in units of its class.
        exclusive: Whether it must have its host to itself.
    """

    kind: str
    key: str
    config: Mapping[str, Any] = field(hash=False)
    inputs: tuple[tuple[str, str], ...] = ()
    cost_class: str = ""
    units: float = 1.0
    exclusive: bool = False

    @property
    def trains(self) -> bool:
        """Whether its time counts as training."""
        return self.kind == "train" or (self.kind == "transform" and self.units > 0)

    @property
    def words(self) -> str:
        """What it does, for people, as `training mlp x0.25 on digits`."""
        network = self.config.get("architecture")
        if self.kind in ("build", "train") and network:
            return f"{'training' if self.kind == 'train' else 'building'} {network['family']} x{network['width']:g} on {self.config['task']}"
        if self.kind == "transform" and "step" in self.config:
            return str(next(iter(self.config["step"])))
        return DOING.get(self.kind, self.kind)


@dataclass(frozen=True, kw_only=True)
class VariantPlan:
    """How one variant comes about.

    Attributes:
        stages: Keys of all stages that it needs, inputs first, without the measuring, which is named by the exported file.
        own: Keys of its training stages that its parent does not need.
        teachers: Keys of the training stages of its teachers.
        export, evaluate: Keys of the last two stages.
        structure: What is expected to share latency and memory with it.
        stored: Networks of the store that it learns from.
    """

    recipe: Recipe
    seed: int
    stages: tuple[str, ...]
    own: tuple[str, ...]
    teachers: tuple[str, ...]
    export: str
    evaluate: str
    structure: str
    stored: tuple[StoredTeacher, ...] = ()

    @property
    def key(self) -> str:
        return f"{self.recipe.key}-{self.seed}"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All variants and the distinct stages they need."""

    variants: tuple[VariantPlan, ...]
    stages: Mapping[str, Stage]

    @property
    def total(self) -> int:
        """Stages if nothing were shared, measurements among them."""
        return sum(len(v.stages) + 1 for v in self.variants)

    @property
    def trainings(self) -> int:
        """Distinct trainings and fine-tunings, rungs of one training counted once."""
        keys = self.stages.values()
        return sum(1 for s in keys if s.kind == "train" and s.config["until"] == s.config["training"]["epochs"]) + sum(
            1 for s in keys if s.kind == "transform" and s.trains
        )

    @property
    def structures(self) -> int:
        """Measurements that are expected."""
        return len({v.structure for v in self.variants})
