"""Points of the store, found by what a user calls them, and their networks as teachers."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from effcore.analysis.variant import Variant, is_of_data
from effcore.cache import Cache
from effcore.catalogue import TASKS
from effcore.catalogue.distillation import Teacher
from effcore.errors import EffcoreError, Problem, SpecError, StoreError, nearest
from effcore.plan.planned import NETWORK, StoredTeacher
from effcore.recipe import Recipe, data_share, teachers
from effcore.tracking import Store


class Points(Protocol):
    """What a store must offer for points to be looked for in it."""

    def variants(self, *, sweep: str | None = None) -> Sequence[Variant]:
        """All variants, or those of one sweep, by its run."""

    def file(self, run_id: str, name: str) -> Path:
        """A file of a run.

        Raises:
            StoreError: The run has none of that name.
        """


def data_mark(task: str) -> str:
    """Name of the images that a task has now, by content."""
    return TASKS[task].fingerprint[:16]


def is_current(variant: Variant) -> bool:
    """Whether a variant is of the images that its task has now, as far as it says."""
    task = str(variant.recipe.get("task", ""))
    return task not in TASKS or is_of_data(variant, data_mark(task))


def require_current(variant: Variant) -> None:
    """Refuse to test a file on other images than those it was made for.

    Raises:
        EffcoreError: The data of its task has changed since.
    """
    if not is_current(variant):
        name = f"{variant.name}, seed {variant.seed},"
        raise EffcoreError(f"{name} must be of the images that its task has now. They have changed since. Run its sweep again.")


def find_variant(store: Store, text: str, *, sweep: str | None = None) -> Variant:
    """The variant that a user means by a run id, a recipe key, the start of one, or a name.

    Args:
        store: Where to look.
        text: What the user wrote.
        sweep: Name or run id of a sweep to look in; everywhere where it is None, newest first.

    Raises:
        EffcoreError: Nothing fits, or several different recipes do.
    """
    return find_among(store.variants(sweep=store.sweep(sweep).run_id if sweep is not None else None), text)


def find_among(variants: Iterable[Variant], text: str) -> Variant:
    """The same among given variants.

    Raises:
        EffcoreError: As `find_variant`.
    """
    variants = sorted(variants, key=lambda v: -(v.ended_ms or 0))
    own = [v for v in variants if v.measures is None]  # a run of a further environment is meant only by its id
    fits = [v for v in own if text == v.name] or [v for v in own if v.run_id.startswith(text) or v.recipe_key.startswith(text)]
    fits = fits or [v for v in variants if v.run_id.startswith(text)]
    keys = {v.recipe_key for v in fits}
    if not variants:
        raise EffcoreError(f"There is no point {text!r}, nor any other. Make some with `effcore run SPEC`.")
    if not fits:
        raise EffcoreError(f"There is no point {text!r}. {nearest(text, {v.name for v in variants})}".strip())
    if len(keys) > 1:
        raise EffcoreError(f"{text!r} fits {len(keys)} points. Give more of the run id: {', '.join(sorted(v.run_id for v in fits)[:5])}.")
    return fits[0]


@dataclass(frozen=True)
class _Found:
    teacher: StoredTeacher
    variant: Variant
    file: Path


class StoredTeachers:
    """Finds the networks of teachers that are points of a store, each once.

    Args:
        store: Where the points are; None where there is none yet.
        cache: Of stages, where the networks are put once they are found; None where nothing is to be run.
    """

    def __init__(self, store: Points | None, *, cache: Cache | None = None) -> None:
        self._store, self._cache = store, cache
        self._found: dict[tuple[str, int, int], _Found] = {}

    def __call__(self, recipe: Recipe, teacher: Teacher, seed: int) -> StoredTeacher:
        """The network that a student learns from.

        Args:
            recipe: Of the student.
            teacher: With a point.
            seed: Of the member.

        Raises:
            EffcoreError: There is no such point, it has no such seed or no network, or it is of another task, other images or more of them.
        """
        place = (teacher.point or "", teacher.seed, seed)
        if place not in self._found:
            self._found[place] = self._find(teacher, seed)
            self._provide(self._found[place])
        found = self._found[place]
        task, share = found.variant.recipe["task"], float(found.variant.metrics.get("data_fraction", 1.0))
        if task != recipe.task:
            raise EffcoreError(f"must be a point of the task {recipe.task!r}. Got {teacher.point!r}, which is one of {task!r}.")
        if not is_current(found.variant):
            raise EffcoreError(
                f"must be a point of the images that {task!r} has now. Got {teacher.point!r}, which saw others: it may have learned what its "
                "student is tested on. Run it again."
            )
        if share > data_share(recipe):
            raise EffcoreError(
                f"must be a point that saw no more of the training images than its student, {data_share(recipe):.0%}. "
                f"Got {teacher.point!r}, which saw {share:.0%}: the student would learn from all of them."
            )
        return found.teacher

    def _find(self, teacher: Teacher, seed: int) -> _Found:
        point = teacher.point or ""
        if self._store is None:
            raise EffcoreError(f"must be a point of the store, which does not exist yet. Got {point!r}.")
        try:
            meant = find_among(self._store.variants(), point)
        except StoreError:
            raise
        except EffcoreError as error:
            raise EffcoreError(f"must be a point of the store. {error}") from error
        variant = meant if meant.run_id.startswith(point) and seed == teacher.seed else self._sibling(meant, seed)
        if variant is None or variant.status != "FINISHED":
            raise EffcoreError(f"must be a point that has finished with the seed {seed}. Got {point!r}, which has not. Run it with that seed first.")
        try:
            file = self._store.file(variant.run_id, NETWORK)
        except StoreError as error:
            raise EffcoreError(f"must be a point with its network. Got {point!r}, which was written without. Run its sweep again.") from error
        key = f"stored-{hashlib.sha256(file.read_bytes()).hexdigest()[:16]}"
        return _Found(StoredTeacher(key=key, train_total_s=float(variant.metrics.get("train_total_s", 0.0))), variant, file)

    def _sibling(self, meant: Variant, seed: int) -> Variant | None:
        """The newest variant of the same recipe with a seed."""
        assert self._store is not None, "a point was found in it"
        fits = [v for v in self._store.variants() if v.recipe_key == meant.recipe_key and v.seed == seed and v.measures is None]
        return max(fits, key=lambda v: (v.status == "FINISHED", is_current(v), v.ended_ms or 0), default=None)

    def _provide(self, found: _Found) -> None:
        """Put a network into the cache, where it is an input of the stages that learn from it."""
        if self._cache is not None and self._cache.find(found.teacher.key) is None:
            with self._cache.aside() as folder:
                (folder / "model.pt").write_bytes(found.file.read_bytes())
                now = time.time()
                facts = {"run_id": found.variant.run_id, "name": found.variant.name}
                self._cache.keep(found.teacher.key, folder, {"kind": "stored", "facts": facts, "start": now, "end": now, "seconds": 0.0})


def require_teachers(recipes: Iterable[Recipe], find: StoredTeachers, *, document: object) -> None:
    """Refuse a spec whose stored teachers are not there or do not fit.

    Args:
        recipes: Of the spec.
        find: Looks them up.
        document: The spec as plain data, to say where a teacher stands.

    Raises:
        SpecError: With every problem.
    """
    problems: dict[Problem, None] = {}
    for recipe in recipes:
        for teacher in (t for t in teachers(recipe) if t.point is not None):
            try:
                for seed in teacher.seeds:
                    find(recipe, teacher, seed)
            except EffcoreError as error:
                problems[Problem(where=_place(document, teacher.point or ""), message=str(error))] = None
    if problems:
        raise SpecError(list(problems))


def _place(document: object, point: str) -> str:
    """Where a spec names a point, as `recipe[2].distillation.teacher.point`."""
    parts = document if isinstance(document, dict) else {}
    lists = [("recipe", parts.get("recipe", []))] + [(f"recipes[{i}]", part) for i, part in enumerate(parts.get("recipes", []))]
    for path, steps in lists:
        for index, step in enumerate(steps):
            if "distillation" in step and json.dumps(point) in json.dumps(step):
                return f"{path}[{index}].distillation.teacher.point"
    return "distillation.teacher.point"
