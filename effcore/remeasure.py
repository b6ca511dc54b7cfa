"""Measuring points again: here, or on another machine than the one that built them."""

from __future__ import annotations

import json
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from effcore.cache import Cache
from effcore.catalogue import RUNTIMES
from effcore.context import current_context, package_version
from effcore.frontier import Variant
from effcore.host import host_lock
from effcore.measure.environment import current
from effcore.plan import Stage, measure_stage
from effcore.recipe import from_document
from effcore.spec import Measure
from effcore.stages import evaluate, log_execution, measure
from effcore.tracking import Store, VariantRecord
from effcore.tracking.rows import MEASUREMENT


def remeasure(
    variants: Sequence[Variant],
    *,
    store: Store,
    home: Path,
    settings: Measure,
    report: Callable[[str], None] = lambda text: None,
) -> list[str]:
    """Measure finished variants again and write what comes out.

    In the environment of a variant its figures are replaced; in another one they get a run of their own, nested in it,
    accuracy included, since quantized arithmetic differs between processors.

    Args:
        variants: Of one store; variants of the same structure are measured once.
        store: Where artifacts are and figures go.
        home: The state folder, whose cache gets the new measurement.
        settings: How long and how well is measured.
        report: Called with a line for each structure.

    Returns:
        Run ids that were written.
    """
    groups: dict[tuple[str, str], list[Variant]] = defaultdict(list)
    for variant in variants:
        if variant.status == "FINISHED" and variant.artifact and variant.structure:
            groups[variant.structure, variant.runtime].append(variant)
    written = []
    for number, ((structure, _), group) in enumerate(sorted(groups.items()), start=1):
        report(f"{number} of {len(groups)}: {group[0].name}")
        facts, samples = _measure(group[0], structure, store=store, home=home, settings=settings)
        written += [_write(variant, facts, samples, store=store) for variant in group]
    return written


def _measure(variant: Variant, structure: str, *, store: Store, home: Path, settings: Measure) -> tuple[dict[str, Any], Path]:
    """Measure one structure in this process's own children and keep the result in the cache."""
    recipe, cache = from_document(variant.recipe), Cache(home)
    assert variant.artifact is not None, "only variants with an artifact are measured"
    stage = measure_stage(
        structure, "", task=recipe.task, runtime=recipe.runtime, settings=settings.model_dump(mode="json"),
        environment=current().key, context=current_context(),
    )  # fmt: skip
    artifact = store.file(variant.run_id, variant.artifact)
    with cache.claim(stage.key), host_lock(exclusive=True), cache.aside() as folder:
        start = time.time()
        log_execution(home, stage, event="started", start=start)
        facts = measure.work(stage.config, {"artifact": artifact.parent}, folder)
        end = time.time()
        cache.remove(stage.key)
        entry = cache.keep(stage.key, folder, _record(stage, facts, start, end))
        log_execution(home, stage, event="finished", start=start, end=end)
    return facts, entry.folder / "samples.json"


def _record(stage: Stage, facts: dict[str, Any], start: float, end: float) -> dict[str, Any]:
    return {
        "kind": stage.kind, "class": stage.cost_class, "units": stage.units, "facts": facts,
        "start": start, "end": end, "seconds": end - start,
    }  # fmt: skip


def _write(variant: Variant, facts: dict[str, Any], samples: Path, *, store: Store) -> str:
    recipe = from_document(variant.recipe)
    runtime = RUNTIMES[recipe.runtime]
    here = variant.environment == facts["environment"]
    record = VariantRecord(
        sweep_run=variant.sweep, recipe=recipe, seed=variant.seed, runtime=f"{runtime.name} {package_version(runtime.package)}",
        environment=facts["environment"], structure=variant.structure, noisy=facts["noisy"],
        metrics=dict(variant.metrics) | facts["metrics"], files={"samples.json": samples}, artifact=variant.artifact or "",
    )  # fmt: skip
    if here:
        return store.log_variant(variant.sweep, record, run_id=variant.run_id)
    artifact = store.file(variant.run_id, variant.artifact or "")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        checked = evaluate.work({"task": recipe.task, "runtime": recipe.runtime}, {"artifact": artifact.parent}, folder)
        correct = json.loads((folder / "correct.json").read_text())
    full = replace(record, metrics=dict(record.metrics) | checked["metrics"], documents={"correct.json": correct})
    return store.log_variant(variant.run_id, full, run_id=store.measurement(variant.run_id, facts["environment"]), kind=MEASUREMENT)
