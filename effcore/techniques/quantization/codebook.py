"""Weight sharing: the weights of a layer take few values, found by k-means, and the file holds which."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper, numpy_helper

from effcore.catalogue.quantization import Quantization
from effcore.errors import TechniqueError
from effcore.techniques.quantization.onnxfile import Weight, allow_four_bits, four_bits, read, store, weights, written

ROUNDS = 100
"""Most rounds of k-means; it usually settles earlier."""


def convert(file: bytes, config: Quantization) -> tuple[bytes, dict[str, Any]]:
    """The file with a codebook and indices for each layer, which become float weights once when it is loaded.

    Args:
        file: An ONNX file of a float network.
        config: With 4 or 8 bits of an index.

    Raises:
        TechniqueError: There is nothing to change.

    Source: Han et al. 2016, Deep Compression, https://arxiv.org/abs/1510.00149.
    """
    model = read(file)
    found = weights(model)
    if not found:
        raise TechniqueError("quantization must find layers with float weights in the file. Got none.")
    if config.bits == 4:
        allow_four_bits(model)
    entries = [_share(model, weight, config.bits) for weight in found]
    return written(model), {"layers": len(found), "entries": entries}


def _share(model: ModelProto, weight: Weight, bits: int) -> int:
    """Stores one layer by indices; how many values it takes."""
    book, indices = codebook(weight.values.ravel(), entries=2**bits)
    shaped, name = indices.reshape(weight.values.shape), weight.name
    stored = (
        four_bits(shaped, f"{name}_index", TensorProto.UINT4)
        if bits == 4
        else numpy_helper.from_array(shaped.astype(np.uint8), f"{name}_index")
    )
    whole = np.pad(book, (0, 2**bits - len(book)), mode="edge")  # the structure must not depend on the weights
    values = numpy_helper.from_array(whole, f"{name}_codebook")
    nodes = [
        helper.make_node("Cast", [stored.name], [f"{name}_cast"], to=TensorProto.INT32),
        helper.make_node("Gather", [values.name, f"{name}_cast"], [name]),
    ]
    store(model, name, [stored, values], nodes)
    return len(book)


def codebook(values: NDArray[np.float32], *, entries: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The values of a codebook and, for each number, the index of the nearest one.

    Numbers that are exactly zero stay so: where there are any, zero is one of the values.

    Args:
        values: float32 (numbers,).
        entries: Most values that the codebook may have.
    """
    distinct = np.unique(values)
    if len(distinct) <= entries:
        book = distinct
    else:
        zero = bool((values == 0).any())
        book = centers(np.sort(values[values != 0] if zero else values), entries - zero)
        book = np.unique(np.append(book, np.float32(0)) if zero else book)
    indices = np.searchsorted((book[1:] + book[:-1]) / 2, values)
    return book, indices


def centers(ordered: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Means of clusters of numbers on a line by Lloyd's rounds, from evenly spaced ones as Deep Compression starts.

    Args:
        ordered: The numbers, ascending.
        count: Of clusters; those that lose all their numbers are left out.
    """
    total = np.concatenate([[0.0], np.cumsum(ordered, dtype=np.float64)])
    book = np.linspace(ordered[0], ordered[-1], count, dtype=np.float64)
    for _ in range(ROUNDS):
        edges = np.concatenate([[0], np.searchsorted(ordered, (book[1:] + book[:-1]) / 2), [len(ordered)]])
        sizes = np.diff(edges)
        moved = (total[edges[1:]] - total[edges[:-1]])[sizes > 0] / sizes[sizes > 0]
        if np.array_equal(moved, book):
            break
        book = moved
    return book.astype(np.float32)
