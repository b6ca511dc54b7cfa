"""What papers report beside what the sweeps of this store found, and what fewer bits do to a file."""

from __future__ import annotations

from effcore.reproductions.claims import CLAIMS, Claim, Side
from effcore.reproductions.judge import Result, judge
from effcore.reproductions.read import read_results
from effcore.reproductions.sizes import SizeRow, read_sizes
from effcore.reproductions.table import claims_table, document, sizes_table, written_between

__all__ = [
    "CLAIMS",
    "Claim",
    "Result",
    "Side",
    "SizeRow",
    "claims_table",
    "document",
    "judge",
    "read_results",
    "read_sizes",
    "sizes_table",
    "written_between",
]
