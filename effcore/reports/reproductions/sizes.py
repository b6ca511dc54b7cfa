"""What fewer bits do to a file: size, latency and accuracy of every mode of quantization against 32 bits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from effcore.analysis.changes import Change, accuracy_change
from effcore.analysis.frontier import Evidence, Frontier, Point
from effcore.catalogue import TECHNIQUES
from effcore.recipe import from_document
from effcore.reports.reproductions.read import points_and_evidence
from effcore.tracking import Store

SWEEP = "bits"
SPEC = "bits.yaml"


@dataclass(frozen=True, kw_only=True)
class SizeRow:
    """One network with one way to store its numbers.

    Attributes:
        network: As `mlp x2`.
        bits: As `int8` or `codebook 4 bit`; `32` for the float network.
        point: Its figures.
        share: Of the bytes of the float file.
        loss: The accuracy against the float network, paired by images and seeds; None for itself.
    """

    network: str
    bits: str
    point: Point
    share: float
    loss: Change | None

    @property
    def noisy(self) -> bool:
        """Whether a measurement is marked so."""
        return any(v.noisy for v in self.point.variants)


def read_sizes(store: Store) -> tuple[SizeRow, ...]:
    """Every network of the sweep `bits` with every way to store its numbers, the float one first; empty where it has not run.

    Args:
        store: Where the results of the sweeps are.
    """
    found = points_and_evidence(store, SWEEP)
    return tuple(_rows(*found)) if found is not None else ()


def _rows(frontier: Frontier, evidence: Evidence) -> Iterator[SizeRow]:
    floats = {_network(p): p for p in frontier.points if not _bits(p)}
    for network in sorted(floats):
        base = floats[network]
        own = [p for p in frontier.points if _network(p) == network]
        for point in sorted(own, key=lambda p: (bool(_bits(p)), -p.metrics["size_mb"])):
            seeds = [s for s in point.seeds if s in base.seeds]
            loss = accuracy_change(point, base, evidence, seeds=seeds) if point is not base else None
            share = point.metrics["size_mb"] / base.metrics["size_mb"]
            yield SizeRow(network=network, bits=_bits(point) or "32", point=point, share=share, loss=loss)


def _network(point: Point) -> str:
    return from_document(point.first.recipe).steps[0].label


def _bits(point: Point) -> str:
    """The label of the step that stores numbers otherwise; empty where there is none."""
    steps = from_document(point.first.recipe).steps
    return next((s.label for s in steps if s.technique == TECHNIQUES["quantization"].name), "")
