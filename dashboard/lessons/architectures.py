"""Lesson: can one tell which network will be good before it is trained?"""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.lessons.lesson import Guess, Lesson, Truth, exact
from dashboard.lessons.recorded import Recorded, Row

PROXIES = {"params": "Parameters", "macs": "Multiply-accumulates", "latency_ms": "Latency", "early": "Accuracy after one epoch"}


@dataclass(frozen=True)
class Proxy:
    """How well something cheap ranks the networks.

    Attributes:
        tau: Kendall's rank correlation with the accuracy after the whole training, from -1 to 1.
        values: Of the networks, in the order of `Recorded.whole`.
        cost: What it takes to know, as a share of the whole training.
    """

    key: str
    label: str
    tau: float
    values: tuple[float, ...]
    cost: float


def proxies(recorded: Recorded) -> tuple[Proxy, ...]:
    """Each proxy against the validation accuracy of the trained network."""
    from scipy import stats

    rows = recorded.whole()
    truth = [r.value("val_accuracy") for r in rows]
    epochs = len(rows[0].curve)
    found = []
    for key, label in PROXIES.items():
        values = tuple(_early(r) if key == "early" else r.value(key) for r in rows)
        tau = float(stats.kendalltau(values, truth).statistic)
        found.append(Proxy(key, label, tau, values, 1 / epochs if key == "early" else 0.0))
    return tuple(found)


def _early(row: Row) -> float:
    return float(row.curve[0]["val_accuracy"])


def _truth(recorded: Recorded) -> Truth:
    tau = next(p.tau for p in proxies(recorded) if p.key == "params")
    return exact(round(tau, 2), f"{tau:+.2f}, over {len(recorded.whole())} networks. 1 would be the same order, 0 none at all.")


def _learned(recorded: Recorded) -> tuple[str, ...]:
    found = sorted(proxies(recorded), key=lambda p: -abs(p.tau))
    said = ", ".join(f"{p.label.lower()} {p.tau:+.2f}" for p in found)
    return (
        f"Rank correlation with the accuracy that is reached: {said}.",
        "A search over architectures lives on such hints: it trains the promising ones on, and stops or never starts the others.",
        "A hint that ranks well within one family may fail across families: more weights are not better weights.",
    )


LESSON = Lesson(
    key="architectures", title="Architecture search", question="Can one tell which network will be good before it is trained?",
    guess=Guess(ask="How well does the number of parameters rank the networks by accuracy (rank correlation, -1 to 1)?", unit="", low=-1, high=1,
                step=0.05),
    truth=_truth, learned=_learned,
)  # fmt: skip
