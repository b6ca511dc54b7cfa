"""Why a step did not do what people expect of it: only what the figures and facts of the two points say."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from effcore.analysis.changes import Change
from effcore.analysis.frontier import Point
from effcore.catalogue import TECHNIQUES

_MOSTLY = 0.5
"""Share of a latency below which arithmetic is the smaller part."""

_LAGS = 1.25
"""How many times more the arithmetic fell than the latency before it is worth a reason."""

_POWER = 2.8
"""Standard errors that a difference must have to be shown in 80 % of cases: 1.96 + 0.84."""

_SIDE = 1.96
"""Standard errors from the middle of an interval of 95 % to its end."""


def best_rate(points: Iterable[Point]) -> float | None:
    """Most multiply-accumulates a millisecond among float points: what this machine is known to reach.

    Returns:
        None where no point has both figures.
    """
    rates = [
        p.metrics["macs"] / p.metrics["latency_ms"]
        for p in points
        if p.metrics.get("latency_ms", 0) > 0 and p.metrics.get("macs", 0) > 0 and not _settings(p, "quantization")
    ]
    found = [r for r in rates if math.isfinite(r)]
    return max(found) if found else None


def explain(
    child: Point,
    parent: Point,
    *,
    accuracy: Change | None,
    latency: Change | None,
    size: Change | None,
    did: Mapping[str, Any],
    rate: float | None,
) -> tuple[str, ...]:
    """The reasons, most telling first; empty where the step did what it is for, or the data has no reason.

    Args:
        child, parent: The points.
        accuracy, latency, size: The changes between the two; None where not known.
        did: What the export of the child says that each technique did, by technique.
        rate: From `best_rate`.
    """
    technique = child.first.technique
    category = TECHNIQUES[technique].category if technique in TECHNIQUES else ""
    found: list[str | None] = []
    if category == "compression" and latency is not None:
        if latency.effect == "same":
            found.append(_weights_only(child, parent))
        elif latency.effect != "better":
            found += [_no_vnni(child, did), _overhead(child, parent, latency, rate)]
            found += [_rescaling(latency, did)] if not any(found) and _rescales(child) else []
        else:
            found.append(_lag(child, parent, latency))
    if technique == "quantization" and size is not None:
        found.append(_not_all_weights(child, size))
    if technique == "runtime" and latency is not None and latency.effect == "worse" and child.first.runtime.startswith("torch"):
        found.append("PyTorch goes through its dispatcher for every operator, which a small network can't hide")
    if category == "learning" and accuracy is not None and accuracy.effect == "not shown":
        found.append(_power(accuracy))
    return tuple(reason for reason in found if reason)


def _settings(point: Point, technique: str) -> Mapping[str, Any] | None:
    """Parameters of a step of the recipe, the last of that technique."""
    steps = [entry[technique] for entry in point.first.recipe.get("steps", ()) if technique in entry]
    return steps[-1] if steps else None


def _weights_only(child: Point, parent: Point) -> str:
    text = "the step changes weights and not the structure, so that the runtime computes the same products in the same time"
    shares = [p.metrics.get("nonzero_params", math.nan) / p.metrics["params"] if p.metrics.get("params") else math.nan for p in (child, parent)]
    if shares[0] < shares[1] - 0.05:
        text += f"; {1 - shares[0]:.0%} of the weights are zero, and a dense kernel multiplies by zero as by any other number"
    return text


def _rescales(child: Point) -> bool:
    """Whether activations become integers, rather than weights alone."""
    settings = _settings(child, "quantization")
    return settings is not None and settings.get("mode", "static") in ("static", "aware", "dynamic")


def _no_vnni(child: Point, did: Mapping[str, Any]) -> str | None:
    """Only where the processor decided: a `reduce_range` that the recipe sets says nothing of it."""
    settings, facts = _settings(child, "quantization"), did.get("quantization", {})
    if not settings or settings.get("reduce_range") is not None or not facts.get("reduce_range"):
        return None
    return "the processor has no 8-bit dot products (VNNI), so that 8-bit kernels gain little over float ones"


def _overhead(child: Point, parent: Point, latency: Change, rate: float | None) -> str | None:
    macs = parent.metrics.get("macs", math.nan)
    if rate is None or not macs > 0:
        return None
    share = macs / rate / latency.parent
    if share >= _MOSTLY:
        return None
    text = (
        f"the network is small: at the best rate seen here, {rate / 1e6:.3g} million products a ms, arithmetic is "
        f"{share:.0%} of its parent's {latency.parent:.3g} ms; the rest is overhead of the runtime and its operators"
    )
    return text + (", to which converting to 8 bits and back adds" if _rescales(child) and child.first.technique == "quantization" else "")


def _rescaling(latency: Change, did: Mapping[str, Any]) -> str | None:
    layers, more_ms = did.get("quantization", {}).get("layers", 0), latency.value - latency.parent
    if latency.effect != "worse" or not layers or more_ms <= 0:
        return None
    return (
        f"{layers} layers are in 8 bits, each of which rescales its numbers; at {latency.parent:.3g} ms a prediction that costs "
        f"{more_ms:.2g} ms more than the smaller products save"
    )


def _lag(child: Point, parent: Point, latency: Change) -> str | None:
    before, after = (p.metrics.get("macs", math.nan) for p in (parent, child))
    if not (after > 0 and before / after * latency.change > _LAGS):
        return None
    return f"arithmetic fell {before / after:.3g} times, latency only {1 / latency.change:.3g} times: overhead does not shrink with it"


def _not_all_weights(child: Point, size: Change) -> str | None:
    settings, params = _settings(child, "quantization"), child.metrics.get("params", math.nan)
    if not settings or settings.get("bits") != 8 or size.change < 1 / 3 or not params > 0:
        return None
    weights = params / 1e6
    if weights >= size.value:
        return None
    return (
        f"a file of 8-bit weights would be {weights:.3g} MB; the other {size.value - weights:.3g} MB are the graph, scales, "
        "biases and what was left in float"
    )


def _power(accuracy: Change) -> str | None:
    if accuracy.examples is None or accuracy.disagreements is None or accuracy.low is None or accuracy.high is None:
        return None
    least = 100 * _POWER * (accuracy.high - accuracy.low) / (2 * _SIDE)  # of the interval, in which the seeds are too where there are several
    return (
        f"with {accuracy.examples:,} test images and {accuracy.disagreements:,} different answers only a difference of about "
        f"{least:.1f} points or more would be shown (in 80 % of cases)"
    )
