"""A kind of stage that does nothing, for `engine_overhead.py`; the fork server preloads this, and what it preloads for every stage."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import effcore.stages.preload  # noqa: F401  so that a child is as large as any other
from effcore import host


def nothing(config: Mapping[str, Any], inputs: Mapping[str, Path], folder: Path) -> dict[str, Any]:
    """Nothing."""
    return {}


_module = ModuleType("effcore.stages.nothing")
_module.__dict__["work"] = nothing
sys.modules[_module.__name__] = _module

host._folder = lambda: Path(os.environ["EFFCORE_BENCHMARK_HOST"])  # no measurement of another sweep on this host is waited for
