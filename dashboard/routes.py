"""Where the pages are, and the names that stand in their addresses."""

from __future__ import annotations

from pathlib import Path

_SCREENS = Path(__file__).resolve().parent / "screens"
FRONTIER = _SCREENS / "frontier.py"
LAUNCH = _SCREENS / "launch.py"
POINT = _SCREENS / "point.py"
TECHNIQUES = _SCREENS / "techniques.py"
COMPARE = _SCREENS / "compare.py"
SEARCH_PAGE = _SCREENS / "search.py"
LESSONS = _SCREENS / "lessons.py"
LESSON = _SCREENS / "lesson.py"
PREDICT = _SCREENS / "predict.py"
CHALLENGES = _SCREENS / "challenge.py"
CLASS = _SCREENS / "class_room.py"
EXPERIMENTS = _SCREENS / "foreign.py"
ICON = _SCREENS / "icon.svg"

FOREIGN = "from"
"""Experiment or table that effcore did not write."""
RUN = "run"
"""Run of the point that its page shows."""
SELECTED = "sel"
"""Run of the point that is ringed on the frontier."""
SWEEP, ENVIRONMENT, AXIS_X, AXIS_Y = "sweep", "env", "x", "y"
"""What the frontier is of, and its axes."""

BUDGET_X, BUDGET_Y, BASE, THIRD, ARROWS, OVER, KNEE = "bx", "by", "base", "third", "arrows", "over", "knee"
"""How the frontier is looked at."""
SEARCH, WITH, STARRED = "q", "with", "starred"
"""Which of its points are shown."""
TECHNIQUE, DOSE, TOGETHER = "tech", "dose", "pairs"
"""What the techniques page is of."""
POINTS, REFERENCE = "points", "ref"
"""Runs of the points that are compared, with commas, and the one that the others stand against."""

LESSON_KEY, STEP, PROJECTOR = "lesson", "step", "projector"
"""Which lesson, how far in it, and whether for the last row of a lecture hall."""

FROZEN, UNTIL = "frozen", "until"
"""Of a frozen view: with or without controls, and the last moment that is in it."""
WITHOUT_CONTROLS, WITH_CONTROLS = "1", "controls"
"""What `FROZEN` may be; a view with any other word is not frozen."""

STUDY = "study"
"""A recorded study to look at instead of the store; any other word leads back."""

CARD = "card"
"""Name of the challenge that its page shows."""

LAUNCH_MODE, PASTED = "launch-mode", "pasted-spec"
"""In the session: how a spec is given on the launch page, and the text that was pasted there."""
FORM, PRESET, PASTE = "Fill in a form", "Take a preset", "Paste a spec"
"""The ways to give a spec."""

BACK = "frontier-address"
"""In the session: the address of the frontier that the reader came from."""
HELD = "frontier-shown"
"""In the session: the moment that the frontier shows."""
