"""The interface of plug-ins: what a file given with `--plugin`, or a package, brings into the catalogue.

A plug-in is a Python file with a `PLUGIN`, or an entry point of the group `effcore.plugins` that names one::

    from torch import nn
    from effcore.plugin import Card, OwnArchitecture, Plugin

    def build(task, *, width, depth):
        return nn.Sequential(nn.Flatten(), nn.Linear(task.shape[0] * task.shape[1] * task.shape[2], len(task.classes)))

    PLUGIN = Plugin(architectures=[OwnArchitecture(name="straight", build=build, card=Card(...))])

It runs with the rights of whoever gives it. What it brings is checked by the conformance tests of what ships:
`EFFCORE_TEST_PLUGIN=my_plugin.py pytest tests/effcore/test_conformance.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from effcore.catalogue.record import Card, Category, Parameters, parameter

GROUP = "effcore.plugins"
"""Entry points of installed packages that are plug-ins."""

OwnRole = Literal["contribute", "transform", "lower"]


@dataclass(frozen=True, kw_only=True)
class OwnArchitecture:
    """A family of networks.

    Attributes:
        name: As `family` of a spec.
        build: (task, width=, depth=) -> nn.Module that takes images, float32 (N, C, H, W) from 0 to 2, black 0, and gives logits
            float32 (N, classes). `task.shape` is (C, H, W), `task.classes` the names. The same width and depth must give the same shapes.
        card: What it is, as the catalogue shows it; the name is that of the family.
        scales: Whether it has a use for the width; without, a spec may say nothing of it.
        max_depth: Largest depth that it has a use for.
        refuses: Ways of techniques that don't suit it, as `pruning/channels`, each with the reason.
    """

    name: str
    build: Callable[..., Any]
    card: Card
    scales: bool = False
    max_depth: int = 1
    refuses: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, kw_only=True)
class OwnTechnique:
    """A technique.

    Attributes:
        name: As the step of a spec.
        category: One of the four of the field.
        role: contribute: `function(config, context)` -> `effcore.training.Hooks` for the phase it stands in; transform:
            `function(model, config, data, *, tune)` -> another model, None or its edit (`effcore.models.edits`) where shapes changed, and facts,
            where `tune(model, epochs)` fine-tunes; lower: `function(program, config, data)` -> program and facts before the export, or with
            `converts` `function(file, config, data)` -> bytes of the exported file and facts. The model given must not be changed, all
            randomness come from torch's generator or the context's seed, and what changed nothing must raise an `EffcoreError`.
        parameters: A model of its parameters, made with `Parameters` and `parameter`; every field but those without a sensible default has one.
        function: What does it.
        card: What it is, as the catalogue and the pages show it.
        label: config -> a few words that tell a step from its siblings; its name where it is None.
        converts: Whether a step of the role `lower` acts on the exported file.
        version: Raised when the meaning of the parameters changes.
    """

    name: str
    category: Category
    role: OwnRole
    parameters: type[Parameters]
    function: Callable[..., Any]
    card: Card
    label: Callable[[Any], str] | None = None
    converts: bool = False
    version: int = 1


@dataclass(frozen=True, kw_only=True)
class OwnTask:
    """Data that needs code to be read.

    Attributes:
        name: As `task` of a spec.
        read: () -> images, uint8 (N, C, H, W) with 1 or 3 channels, and labels, int64 (N,), from 0 on; they are cut into splits by content.
        classes: Names, in the order of the labels.
        levels: Largest value of a raw pixel.
    """

    name: str
    read: Callable[[], tuple[Any, Any]]
    classes: tuple[str, ...]
    levels: int = 255


@dataclass(frozen=True, kw_only=True)
class Plugin:
    """All that one file or package brings."""

    architectures: Sequence[OwnArchitecture] = ()
    techniques: Sequence[OwnTechnique] = ()
    tasks: Sequence[OwnTask] = ()


__all__ = ["GROUP", "Card", "OwnArchitecture", "OwnTask", "OwnTechnique", "Parameters", "Plugin", "parameter"]
