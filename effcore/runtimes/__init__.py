"""The runtimes: how a network becomes a file, and how that file is run, read and counted.

Importing this package imports neither torch nor a runtime, so that whoever only names or reads files stays light.
"""

from __future__ import annotations

from effcore.runtimes import onnxruntime, torch
from effcore.runtimes.counts import Counts, Predict, RuntimeModule

RUNTIME_MODULES: dict[str, RuntimeModule] = {"onnxruntime": onnxruntime, "torch": torch}

__all__ = ["RUNTIME_MODULES", "Counts", "Predict", "RuntimeModule"]
