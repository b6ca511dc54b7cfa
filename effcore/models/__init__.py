"""Networks: named blocks, families of them, and their state between stages."""

from __future__ import annotations

from effcore.models.families import BUILDERS, build
from effcore.models.snapshot import Snapshot, rebuild, take

__all__ = ["BUILDERS", "Snapshot", "build", "rebuild", "take"]
