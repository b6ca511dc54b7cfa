"""A store in memory with the interface of `effcore.tracking.Store`, filled with points that look like real ones."""

from __future__ import annotations

import json
import math
import random
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from effcore.analysis.frontier import Evidence, Frontier, Variant
from effcore.errors import StoreError
from effcore.recipe import Recipe, parent
from effcore.search.history import History, Tried
from effcore.spec import parse
from effcore.tracking import Again, Bill
from effcore.tracking.marks import Mark

CARD = """name: small
question: At most 200 kB, as accurate as you can.
task: mnist5k
limits: {size_mb: 0.2}
techniques: [quantization, pruning]
score: 100 * accuracy
"""
"""A challenge."""

SPEC = """name: quickstart
task: mnist5k
objectives: [accuracy, latency_ms]
seeds: [0]
recipe:
  - architecture: {family: [mlp, cnn, residual, mobile], width: [0.5, 1.0]}
  - training: {epochs: 4}
  - augmentation: [none, {policy: affine}]
  - pruning: [none, {amount: 0.5}]
  - quantization: [none, {mode: static}]
  - runtime: onnxruntime
"""
MACHINE = {"machine": "AMD EPYC 7763", "cores": 2, "os": "Linux 6.1", "device": "cpu", "threads": 1, "batch": 1}
START_MS = 1_763_000_000_000
_BASE = {
    "mlp": (0.045, 0.945, 0.27),
    "cnn": (0.42, 0.974, 0.28),
    "residual": (0.75, 0.979, 0.46),
    "mobile": (0.14, 0.966, 0.05),
}


@dataclass(frozen=True, kw_only=True)
class FakeSweep:
    """As `effcore.tracking.SweepRecord`."""

    run_id: str
    name: str
    state: str
    key: str = ""
    task: str = "mnist5k"
    objectives: tuple[str, ...] = ("accuracy", "latency_ms")
    total: int = 27
    done: int = 0
    failed: int = 0
    started_ms: int = START_MS
    ended_ms: int | None = None
    heartbeat_ms: int = START_MS
    error: str = ""
    origin: str = "page"
    owner: str = ""
    strategy: str = "grid"
    bill: Bill = field(default_factory=Bill)


@dataclass
class FakeMarks:
    """As `effcore.tracking.marks.Marks`."""

    said: dict[str, Mark] = field(default_factory=dict)

    def all(self) -> dict[str, Mark]:
        return dict(self.said)

    def of(self, run_id: str) -> Mark:
        return self.said.get(run_id, Mark())

    def set(self, run_id: str, mark: Mark) -> None:
        self.said[run_id] = mark


@dataclass
class FakeStore:
    """Holds what it is given; `schedule` and `cancel` write to it."""

    frame: list[Variant] = field(default_factory=list)
    records: list[FakeSweep] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    files: dict[tuple[str, str], bytes] = field(default_factory=dict)
    requests: dict[str, Again] = field(default_factory=dict)
    marks: FakeMarks = field(default_factory=lambda: FakeMarks())
    _folder: tempfile.TemporaryDirectory[str] = field(default_factory=tempfile.TemporaryDirectory)

    def version(self) -> str:
        return f"{len(self.frame)}-{len(self.records)}-{sum(v.status == 'FINISHED' for v in self.frame)}"

    def state(self) -> tuple[str, tuple[Variant, ...]]:
        return self.version(), tuple(self.frame)

    def size_bytes(self) -> int | None:
        return 123_000

    def sweeps(self) -> list[FakeSweep]:
        return list(self.records)

    def variants(self, *, sweep: str | None = None) -> list[Variant]:
        return [v for v in self.frame if sweep in (None, v.sweep)]

    def file(self, run_id: str, name: str) -> Path:
        if (run_id, name) not in self.files:
            raise StoreError(f"Run {run_id} has no file {name}.")
        path = Path(self._folder.name) / run_id / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.files[run_id, name])
        return path

    def schedule(self, spec_text: str, *, owner: str = "") -> str:
        spec = parse(spec_text)
        known = next((r for r in self.records if r.key == spec.key and r.state in ("waiting", "running")), None)
        if known is not None:
            if parse(self.texts[known.run_id]).search.budget != spec.search.budget:
                self.set_budget(known.run_id, spec_text)
            return known.run_id
        run_id = f"sweep{len(self.records)}"
        now = int(time.time() * 1000)
        self.records.insert(
            0,
            FakeSweep(
                run_id=run_id, name=spec.name, key=spec.key, state="waiting", task=spec.task, total=0, started_ms=now, owner=owner
            ),
        )
        self.texts[run_id] = spec_text
        return run_id

    def cancel(self, run_id: str) -> None:
        self.records = [replace(r, state="cancelled") if r.run_id == run_id else r for r in self.records]

    def pause(self, run_id: str) -> None:
        self.records = [replace(r, state="paused") if r.run_id == run_id else r for r in self.records]

    def resume(self, run_id: str) -> None:
        self.records = [replace(r, state="waiting") if r.run_id == run_id else r for r in self.records]

    def set_budget(self, run_id: str, spec_text: str) -> None:
        self.texts[run_id] = spec_text

    def again(self, run_id: str) -> Again:
        return self.requests.get(run_id, Again("", ""))

    def set_again(self, run_id: str, state: str, *, error: str = "") -> None:
        self.requests[run_id] = Again(state, error)

    def evidence(self, frontier: Frontier, *, did: bool = False) -> Evidence:
        return Evidence()

    def spec_text(self, run_id: str) -> str:
        return self.texts.get(run_id, SPEC)


