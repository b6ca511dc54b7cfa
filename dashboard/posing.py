"""Steps that the class is to guess: put up and taken down by who leads, and what is asked of them."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard import data
from dashboard.classroom import Classroom, Posed, audience
from dashboard.views.predict import StepQuestion, step_question
from effcore.analysis.frontier import Variant
from effcore.errors import EffcoreError
from effcore.recipe import canonical


def question(run_id: str) -> StepQuestion | None:
    """The step to a point, as this visitor may be asked for it: one that was put up is asked of everybody.

    Args:
        run_id: As it stands in an address.
    """
    return step_question(_among(run_id), run_id)


def _among(run_id: str) -> Sequence[Variant]:
    room = audience.visitor(data.home()).room
    put_up = room is not None and any(step.run == run_id for step in room.posed())
    return data.everything()[1] if put_up else data.snapshot().variants


def is_up(run_id: str) -> bool:
    """Whether the class is to guess the step to that point."""
    return any(step.run == run_id for step in audience.up(audience.visitor(data.home())))


def asked_now() -> tuple[StepQuestion, ...]:
    """Every step that is up; none where there is no class."""
    found = (question(step.run) for step in audience.up(audience.visitor(data.home())))
    return tuple(one for one in found if one is not None)


def kept_back(run_id: str) -> frozenset[str]:
    """Runs that are kept back for the sake of one step."""
    room = audience.visitor(data.home()).room
    one = tuple(step for step in (room.posed() if room else ()) if step.run == run_id)
    return audience.telling(data.everything()[1], one)


def pose(asked: StepQuestion) -> None:
    """Put a step up: until both its answers are released, what tells of it is kept from all but who leads.

    Raises:
        EffcoreError: This visitor does not lead.
    """
    before, after = asked.before, asked.after
    changed = after.structure if after.structure != before.structure else ""
    _led().pose(Posed(after.run_id, canonical(after.recipe), changed))


def take_down(run_id: str) -> None:
    """Have it not be up any more; guesses stay.

    Raises:
        EffcoreError: This visitor does not lead.
    """
    _led().take_down(run_id)


def _led() -> Classroom:
    who = audience.visitor(data.home())
    if who.room is None or not who.teaching:
        raise EffcoreError("Only who leads the class can do that.")
    return who.room
