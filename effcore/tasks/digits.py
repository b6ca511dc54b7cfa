"""1,797 handwritten digits of 8x8 pixels that ship with scikit-learn."""

from __future__ import annotations

import numpy as np

from effcore.tasks.bundled import read_table

PIXELS = 8 * 8


def read() -> tuple[np.ndarray, np.ndarray]:
    """Images, uint8 (1797, 1, 8, 8), and labels, int64 (1797,), in the order of the file."""
    rows = read_table("sklearn", "datasets", "data", "digits.csv.gz", columns=PIXELS + 1)
    return rows[:, :PIXELS].astype(np.uint8).reshape(-1, 1, 8, 8), rows[:, PIXELS].copy()