def make_variant(
    recipe: Recipe, *, seed: int = 0, sweep: str = "sweep0", environment: str = "env0", **changes: Any
) -> Variant:
    """A finished variant whose figures follow from its recipe."""
    lead = parent(recipe)
    plain = Variant(
        run_id=f"{recipe.key}{seed:02d}",
        sweep=sweep,
        recipe_key=recipe.key,
        name=recipe.name,
        seed=seed,
        recipe=recipe.document,
        parent=lead.recipe.key if lead else None,
        technique=lead.technique if lead else "architecture",
        step=lead.label if lead else "",
        runtime="onnxruntime 1.32.0",
        environment=environment,
        structure=f"s{recipe.key[:8]}",
        status="FINISHED",
        error=None,
        noisy=False,
        metrics=make_metrics(recipe, seed),
        artifact="model.onnx",
        started_ms=START_MS,
        ended_ms=START_MS + 60_000,
    )
    return replace(plain, **changes)


def make_metrics(recipe: Recipe, seed: int = 0) -> dict[str, float]:
    """Figures that behave like measured ones: pruning and int8 make faster, augmentation more accurate."""
    draw = random.Random(recipe.key + str(seed))
    latency, accuracy, params = _BASE[recipe.architecture.family]
    width, steps = recipe.architecture.width, {s.technique for s in recipe.steps}
    latency, params = latency * width**1.4, params * width**2
    accuracy -= 0.015 * (1 - width)
    accuracy += 0.006 * ("augmentation" in steps) - 0.009 * ("pruning" in steps) - 0.002 * ("quantization" in steps)
    latency /= (3.1 if "pruning" in steps else 1) * (
        (0.6 if recipe.architecture.family == "mobile" else 1.6) if "quantization" in steps else 1
    )
    params /= 4 if "pruning" in steps else 1
    accuracy = round(min(0.995, accuracy + draw.uniform(-0.003, 0.003)), 3)
    latency *= math.exp(draw.gauss(0, 0.05))
    size = params * (1.05 if "quantization" in steps else 4.0)
    width_of = {"accuracy": 0.008, "val_accuracy": 0.012}
    metrics = {"accuracy": accuracy, "val_accuracy": round(accuracy - 0.002 + draw.uniform(-0.004, 0.004), 3)}
    for name, half in width_of.items():
        metrics |= {f"{name}_low": metrics[name] - half, f"{name}_high": min(metrics[name] + 0.7 * half, 1.0)}
    metrics |= {
        "latency_ms": latency,
        "latency_ms_low": latency * 0.95,
        "latency_ms_high": latency * 1.06,
        "latency_p90_ms": latency * 1.12,
    }
    metrics |= {
        "size_mb": size,
        "size_compressed_mb": size * 0.9,
        "params": params * 1e6,
        "nonzero_params": params * 1e6,
        "macs": latency * 4e7,
    }
    return metrics | {
        "peak_ram_mb": 56 + 4 * size,
        "model_ram_mb": 1 + 3 * size,
        "load_ms": 9 + size,
        "train_s": 8.0,
        "train_total_s": 24.0,
    }


