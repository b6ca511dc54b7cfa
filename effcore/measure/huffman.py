"""Size of an artifact if its weights were Huffman-coded, as in the third stage of Deep Compression."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from effcore.measure.size import BYTES_PER_MB
from effcore.runtimes.counts import Stored

MOST_VALUES = 65_536
"""Distinct values above which a tensor stays as it is stored: its codebook would be as large as what it saves."""
LENGTH_BITS = 8
"""Of the length of each value's code, from which a canonical Huffman code follows."""
CONVOLUTION_BITS, LINEAR_BITS = 4, 5
"""Of the step from one non-zero weight to the next, as in the paper: convolutions, fully connected layers."""
SPARSE = 0.5
"""Share of zeros above which only the non-zero weights are coded, with the steps between them."""


def measure_huffman(path: Path, weights: Iterable[Stored]) -> float:
    """Megabytes of 1,000,000 bytes that the file would have with each tensor of weights coded where that makes it smaller.

    Everything else in the file counts as it is stored.

    Args:
        path: Of the file.
        weights: All that are stored in it.

    Source: Han et al. 2016, Deep Compression, https://arxiv.org/abs/1510.00149.
    """
    saved = sum(max(0, weight.bytes - coded_bytes(weight)) for weight in weights)
    return (path.stat().st_size - saved) / BYTES_PER_MB


def coded_bytes(weight: Stored) -> int:
    """Bytes of the Huffman-coded values, of the codebook with the lengths of its codes, and of the steps over zeros if most are zero.

    With more than `MOST_VALUES` distinct values: bytes as they are stored.

    Args:
        weight: One tensor of weights.
    """
    values, step_bits = np.ravel(weight.values), 0
    if np.count_nonzero(values) < (1 - SPARSE) * values.size:
        step_bits = CONVOLUTION_BITS if weight.convolution else LINEAR_BITS
        values = without_zeros(values, span=2**step_bits)
    distinct, counts = np.unique(values, return_counts=True)
    if len(distinct) > MOST_VALUES:
        return weight.bytes
    bits = code_bits(counts.tolist()) + len(values) * step_bits + len(distinct) * (weight.bits + LENGTH_BITS)
    return -(-bits // 8)


def without_zeros(values: NDArray[np.generic], *, span: int) -> NDArray[np.generic]:
    """The non-zero weights, and a zero for each full span between two of them that one step can't cross; fillers come last.

    Args:
        values: (numbers,). The first step starts one place before them; zeros behind the last weight need none.
        span: Places of the longest step.
    """
    places = np.flatnonzero(values)
    steps = np.diff(places, prepend=-1)
    fillers = int(((steps - 1) // span).sum())
    return np.concatenate([values[places], np.zeros(fillers, values.dtype)])


def code_bits(counts: Iterable[int]) -> int:
    """Bits of a message in its Huffman code, without the table; a message of one value that repeats needs none.

    Args:
        counts: How often each value is in the message.

    Source: Huffman 1952, A Method for the Construction of Minimum-Redundancy Codes, https://doi.org/10.1109/JRPROC.1952.273898.

    Example:
        >>> code_bits([4, 2, 1, 1])
        14
    """
    heap, bits = list(counts), 0
    heapq.heapify(heap)
    while len(heap) > 1:
        both = heapq.heappop(heap) + heapq.heappop(heap)  # each of them gets one bit more
        bits += both
        heapq.heappush(heap, both)
    return bits
