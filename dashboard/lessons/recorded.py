"""What the lessons show: real sweeps that were recorded, and a small real network; nothing here is made up."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FOLDER = Path(__file__).resolve().parent / "recorded"
FILES = ("lessons.json", "images.npz", "network.onnx")


@dataclass(frozen=True)
class Row:
    """One recorded network.

    Attributes:
        document: As `experiments/record_lessons.py` wrote it.
    """

    document: Mapping[str, Any]

    @property
    def name(self) -> str:
        return str(self.document["name"])

    @property
    def family(self) -> str:
        return str(self.step("architecture")["family"])

    @property
    def curve(self) -> list[Mapping[str, float]]:
        """Validation accuracy by epoch."""
        return list(self.document["curve"])

    @property
    def processes_ms(self) -> tuple[float, ...]:
        """Median latency of each measuring process, in ms."""
        return tuple(self.document["process_medians_ms"])

    def step(self, technique: str) -> Mapping[str, Any]:
        """Parameters of a step; empty where the recipe has none."""
        found: Mapping[str, Any] = next((s[technique] for s in self.document["recipe"]["steps"] if technique in s), {})
        return found

    def value(self, metric: str) -> float:
        """A figure."""
        return float(self.document["metrics"][metric])

    def interval(self, metric: str) -> tuple[float, float, float]:
        """A figure with its interval."""
        metrics = self.document["metrics"]
        return float(metrics[metric]), float(metrics.get(f"{metric}_low", metrics[metric])), float(metrics.get(f"{metric}_high", metrics[metric]))


@dataclass(frozen=True, eq=False)
class Recorded:
    """All that was recorded.

    Attributes:
        document: `lessons.json`.
        images: `images.npz` by name.
        network: Bytes of `network.onnx`.
    """

    document: Mapping[str, Any]
    images: Mapping[str, NDArray[Any]]
    network: bytes

    @property
    def source(self) -> str:
        """Where the figures come from, for the foot of a lesson."""
        return f"Recorded on {self.document['made']} on {self.document['machine']}, by `{self.document['command']}`."

    def rows(self, sweep: str = "lessons") -> tuple[Row, ...]:
        """The networks of a recorded sweep."""
        return tuple(Row(document) for document in self.document[sweep])

    def whole(self) -> tuple[Row, ...]:
        """The networks of all families and widths before anything was done to them."""
        return tuple(r for r in self.rows() if not r.step("quantization") and not r.step("pruning"))


def read(folder: Path | None = None) -> Recorded:
    """The recording in a folder; read again only when a file of it has changed."""
    place = folder or FOLDER
    return _read(str(place), tuple((place / name).stat().st_mtime_ns for name in FILES))


@lru_cache(maxsize=2)
def _read(folder: str, times: Sequence[int]) -> Recorded:
    del times
    place = Path(folder)
    with np.load(place / "images.npz", allow_pickle=False) as arrays:
        images = {name: arrays[name] for name in arrays.files}
    return Recorded(json.loads((place / "lessons.json").read_text()), images, (place / "network.onnx").read_bytes())