def make_variants(
    text: str = SPEC, *, count: int | None = None, sweep: str = "sweep0", **changes: Any
) -> list[Variant]:
    """A variant for every recipe of a spec."""
    spec = parse(text)
    return [make_variant(r, seed=s, sweep=sweep, **changes) for r, s in spec.variants][:count]


def make_files(variant: Variant) -> dict[tuple[str, str], bytes]:
    """Files of a run with the content that the contract gives them."""
    draw = random.Random(variant.run_id)
    median = variant.metrics.get("latency_ms", 0.3)
    processes = []
    for _ in range(5):
        centre = median * math.exp(draw.gauss(0, 0.05))
        samples = [centre * math.exp(abs(draw.gauss(0, 0.06))) for _ in range(200)]
        processes.append({"median_ms": sorted(samples)[100], "samples_ms": samples, "reference_median_ms": 0.21})
    latency = {"processes": processes, "stopped_by": "width", "environment": MACHINE, "noisy": False, "reasons": []}
    curve = [
        {"epoch": e, "train_loss": 1.2 / e, "val_accuracy": 0.97 - 0.3 / e**2, "seconds": 2.0 * e} for e in range(1, 5)
    ]
    facts = [
        {
            "stage": "train-1",
            "kind": "train",
            "what": "train mnist5k cnn x1 d1",
            "seconds": 8.1,
            "facts": {"samples": 14000},
        },
        {
            "stage": "transform-2",
            "kind": "transform",
            "what": "pruning",
            "seconds": 2.9,
            "facts": {"did": {"cut": {"1": 32}}},
        },
    ]
    plain = {
        "samples.json": {"latency": latency, "memory": {}},
        "curve.json": curve,
        "facts.json": facts,
        "recipe.json": dict(variant.recipe),
    }
    files = {(variant.run_id, name): json.dumps(content).encode() for name, content in plain.items()}
    return files | {(variant.run_id, "model.onnx"): b"\x00" * round(1e6 * variant.metrics.get("size_mb", 0.1))}


def filled(*, count: int | None = None, state: str = "done", failures: int = 2) -> FakeStore:
    """A store with one sweep, some of whose variants failed."""
    variants = make_variants(count=count)
    failed = [
        replace(
            v,
            status="FAILED",
            error="prune: every channel of block2 would go; amount must be smaller",
            metrics={},
            artifact=None,
            environment="",
        )
        for v in variants[:failures]
    ]
    frame = failed + variants[failures:]
    sweep = FakeSweep(
        run_id="sweep0", name="quickstart", state=state, total=32, done=len(frame) - failures, failed=failures,
        ended_ms=START_MS + 171_000 if state == "done" else None,
    )  # fmt: skip
    files: dict[tuple[str, str], bytes] = {}
    for variant in frame:
        if variant.status == "FINISHED":
            files |= make_files(variant)
    return FakeStore(frame=frame, records=[sweep], texts={"sweep0": SPEC}, files=files)


SEARCHED = """name: searched
task: digits
recipe:
  - architecture: {family: mlp, width: {low: 0.25, high: 4.0}}
  - training: {epochs: 1}
  - runtime: onnxruntime
search: {strategy: tpe, budget: {variants: 3}}
"""


def searched() -> History:
    """A small search that finished."""
    done = tuple(
        Tried(number=n, name=f"n{n}", recipe=f"r{n}", assignment={"architecture.width": w}, fate="finished", values=v, core_s=10.0 * (n + 1))
        for n, (w, v) in enumerate(((0.5, (0.8, 1.0)), (1.0, (0.9, 2.0)), (2.0, (0.95, 4.0))))
    )
    return History(
        name="searched", task="digits", strategy="tpe", stopping="none", latency_first=False, seed=0, objectives=("accuracy", "latency_ms"),
        constraints=(), sampler="optuna 5.0.0 TPESampler", slots=2, elapsed_s=50.0, core_s=100.0, choosing_s=2.0, shared_s=30.0, tried=done,
    )  # fmt: skip


