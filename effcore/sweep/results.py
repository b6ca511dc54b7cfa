"""From the outcomes of a variant's stages to what is written of it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from effcore.analysis.frontier import OF_THE_STRUCTURE
from effcore.catalogue import RUNTIMES
from effcore.context import package_version
from effcore.execution.worker import Outcome
from effcore.plan import Plan, VariantPlan
from effcore.plan.planned import NETWORK
from effcore.stored import data_mark
from effcore.tracking import VariantRecord


def gather(
    sweep_run: str, variant: VariantPlan, plan: Plan, outcomes: Mapping[str, Outcome], *, measures: Sequence[str] = (), error: str = ""
) -> VariantRecord:
    """All that is known of a variant.

    Args:
        sweep_run: Run id of the sweep.
        variant: Its part of the plan.
        plan: The whole plan.
        outcomes: Of its stages, by key; where it failed, of those that ended well.
        measures: Keys of its measurements, where they were asked for; that of the sweep's own environment first.
        error: Cause, where it failed.
    """
    export, evaluate = outcomes.get(variant.export), outcomes.get(variant.evaluate)
    measured = outcomes.get(measures[0]) if measures else None
    metrics = training_metrics(variant, plan, outcomes)
    for outcome in (export, evaluate, measured):
        metrics |= outcome.entry.facts["metrics"] if outcome else {}
    metrics |= throughput([outcomes[key].entry.facts for key in measures if key in outcomes])
    metrics |= search_metrics(outcomes.values())
    files: dict[str, Path] = {}
    documents: dict[str, Any] = {"facts.json": stage_facts(outcomes.values())}
    if export:
        files[export.entry.facts["artifact"]] = export.entry.folder / export.entry.facts["artifact"]
    network = outcomes.get(dict(plan.stages[variant.export].inputs)["model"])
    if export and network:
        files[NETWORK] = network.entry.folder / "model.pt"
    if evaluate:
        files["correct.json"] = evaluate.entry.folder / "correct.json"
    if measured:
        files["samples.json"] = measured.entry.folder / "samples.json"
    if export and measured:
        documents["profile.json"] = profile_document(export, measured)
    documents["curve.json"] = learning_curve(variant, plan, outcomes)
    runtime = RUNTIMES[variant.recipe.runtime]
    return VariantRecord(
        sweep_run=sweep_run, recipe=variant.recipe, seed=variant.seed, runtime=f"{runtime.name} {package_version(runtime.package)}",
        environment=measured.entry.facts["environment"] if measured else "",
        structure=export.entry.facts["structure"] if export else "",
        noisy=bool(measured.entry.facts["noisy"]) if measured else False,
        metrics=metrics, files=files, documents=documents, artifact=export.entry.facts["artifact"] if export else "", error=error,
        data=data_mark(variant.recipe.task), data_ms=int(time.time() * 1000),
    )  # fmt: skip


def throughput(measured: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """Predictions a second of the largest batch, with the fewest threads that were measured; nothing of single images alone.

    Args:
        measured: Facts of the measurements of one variant in several environments.
    """
    best = min(measured, key=lambda facts: (facts["threads"], -facts["batch"]), default=None)
    metrics = best["metrics"] if best else {}
    return {name: value for name, value in metrics.items() if name.startswith("throughput_per_s")}


def elsewhere(record: VariantRecord, measured: Outcome) -> VariantRecord:
    """What is written of the same variant for a further environment: nothing of the first one's figures remains."""
    facts, folder = measured.entry.facts, measured.entry.folder
    return replace(
        record, environment=facts["environment"], noisy=bool(facts["noisy"]), metrics=unmeasured(record.metrics) | facts["metrics"],
        files={"samples.json": folder / "samples.json"},
        documents={"profile.json": dict(record.documents["profile.json"]) | {"time": _read(folder / "time.json")}},
    )  # fmt: skip


def profile_document(export: Outcome, measured: Outcome) -> dict[str, Any]:
    """Where bytes and time of a file go: `layers` (`Layer`), `file_bytes`, and `time` (`measure.profile`; null where unknown)."""
    return {
        "layers": _read(export.entry.folder / "layers.json"),
        "file_bytes": (export.entry.folder / export.entry.facts["artifact"]).stat().st_size,
        "time": _read(measured.entry.folder / "time.json"),
    }


def _read(path: Path) -> Any:
    return json.loads(path.read_text())


def unmeasured(metrics: Mapping[str, float]) -> dict[str, float]:
    """The figures that do not depend on where something was measured, as size and training."""
    return {k: v for k, v in metrics.items() if k.removesuffix("_low").removesuffix("_high") not in OF_THE_STRUCTURE}


def training_metrics(variant: VariantPlan, plan: Plan, outcomes: Mapping[str, Outcome]) -> dict[str, float]:
    """What the training took: its own beyond the parent, and in total with teacher and shared parents."""
    keys = [k for k in variant.stages if plan.stages[k].trains]
    if any(k not in outcomes for k in keys):
        return {}
    entries = {k: outcomes[k].entry for k in keys}
    mine = [k for k in keys if k not in variant.teachers]
    training = next(s.config for s in variant.recipe.steps if s.technique == "training")
    return {
        "train_s": sum(entries[k].seconds for k in variant.own),
        "train_total_s": sum(e.seconds for e in entries.values()) + sum(t.train_total_s for t in variant.stored),
        "train_peak_ram_mb": max((entries[k].facts["peak_ram_mb"] or 0.0 for k in mine), default=0.0),
        "train_devices": float(max(entries[k].facts["devices"] for k in mine)),
        "train_epochs": float(sum(entries[k].facts["epochs"] for k in mine)),
        "train_samples": float(sum(entries[k].facts["samples"] for k in mine)),
        "data_fraction": float(getattr(training, "data_fraction", 1.0)),
    }


def search_metrics(outcomes: Iterable[Outcome]) -> dict[str, float]:
    """What the trying took that chose the variant; nothing where none did."""
    seconds = [o.entry.seconds for o in outcomes if o.stage.kind in ("table", "screen")]
    return {"search_s": sum(seconds)} if seconds else {}


def stage_facts(outcomes: Iterable[Outcome]) -> list[dict[str, Any]]:
    """What each stage did and when, in the order in which it was done."""
    rows = [
        {
            "stage": o.stage.key, "kind": o.stage.kind, "what": o.stage.cost_class, "facts": dict(o.entry.facts),
            "seconds": o.entry.seconds, "start": o.entry.record["start"], "end": o.entry.record["end"],
        }
        for o in outcomes
    ]  # fmt: skip
    return sorted(rows, key=lambda row: row["start"])


def learning_curve(variant: VariantPlan, plan: Plan, outcomes: Mapping[str, Outcome]) -> list[dict[str, Any]]:
    """The curve of every phase and fine-tuning of the variant itself, epochs and seconds of training counted on."""
    rows: list[dict[str, Any]] = []
    for key in variant.stages:
        stage = plan.stages[key]
        last_rung = stage.kind == "train" and stage.config["until"] == stage.config["training"]["epochs"]
        if key in variant.teachers or key not in outcomes or not (last_rung or stage.kind == "transform"):
            continue
        before, passed = (rows[-1]["epoch"], rows[-1]["seconds"]) if rows else (0, 0.0)
        curve = json.loads((outcomes[key].entry.folder / "curve.json").read_text())
        rows.extend(row | {"epoch": row["epoch"] + before, "seconds": row["seconds"] + passed, "phase": stage.kind} for row in curve)
    return rows
