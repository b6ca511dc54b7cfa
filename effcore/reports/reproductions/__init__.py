"""What papers report beside what the sweeps of this store found, and what fewer bits do to a file."""

from __future__ import annotations

from effcore.reports.reproductions.claims import CLAIMS, Claim, Side
from effcore.reports.reproductions.judge import Result, judge
from effcore.reports.reproductions.read import read_results
from effcore.reports.reproductions.sizes import SizeRow, read_sizes
from effcore.reports.reproductions.table import claims_table, document, sizes_table, written_between

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
