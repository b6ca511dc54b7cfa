"""The runtimes: how a network becomes a file, and how that file is run, read and counted.

Importing this package imports neither torch nor a runtime, so that whoever only names or reads files stays light.
"""

from __future__ import annotations

from effcore.errors import EffcoreError, nearest
from effcore.runtimes import onnxruntime, torch
from effcore.runtimes.counts import Counts, Layer, Predict, RuntimeModule, Stored

RUNTIME_MODULES: dict[str, RuntimeModule] = {"onnxruntime": onnxruntime, "torch": torch}


def runtime_module(name: str) -> RuntimeModule:
    """The module of a runtime.

    Args:
        name: Name in the catalogue.

    Raises:
        EffcoreError: The name is not known.
    """
    if name not in RUNTIME_MODULES:
        raise EffcoreError(f"runtime must be the name of a runtime. Got {name!r}. {nearest(name, RUNTIME_MODULES)}")
    return RUNTIME_MODULES[name]


__all__ = ["RUNTIME_MODULES", "Counts", "Layer", "Predict", "RuntimeModule", "Stored", "runtime_module"]
