"""Size of an artifact, as it is and as it travels."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

BYTES_PER_MB = 1_000_000
LEVEL = 9


@dataclass(frozen=True, kw_only=True)
class Size:
    """Megabytes of 1,000,000 bytes.

    Attributes:
        size_mb: Bytes of the file.
        size_compressed_mb: Bytes after deflate at level 9.
    """

    size_mb: float
    size_compressed_mb: float

    def metrics(self) -> dict[str, float]:
        """The figures by their names in `objectives.METRICS`."""
        return {"size_mb": self.size_mb, "size_compressed_mb": self.size_compressed_mb}


def measure_size(path: Path) -> Size:
    """Size of the file, raw and compressed (zlib, level 9)."""
    data = path.read_bytes()
    return Size(size_mb=len(data) / BYTES_PER_MB, size_compressed_mb=len(zlib.compress(data, LEVEL)) / BYTES_PER_MB)
