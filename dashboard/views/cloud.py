"""Very many points without their details, as arrays, and which of them are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from effcore.analysis.columns import Mask, Rows
from effcore.analysis.frontier import Variant

MOST_DRAWN = 12_000
"""Points that are drawn one by one; of more, those that would lie on each other are drawn as one, see `cells`."""

GRID = (320, 170)
"""Cells across and up: about three and a half pixels each on a plot of usual size, half a marker."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Cells:
    """Markers that stand for the points of a cloud, in the order in which they are drawn; every array has shape (cells,).

    Attributes:
        first: Place in the cloud of the point that is drawn: the first of the cell in the cloud's order.
        count: How many points the cell holds.
    """

    first: Rows
    count: Rows


@dataclass(frozen=True, kw_only=True, eq=False)
class Cloud:
    """Points without their details, best y first; every array has shape (points,).

    Attributes:
        x, y: In the units of the axes (shares in percent).
        rows: Place among the variants.
        technique: Code of the last step's technique.
        techniques: The technique of each code.
        front: Whether it is on the frontier.
        variants: Of the whole store.
        named: The name of each of the variants, shape (variants,).
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    rows: Rows
    technique: Rows
    techniques: tuple[str, ...]
    front: Mask
    variants: tuple[Variant, ...]
    named: NDArray[np.object_]

    def __len__(self) -> int:
        return len(self.rows)

    def variant(self, place: int) -> Variant:
        """The variant that a point of the cloud shows."""
        return self.variants[int(self.rows[place])]

    def names(self, places: Sequence[int] | Rows) -> list[str]:
        """Names of points."""
        return list(self.named[self.rows[np.asarray(places, dtype=np.int64)]])

    def place(self, run_id: str) -> int | None:
        """Place of the point that a run shows."""
        return next((i for i, row in enumerate(self.rows.tolist()) if self.variants[row].run_id == run_id), None)


def cells(cloud: Cloud, *, x_log: bool, y_log: bool) -> Cells:
    """What is drawn of a cloud: every point, or where there are too many the best of each cell of a grid."""
    everything = np.arange(len(cloud))
    if len(cloud) <= MOST_DRAWN:
        return Cells(first=everything, count=np.ones(len(cloud), dtype=np.int64))
    across, up = _steps(cloud.x, log=x_log, steps=GRID[0]), _steps(cloud.y, log=y_log, steps=GRID[1])
    where = across * (GRID[1] + 1) + up
    _, first, count = np.unique(where, return_index=True, return_counts=True)
    order = np.argsort(first)
    return Cells(first=first[order], count=count[order])


def within(cloud: Cloud, place: int, *, x_log: bool, y_log: bool) -> list[int]:
    """Places of all points that lie where a marker stands, best y first."""
    if len(cloud) <= MOST_DRAWN:
        return [place]
    across, up = _steps(cloud.x, log=x_log, steps=GRID[0]), _steps(cloud.y, log=y_log, steps=GRID[1])
    return [int(i) for i in np.flatnonzero((across == across[place]) & (up == up[place]))]


def _steps(values: NDArray[np.float64], *, log: bool, steps: int) -> Rows:
    drawn = np.log10(values) if log else values
    low, spread = drawn.min(), drawn.max() - drawn.min()
    return np.asarray((drawn - low) / spread * steps, dtype=np.int64) if spread > 0 else np.zeros(len(values), dtype=np.int64)
