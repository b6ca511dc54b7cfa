"""Challenges: the card, picking a point as hand-in, the verdict at once, and the leaderboard."""

from __future__ import annotations

from collections.abc import Sequence
from time import time

import streamlit as st

from dashboard import data, routes
from dashboard.challenges import Judged, best, card, card_names, judged
from dashboard.classroom import NAMES_SHOWN, HandedIn
from dashboard.classroom.audience import Visitor, visitor
from dashboard.quantities import show
from dashboard.screens.parts import IDLE_S, bound, distinct, empty, explained, heading, note
from dashboard.screens.refusal import attempt
from dashboard.tables import capital_heads
from dashboard.views.challenge import board_frame, card_lines
from effcore.analysis.frontier import Variant
from effcore.challenge.card import Challenge
from effcore.errors import EffcoreError
from effcore.objectives import METRICS

ALONE = "you"
"""Stands for the student where there is no class; the hand-ins are then those of this session."""


@explained
def page() -> None:
    """The card, the own hand-ins, and all others."""
    names = card_names()
    if not names:
        said = "A card is a YAML file in the folder `challenges` of the state folder."
        empty("There is no challenge", said, icon=":material/trophy:", launch=False)
        return
    notes = st.container()
    name = names[0]
    if len(names) > 1 or routes.CARD in st.query_params:
        name = bound("Challenge", names, name=routes.CARD, default=names[0], labels={n: n for n in names}, notes=notes)
    challenge = card(name)
    heading(challenge.question, below=f"Challenge {challenge.name} · {challenge.task}")
    with st.container(gap="xsmall", key="card"):
        for label, text in card_lines(challenge):
            note(f"{label}: {text}", key=f"card-{label.lower().replace(' ', '-')}", tone="plain")
    who = visitor(data.home())
    _hand_in(name, challenge, who)
    st.fragment(run_every=IDLE_S)(_board)(name, challenge)


def _hand_in(name: str, challenge: Challenge, who: Visitor) -> None:
    heading("Hand in", key="hand-in-section", below="A point of your sweeps. It is judged at once, from what was measured of its file.")
    if who.room is not None and not who.name:
        note("You lead this class: students hand in here." if who.teaching else "Join the class to hand in.", key="hand-in-join", tone="busy")
        if not who.teaching:
            st.page_link(routes.CLASS, label="Join the class", icon=":material/group_add:")
        return
    points = own_points(challenge, who)
    if not points:
        note(f"You have no point of {challenge.task} yet.", key="no-points", tone="plain")
        st.page_link(routes.LAUNCH, label="Launch a sweep", icon=":material/play_arrow:")
        return
    labels = distinct({v.run_id: _label(v, challenge) for v in points})
    asked = st.query_params.get(routes.RUN, "")
    place = list(labels).index(asked) if asked in labels else 0
    with st.container(horizontal=True, vertical_alignment="bottom", key="pick"):
        st.selectbox("Point", list(labels), index=place, format_func=lambda r: labels[r], key=f"pick-{name}")
        st.button("Hand in", type="primary", icon=":material/upload:", key="hand-in", on_click=_file, args=(name,))
    if problem := st.session_state.pop("hand-in-problem", ""):
        note(problem, key="hand-in-problem", tone="bad")


def own_points(challenge: Challenge, who: Visitor) -> list[Variant]:
    """What a visitor may hand in: of the own sweeps in a class, of all without one; the best accuracy first."""
    own = {r.run_id for r in data.sweeps() if who.room is None or r.owner == who.name}
    fits = [
        v for v in data.snapshot().variants
        if v.sweep in own and v.status == "FINISHED" and v.measures is None and v.recipe.get("task") == challenge.task and "accuracy" in v.metrics
    ]  # fmt: skip
    return sorted(fits, key=lambda v: (-v.metrics["accuracy"], v.name, v.run_id))[:300]


def _label(variant: Variant, challenge: Challenge) -> str:
    names = [n for n in dict.fromkeys(("accuracy", *challenge.limits, *challenge.formula.names)) if n in variant.metrics]
    figures = ", ".join(show(METRICS[n], variant.metrics[n]) for n in names)
    return f"{variant.name} · seed {variant.seed} · {figures}"


def _file(name: str) -> None:
    who, run = visitor(data.home()), st.session_state[f"pick-{name}"]
    try:
        if run not in {v.run_id for v in own_points(card(name), who)}:
            raise EffcoreError("That point is not one of yours.")
        if who.room is not None and who.student is not None:
            who.room.hand_in(name, who.student, run)
        elif who.room is None:
            kept: dict[str, HandedIn] = st.session_state.setdefault(f"handed-in-{name}", {})
            kept.setdefault(run, HandedIn(name, ALONE, run, time()))
    except EffcoreError as error:
        st.session_state["hand-in-problem"] = str(error)


def _take_back(name: str, run: str) -> None:
    who = visitor(data.home())
    if who.room is not None and who.student is not None:
        who.room.take_back(name, who.student, run)
    elif who.room is None:
        st.session_state.get(f"handed-in-{name}", {}).pop(run, None)


@explained
def _board(name: str, challenge: Challenge) -> None:
    """The own verdicts, and the best of each; fills by itself."""
    who = visitor(data.home())
    handed: Sequence[HandedIn] = who.room.handed_in(name) if who.room else tuple(st.session_state.get(f"handed-in-{name}", {}).values())
    found = judged(challenge, handed)
    mine = [j for j in found if j.handed_in.student == (who.name or ALONE)]
    for one in mine:
        _verdict(name, one)
    ranked = best(found)
    if not ranked:
        note("Nobody has handed in yet.", key="no-board", tone="plain")
        return
    heading("Leaderboard", key="board-section", below="The best accepted hand-in of each; a better one takes its place.")
    named = who.free or (who.room is not None and who.room.is_set(NAMES_SHOWN))
    frame = board_frame([(j.handed_in.student, j.grade) for j in ranked], challenge, own=who.name or ALONE, named=named, whole=who.free)
    st.dataframe(frame, hide_index=True, key="board", column_config=capital_heads(frame), alt="Rank, student, score")


def _verdict(name: str, one: Judged) -> None:
    run, grade = one.handed_in.run, one.grade
    with st.container(border=True, key=f"verdict-{run}", gap="xsmall"):
        said = f"{grade.name}: {'accepted' if grade.accepted else 'not accepted'}"
        said += f", score {grade.score:.4g}" if grade.score is not None else ""
        note(said, key=f"graded-{run}", tone="good" if grade.accepted else "bad")
        for index, finding in enumerate(grade.findings):
            note(finding.text, key=f"finding-{run}-{index}", tone="plain")
        with st.container(horizontal=True, gap="small", key=f"row-verdict-{run}"):
            st.page_link(routes.POINT, label="The point", icon=":material/arrow_forward:", query_params={routes.RUN: run})
            st.button("Take it back", key=f"take-back-{run}", type="tertiary", icon=":material/undo:", on_click=attempt, args=(_take_back, name, run))


if __name__ == "__main__":
    page()
