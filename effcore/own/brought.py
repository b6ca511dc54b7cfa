"""What one command names of an operator's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from effcore.catalogue import TASKS

SHIPPED_TASKS = frozenset(TASKS)
"""What there is before anything is brought; this module is imported before that."""

Say = Callable[[str], None]
"""Gets a line on everything that is new."""


@dataclass(frozen=True, kw_only=True)
class Brought:
    """What one command names.

    Attributes:
        data: `NAME=PATH` each.
        broken: What is done with files that can't be read.
        resolution: Side of images in pixels; decided by the data where it is None.
        plugins: Paths of Python files.
        checkpoints: `NAME=PATH` each.
    """

    data: Sequence[str] = ()
    broken: Literal["refuse", "skip"] = "refuse"
    resolution: int | None = None
    plugins: Sequence[Path] = ()
    checkpoints: Sequence[str] = ()

    @property
    def anything(self) -> bool:
        """Whether there is something."""
        return bool(self.data or self.plugins or self.checkpoints)
