"""Sizes of Huffman-coded weights against sums by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import ArrayLike

from effcore.measure.huffman import MOST_VALUES, code_bits, coded_bytes, measure_huffman, without_zeros
from effcore.runtimes import Stored


def floats(values: ArrayLike) -> Stored:
    numbers = np.asarray(values, np.float32)
    return Stored(values=numbers, bits=32, bytes=numbers.nbytes, convolution=False)


def integers(values: ArrayLike, *, convolution: bool = False) -> Stored:
    numbers = np.asarray(values, np.int8)
    return Stored(values=numbers, bits=8, bytes=numbers.nbytes, convolution=convolution)


@pytest.mark.parametrize(
    ("counts", "bits"),
    [
        ([], 0), ([5], 0), ([1, 1], 2), ([1, 1, 1, 1], 4 * 2), ([4, 2, 1, 1], 4 * 1 + 2 * 2 + 1 * 3 + 1 * 3),
        ([45, 13, 12, 16, 9, 5], 45 * 1 + (13 + 12 + 16) * 3 + (9 + 5) * 4),  # Cormen et al., Introduction to Algorithms
    ],
)  # fmt: skip
def test_bits_of_a_message_are_those_of_its_huffman_code(counts: list[int], bits: int) -> None:
    assert code_bits(counts) == bits


def test_four_values_that_are_equally_frequent_take_two_bits_each_and_a_codebook() -> None:
    assert coded_bytes(floats([1, 2, 3, 4] * 16)) == 64 * 2 / 8 + 4 * (32 + 8) / 8


def test_frequent_values_take_fewer_bits() -> None:
    assert coded_bytes(integers([1] * 8 + [2] * 4 + [3] * 2 + [4] * 2)) == 12  # 8 * 1 + 4 * 2 + 4 * 3 + 4 * (8 + 8) = 92 bits


def test_a_tensor_of_zeros_takes_nothing_and_one_of_another_value_its_codebook() -> None:
    assert coded_bytes(floats(np.zeros((16, 16)))) == 0
    assert coded_bytes(floats(np.ones((16, 16)))) == (32 + 8) / 8


def test_a_run_of_zeros_is_a_step_with_a_filler_where_it_is_too_long() -> None:
    figure = np.zeros(16, np.float32)
    figure[[1, 4, 15]] = 3.4, 0.9, 1.7  # Figure 2 of Deep Compression: 3 bits of a step, one filler
    assert without_zeros(figure, span=8) == pytest.approx(np.array([3.4, 0.9, 1.7, 0], np.float32))
    assert without_zeros(np.array([0] * 8 + [5]), span=8).tolist() == [5, 0]
    assert without_zeros(np.array([0] * 7 + [5, 0, 0]), span=8).tolist() == [5]


def test_a_tensor_that_is_mostly_zero_holds_steps_of_four_bits_in_convolutions_and_five_in_linear_layers() -> None:
    values = np.zeros(200)
    values[[0, 100]] = 7, 5
    # 6 fillers: 6 * 1 + 2 * 2 bits of codes, 8 steps of 4 bits, 3 values of 8 + 8 bits = 90 bits
    assert coded_bytes(integers(values, convolution=True)) == 12
    # 3 fillers: 3 * 1 + 2 * 2 bits of codes, 5 steps of 5 bits, 3 values of 8 + 8 bits = 80 bits
    assert coded_bytes(integers(values)) == 10


def test_half_of_zeros_is_not_mostly_zero() -> None:
    assert coded_bytes(integers([0, 0, 1, 1])) == 5  # 4 * 1 + 2 * (8 + 8) = 36 bits


def test_more_values_than_a_codebook_may_have_stay_as_they_are() -> None:
    assert coded_bytes(floats(np.arange(MOST_VALUES + 1) + 1)) == (MOST_VALUES + 1) * 4


def test_the_file_has_each_tensor_coded_that_is_smaller_so_and_all_else_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"x" * 1000)
    shared, distinct = floats([1, 2, 3, 4] * 16), floats(np.arange(8))
    assert coded_bytes(distinct) > distinct.bytes
    assert measure_huffman(path, [shared, distinct]) == pytest.approx((1000 - 256 + 36) / 1e6)
    assert measure_huffman(path, []) == 0.001