def running() -> FakeStore:
    """A sweep at work, one that waits and one that is done."""
    store = filled(count=14, state="running", failures=1)
    now = int(time.time() * 1000)
    done = FakeSweep(
        run_id="old",
        name="first look",
        state="some failed",
        total=8,
        done=7,
        failed=1,
        ended_ms=START_MS - 50_000,
        started_ms=START_MS - 90_000,
    )
    store.records = [
        replace(store.records[0], started_ms=now - 92_000, done=13, total=32),
        FakeSweep(run_id="next", name="wide", state="waiting", total=0, started_ms=now - 4000),
        done,
    ]
    return store


def very_many(count: int) -> list[Variant]:
    """So many points of one environment, far more of them dominated than not."""
    draw, leads = random.Random(1), make_variants(count=20)
    return [
        replace(
            lead, run_id=f"r{i}", recipe_key=f"k{i}", name=f"{lead.name} {i}", parent=None,
            metrics=dict(lead.metrics) | {"accuracy": draw.random(), "latency_ms": 0.01 + draw.random()},
        )
        for i, lead in ((i, leads[i % 20]) for i in range(count))
    ]  # fmt: skip


NASTY = "=1+1<img src=x onerror=alert(1)> **bold** $x^2$ :red[hot] [l](javascript:1)"
"""A name that is a formula to a spreadsheet, an image to HTML, and all kinds of things to Markdown."""


def marked_up() -> FakeStore:
    """Names of points and of the sweep, and the cause of a failure, that hold markup and formulas."""
    store = filled(count=14, failures=1)
    store.frame = [replace(v, name=f"{NASTY} {i}", error=NASTY if v.error else None) for i, v in enumerate(store.frame)]
    store.records = [replace(record, name=NASTY) for record in store.records]
    store.marks.set(store.frame[2].run_id, Mark(star=True, note=NASTY))
    return store


def level() -> FakeStore:
    """Twelve points with the very same figures."""
    store = filled(count=12, failures=0)
    store.frame = [replace(v, metrics=dict.fromkeys(v.metrics, 0.5)) for v in store.frame]
    return store


def two_machines() -> FakeStore:
    """Points that were measured on two machines, one of them twice as fast."""
    store = filled(count=16, failures=0)
    other = {**MACHINE, "machine": "Apple M2", "os": "macOS 15", "cores": 8}
    for variant in make_variants(count=16, environment="env1"):
        metrics = {k: v / 2 if k.startswith("latency_ms") else v for k, v in variant.metrics.items()}
        there = replace(variant, run_id=f"m{variant.run_id}", metrics=metrics, measures=variant.run_id)
        store.frame.append(there)
        files = make_files(there)
        samples = json.loads(files[there.run_id, "samples.json"])
        samples["latency"]["environment"] = other
        store.files |= files | {(there.run_id, "samples.json"): json.dumps(samples).encode()}
    return store


def with_search() -> FakeStore:
    """A sweep that searched."""
    store = filled(failures=0)
    store.texts["sweep0"] = SEARCHED
    store.files["sweep0", "search.json"] = json.dumps(searched().document).encode()
    return store


def two_sweeps() -> FakeStore:
    """Two sweeps of one task, measured on one machine."""
    store = filled(count=16, failures=0)
    store.frame += [replace(v, run_id=f"w{v.run_id}", recipe_key=f"w{v.recipe_key}", sweep="sweep1") for v in store.frame]
    store.records.append(replace(store.records[0], run_id="sweep1", name="wider"))
    return store


class Gone(FakeStore):
    """A store that can't be read."""

    def state(self) -> tuple[str, tuple[Variant, ...]]:
        raise StoreError("The tracking store x is not there any more. Put it back, or start again without it.")

    def sweeps(self) -> list[FakeSweep]:
        raise StoreError("The tracking store x is not there any more. Put it back, or start again without it.")


STATES = {
    "empty": FakeStore,
    "waiting": lambda: FakeStore(
        records=[
            FakeSweep(
                run_id="sweep0",
                name="quickstart",
                state="waiting",
                total=0,
                started_ms=int(time.time() * 1000) - 30_000,
            )
        ]
    ),
    "one": lambda: filled(count=1, failures=0),
    "done": filled,
    "running": running,
    "failed": lambda: filled(count=6, state="failed", failures=6),
    "level": level,
    "many": lambda: FakeStore(frame=very_many(20_000), records=filled(count=1).records, texts={"sweep0": SPEC}),
    "markup": marked_up,
    "machines": two_machines,
    "search": with_search,
    "two": two_sweeps,
    "gone": Gone,
}
"""A store for each state that a page has to look right in."""
