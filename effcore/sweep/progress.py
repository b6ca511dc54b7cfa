"""How far a sweep is."""

from __future__ import annotations

from dataclasses import dataclass

from effcore.execution.worker import Standing


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a sweep is.

    Attributes:
        stages_done, stages_total: Distinct stages, measurements among them.
        remaining_s: Expected seconds until the end.
        standing: What runs now, and what keeps it.
    """

    variants_done: int
    variants_total: int
    failed: int
    stages_done: int
    stages_total: int
    remaining_s: float
    standing: Standing = Standing()
