"""What a search did, as plain data: the document that is kept with its sweep, and that pages and commands read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from effcore.spec.dimensions import Dimension

Fate = Literal["finished", "failed", "refused", "stopped", "postponed", "in work"]
"""stopped: waits at a rung, where it may go on with a larger budget; postponed: nothing of it was run."""


@dataclass(frozen=True, kw_only=True)
class Tried:
    """One candidate, as it stands.

    Attributes:
        number: In the order in which they were asked for, from 0.
        name: Of its recipe, for people.
        recipe: Key of its recipe.
        assignment: What was decided, as `Dimension` counts it.
        fate: See `Fate`.
        values: The objectives, accuracy on the validation images; of a stopped one at its last rung, latency and the like as they are
            measured or predicted by now; None where nothing was seen, or nothing tells of one of them.
        violation: How much of the constraints it breaks, all together, as shares of their limits.
        core_s: Core-seconds that the search had cost when this last changed.
        rungs: The same at each rung that it came to; none where nothing tells of one of the objectives.
        reason: Why it failed, was refused or put off.
        saved_s: Expected core-seconds of what was not run of it.
    """

    number: int
    name: str
    recipe: str
    assignment: Mapping[str, float]
    fate: Fate
    values: tuple[float, ...] | None = None
    violation: float = 0.0
    core_s: float = 0.0
    rungs: tuple[tuple[float, ...], ...] = ()
    reason: str = ""
    saved_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class History:
    """A search, from its beginning to now.

    Attributes:
        objectives: Names of the metrics that it was judged by; `accuracy` means that on the validation images.
        constraints: As they stand in the spec.
        sampler: What chose, with its version.
        slots: Cores that it held.
        elapsed_s, core_s: What it cost over all of its runs, everything charged.
        choosing_s: Seconds of that in which it chose.
        sounded: Candidates whose structure was measured before anything of them was trained.
        sounding_s: Core-seconds of that which served nothing else.
        shared_s: Core-seconds that variants would have taken more, had they shared no stage and no measurement.
        prediction_error: Of each figure that was predicted, the median error as a share of what was measured, and of how many.
        space: What was decided.
        tried: Every candidate, in the order in which they were asked for.
    """

    name: str
    task: str
    strategy: str
    stopping: str
    latency_first: bool
    seed: int
    objectives: tuple[str, ...]
    constraints: tuple[str, ...]
    sampler: str
    slots: int
    elapsed_s: float
    core_s: float
    choosing_s: float
    shared_s: float
    prediction_error: Mapping[str, tuple[float, int]] = field(default_factory=dict)
    space: tuple[Dimension, ...] = ()
    tried: tuple[Tried, ...] = ()
    sounded: int = 0
    sounding_s: float = 0.0

    @property
    def finished(self) -> tuple[Tried, ...]:
        """Candidates that were measured."""
        return tuple(t for t in self.tried if t.fate == "finished")

    @property
    def document(self) -> dict[str, Any]:
        """As plain data, for `read_history`."""
        return asdict(self)


def read_history(document: Mapping[str, Any]) -> History:
    """The history that `History.document` wrote."""
    space = tuple(_dimension(d) for d in document["space"])
    tried = tuple(
        Tried(**t | {"values": None if t["values"] is None else tuple(t["values"]), "rungs": tuple(tuple(r) for r in t["rungs"])})
        for t in document["tried"]
    )
    lists = {name: tuple(document[name]) for name in ("objectives", "constraints")}
    errors = {name: (float(error), int(n)) for name, (error, n) in document["prediction_error"].items()}
    return History(**dict(document) | lists | {"space": space, "tried": tried, "prediction_error": errors})


def _dimension(document: Mapping[str, Any]) -> Dimension:
    needs = tuple((str(name), int(index)) for name, index in document["needs"])
    return Dimension(**dict(document) | {"labels": tuple(document["labels"]), "needs": needs})


def in_words(space: Sequence[Dimension], assignment: Mapping[str, float]) -> dict[str, str]:
    """What was decided, in words, without what makes no difference."""
    there, labels = made_a_difference(space, assignment), {d.name: d.labels for d in space}
    return {name: labels[name][int(value)] if labels[name] else f"{value:g}" for name, value in there.items()}


def made_a_difference(space: Sequence[Dimension], assignment: Mapping[str, float]) -> dict[str, float]:
    """What was decided without what makes no difference, as strategies decide it too that know no absent dimensions."""
    names = [d.name for d in space if d.name in assignment and all(assignment.get(name) == index for name, index in d.needs)]
    return {name: assignment[name] for name in names}
