"""What a student hands in: the folder that `effcore export` writes, read without trusting any of it."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from effcore.catalogue import RUNTIMES, TASKS, conflicts, family_problems, order_problems
from effcore.challenge.judging import HandIn
from effcore.errors import EffcoreError
from effcore.objectives import METRICS
from effcore.recipe import Recipe, from_document

POINT = "point.json"
LARGEST_POINT_BYTES = 1_000_000


def hand_ins(folder: Path) -> list[Path]:
    """The folders of the students, by name; links, hidden ones and single files are not followed.

    Raises:
        EffcoreError: There are none.
    """
    if not folder.is_dir():
        raise EffcoreError(f"{folder} must be a folder with one folder for each hand-in. It is not there.")
    found = sorted(p for p in folder.iterdir() if p.is_dir() and not p.is_symlink() and not p.name.startswith("."))
    if not found:
        raise EffcoreError(f"{folder} must hold one folder for each hand-in, as `effcore export POINT --to {folder}/NAME` writes it. It holds none.")
    return found


def read_hand_in(folder: Path, *, received: datetime | None = None) -> tuple[HandIn, Path]:
    """What a folder says of itself, and the path of its model.

    Args:
        folder: Of one student.
        received: When it came in, where that is known; the newest of its files tells otherwise.

    Raises:
        EffcoreError: A file is missing, is a link, or does not say what it must.
    """
    about = _point(_file(folder, POINT))
    recipe = read_recipe_of(about.get("recipe"))
    model = _file(folder, f"model{RUNTIMES[recipe.runtime].suffix}")
    seed, claimed = about.get("seed"), about.get("metrics")
    if type(seed) is not int:
        raise EffcoreError(f"{POINT} must say the seed, a whole number. Got {str(seed)[:40]!r}.")
    sha256 = hashlib.sha256(model.read_bytes()).hexdigest()
    newest = max(p.stat().st_mtime for p in (folder / POINT, model))
    return HandIn(
        student=folder.name, recipe=recipe, seed=seed, claimed=_numbers(claimed), sha256=sha256, sha256_claimed=str(about.get("sha256") or ""),
        received=received or datetime.fromtimestamp(newest, tz=UTC),
    ), model  # fmt: skip


def read_received(text: str, *, source: str) -> dict[str, datetime]:
    """When each hand-in came in, from CSV with the columns `student` and `received`.

    Raises:
        EffcoreError: A column is missing, or a moment has no time zone.
    """
    rows = csv.DictReader(io.StringIO(text))
    if not {"student", "received"} <= set(rows.fieldnames or ()):
        raise EffcoreError(f"{source} must have the columns student and received. Got {', '.join(rows.fieldnames or ()) or 'none'}.")
    found = {}
    for number, row in enumerate(rows, start=2):
        try:
            moment = datetime.fromisoformat(row["received"] or "")
        except ValueError:
            moment = datetime.min
        if moment.tzinfo is None:
            raise EffcoreError(f"{source}, line {number}: received must be a moment with its time zone. Got {row['received']!r}.")
        found[row["student"]] = moment
    return found


def _file(folder: Path, name: str) -> Path:
    path = folder / name
    if path.is_symlink() or not path.is_file():
        there = ", ".join(sorted(p.name for p in folder.iterdir())[:8]) or "nothing"
        raise EffcoreError(f"{name} must be there, as a file. The folder holds {there}.")
    return path


def _point(path: Path) -> Mapping[str, Any]:
    try:
        if path.stat().st_size > LARGEST_POINT_BYTES:
            raise EffcoreError(f"{POINT} must have at most {LARGEST_POINT_BYTES:,} bytes. It has {path.stat().st_size:,}.")
        about = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise EffcoreError(f"{POINT} must be JSON. It is not: {error}.") from error
    if not isinstance(about, dict):
        raise EffcoreError(f"{POINT} must be what `effcore export` writes. Got {str(about)[:40]!r}.")
    return about


def read_recipe_of(document: Any) -> Recipe:
    """The recipe of a point, held against every rule that a spec is held against.

    Raises:
        EffcoreError: It is none, or breaks a rule.
    """
    try:
        recipe = from_document(document)
        runtime, family = recipe.runtime, recipe.architecture
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, AssertionError, ValidationError) as error:
        raise EffcoreError(f"{POINT} must hold a recipe of this version's catalogue. {type(error).__name__}: {str(error)[:200]}") from error
    assert family is not None, "every recipe has one"
    if not isinstance(recipe.task, str) or recipe.task not in TASKS:
        raise EffcoreError(f"{POINT} must name a task of the catalogue. Got {str(recipe.task)[:40]!r}.")
    named = [(s.technique, s.config) for s in recipe.steps]
    wrong = [sentence for _, sentence in order_problems([(s.technique, s.role) for s in recipe.steps], runtime=runtime)]
    wrong += [sentence for _, _, sentence in (*family_problems(named), *conflicts(named))]
    if wrong:
        raise EffcoreError(f"{POINT} must hold a recipe that can be made. {wrong[0]}")
    return recipe


def _numbers(claimed: Any) -> dict[str, float]:
    """The figures among what is claimed; what is none of finite size claims nothing."""
    if not isinstance(claimed, dict):
        return {}
    return {k: float(v) for k, v in claimed.items() if k in METRICS and type(v) in (int, float) and abs(v) <= sys.float_info.max}
