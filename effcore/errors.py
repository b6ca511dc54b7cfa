"""What can go wrong, in words a user can act on: what, where, got, allowed, what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


class EffcoreError(Exception):
    """Base of every error that effcore raises on purpose; its text is shown to the user as it is."""


class TechniqueError(EffcoreError):
    """A technique cannot be applied to this model, or changed nothing."""


class StageError(EffcoreError):
    """A stage of the plan did not end well; the text is the cause that its variants carry."""


class MeasureError(EffcoreError):
    """A measuring process failed or gave figures that cannot be believed."""


class StoreError(EffcoreError):
    """The tracking store, or something named in it, is not there or cannot be read."""


class StoreLocked(StoreError):
    """Another program holds the tracking store for longer than a look at it may wait."""


class StoreGone(StoreError):
    """The tracking store was there and is not any more."""


class BusyError(EffcoreError):
    """Another process is doing this already."""


class Cancelled(EffcoreError):
    """The user asked for the work to stop."""


class Paused(Cancelled):
    """The user asked for the work to stand still; it goes on where it stood."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing wrong with a spec.

    Attributes:
        where: Path of the value, as `recipe[2].pruning.amount`.
        message: What the value must be and what it is.
        hint: What to do about it; may be empty.
        line: Line in the YAML text, from 1; None where the spec was not a text.
    """

    where: str
    message: str
    hint: str = ""
    line: int | None = None

    def __str__(self) -> str:
        place = f"{self.where} (line {self.line})" if self.line is not None else self.where
        return f"{place}: {self.message}" + (f" {self.hint}" if self.hint else "")


class SpecError(EffcoreError):
    """A spec with all its problems.

    Args:
        problems: At least one.
        source: Name of the file or place the spec came from.
    """

    def __init__(self, problems: Sequence[Problem], *, source: str = "spec") -> None:
        assert problems, "a SpecError without a problem"
        self.problems = tuple(problems)
        self.source = source
        count = "1 problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
        super().__init__("\n".join([f"{source}: {count}", *(f"  {p}" for p in self.problems)]))


def closest(name: object, known: Iterable[str]) -> str:
    """A hint that names the closest known name; empty where none is close.

    Args:
        name: What the user wrote.
        known: The names that are allowed.
    """
    found = difflib.get_close_matches(str(name), sorted(known), n=1, cutoff=0.6)
    return f"Did you mean {found[0]!r}?" if found else ""


def nearest(name: object, known: Iterable[str]) -> str:
    """A hint that names the closest known name, and all of them where they are few; empty where there are none.

    Args:
        name: What the user wrote.
        known: The names that are allowed.
    """
    names = sorted(known)
    listed = f"Known: {', '.join(names)}." if 0 < len(names) <= 12 else ""
    return " ".join(filter(None, [closest(name, names), listed]))
