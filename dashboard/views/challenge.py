"""A challenge as values: the card in words, and the leaderboard."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from dashboard.quantities import show
from dashboard.theme import title
from effcore.challenge.card import Challenge
from effcore.challenge.judging import Grade
from effcore.objectives import metric


def card_lines(challenge: Challenge) -> tuple[tuple[str, str], ...]:
    """What is to be reached, within which budgets and with what, a line each."""
    limits = [f"{metric(n).label.lower()} at {'least' if metric(n).maximise else 'most'} {_limit(n, v)}" for n, v in challenge.limits.items()]
    lines = [
        ("Budgets", ", ".join(limits) or "none"),
        ("Techniques", "all" if challenge.techniques is None else ", ".join(title(t).lower() for t in challenge.techniques) or "none"),
        ("Networks", "all families" if challenge.families is None else ", ".join(challenge.families)),
        ("Runtime", ", ".join(challenge.runtimes)),
        ("Seeds", "any" if challenge.seeds is None else ", ".join(map(str, challenge.seeds))),
        ("Due", f"{challenge.due_at:%Y-%m-%d %H:%M %Z}" if challenge.due_at else "no date"),
        ("Score", f"{challenge.score}, the more the better"),
    ]
    return tuple(lines)


def _limit(name: str, value: float) -> str:
    """As the card has it: what is measured has three significant digits, what is asked for has its own."""
    which = metric(name)
    return f"{100 * value:g} %" if which.percent else f"{value:g} {which.unit}".strip()


def board_frame(ranked: Sequence[tuple[str, Grade]], challenge: Challenge, *, own: str, named: bool, whole: bool) -> pd.DataFrame:
    """A row for each student, the best first.

    Args:
        ranked: Student and grade of the best hand-in of each.
        challenge: Whose metrics are shown.
        own: The student who looks, whose row says so.
        named: Whether the others have names.
        whole: Whether recipes and reasons are shown, as the instructor sees them.
    """
    shown = list(dict.fromkeys(("accuracy", *challenge.limits, *challenge.formula.names)))
    rows = []
    for place, (student, grade) in enumerate(ranked, start=1):
        name = student if named or student == own else "another student"
        row = {
            "rank": str(place) if grade.accepted else "", "student": f"{name} (you)" if student == own and own != "you" else name,
            "score": f"{grade.score:.4g}" if grade.score is not None and grade.accepted else "",
        }  # fmt: skip
        if whole or student == own or grade.accepted:
            row |= {metric(n).label: show(metric(n), grade.metrics[n]) if n in grade.metrics else "" for n in shown}
        row["verdict"] = "accepted" if grade.accepted else " ".join(f.text for f in grade.findings) if whole or student == own else "not accepted"
        if whole:
            row["point"] = grade.name
        rows.append(row)
    return pd.DataFrame(rows).fillna("")
