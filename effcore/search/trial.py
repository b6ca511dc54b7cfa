"""A trial: one candidate of a search, from the moment it was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

State = Literal["open", "postponed", "done", "failed"]
"""open: asked for, in work or waiting at a rung; postponed: put off; done: its values are final; failed: it has none."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One candidate.

    Attributes:
        number: From 0, in the order in which they were asked for.
        assignment: What was decided: the index of an alternative, or a number, by the name of the dimension.
        values: Of the objectives, in their own units and directions; of an open trial what it came to so far; None before.
        violations: By how much each constraint is broken; zero or less where it is kept.
        note: What the caller keeps with it, as plain data.
        marks: What the strategy itself keeps with it.
    """

    number: int
    assignment: Mapping[str, float]
    state: State = "open"
    values: tuple[float, ...] | None = None
    violations: tuple[float, ...] = ()
    note: Mapping[str, Any] = field(default_factory=dict)
    marks: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def violation(self) -> float:
        """All that is broken together; zero for a candidate that keeps every constraint."""
        return sum(max(v, 0.0) for v in self.violations)
