"""A challenge card: what is to be reached, within which budgets, with which techniques, and how it is scored."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

from pydantic import ValidationError, field_validator

from effcore.catalogue import FAMILIES, RUNTIMES, TASKS, TECHNIQUES
from effcore.catalogue.record import Parameters, parameter
from effcore.challenge.formula import Formula, read_formula
from effcore.errors import EffcoreError, Problem, SpecError, nearest
from effcore.objectives import METRICS
from effcore.spec.document import read
from effcore.spec.space import problem_of, show


class Challenge(Parameters):
    """A challenge, e.g. "at most 50 kB and 1 ms, as accurate as you can"."""

    name: str = parameter(help="A short name: letters, digits, spaces, dots, dashes.")
    question: str = parameter(help="What the student is asked, in a sentence or two.")
    task: str = parameter(help="Name of a task of the catalogue.")
    limits: dict[str, float] = parameter(
        {}, help="Budget by metric: the most that is allowed, or the least where more is better (`accuracy: 0.95`)."
    )
    techniques: list[str] | None = parameter(None, help="Techniques that may be used beside architecture, training and runtime; all without it.")
    families: list[str] | None = parameter(None, help="Families of networks that may be used; all where it is left out.")
    runtimes: list[str] = parameter(["onnxruntime"], help="Runtimes that may be handed in.")
    seeds: list[int] | None = parameter(None, help="Seeds that a solution may be trained with; any where it is left out.")
    due: str | None = parameter(None, help="Latest moment of handing in, as 2026-12-01T23:59+01:00; never where it is left out.")
    rebuild_minutes: float = parameter(
        10.0, help="Most that running the recipe of a hand-in again may take of a core; one that takes more is refused.", unit="min", gt=0
    )
    score: str = parameter("100 * accuracy", help="Formula over metrics; the higher the better.")

    @field_validator("name")
    @classmethod
    def _short_name(cls, value: str) -> str:
        if not 1 <= len(value) <= 64 or not all(c.isalnum() or c in " .-_" for c in value):
            raise ValueError("1 to 64 letters, digits, spaces, dots, dashes")
        return value

    @field_validator("task")
    @classmethod
    def _known_task(cls, value: str) -> str:
        return _known(value, TASKS, "a task of the catalogue")

    @field_validator("techniques", "families", "runtimes")
    @classmethod
    def _known_entries(cls, value: list[str] | None, info: object) -> list[str] | None:
        tables = {"techniques": TECHNIQUES, "families": FAMILIES, "runtimes": RUNTIMES}
        field = str(getattr(info, "field_name", ""))
        for name in value or ():
            _known(name, tables[field], f"a list of {field} of the catalogue")
        return value

    @field_validator("limits")
    @classmethod
    def _positive_limits(cls, value: dict[str, float]) -> dict[str, float]:
        for name, limit in value.items():
            _known(name, METRICS, "metrics of the catalogue")
            if not math.isfinite(limit) or limit <= 0:
                raise ValueError(f"positive numbers; {name} is {limit}")
        return value

    @field_validator("due")
    @classmethod
    def _moment(cls, value: str | None) -> str | None:
        if value is not None and (_time(value) is None or _time(value).tzinfo is None):  # type: ignore[union-attr]
            raise ValueError("a moment with its time zone, as 2026-12-01T23:59+01:00")
        return value

    @field_validator("score")
    @classmethod
    def _formula(cls, value: str) -> str:
        try:
            return read_formula(value).text
        except EffcoreError as error:
            raise ValueError(f"arithmetic over metrics. {error}") from error

    @property
    def due_at(self) -> datetime | None:
        """The latest moment of handing in."""
        return _time(self.due) if self.due else None

    @property
    def formula(self) -> Formula:
        """The score."""
        return read_formula(self.score)


def read_card(text: str, *, source: str) -> Challenge:
    """Read a card.

    Args:
        text: YAML.
        source: Name for error texts.

    Raises:
        SpecError: With every problem.
    """
    document = read(text, source=source)
    if not isinstance(document.data, dict):
        message = f"must be a mapping with name, question, task and score. Got {show(document.data)}."
        raise SpecError([Problem(where="card", message=message, line=1)], source=source)
    plain: dict[str, Any] = dict(document.data)
    if isinstance(plain.get("limits"), dict):
        plain["limits"] = {k: float(v) if type(v) is int else v for k, v in plain["limits"].items()}
    try:
        return Challenge.model_validate(plain)
    except ValidationError as error:
        problems = [problem_of(e, Challenge, "card") for e in error.errors(include_url=False)]
        placed = [Problem(where=p.where, message=p.message, hint=p.hint, line=document.line(p.where.removeprefix("card."))) for p in problems]
        raise SpecError(placed, source=source) from None


def _known(name: str, table: object, what: str) -> str:
    names = list(table)  # type: ignore[call-overload]
    if name not in names:
        raise ValueError(f"{what}; {name!r} is none. {nearest(name, names)}".strip())
    return name


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
