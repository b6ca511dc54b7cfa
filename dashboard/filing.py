"""What the pages may ask of the runner and of the store: sweeps queued, held, cancelled, given a budget; points measured again and marked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from dashboard import data
from dashboard.classroom import audience
from dashboard.data import analysis
from dashboard.form.spec_yaml import to_yaml
from dashboard.views.queue import ACTIVE
from effcore.errors import EffcoreError
from effcore.spec.document import read


@dataclass(frozen=True)
class Submission:
    """A sweep in the queue.

    Attributes:
        fresh: Whether this request put it there; False where the same spec was waiting or running already.
        rebudgeted: Whether it was there with another budget and has that of this request now.
    """

    run_id: str
    fresh: bool
    rebudgeted: bool = False


def submit(text: str) -> Submission:
    """Put a spec into the queue; the same spec is not queued twice, whoever clicks how often, but gets the budget of the last click.

    Raises:
        SpecError: The spec has problems; nothing is written.
        StoreError: The store cannot be written.
        EffcoreError: In a class, it is not this visitor's turn, or takes more than is left; or it is there with a budget that can't be changed now.
    """
    spec, who = data.checked_spec(text), audience.visitor(data.home())
    key = data.read_spec(audience.signed(spec, who)).key
    before = {r.run_id: budget_of(r.run_id) for r in data.store().sweeps() if r.state in ACTIVE and r.key == key}
    run_id = audience.file(spec, data.store(), who, cost=data.cost)
    data.forget_sweeps()
    return Submission(run_id, fresh=run_id not in before, rebudgeted=run_id in before and before[run_id] != budget_of(run_id))


def cancel(run_id: str) -> None:
    """Ask the runner to end a sweep.

    Raises:
        EffcoreError: In a class, it is another one's.
    """
    audience.cancel(run_id, data.store(), audience.visitor(data.home()))
    data.forget_sweeps()


def pause(run_id: str) -> None:
    """Ask the runner to let a sweep stand still; what runs comes to its end first.

    Raises:
        EffcoreError: In a class, it is another one's.
    """
    audience.require_own(run_id, data.store().sweeps(), audience.visitor(data.home()))
    data.store().pause(run_id)
    data.forget_sweeps()


def resume(run_id: str) -> None:
    """Let a sweep that stands still go on.

    Raises:
        EffcoreError: In a class, it is another one's, or another of this student's is under way.
    """
    audience.resume(run_id, data.store(), audience.visitor(data.home()))
    data.forget_sweeps()


BUDGET = ("variants", "minutes", "core_s")
"""Limits of a budget, in the order in which they are asked for."""


def budget_of(run_id: str) -> dict[str, Any]:
    """The limits that a search has now.

    Raises:
        EffcoreError: Its spec can't be read.
    """
    document = _document(run_id)
    budget: Mapping[str, Any] = (document.get("search") or {}).get("budget") or {}
    return {name: budget[name] for name in BUDGET if name in budget}


def set_budget(run_id: str, budget: Mapping[str, Any]) -> None:
    """Give a search another budget while it waits, runs or stands still.

    Args:
        run_id: Of the sweep.
        budget: The limits that it is to have; those that are not named it has no longer.

    Raises:
        SpecError: The budget is none.
        EffcoreError: It is no search, has ended, or, in a class, is another one's or takes more than is left.
    """
    who, store = audience.visitor(data.home()), data.store()
    audience.require_own(run_id, store.sweeps(), who)
    document = _document(run_id)
    text = to_yaml(document | {"search": {**document.get("search", {}), "budget": dict(budget)}})
    audience.rebudget(run_id, data.checked_spec(text), store, who, cost=data.cost)
    data.forget_sweeps()


def _document(run_id: str) -> dict[str, Any]:
    found = read(data.store().spec_text(run_id), source=f"spec of run {run_id}").data
    if not isinstance(found, dict):
        raise EffcoreError(f"The spec of run {run_id} must be a mapping. It was changed in the store; launch the sweep again.")
    return found


def measure_again(run_id: str) -> None:
    """Put a variant into the queue to be measured again; once, however often the button is pressed.

    Raises:
        EffcoreError: In a class, it is another one's.
    """
    _require_own_point(run_id)
    if not analysis.again(run_id).pending:
        data.store().set_again(run_id, "waiting")


def set_star(run_id: str, star: bool) -> None:
    """Give a variant a star or take it away; the note stays as whoever wrote it last left it.

    Raises:
        EffcoreError: In a class, it is another one's; or there is no such run.
    """
    _require_own_point(run_id)
    analysis.set_mark(run_id, replace(data.store().marks.of(run_id), star=star))


def set_note(run_id: str, note: str) -> None:
    """Replace the note on a variant; the star stays as it is.

    Raises:
        EffcoreError: In a class, it is another one's; or it is too long, or there is no such run.
    """
    _require_own_point(run_id)
    analysis.set_mark(run_id, replace(data.store().marks.of(run_id), note=note.strip()))


def _require_own_point(run_id: str) -> None:
    """Refuse to touch a point of a sweep that is another's: all who see it see what is said of it.

    Raises:
        EffcoreError: It is.
    """
    sweep = next((v.sweep for v in data.snapshot().variants if v.run_id == run_id), "")
    audience.require_own(sweep, data.store().sweeps(), audience.visitor(data.home()))
