"""One interface to ask and to tell, whatever the strategy, with everything kept in an Optuna storage."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from effcore.errors import EffcoreError, StoreError
from effcore.recipe import canonical
from effcore.search.samplers import CONDITIONAL, SEVERAL, STARTED, UNGUIDED, Settings, View, derived_seed, encode, even_draw, spread_draw
from effcore.search.trial import State, Trial
from effcore.spec.dimensions import Assignment, Node, active, count, dimensions, every

if TYPE_CHECKING:
    import optuna

TRIES = 4
"""Proposals of a strategy that were asked for before, until one is drawn evenly from what is left."""

PROPOSED, DRAWN = 2, 14
"""Proposals of the strategy, and even draws, of which the one is taken that whoever asks prefers."""

DRAWS = 1000
MOST_LISTED = 20_000

_ASKED, _STANDS = "asked", "stands"
"""What is kept with a trial of Optuna: what was asked for, and how it stands. One value each, so that each is written whole."""


Prefer = Callable[[Sequence[Mapping[str, float]]], int]
"""Place of the assignment that is taken of several."""


class Study:
    """A search: asks for candidates of which none alike was asked for before, is told what they came to, forgets nothing.

    Everything is written before the call returns, so that a process which was killed goes on with the same trials. What is
    asked for is a function of the seed and of what was told; in a search of hundreds, values of waiting trials that changed
    are told a little later (`samplers.ANEW`), and at once by a process that goes on with the study.

    Args:
        root: The tree of decisions, see `effcore.spec.dimensions`.
        maximise: Direction of each objective.
        log: Which of them are compared by ratio; none where it is empty.
        settings: How candidates are chosen.
        alike: What candidates that come to the same have in common, of what was decided; their decisions where it is None.
        storage: URL of an Optuna storage, as `sqlite:///search.db` or `postgresql://...`; in memory where it is None.
        name: Of the study in the storage.

    Example:
        >>> from effcore.spec.dimensions import Between, Dimension
        >>> study = Study(Between(Dimension(name="x", low=0.0, high=1.0)), maximise=[False], settings=Settings(strategy="random"))
        >>> first = study.ask()
        >>> study.tell(first.number, [first.assignment["x"] ** 2])
        >>> study.trial(0).state
        'done'

    Raises:
        StoreError: The storage can't be opened.
    """

    def __init__(
        self, root: Node, *, maximise: Sequence[bool], log: Sequence[bool] = (), settings: Settings | None = None,
        alike: Callable[[Assignment], str] | None = None, storage: str | None = None, name: str = "search",
    ) -> None:  # fmt: skip
        self._root, self._space, self._maximise = root, dimensions(root), tuple(maximise)
        self._log = tuple(log)
        self._settings, self._alike = settings or Settings(), alike or canonical
        self._ledger = _open(storage, name, self._maximise)
        there = self._ledger.get_trials(deepcopy=False)
        self._trials = {t.number: t for t in map(self._read, there) if t is not None}
        for frozen in (f for f in there if not f.state.is_finished() and f.number in self._trials):
            self._end(self._trials[frozen.number])
        self._count = len(there)
        self._alike_keys: dict[str, str] = {}
        self._keys = {self._key(t.assignment) for t in self._trials.values()}
        self._view: View | None = None
        self._revised: dict[int, Trial] = {}

    # Reading

    @property
    def trials(self) -> list[Trial]:
        """All trials, in the order in which they were asked for."""
        return list(self._trials.values())

    def trial(self, number: int) -> Trial:
        """The trial of that number.

        Raises:
            EffcoreError: There is none.
        """
        if number not in self._trials:
            raise EffcoreError(f"The search has no trial {number}. It has {len(self._trials)}, counted from 0.")
        return self._trials[number]

    @property
    def facts(self) -> dict[str, Any]:
        """What was kept of the search as a whole."""
        return dict(self._ledger.user_attrs)

    def keep(self, name: str, value: Any) -> None:
        """Keep something of the search as a whole, as plain data."""
        self._ledger.set_user_attr(name, value)

    # Asking and telling

    def ask(
        self, note: Callable[[Mapping[str, float]], Mapping[str, Any]] = lambda assignment: {}, *,
        prefer: Prefer | None = None,
    ) -> Trial | None:  # fmt: skip
        """The next candidate, which is open from now on; None where every candidate was asked for.

        Args:
            note: What is kept with it from its first moment on, of what was decided.
            prefer: Which of several proposals is taken, once the strategy does not only begin; the first where it is None. Without
                a use for strategies that count generations, or take a second for a proposal.
        """
        assignment, marks = self._next(prefer)
        if assignment is None:
            return None
        kept = dict(note(assignment))
        params, distributions = encode(self._space, assignment)
        import optuna

        attributes = {_ASKED: {"assignment": dict(assignment), "marks": marks}, _STANDS: {"state": "open", "note": kept}}
        state = optuna.trial.TrialState.RUNNING
        # One transaction: a trial is there with all that makes it, or not at all.
        self._ledger.add_trial(optuna.create_trial(state=state, params=params, distributions=distributions, user_attrs=attributes))
        number, self._count = self._count, self._count + 1
        trial = Trial(number=number, assignment=assignment, note=kept, marks=marks)
        self._trials[number] = trial
        self._keys.add(self._key(assignment))
        return trial

    def update(
        self, number: int, *, state: State | None = None, values: Sequence[float] | None = None, violations: Sequence[float] | None = None,
        note: Mapping[str, Any] | None = None,
    ) -> Trial:  # fmt: skip
        """Say how an open or postponed trial stands; what is not given stays.

        Args:
            number: Of the trial.
            state: `open` or `postponed`.
            values: What it came to so far.
            violations: Of the constraints.
            note: What is kept with it.
        """
        trial = self._open_trial(number)
        changed = replace(
            trial, state=state or trial.state, values=trial.values if values is None else tuple(values),
            violations=trial.violations if violations is None else tuple(violations), note=trial.note if note is None else dict(note),
        )  # fmt: skip
        self._write(changed)
        return changed

    def revise(self, number: int, values: Sequence[float], *, violations: Sequence[float] = ()) -> None:
        """Have the strategy see an open trial with other values, until it is told new ones; what was told stays as it is.

        Nothing is written: whoever opens the study again has to revise again.

        Args:
            number: Of the trial, which has values.
            values: What it comes to by what is known now.
            violations: Of the constraints.
        """
        trial = self._open_trial(number)
        known = self._revised.get(number, trial)
        if (known.values, known.violations) != (tuple(values), tuple(violations)):
            self._revised[number] = replace(trial, values=tuple(values), violations=tuple(violations))

    def tell(
        self, number: int, values: Sequence[float], *, violations: Sequence[float] = (), note: Mapping[str, Any] | None = None
    ) -> None:
        """End a trial with its values.

        Args:
            number: Of the trial.
            values: Of the objectives, in their own units and directions.
            violations: By how much each constraint is broken.
            note: What is kept with it; what was kept before where it is None.

        Raises:
            EffcoreError: It has ended before, or the values are not as many as the objectives.
        """
        if len(values) != len(self._maximise):
            raise EffcoreError(f"A trial needs {len(self._maximise)} values, one for each objective. Got {len(values)}.")
        trial = self._open_trial(number)
        ended = replace(
            trial, state="done", values=tuple(values), violations=tuple(violations), note=trial.note if note is None else dict(note)
        )
        self._write(ended)
        self._end(ended)

    def fail(self, number: int, note: Mapping[str, Any] | None = None) -> None:
        """End a trial that came to nothing."""
        trial = self._open_trial(number)
        ended = replace(trial, state="failed", note=trial.note if note is None else dict(note))
        self._write(ended)
        self._end(ended)

    def _open_trial(self, number: int) -> Trial:
        trial = self.trial(number)
        if trial.state in ("done", "failed"):
            raise EffcoreError(f"Trial {number} has ended: it is {trial.state}.")
        return trial

    # Choosing

    def _next(self, prefer: Prefer | None) -> tuple[Mapping[str, float] | None, dict[str, Any]]:
        number = len(self._trials)
        begins = number < self._settings.startup and self._settings.strategy in STARTED
        if prefer is not None and not begins and self._settings.strategy in SEVERAL:
            proposals = self._proposals(number)
            if proposals:
                return proposals[prefer(proposals)], {}
        for salt in range(TRIES):
            if salt == 0 and begins:
                found, marks = spread_draw(self._root, self._space, self._settings, number=number), dict[str, Any]()
            elif self._settings.strategy in UNGUIDED:
                found, marks = even_draw(self._space, self._settings, number=number, salt=salt), dict[str, Any]()
            else:
                found, marks = self._seen().propose(number=number, salt=salt)
            if self._key(found) not in self._keys:
                return found, marks
        return self._left(number), {}

    def _proposals(self, number: int) -> list[Mapping[str, float]]:
        """Candidates that were not asked for, some by the strategy and more drawn evenly."""
        view = self._seen()
        found = [view.propose(number=number, salt=salt)[0] for salt in range(PROPOSED)]
        found += [active(self._root, even_draw(self._space, self._settings, number=number, salt=salt)) for salt in range(TRIES, TRIES + DRAWN)]
        return [assignment for assignment in found if self._key(assignment) not in self._keys]

    def _seen(self) -> View:
        if self._view is None:
            self._view = View(self._root, maximise=self._maximise, log=self._log, settings=self._settings)
        self._view.see([self._revised.get(t.number, t) for t in self.trials])
        return self._view

    def _left(self, number: int) -> dict[str, float] | None:
        """One of the candidates that were not asked for, drawn evenly."""
        if count(self._root) <= MOST_LISTED:
            rest = [a for a in every(self._root) if self._key(a) not in self._keys]
            base = {} if self._settings.strategy in CONDITIONAL else even_draw(self._space, self._settings, number=number, salt=TRIES)
            return base | rest[derived_seed(self._settings.seed, "rest", number) % len(rest)] if rest else None
        for salt in range(TRIES, TRIES + DRAWS):
            found = even_draw(self._space, self._settings, number=number, salt=salt)
            if self._key(found) not in self._keys:
                return found
        return None

    def _key(self, assignment: Mapping[str, float]) -> str:
        there = active(self._root, assignment)
        decided = canonical(there)
        if decided not in self._alike_keys:  # reading a recipe takes a while, and what is left is gone through again and again
            self._alike_keys[decided] = self._alike(there)
        return self._alike_keys[decided]

    # The storage

    def _read(self, frozen: optuna.trial.FrozenTrial) -> Trial | None:
        """A trial as it was written; one that was written by something else is none of ours."""
        if _ASKED not in frozen.user_attrs:
            return None
        asked, stands = frozen.user_attrs[_ASKED], frozen.user_attrs[_STANDS]
        # A process may have been killed between writing how a trial stands and telling Optuna that it has ended.
        return Trial(
            number=frozen.number, assignment=asked["assignment"], state=stands["state"], marks=asked["marks"], note=stands["note"],
            values=tuple(stands["values"]) if "values" in stands else None, violations=tuple(stands.get("violations", ())),
        )  # fmt: skip

    def _write(self, trial: Trial) -> None:
        """Keep how a trial stands."""
        stands: dict[str, Any] = {"state": trial.state, "note": dict(trial.note), "violations": list(trial.violations)}
        stands |= {} if trial.values is None else {"values": list(trial.values)}
        asked = self._handle(trial.number)
        asked.set_user_attr(_STANDS, json.loads(json.dumps(stands, allow_nan=False)))
        if trial.state == "done":
            for index, violation in enumerate(trial.violations):
                asked.set_constraint(str(index), violation)
        before, self._trials[trial.number] = self._trials[trial.number], trial
        if trial.state != "open" or trial.values != before.values:
            self._revised.pop(trial.number, None)

    def _end(self, trial: Trial) -> None:
        """Have Optuna's own state follow, for whoever reads its storage."""
        import optuna

        if trial.state == "done":
            self._ledger.tell(trial.number, values=list(trial.values or ()), skip_if_finished=True)
        elif trial.state == "failed":
            self._ledger.tell(trial.number, state=optuna.trial.TrialState.FAIL, skip_if_finished=True)

    def _handle(self, number: int) -> optuna.Trial:
        import optuna

        return optuna.Trial(self._ledger, self._ledger._storage.get_trial_id_from_study_id_trial_number(self._ledger._study_id, number))


