"""Lesson: how many images does a slightly turned image replace?"""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.lessons.lesson import Guess, Lesson, Truth
from dashboard.lessons.recorded import Recorded, Row
from effcore.catalogue import TASKS
from effcore.statistics import mean_and_interval


@dataclass(frozen=True)
class Size:
    """Accuracy with so many training images.

    Attributes:
        accuracy, low, high: Mean over the seeds with its 95 % interval.
    """

    images: int
    accuracy: float
    low: float
    high: float


def policies(recorded: Recorded) -> tuple[str, ...]:
    """Policies with recorded images."""
    return tuple(name for name in recorded.images if name not in ("original", "asked", "asked_labels", "teacher_logits"))


def _rows(recorded: Recorded, augmented: bool) -> list[Row]:
    rows = [r for r in recorded.rows("lessons_learning") if r.step("architecture")["width"] == 0.5]
    return [r for r in rows if bool(r.step("augmentation")) == augmented]


def by_images(recorded: Recorded, *, augmented: bool) -> tuple[Size, ...]:
    """Accuracy by number of training images, the fewest first."""
    rows = _rows(recorded, augmented)
    shares = sorted({float(r.step("training").get("data_fraction", 1.0)) for r in rows})
    found = []
    for share in shares:
        values = [r.value("accuracy") for r in rows if float(r.step("training").get("data_fraction", 1.0)) == share]
        found.append(Size(round(share * TASKS["mnist5k"].train), *mean_and_interval(values)))
    return tuple(found)


def gain(recorded: Recorded, index: int) -> tuple[float, float, float]:
    """Points that augmentation brings at the size of that index, paired by seed, with its 95 % interval."""
    sizes = by_images(recorded, augmented=False)

    def at(augmented: bool) -> dict[int, float]:
        rows = _rows(recorded, augmented)
        return {
            r.document["seed"]: r.value("accuracy") for r in rows
            if round(float(r.step("training").get("data_fraction", 1.0)) * TASKS["mnist5k"].train) == sizes[index].images
        }  # fmt: skip

    plain, changed = at(False), at(True)
    return mean_and_interval([100 * (changed[seed] - plain[seed]) for seed in sorted(plain.keys() & changed.keys())])


def _truth(recorded: Recorded) -> Truth:
    value, low, high = gain(recorded, 0)
    images = by_images(recorded, augmented=False)[0].images
    return Truth(value=value, low=low, high=high, text=f"{value:+.1f} points ({low:+.1f} to {high:+.1f}) with {images} images, over the seeds.")


def _learned(recorded: Recorded) -> tuple[str, ...]:
    few, many = gain(recorded, 0), gain(recorded, -1)
    sizes = by_images(recorded, augmented=False)
    return (
        "An image stays an image of the same thing when it is turned, moved or stretched a little: new training data for nothing.",
        f"With {sizes[0].images} images it brings {few[0]:+.1f} points ({few[1]:+.1f} to {few[2]:+.1f}), with {sizes[-1].images} "
        f"{many[0]:+.1f} ({many[1]:+.1f} to {many[2]:+.1f}){': it matters most where data is short' if few[1] > many[0] else ''}.",
        "Which change is harmless depends on the task: a mirrored digit is another sign, a mirrored cat is a cat.",
    )


LESSON = Lesson(
    key="augmentation", title="Data augmentation", question="How many images does a slightly turned image replace?",
    guess=Guess(ask="With a tenth of the training images: how many points do small turns, shifts and stretches bring?", unit="points",
                low=-5, high=15, step=0.5),
    truth=_truth, learned=_learned,
)  # fmt: skip
