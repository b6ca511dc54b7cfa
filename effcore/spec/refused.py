"""Combinations of a grid that are refused: which they are, and how the spec is written without them."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from effcore.errors import Problem
from effcore.recipe import Step

MOST_LISTS = 6
"""Lists of steps that are written out; more would be no help."""

LONGEST = 160
"""Characters of alternatives in the middle of a sentence."""

NONE = "none"
"""Leaves a step out."""

Combination = tuple[int, ...]
"""Of each step the index of its alternative."""


@dataclass(frozen=True)
class Choices:
    """The alternatives of one step; None among them leaves the step out.

    Attributes:
        path: Where the step stands.
        written: Each alternative as it was written, `none` for None.
    """

    path: str
    steps: tuple[Step | None, ...]
    written: tuple[Any, ...]

    @property
    def technique(self) -> str:
        """Name of the technique, as the path ends with it."""
        return self.path.rsplit(".", 1)[1]


def refusals(choices: Sequence[Choices], refused: Mapping[tuple[str, str], Sequence[Combination]], *, path: str) -> list[Problem]:
    """A problem for each reason, with the combinations that it refuses, and with the last one how the others are written.

    Args:
        choices: The steps of the recipe.
        refused: By place and sentence, all combinations that it refuses.
        path: Where the recipe stands.
    """
    sizes = [len(c.steps) for c in choices]
    everything = list(itertools.product(*map(range, sizes)))
    gone = {combination for some in refused.values() for combination in some}
    if len(everything) == 1 or len(gone) == len(everything):
        return [Problem(where=where, message=sentence) for where, sentence in refused]
    problems = [
        Problem(where=where, message=sentence, hint=f"This refuses {len(some)} of {len(everything)} recipes{_which(choices, some)}.")
        for (where, sentence), some in refused.items()
    ]
    boxes = cover([c for c in everything if c not in gone])
    if len(boxes) > MOST_LISTS:
        return problems
    last = max(problems, key=lambda p: [p.where.startswith(c.path) for c in choices].index(True))  # below the others in the text
    place = "write in the place of `recipe`:\nrecipes:" if path == "recipe" else f"write in the place of {path}:"
    text = f"{last.hint} For the {len(everything) - len(gone)} that are allowed {place}\n{written(choices, boxes)}"
    return [*(p for p in problems if p is not last), Problem(where=last.where, message=last.message, hint=text)]


def _which(choices: Sequence[Choices], some: Sequence[Combination]) -> str:
    """What the refused combinations have in common: of each step the alternatives among them, where these are not all."""
    parts = []
    for index, choice in enumerate(choices):
        chosen = sorted({combination[index] for combination in some})
        if len(chosen) < len(choice.steps):
            text = _alternatives([choice.written[i] for i in chosen])
            parts.append(f"`{choice.technique}: {text if len(text) <= LONGEST else text[: LONGEST - 3] + '...'}`")
    return f": those with {' and '.join(parts)}" if parts else ""


def cover(allowed: Sequence[Combination]) -> list[list[tuple[int, ...]]]:
    """Grids that together are exactly some combinations; of each grid the alternatives of every step.

    Example:
        >>> cover([(0, 0), (0, 1), (1, 0), (2, 0)])
        [[(0,), (0, 1)], [(1, 2), (0,)]]
    """
    if not allowed or not allowed[0]:
        return [[]]
    rests: dict[int, list[Combination]] = {}
    for first, *rest in allowed:
        rests.setdefault(first, []).append(tuple(rest))
    groups: dict[tuple[Combination, ...], list[int]] = {}
    for first, some in rests.items():
        groups.setdefault(tuple(some), []).append(first)
    return [[tuple(firsts), *box] for some, firsts in groups.items() for box in cover(some)]


def written(choices: Sequence[Choices], boxes: Sequence[Sequence[tuple[int, ...]]]) -> str:
    """Grids as YAML of a spec, each a list of steps."""
    lines: list[str] = []
    for box in boxes:
        kept = [(c.technique, [c.written[i] for i in chosen]) for c, chosen in zip(choices, box, strict=True)]
        steps = [f"{name}: {_alternatives(some)}" for name, some in kept if some != [NONE]]
        lines += [f"  {'- -' if index == 0 else '  -'} {step}" for index, step in enumerate(steps)]
    return "\n".join(lines)


def _alternatives(given: Sequence[Any]) -> str:
    """Alternatives of a step in a line, those with the same parameters as one with lists where that says the same."""
    some = [value for value in given if value != NONE]
    merged = _merged(some)
    values = [*([NONE] if NONE in given else []), *([merged] if merged is not None else some)]
    return _flow(values[0] if len(values) == 1 else values)


def _merged(given: Sequence[Any]) -> dict[str, Any] | None:
    """Mappings as one with a list of values for each field; None where that would say something else."""
    if len(given) < 2 or not all(isinstance(v, dict) and v.keys() == given[0].keys() for v in given):
        return None
    fields = {name: list({json.dumps(v[name]): v[name] for v in given}.values()) for name in given[0]}
    if any(isinstance(value, list | dict) for values in fields.values() for value in values):
        return None
    product = list(itertools.product(*fields.values()))
    if len(product) != len(given) or {tuple(v.values()) for v in given} != set(product):
        return None
    return {name: values[0] if len(values) == 1 else values for name, values in fields.items()}


def _flow(value: Any) -> str:
    """A value in YAML on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_flow(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(_flow, value))}]"
    return value if isinstance(value, str) and value.isidentifier() else json.dumps(value)
