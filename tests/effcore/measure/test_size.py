"""Sizes in megabytes of 1,000,000 bytes."""

from __future__ import annotations

import zlib
from pathlib import Path

from effcore.measure.size import measure_size


def test_size_raw_and_compressed(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"\0" * 2_000_000)
    size = measure_size(path)
    assert size.size_mb == 2.0
    assert size.size_compressed_mb == len(zlib.compress(b"\0" * 2_000_000, 9)) / 1e6
    assert size.metrics() == {"size_mb": 2.0, "size_compressed_mb": size.size_compressed_mb}
