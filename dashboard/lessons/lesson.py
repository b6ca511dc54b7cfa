"""The form of a lesson: a question, a guess before the answer, real numbers to act on, and what was learned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dashboard.lessons.recorded import Recorded


@dataclass(frozen=True, kw_only=True)
class Guess:
    """What the student guesses before anything is shown.

    Attributes:
        ask: The question, answered by one number.
        unit: Of the number.
        low, high, step: Of the slider; `low` is where it starts.
    """

    ask: str
    unit: str
    low: float
    high: float
    step: float


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
