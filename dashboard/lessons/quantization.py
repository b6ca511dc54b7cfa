"""Lesson: how few bits does a weight need?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dashboard.lessons.lesson import Guess, Lesson, Truth, exact
from dashboard.lessons.network import Floats, Tried, tried, weights
from dashboard.lessons.recorded import Recorded

BITS = (8, 7, 6, 5, 4, 3, 2)
FLOAT_BITS = 32
ALLOWED_POINTS = 1.0


@dataclass(frozen=True)
class Rounded:
    """Every weight to the nearest of evenly spaced values, symmetric around zero, one spacing for a tensor."""

    bits: int

    def __call__(self, values: Floats) -> Floats:
        if self.bits >= FLOAT_BITS:
            return values
        largest = float(np.abs(values).max())
        steps = 2 ** (self.bits - 1) - 1
        scale = largest / steps
        found: Floats = (np.round(values / scale).clip(-steps, steps) * scale).astype(np.float32)
        return found


@dataclass(frozen=True)
class Layer:
    """The largest layer before and after rounding.

    Attributes:
        before, after: Its weights.
        error: Root of the mean squared error, as a share of the weights' standard deviation.
        kilobytes: Of all weights of the network at so many bits.
    """

    name: str
    before: Floats
    after: Floats
    error: float
    kilobytes: float


def rounded_layer(network: bytes, bits: int) -> Layer:
    """The largest layer of the network at so many bits."""
    all_weights = weights(network)
    name = max(all_weights, key=lambda k: all_weights[k].size)
    before = all_weights[name]
    after = Rounded(bits)(before)
    error = float(np.sqrt(np.mean((after - before) ** 2)) / before.std())
    count = sum(w.size for w in all_weights.values())
    return Layer(name, before.ravel(), after.ravel(), error, count * bits / 8 / 1000)


def at_bits(network: bytes, bits: int) -> Tried:
    """The network with its weights at so many bits, tried on real images."""
    return tried(network, Rounded(bits))


def fewest_bits(network: bytes) -> int:
    """Down to which number of bits, one by one from 8, at most `ALLOWED_POINTS` are lost."""
    whole, last = at_bits(network, FLOAT_BITS).accuracy, FLOAT_BITS
    for bits in BITS:
        if 100 * (whole - at_bits(network, bits).accuracy) > ALLOWED_POINTS:
            break
        last = bits
    return last


def speeds(recorded: Recorded) -> tuple[tuple[str, float, float], ...]:
    """For each whole network: how many times faster and how many times smaller its measured int8 file is."""
    rows = recorded.rows()
    of_parent = {r.document["parent"]: r for r in rows if r.step("quantization")}
    pairs = [(r, of_parent[r.document["key"]]) for r in recorded.whole() if r.document["key"] in of_parent]
    return tuple((r.name, r.value("latency_ms") / q.value("latency_ms"), r.value("size_mb") / q.value("size_mb")) for r, q in pairs)


def _truth(recorded: Recorded) -> Truth:
    bits = fewest_bits(recorded.network)
    return exact(bits, f"{bits} bits: at {bits - 1} this network loses more than {ALLOWED_POINTS:g} point, with nothing but rounding.")


def _learned(recorded: Recorded) -> tuple[str, ...]:
    found = speeds(recorded)
    slower = [name for name, faster, _ in found if faster < 1]
    best = max(found, key=lambda f: f[1])
    return (
        f"Size follows the bits. Measured on the recorded machine, the int8 files are {min(f[2] for f in found):.1f} to "
        f"{max(f[2] for f in found):.1f} times smaller.",
        f"Speed does not: int8 is at best {best[1]:.1f} times as fast ({best[0]}), and slower for {len(slower)} of {len(found)} networks. "
        "Numbers must be turned back and forth, and a tiny network has little arithmetic to save.",
        "Few bits hurt where the range of a tensor is wide: one spacing has to serve all of its weights.",
    )


LESSON = Lesson(
    key="quantization", title="Quantization", question="A weight has 32 bits. How many of them does the network need?",
    guess=Guess(ask="Down to how many bits can all weights be rounded before more than one point of accuracy is lost?", unit="bits",
                low=1, high=8, step=1),
    truth=_truth, learned=_learned,
)  # fmt: skip
