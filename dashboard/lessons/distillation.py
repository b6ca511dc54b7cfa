"""Lesson: what does a teacher know that the labels don't say?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dashboard.lessons.lesson import Guess, Lesson, Truth
from dashboard.lessons.recorded import Recorded, Row
from effcore.statistics import mean_and_interval


def soft_labels(logits: NDArray[np.float32], temperature: float) -> NDArray[np.float64]:
    """Softmax of the teacher's logits divided by the temperature, for one image.

    Source: Hinton et al. 2015, https://arxiv.org/abs/1503.02531
    """
    scaled = logits.astype(np.float64) / temperature
    powers = np.exp(scaled - scaled.max())
    found: NDArray[np.float64] = powers / powers.sum()
    return found


def students(recorded: Recorded) -> tuple[tuple[Row, Row], ...]:
    """The student without and with its teacher, by seed."""
    rows = [r for r in recorded.rows("lessons_learning") if r.step("architecture")["width"] == 0.25]
    alone = {r.document["seed"]: r for r in rows if not r.step("distillation")}
    taught = {r.document["seed"]: r for r in rows if r.step("distillation")}
    return tuple((alone[seed], taught[seed]) for seed in sorted(alone.keys() & taught.keys()))


def gain(recorded: Recorded) -> tuple[float, float, float]:
    """Points that the teacher brings, with its 95 % interval over the seeds."""
    return mean_and_interval([100 * (taught.value("accuracy") - alone.value("accuracy")) for alone, taught in students(recorded)])


def _truth(recorded: Recorded) -> Truth:
    value, low, high = gain(recorded)
    seeds = len(students(recorded))
    return Truth(value=value, low=low, high=high, text=f"{value:+.1f} points ({low:+.1f} to {high:+.1f}), the mean of {seeds} seeds.")


def _learned(recorded: Recorded) -> tuple[str, ...]:
    value, low, high = gain(recorded)
    shown = "helped" if low > 0 else "hurt" if high < 0 else "has no effect that these seeds show"
    return (
        "A teacher says which wrong answers are nearly right: a seven that looks like a one. A label can't say that.",
        "The temperature makes the small probabilities visible. At 1 the teacher is almost as hard as a label, at 20 it hardly says anything.",
        f"Here distillation {shown}: {value:+.1f} points ({low:+.1f} to {high:+.1f}). "
        "The student is as small and as fast as before; only training costs more.",
    )


LESSON = Lesson(
    key="distillation", title="Distillation", question="What does a teacher know that the labels don't say?",
    guess=Guess(ask="How many points of accuracy does a small network gain from a teacher?", unit="points", low=-3, high=6, step=0.5),
    truth=_truth, learned=_learned,
)  # fmt: skip
