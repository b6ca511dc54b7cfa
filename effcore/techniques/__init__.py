"""How each technique is done: one file a technique, or a folder with one file a mode, named as in the catalogue; none knows another or a cache."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor

from effcore.catalogue import own
from effcore.techniques import augmentation, averaging, distillation, factorization, pruning, quantization, subnetwork, weight_sharing
from effcore.techniques.context import Context
from effcore.training import Hooks

_CONTRIBUTORS: dict[str, Callable[..., Hooks]] = {
    "augmentation": augmentation.contribute,
    "averaging": averaging.contribute,
    "distillation": distillation.contribute,
    "pruning": pruning.contribute,
    "weight_sharing": weight_sharing.contribute,
}
CONTRIBUTORS: Mapping[str, Callable[..., Hooks]] = ChainMap(_CONTRIBUTORS, own.CONTRIBUTORS)
"""What shapes a phase, by the technique's name: `contribute(config, context)`; a step asks for it where its role says so."""

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    **_CONTRIBUTORS,
    "factorization": factorization.apply,
    "pruning": pruning.apply,
    "quantization": quantization.apply,
    "subnetwork": subnetwork.apply,
}
FUNCTIONS: Mapping[str, Callable[..., Any]] = ChainMap(_FUNCTIONS, own.FUNCTIONS)
"""What does a technique, by its name: `contribute(config, context)` or `apply(model, config, data)`, by its role."""

CONVERTERS: Mapping[str, Callable[..., tuple[bytes, dict[str, Any]]]] = ChainMap({"quantization": quantization.convert}, own.CONVERTERS)
"""What acts on the exported file, by the technique's name, where `converts` of its record says so: `convert(file, config, data)`."""

TRAINERS: dict[str, Callable[..., tuple[dict[str, Tensor], dict[str, Any]]]] = {"quantization": quantization.train}
"""What trains a network before it is lowered, by the technique's name, where `trains` of its record says so: `train(model, config, data, tune=)`.

What it gives is handed to the technique's function as `trained`.
"""

__all__ = ["CONTRIBUTORS", "CONVERTERS", "FUNCTIONS", "TRAINERS", "Context"]
