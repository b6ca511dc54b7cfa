"""What is to be known of the data before it is believed: what is left out, noise, environments, missing figures, versions."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from dashboard.quantities import count, file_size
from effcore.analysis.columns import Columns, Mask
from effcore.objectives import METRICS

MOST_CAUSES = 5
_ALWAYS = ("accuracy", "val_accuracy", "latency_ms", "peak_ram_mb", "size_mb", "train_total_s")
"""Figures that every variant is expected to have."""


@dataclass(frozen=True, kw_only=True)
class HealthLine:
    """One thing that was looked at.

    Attributes:
        what: As `Left out`.
        found: What was found, in words.
        concern: Whether it weakens what the plot says.
    """

    what: str
    found: str
    concern: bool = False


@dataclass(frozen=True, kw_only=True)
class HealthView:
    """All that was looked at, with what is of concern in a few words.

    Attributes:
        summary: For the strip.
        lines: For those who open it.
    """

    summary: str
    lines: tuple[HealthLine, ...]

    @property
    def concerns(self) -> int:
        """How many things are of concern."""
        return sum(line.concern for line in self.lines)


def health_view(columns: Columns, among: Mask, *, size_bytes: int | None) -> HealthView:
    """The health of the data of a source.

    Args:
        columns: Of all variants of the store.
        among: Which of them are meant.
        size_bytes: Of the store; None where that is not known.
    """
    variants = int(among.sum())
    finished = among & columns.finished
    lines = [
        _left_out(columns, among), _noise(columns, finished), _environments(columns, finished), _missing(columns, finished),
        _versions(columns, finished), _gap(columns, finished),
    ]  # fmt: skip
    if size_bytes is not None:
        lines.append(HealthLine(what="Store", found=f"{file_size(size_bytes)}, {count(len(columns), 'variant')} in all sweeps"))
    said = [line.found.split(";")[0] for line in lines if line.concern]
    return HealthView(summary=" · ".join(said) if said else f"{count(variants, 'variant')}, nothing of concern", lines=tuple(lines))


def _left_out(columns: Columns, among: Mask) -> HealthLine:
    causes = Counter((columns.variants[row].error or "not finished").split(":")[0] for row in np.flatnonzero(among & ~columns.finished).tolist())
    total = sum(causes.values())
    if not total:
        return HealthLine(what="Left out", found="no variant failed")
    told = ", ".join(f"{cause[:80]} ({number})" for cause, number in causes.most_common(MOST_CAUSES))
    return HealthLine(what="Left out", found=f"{total:,} of {int(among.sum()):,} failed; {told}", concern=True)


def _noise(columns: Columns, finished: Mask) -> HealthLine:
    noisy, total = int((finished & columns.noisy).sum()), int(finished.sum())
    if not noisy:
        return HealthLine(what="Noise", found="no measurement is marked as noisy")
    return HealthLine(what="Noise", found=f"{noisy:,} of {total:,} measured under noise; their intervals are wider", concern=True)


def _environments(columns: Columns, finished: Mask) -> HealthLine:
    names = {columns.environment.names[code] for code in np.unique(columns.environment.of[finished]).tolist()} - {""}
    if len(names) < 2:
        return HealthLine(what="Environments", found="one environment" if names else "nothing was measured")
    return HealthLine(what="Environments", found=f"{len(names)} environments; a plot has one of them, latencies do not compare across", concern=True)


def _missing(columns: Columns, finished: Mask) -> HealthLine:
    total = int(finished.sum())
    gaps = {name: int(np.isnan(columns.metric(name)[finished]).sum()) for name in _ALWAYS}
    told = [f"{METRICS[name].label.lower()} of {number:,}" for name, number in gaps.items() if number]
    if not told:
        return HealthLine(what="Missing figures", found="none")
    return HealthLine(what="Missing figures", found=f"figures are missing; of {total:,} finished variants: {', '.join(told)}", concern=True)


def _versions(columns: Columns, finished: Mask) -> HealthLine:
    counts = Counter(columns.variants[row].runtime for row in np.flatnonzero(finished).tolist())
    names = sorted(name for name in counts if name)
    mixed = {kind for kind in (name.split(" ")[0] for name in names) if sum(n.startswith(f"{kind} ") for n in names) > 1}
    found = ", ".join(f"{name} ({counts[name]:,})" for name in names) or "no runtime is named"
    if mixed:
        return HealthLine(what="Versions", found=f"mixed versions of {', '.join(sorted(mixed))}; {found}", concern=True)
    return HealthLine(what="Versions", found=found)


def _gap(columns: Columns, finished: Mask) -> HealthLine:
    gaps = 100 * (columns.metric("val_accuracy") - columns.metric("accuracy"))[finished]
    gaps = gaps[np.isfinite(gaps)]
    if not len(gaps):
        return HealthLine(what="Validation against test", found="not both are known of any variant")
    mean, worst = float(gaps.mean()), float(gaps[np.abs(gaps).argmax()])
    error = float(gaps.std(ddof=1)) / len(gaps) ** 0.5 if len(gaps) > 1 else 0.0
    told = f"validation lies {mean:+.1f} points from test on average, {worst:+.1f} at most".replace("-", "−")
    # Points share their test images, so that the mean gap moves by more than its own spread says: a point is let pass.
    return HealthLine(what="Validation against test", found=told, concern=abs(mean) > 1.0 + 2 * error)
