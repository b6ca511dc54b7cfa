"""The files of a run as values: latency samples, learning curve, environment, what each stage reported."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dashboard.quantities import duration


def plain_values(values: Any) -> str:
    """Nested plain data in one line, as `family cnn, width 0.5`."""
    if isinstance(values, Mapping):
        return ", ".join(f"{key} {_nested(value)}" for key, value in values.items())
    return _nested(values)


def _nested(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"({plain_values(value)})"
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
        note: How many there are and what ended the measurement.
    """

    processes: tuple[tuple[float, ...], ...]
    medians: tuple[float, ...]
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
    total = sum(len(samples) for samples, _ in kept)
    stopped = document.get("latency", {}).get("stopped_by")
    note = f"{total:,} samples in {len(kept)} fresh processes" + (f"; ended by {stopped}" if stopped else "")
    return SamplesView(
        processes=tuple(samples for samples, _ in kept),
        medians=tuple(median if math.isfinite(median) else statistics.median(samples) for samples, median in kept),
        note=note,
    )


@dataclass(frozen=True, kw_only=True)
class CurveView:
    """A learning curve: epochs, loss on the training images and accuracy on the validation images in percent."""

    epochs: tuple[float, ...]
    train_loss: tuple[float | None, ...]
    val_accuracy: tuple[float | None, ...]


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


def stage_rows(facts: Any) -> list[dict[str, str]]:
    """What each stage reported, a row a stage; unknown shapes are shown as they are."""
    entries = (
        facts
        if isinstance(facts, list)
        else [{"stage": k, **(v if isinstance(v, Mapping) else {"facts": v})} for k, v in facts.items()]
    )
    rows = []
    for entry in entries:
        known = dict(entry) if isinstance(entry, Mapping) else {"facts": entry}
        seconds = known.pop("seconds", None)
        reused = known.pop("reused", None)
        name = known.pop("stage", None) or known.pop("kind", None) or known.pop("name", "")
        said = known.pop("facts", {})
        rest = said if said else {k: v for k, v in known.items() if k not in ("start", "end", "key")}
        rows.append(
            {
                "Stage": str(name),
                "Time": duration(seconds) if isinstance(seconds, int | float) else "",
                "Work": "" if reused is None else "reused" if reused else "done here",
                "What it reported": plain_values(rest),
            }
        )
    return rows
