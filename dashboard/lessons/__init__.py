"""Lessons: one short unit for each idea, on recorded real numbers and on what is computed on the spot."""

from __future__ import annotations

from dashboard.lessons import (
    architectures,
    augmentation,
    distillation,
    dominance,
    measuring,
    operations,
    pruning,
    quantization,
    search,
    separable,
)
from dashboard.lessons.lesson import Lesson

LESSONS: dict[str, Lesson] = {
    lesson.key: lesson
    for lesson in (
        dominance.LESSON, measuring.LESSON, operations.LESSON, quantization.LESSON, pruning.LESSON, distillation.LESSON, augmentation.LESSON,
        search.LESSON, architectures.LESSON, separable.LESSON,
    )
}  # fmt: skip
"""In the order of a lecture."""
