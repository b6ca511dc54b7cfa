"""Challenges as the pages know them: the cards that are there, and hand-ins judged from what was measured of their files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import streamlit as st

from dashboard import data
from dashboard.classroom import HandedIn
from effcore.analysis.frontier import Variant
from effcore.challenge.card import Challenge, read_card
from effcore.challenge.hand_in import read_recipe_of
from effcore.challenge.judging import Evidence, Finding, Grade, HandIn, judge, leaderboard
from effcore.errors import EffcoreError, SpecError

SHIPPED = Path(__file__).resolve().parents[1] / "experiments" / "challenges"
FOLDER = "challenges"
"""Of the state folder, for the cards of whoever runs the server; one of the same name takes the place of one that ships."""


def card_names() -> tuple[str, ...]:
    """Names of the cards, as their files are called."""
    found = {p.stem for folder in (SHIPPED, data.home() / FOLDER) if folder.is_dir() for p in folder.glob("*.yaml")}
    return tuple(sorted(found))


def card(name: str) -> Challenge:
    """The card of that name.

    Args:
        name: One of `card_names`; it is looked up among them and never made a path by itself.

    Raises:
        EffcoreError: There is none, or it has problems.
    """
    if name not in card_names():
        raise EffcoreError(f"There is no challenge {name[:40]!r}. There are: {', '.join(card_names()) or 'none'}.")
    own = data.home() / FOLDER / f"{name}.yaml"
    path = own if own.is_file() else SHIPPED / f"{name}.yaml"
    try:
        return read_card(path.read_text(encoding="utf-8"), source=path.name)
    except SpecError as error:
        raise EffcoreError(f"The card {path.name} has problems. {error}") from error


@dataclass(frozen=True)
class Judged:
    """A hand-in with its verdict."""

    handed_in: HandedIn
    grade: Grade


def judged(challenge: Challenge, hand_ins: Iterable[HandedIn]) -> tuple[Judged, ...]:
    """The verdict on each hand-in, in their order, without those that tell what the class is to guess."""
    variants, held = {v.run_id: v for v in data.everything()[1]}, data.snapshot().held
    return tuple(Judged(h, _judge(challenge, h, variants.get(h.run))) for h in hand_ins if h.run not in held)


def best(found: Iterable[Judged]) -> tuple[Judged, ...]:
    """For each student the best hand-in: accepted ones by score, the best first; students without one after them."""
    by_grade = {id(j.grade): j for j in found}
    order = [by_grade[id(g)] for g in leaderboard([j.grade for j in by_grade.values()])]
    seen: dict[str, Judged] = {}
    for one in order:
        seen.setdefault(one.handed_in.student, one)
    return tuple(seen.values())


def _judge(challenge: Challenge, handed_in: HandedIn, variant: Variant | None) -> Grade:
    if variant is None or variant.status != "FINISHED":
        return Grade(student=handed_in.student, findings=(Finding("broken", "The point is not in the store any more."),))
    key = str(data.home()), data.tracking_uri() or ""
    try:
        return _kept(*key, challenge.model_dump_json(), variant.run_id, str(variant.ended_ms), handed_in.student, handed_in.at, variant)
    except _Unjudged as error:
        return Grade(student=handed_in.student, name=variant.name, findings=(Finding("broken", str(error)),))


class _Unjudged(EffcoreError):
    """Why there is no verdict yet; raised so that none is kept: the store may be busy, and the point may be measured again."""


@st.cache_resource(show_spinner=False, max_entries=1000)
def _kept(home: str, uri: str, text: str, run_id: str, ended: str, student: str, at_s: float, _variant: Variant) -> Grade:
    challenge = Challenge.model_validate_json(text)
    answers = data.read_json(run_id, "correct.json")
    if not isinstance(answers, dict) or not {"test", "validation"} <= set(answers):
        raise _Unjudged("Which images it has right was not kept; measure it again.")
    try:
        recipe = read_recipe_of(_variant.recipe)
    except EffcoreError as error:
        return Grade(student=student, name=_variant.name, findings=(Finding("broken", str(error)),))
    hand_in = HandIn(
        student=student, recipe=recipe, seed=_variant.seed, claimed={}, sha256_claimed="", sha256="",
        received=datetime.fromtimestamp(at_s, tz=UTC),
    )  # fmt: skip
    evidence = Evidence(
        metrics=_variant.metrics, structure=_variant.structure, test=answers["test"], validation=answers["validation"],
    )  # fmt: skip
    return judge(hand_in, evidence, challenge=challenge)
