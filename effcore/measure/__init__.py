"""Measures an artifact: latency, memory, size and accuracy, each with its doubt, and where it was measured."""

from __future__ import annotations

from effcore.measure.accuracy import Accuracy, measure_accuracy
from effcore.measure.environment import Environment, current, exact_int8
from effcore.measure.latency import Latency, Settings, measure_latency
from effcore.measure.memory import Memory, measure_memory
from effcore.measure.reference import reference
from effcore.measure.size import Size, measure_size

__all__ = [
    "Accuracy",
    "Environment",
    "Latency",
    "Memory",
    "Settings",
    "Size",
    "current",
    "exact_int8",
    "measure_accuracy",
    "measure_latency",
    "measure_memory",
    "measure_size",
    "reference",
]
