"""Latency of a network from a table of its measured parts, with the error that it was found to have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from effcore.analysis.ranking import ranking


@dataclass(frozen=True, kw_only=True)
class LatencyTable:
    """Times of parts, and how they add up to that of a network.

    Attributes:
        parts_ms: Time of each part alone, by its name, without what a call of the runtime costs.
        fixed_ms, factor: A network takes `fixed_ms` and `factor` times the sum of its parts, fitted to measured networks.
        error: On other measured networks: their number, median and largest error as a share of what was measured, the
            same of the plain sum of parts and call, and rank correlations.
    """

    parts_ms: Mapping[str, float]
    fixed_ms: float
    factor: float
    error: Mapping[str, Any]

    def predict_ms(self, parts: Sequence[str]) -> float:
        """Expected latency of a network of these parts, in ms.

        Raises:
            KeyError: A part is not in the table.
        """
        return self.fixed_ms + self.factor * sum(self.parts_ms[part] for part in parts)

    @property
    def document(self) -> dict[str, Any]:
        """As plain data."""
        return {"parts_ms": dict(self.parts_ms), "fixed_ms": self.fixed_ms, "factor": self.factor, "error": dict(self.error)}


def read_table(document: Mapping[str, Any]) -> LatencyTable:
    """The table that `LatencyTable.document` wrote."""
    return LatencyTable(**document)


def fit_table(alone_ms: Mapping[str, float], call_ms: float, networks: Sequence[tuple[Sequence[str], float]]) -> LatencyTable:
    """A table of measured parts, set right by every other measured network and judged by the rest of them.

    Args:
        alone_ms: Measured latency of each part as a network of its own.
        call_ms: Measured latency of a network that does next to nothing.
        networks: Parts and measured latency of whole networks, at least four.

    Source: Cai et al. 2019, ProxylessNAS, https://arxiv.org/abs/1812.00332, for the sum over measured parts.
    """
    parts_ms = {name: max(time - call_ms, 0.0) for name, time in alone_ms.items()}
    sums = np.array([sum(parts_ms[part] for part in parts) for parts, _ in networks])
    measured = np.array([time for _, time in networks])
    known, held = slice(0, None, 2), slice(1, None, 2)
    # Errors count as shares, so that small networks are fitted as well as large ones.
    weighted = np.stack([np.ones_like(sums[known]), sums[known]], 1) / measured[known, None]
    fixed, factor = np.linalg.lstsq(weighted, np.ones(len(weighted)), rcond=None)[0]
    fitted, plain = fixed + factor * sums[held], call_ms + sums[held]
    shares, plain_shares = (np.abs(found / measured[held] - 1) for found in (fitted, plain))
    error = {
        "networks": len(shares), "median": float(np.median(shares)), "largest": float(shares.max()),
        "median_of_the_sum": float(np.median(plain_shares)), "largest_of_the_sum": float(plain_shares.max()),
        "ranking": ranking(fitted.tolist(), measured[held].tolist()).document,
    }  # fmt: skip
    return LatencyTable(parts_ms=parts_ms, fixed_ms=float(fixed), factor=float(factor), error=error)
