"""Does a point fit a device: budgets from the catalogue or a YAML file, and by how much a point is over."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from effcore.analysis.frontier import Point
from effcore.catalogue.devices import DEVICES, LIMITED, Device
from effcore.errors import EffcoreError, Problem, SpecError, nearest
from effcore.objectives import METRICS, metric
from effcore.spec.document import read

TIMES = ("latency_ms", "latency_p90_ms", "latency_p99_ms")
KEYS = ("summary", "source", "limits", "environment")


@dataclass(frozen=True, kw_only=True)
class Limit:
    """One limit and what a point has.

    Attributes:
        value: Of the point; None where it was not measured.
        factor: Value divided by limit, above one where it is over; None as for the value.
    """

    metric: str
    limit: float
    value: float | None
    factor: float | None

    @property
    def over(self) -> bool:
        """Whether it is known to be over the limit."""
        return self.factor is not None and self.factor > 1

    @property
    def text(self) -> str:
        """As `size_mb 2.76 of at most 1, 2.76 times too much`."""
        if self.value is None or self.factor is None:
            return f"{self.metric} is not known here, allowed is at most {self.limit:g}"
        return f"{self.metric} {self.value:.3g} of at most {self.limit:g}" + (f", {self.factor:.3g} times too much" if self.over else "")


@dataclass(frozen=True, kw_only=True)
class Fit:
    """Whether a point fits a device.

    Attributes:
        fits: None where no limit is exceeded but one is not known.
        limits: In the order of the budget.
    """

    device: str
    fits: bool | None
    limits: tuple[Limit, ...]

    @property
    def text(self) -> str:
        """`fits`, or by how much it does not."""
        wrong = [x for x in self.limits if x.over] or [x for x in self.limits if x.value is None]
        lead = {True: "fits", False: "does not fit: ", None: "not known: "}[self.fits]
        return lead + "; ".join(x.text for x in wrong)

    @property
    def document(self) -> dict[str, Any]:
        """As plain data for JSON."""
        return {"device": self.device, "fits": self.fits, "text": self.text, "limits": [asdict(x) | {"over": x.over} for x in self.limits]}


def fit(point: Point, device: Device) -> Fit:
    """Whether a point fits a device; a latency is judged only in the environment that the budget names.

    Args:
        point: With its figures.
        device: The budget.
    """
    limits = tuple(_limit(point, name, limit, device) for name, limit in device.limits.items())
    fits = False if any(x.over for x in limits) else None if any(x.value is None for x in limits) else True
    return Fit(device=device.name, fits=fits, limits=limits)


def _limit(point: Point, name: str, limit: float, device: Device) -> Limit:
    value = point.metrics.get(name, math.nan)
    elsewhere = name in TIMES and point.first.environment != device.environment
    if elsewhere or not math.isfinite(value):
        return Limit(metric=name, limit=limit, value=None, factor=None)
    return Limit(metric=name, limit=limit, value=value, factor=value / limit)


def find_device(name: str, devices: Mapping[str, Device] = DEVICES) -> Device:
    """The device of that name.

    Raises:
        EffcoreError: There is none.
    """
    if name not in devices:
        raise EffcoreError(f"There is no device {name!r}. {nearest(name, devices)}")
    return devices[name]


def read_devices(text: str, *, source: str) -> dict[str, Device]:
    """Budgets of a YAML file: `name: {summary: ..., source: ..., limits: {size_mb: 1.0}}`, any number of them.

    Args:
        text: YAML. `environment` names the environment that a limit of latency belongs to.
        source: Name for error texts.

    Raises:
        SpecError: With every problem.
    """
    document = read(text, source=source)
    problems: list[Problem] = []
    devices: dict[str, Device] = {}
    if not isinstance(document.data, dict):
        problems.append(Problem(where="devices", message=f"must be a mapping of names to budgets. Got {document.data!r}.", line=1))
    else:
        for name, entry in document.data.items():
            found = _problems(str(name), entry)
            problems += [Problem(where=p.where, message=p.message, hint=p.hint, line=document.line(p.where)) for p in found]
            if not found:
                texts = {key: str(entry.get(key, "")) for key in ("summary", "source", "environment")}
                limits = {k: float(v) for k, v in entry["limits"].items()}
                devices[str(name)] = Device(name=str(name), limits=limits, **texts)
    if problems:
        raise SpecError(problems, source=source)
    return devices


def _problems(name: str, entry: Any) -> list[Problem]:
    if not isinstance(entry, dict) or not isinstance(entry.get("limits"), dict) or not entry["limits"]:
        return [Problem(where=name, message="must be a mapping with `limits`, at least one. Got " + f"{entry!r}"[:80] + ".")]
    found = [Problem(where=f"{name}.{k}", message=f"must be a key of a device. Got {k!r}.", hint=nearest(k, KEYS)) for k in entry if k not in KEYS]
    for key in ("summary", "source", "environment"):
        if not isinstance(entry.get(key, ""), str):
            found.append(Problem(where=f"{name}.{key}", message=f"must be a text. Got {entry[key]!r}."))
    for key, value in entry["limits"].items():
        where, allowed = f"{name}.limits.{key}", (*LIMITED, *TIMES)
        if key not in allowed:
            found.append(Problem(where=where, message=f"must be a metric that a device limits. Got {key!r}.", hint=nearest(key, allowed)))
        elif type(value) not in (int, float) or not math.isfinite(value) or value <= 0:
            unit = METRICS[key].unit
            found.append(Problem(where=where, message=f"must be a positive number of {unit}. Got {value!r}."))
        elif key in TIMES and not entry.get("environment"):
            hint = "Latency holds only where it was measured: give the key of that environment, as `effcore frontier --json` shows it."
            found.append(Problem(where=where, message=f"{metric(key).label.lower()} can't be limited without `environment`.", hint=hint))
    return found
