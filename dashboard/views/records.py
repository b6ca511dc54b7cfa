"""The files of a run as values: latency samples, learning curve, environment, what each stage reported."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dashboard.quantities import count, digits, duration


def plain_values(values: Any) -> str:
    """Nested plain data in one line, as `family cnn, width 0.5`."""
    if isinstance(values, Mapping):
        return ", ".join(f"{key} {_nested(value)}" for key, value in values.items())
    return _nested(values)


def _nested(value: Any) -> str:
    if isinstance(value, Mapping):
        return "(" + ", ".join(f"{key}: {_nested(inner)}" for key, inner in value.items()) + ")"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_nested(v) for v in value) + "]"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    return "automatic" if value is None else str(value)


@dataclass(frozen=True, kw_only=True)
class SamplesView:
    """Latency samples of one structure.

    Attributes:
        processes: Samples of each process in ms, in the order in which they were taken.
        medians: Median of each process in ms.
        top: Where the axis ends, in ms: past the 95th percentile of every process; stragglers would flatten the rest.
        note: How many there are, what ended the measurement, and how many lie beyond the axis.
    """

    processes: tuple[tuple[float, ...], ...]
    medians: tuple[float, ...]
    top: float
    note: str


def samples_view(document: Mapping[str, Any]) -> SamplesView | None:
    """The samples as `samples.json` holds them; None where it holds none."""
    processes = [
        (tuple(float(s) for s in p.get("samples_ms", ())), float(p.get("median_ms", math.nan)))
        for p in document.get("latency", {}).get("processes", ())
    ]
    kept = [(samples, median) for samples, median in processes if samples]
    if not kept:
        return None
    every = [sample for samples, _ in kept for sample in samples]
    top = 1.3 * max(percentile(samples, 95) for samples, _ in kept)
    beyond = [sample for sample in every if sample > top]
    stopped = document.get("latency", {}).get("stopped_by")
    notes = [f"{len(every):,} samples in {count(len(kept), 'fresh process', 'fresh processes')}"]
    notes += [f"ended by {stopped}"] if stopped else []
    notes += [f"{len(beyond)} beyond the axis, the largest {digits(max(beyond))} ms"] if beyond else []
    return SamplesView(
        processes=tuple(samples for samples, _ in kept),
        medians=tuple(median if math.isfinite(median) else statistics.median(samples) for samples, median in kept),
        top=top,
        note="; ".join(notes),
    )


def percentile(samples: Sequence[float], share: float) -> float:
    """The sample below which that many percent lie, by the nearest rank."""
    ranked = sorted(samples)
    return ranked[min(len(ranked) - 1, max(0, math.ceil(share / 100 * len(ranked)) - 1))]


@dataclass(frozen=True, kw_only=True)
class CurveView:
    """A learning curve: epochs, loss on the training images and accuracy on the validation images in percent."""

    epochs: tuple[float, ...]
    train_loss: tuple[float | None, ...]
    val_accuracy: tuple[float | None, ...]

    @property
    def said(self) -> str:
        """Where it begins and where it ends, in words; empty where no accuracy is known."""
        known = [(e, a) for e, a in zip(self.epochs, self.val_accuracy, strict=True) if a is not None]
        return f"{known[0][1]:.1f} % after epoch {known[0][0]:g}, {known[-1][1]:.1f} % after epoch {known[-1][0]:g}." if known else ""


def curve_view(rows: Sequence[Mapping[str, Any]]) -> CurveView | None:
    """The curve as `curve.json` holds it; None where it is empty."""
    usable = [row for row in rows if isinstance(row.get("epoch"), int | float)]
    if not usable:
        return None
    return CurveView(
        epochs=tuple(float(row["epoch"]) for row in usable),
        train_loss=tuple(_number(row.get("train_loss")) for row in usable),
        val_accuracy=tuple(None if (v := _number(row.get("val_accuracy"))) is None else 100 * v for row in usable),
    )


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def environment_line(document: Mapping[str, Any]) -> str:
    """An environment for people, as `AMD EPYC · 2 cores · Linux 6.1 · cpu · 1 thread · batch 1`."""
    counted = {"cores": "core", "threads": "thread", "batch": "batch"}
    parts = []
    for key in ("machine", "model", "cores", "os", "device", "threads", "batch"):
        value = document.get(key)
        if value in (None, ""):
            continue
        if key == "batch":
            parts.append(f"batch {value}")
        elif key in counted:
            parts.append(f"{value} {counted[key]}{'' if value == 1 else 's'}")
        else:
            parts.append(str(value))
    return " · ".join(parts)


_SHOWN_ELSEWHERE = ("metrics", "curve", "environment", "structure", "artifact", "noisy", "reasons")


def _without(said: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Facts less those that stand on the page already, at any depth, and less what is empty."""
    kept = {k: _without(v, names) if isinstance(v, Mapping) else v for k, v in said.items() if k not in names}
    return {k: v for k, v in kept.items() if v not in ({}, [], None)}


@dataclass(frozen=True, kw_only=True)
class StageLine:
    """One stage of a variant.

    Attributes:
        what: What it is, as `train digits cnn x1 d1`.
        key: Its name by content.
        said: What it reported beside the figures that stand on the page already.
    """

    what: str
    key: str
    time: str
    said: str


def stage_lines(facts: Any) -> tuple[StageLine, ...]:
    """The stages as `facts.json` holds them, in the order in which they were done."""
    entries = [entry for entry in facts if isinstance(entry, Mapping)] if isinstance(facts, list) else []
    lines = []
    for entry in entries:
        said = entry.get("facts")
        rest = _without(said, _SHOWN_ELSEWHERE) if isinstance(said, Mapping) else said
        seconds = entry.get("seconds")
        lines.append(
            StageLine(
                what=str(entry.get("what") or entry.get("kind") or entry.get("stage", "")),
                key=str(entry.get("stage", "")),
                time=duration(seconds) if isinstance(seconds, int | float) else "",
                said=plain_values(rest) if rest else "",
            )
        )
    return tuple(lines)