def _open(storage: str | None, name: str, maximise: Sequence[bool]) -> optuna.Study:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    directions = [optuna.study.StudyDirection.MAXIMIZE if up else optuna.study.StudyDirection.MINIMIZE for up in maximise]
    try:
        if storage is None:
            return optuna.create_study(directions=directions, study_name=name)
        return optuna.create_study(directions=directions, study_name=name, storage=_storage(storage), load_if_exists=True)
    except Exception as error:  # SQLAlchemy and its drivers raise dozens of kinds here
        first = (str(error).splitlines() or [type(error).__name__])[0]
        driver = isinstance(error, ImportError)
        hint = " A driver for it must be installed, as `pip install psycopg[binary]` for postgresql+psycopg." if driver else ""
        raise StoreError(f"The storage of the search can't be opened: {first}.{hint}") from error


def _storage(url: str) -> optuna.storages.RDBStorage:
    """The storage of a URL. SQLite syncs at checkpoints only: a kill loses nothing, and a write takes a tenth of the time."""
    import optuna
    from sqlalchemy import event

    def hasten(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")

    storage = optuna.storages.RDBStorage(url)
    if url.startswith("sqlite"):
        event.listen(storage.engine, "connect", hasten)
        storage.engine.dispose()  # connections that were made before know nothing of it
    return storage
