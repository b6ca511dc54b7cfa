"""The form of a lesson: a question, a guess before the answer, real numbers to act on, and what was learned."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from dashboard.lessons.recorded import Recorded

_ROUND = (1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.8, 2, 2.2, 2.5, 2.8, 3, 3.5, 4, 4.5, 5, 5.5, 6, 7, 8, 9)
"""Of each power of ten on a log scale: at most a tenth apart up to 1.6, a sixth beyond."""


@dataclass(frozen=True, kw_only=True)
class Guess:
    """What the student guesses before anything is shown.

    Attributes:
        ask: The question, answered by one number.
        unit: Of the number; empty where it has none.
        low, high: Ends of the slider.
        step: Of the slider; 0 for the round numbers of a log scale.
        start: Where the slider stands at first; at `low` where it is None.
    """

    ask: str
    unit: str
    low: float
    high: float
    step: float
    start: float | None = None

    @property
    def log(self) -> bool:
        """Whether its numbers lie on a log scale."""
        return self.step == 0

    @property
    def places(self) -> tuple[float, ...]:
        """The round numbers between the ends, for a slider on a log scale."""
        tens = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        every = [float(f"{digits}e{ten}") for ten in tens for digits in _ROUND]
        return tuple(value for value in every if self.low <= value <= self.high)

    def told(self, value: float, *, digits: int = 6) -> str:
        """A number with its unit."""
        return f"{value:.{digits}g} {self.unit}".strip()


@dataclass(frozen=True, kw_only=True)
class Truth:
    """The answer, computed from what was recorded or on the spot.

    Attributes:
        value: In the unit of the guess.
        low, high: Its interval; equal to the value where it is exact.
        text: The answer in a sentence.
    """

    value: float
    low: float
    high: float
    text: str

    def distance(self, guess: float) -> float:
        """How far a guess is outside of the interval; 0 within."""
        return max(self.low - guess, guess - self.high, 0.0)


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """One idea.

    Attributes:
        key: In the address.
        title: As in the list.
        question: That the page opens with.
        guess: What is guessed first.
        truth: The answer.
        learned: What is taken home, with the numbers of this recording.
    """

    key: str
    title: str
    question: str
    guess: Guess
    truth: Callable[[Recorded], Truth]
    learned: Callable[[Recorded], tuple[str, ...]]


def exact(value: float, text: str) -> Truth:
    """An answer without doubt."""
    return Truth(value=value, low=value, high=value, text=text)
