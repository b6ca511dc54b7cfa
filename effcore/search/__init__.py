"""Searching: ask for candidates, tell what they came to; stop early, put off, and say what it all came to.

Light until something is asked: Optuna is imported with the first question, torch only by the strategy gp.
"""

from __future__ import annotations

from effcore.search.history import History, read_history
from effcore.search.study import Study
from effcore.search.trial import Trial

__all__ = ["History", "Study", "Trial", "read_history"]
