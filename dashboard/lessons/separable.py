"""Lesson: a convolution in two cheaper ones."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.lessons.lesson import Guess, Lesson, Truth
from dashboard.lessons.recorded import Recorded

ASKED_CHANNELS = 64


@dataclass(frozen=True)
class Cost:
    """Multiply-accumulates and parameters of one layer, biases left out."""

    macs: int
    params: int


def full(channels: int, kernel: int, side: int) -> Cost:
    """A convolution from so many channels to as many: K^2 C^2 for each of the side^2 positions."""
    params = kernel**2 * channels**2
    return Cost(params * side**2, params)


def separable(channels: int, kernel: int, side: int) -> Cost:
    """One window for each channel, then 1x1 over the channels: K^2 C + C^2 for each position.

    Source: Howard et al. 2017, https://arxiv.org/abs/1704.04861
    """
    params = kernel**2 * channels + channels**2
    return Cost(params * side**2, params)


def compared(whole: int, parts: int) -> str:
    """How many times fewer products the two parts have than the whole; with a window of one pixel they have more."""
    return f"{whole / parts:.1f} times fewer" if parts <= whole else f"{parts / whole:.4g} times as many"


@dataclass(frozen=True)
class Measured:
    """Both layers as they were measured.

    Attributes:
        faster, low, high: Latency of the full one by that of the separable one, and what it can be by their intervals.
        fewer: Multiply-accumulates of the full one by those of the separable one.
    """

    channels: int
    full_ms: float
    separable_ms: float
    faster: float
    low: float
    high: float
    fewer: float


def measured(recorded: Recorded) -> tuple[Measured, ...]:
    """The recorded layers, the fewest channels first."""
    rows = {(r["channels"], r["kind"]): r for r in recorded.document["layers"]}
    side, found = recorded.document["side"], []
    for channels in sorted({c for c, _ in rows}):
        a, b = rows[channels, "full"], rows[channels, "separable"]
        found.append(Measured(
            channels, a["latency_ms"], b["latency_ms"], a["latency_ms"] / b["latency_ms"], a["low"] / b["high"], a["high"] / b["low"],
            full(channels, 3, side).macs / separable(channels, 3, side).macs,
        ))  # fmt: skip
    return tuple(found)


def _truth(recorded: Recorded) -> Truth:
    row = next(m for m in measured(recorded) if m.channels == ASKED_CHANNELS)
    text = f"{row.faster:.1f} times ({row.low:.1f} to {row.high:.1f}), with {row.fewer:.1f} times fewer multiply-accumulates."
    return Truth(value=row.faster, low=row.low, high=row.high, text=text)


def _learned(recorded: Recorded) -> tuple[str, ...]:
    found = measured(recorded)
    few, many = found[0], found[-1]
    return (
        "A convolution looks around and mixes channels at once. "
        "Done one after the other, with K = 3 and C channels, both together cost 1/9 + 1/C of it.",
        f"Measured: {few.faster:.1f} times as fast with {few.channels} channels, {many.faster:.1f} times with {many.channels}, "
        f"where the products are {few.fewer:.1f} and {many.fewer:.1f} times fewer.",
        "A depthwise layer moves as many numbers as before and computes little with each: it waits for memory, not for arithmetic.",
    )


LESSON = Lesson(
    key="separable", title="Convolution in two steps",
    question="A depthwise separable convolution has eight times fewer products. Is it eight times as fast?",
    guess=Guess(ask=f"How many times faster is it, measured with {ASKED_CHANNELS} channels?", unit="times", low=0.5, high=10, step=0.5),
    truth=_truth, learned=_learned,
)  # fmt: skip
