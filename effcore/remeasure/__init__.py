"""Measuring points again: here, or on another machine than the one that built them."""

from __future__ import annotations

import json
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from effcore.analysis.frontier import Variant
from effcore.cache import Cache, Entry
from effcore.catalogue import RUNTIMES
from effcore.context import current_context, package_version
from effcore.errors import MeasureError, StoreError
from effcore.host import host_lock
from effcore.measure.environment import Environment, current
from effcore.own import restore
from effcore.plan import measure_stage
from effcore.recipe import from_document
from effcore.runtimes import runtime_module
from effcore.spec import Measure
from effcore.stages import evaluate, produce
from effcore.stored import require_current
from effcore.sweep.results import throughput, unmeasured
from effcore.tracking import Store, VariantRecord
from effcore.tracking.rows import MEASUREMENT


def remeasure(
    variants: Sequence[Variant],
    *,
    store: Store,
    home: Path,
    settings: Measure,
    kept_as: Measure | None = None,
    report: Callable[[str], None] = lambda text: None,
) -> list[str]:
    """Measure finished variants again and write what comes out.

    In the environment of a variant its figures are replaced; in another one they get a run of their own, nested in it,
    on another kind of machine accuracy included, since quantized arithmetic differs between processors.

    Args:
        variants: Of one store; variants of the same structure are measured once.
        store: Where artifacts are and figures go.
        home: The state folder, whose cache gets the new measurement.
        settings: How long and how well is measured, with which batch sizes and threads.
        kept_as: Settings of their sweep, under which the cache gets it, so that the sweep finds this measurement the next time and does
            not write the older one back; those of the measurement where it is None.
        report: Called with a line for each measurement.

    Returns:
        Run ids that were written.

    Raises:
        MeasureError: None of the variants can be measured, a measurement failed, or there are fewer cores than threads.
    """
    groups: dict[tuple[str, str], list[Variant]] = defaultdict(list)
    for variant in variants:
        if variant.status == "FINISHED" and variant.artifact and variant.structure and variant.measures is None:
            groups[variant.structure, variant.runtime].append(variant)
    if not groups:
        raise MeasureError(f"measuring needs a finished variant with its file. Got none among {len(variants)}. Run its sweep again.")
    written = []
    for number, ((structure, _), group) in enumerate(sorted(groups.items()), start=1):
        measured = []
        for batch, threads in settings.sizes:
            environment = current(batch=batch, threads=threads)
            entry = _measure(group[0], structure, environment, store=store, home=home, settings=settings, kept_as=kept_as or settings)
            measured.append((environment, entry))
            report(f"{number} of {len(groups)}: {group[0].name}, {environment.label}: {entry.facts['quiet']}")
        written += [run_id for variant in group for run_id in _write_all(variant, measured, store=store, home=home)]
    return written


def _measure(
    variant: Variant, structure: str, environment: Environment, *, store: Store, home: Path, settings: Measure, kept_as: Measure
) -> Entry:
    """Measure one structure in this process's own children and keep the result in the cache."""
    recipe, cache = from_document(variant.recipe), Cache(home)
    assert variant.artifact is not None, "only variants with an artifact are measured"
    stage = measure_stage(
        structure, "", task=recipe.task, runtime=recipe.runtime, settings=kept_as.settings, environment=environment.key,
        context=current_context(), batch=environment.batch, threads=environment.threads,
    )  # fmt: skip
    stage = replace(stage, config=dict(stage.config) | {"settings": settings.settings})
    artifact = store.file(variant.run_id, variant.artifact)
    with cache.claim(stage.key), host_lock(exclusive=True):
        return produce(stage, home=home, cache=cache, inputs={"artifact": artifact.parent}, replace=True)


def _write_all(variant: Variant, measured: Sequence[tuple[Environment, Entry]], *, store: Store, home: Path) -> list[str]:
    """Write the figures of one variant in every environment; those of its own one carry the throughput of all."""
    recipe = from_document(variant.recipe)
    runtime = RUNTIMES[recipe.runtime]
    answers = None
    if measured and not _same_machine(variant, measured[0][0], store=store):
        restore(home, recipe.task)
        require_current(variant)
        with tempfile.TemporaryDirectory() as name:
            artifact = store.file(variant.run_id, variant.artifact or "")
            checked = evaluate.work({"task": recipe.task, "runtime": recipe.runtime}, {"artifact": artifact.parent}, Path(name))
            answers = Answers(checked["metrics"], json.loads((Path(name) / "correct.json").read_text()))
    overall = throughput([entry.facts for _, entry in measured])
    return [
        write_measurement(
            variant, entry.facts, store=store, runtime=f"{runtime.name} {package_version(runtime.package)}",
            samples=json.loads((entry.folder / "samples.json").read_text()), overall=overall, answers=answers,
            where=json.loads((entry.folder / "time.json").read_text()),
        )
        for _, entry in measured
    ]  # fmt: skip


def _same_machine(variant: Variant, environment: Environment, *, store: Store) -> bool:
    """Whether the variant's own run comes from a machine of this kind, so that its accuracy holds here."""
    try:
        own = json.loads(store.file(variant.run_id, "samples.json").read_text())["environment"]
    except StoreError:  # it was not measured before
        return False
    return all(own.get(name) == value for name, value in environment.document.items() if name not in ("threads", "batch"))


@dataclass(frozen=True)
class Answers:
    """How often the file was right on the machine that measured it.

    Attributes:
        metrics: Accuracies with their intervals.
        correct: As `correct.json`.
    """

    metrics: Mapping[str, float]
    correct: Mapping[str, list[int]]


def write_measurement(
    variant: Variant, facts: Mapping[str, Any], *, store: Store, runtime: str, samples: Any,
    where: Any = None, overall: Mapping[str, float] | None = None, answers: Answers | None = None,
) -> str:  # fmt: skip
    """Write the figures of a variant in one environment: into its own run where it is that one's, else into a nested one.

    Args:
        variant: Its own run.
        facts: As `stages.measure.facts`.
        store: Where it is written.
        runtime: Name and version that it was measured with.
        samples: As `samples.json`.
        where: Where the time goes, as `measure.profile`; None where it is not known.
        overall: Throughput over all environments, for the variant's own run.
        answers: Accuracy on that machine; None where that of the variant holds.

    Returns:
        Run id that was written.
    """
    here = variant.environment == facts["environment"]
    kept = {k: v for k, v in variant.metrics.items() if here and k.startswith("throughput_per_s")}
    metrics = unmeasured(variant.metrics) | kept | facts["metrics"] | (overall or {} if here else {}) | (answers.metrics if answers else {})
    documents = {"samples.json": samples, "profile.json": _profile(variant, where, here=here, store=store)}
    record = VariantRecord(
        sweep_run=variant.sweep, recipe=from_document(variant.recipe), seed=variant.seed, runtime=runtime,
        environment=facts["environment"], structure=variant.structure, noisy=bool(facts["noisy"]), metrics=metrics,
        documents=documents | ({"correct.json": answers.correct} if answers else {}), artifact=variant.artifact or "",
        data=variant.data, data_ms=variant.data_ms,
    )  # fmt: skip
    if here:
        return store.log_variant(variant.sweep, record, run_id=variant.run_id)
    known = store.measurement(variant.run_id, facts["environment"])
    return store.log_variant(variant.run_id, record, run_id=known.run_id if known else None, kind=MEASUREMENT)


def _profile(variant: Variant, where: Any, *, here: bool, store: Store) -> dict[str, Any]:
    """The layers of the variant's file with the times of this measurement; in its own environment the old ones where it has none."""
    try:
        known: dict[str, Any] = json.loads(store.file(variant.run_id, "profile.json").read_text())
    except StoreError:  # written before there were profiles
        path = store.file(variant.run_id, variant.artifact or "")
        found = runtime_module(from_document(variant.recipe).runtime).layers(path)
        known = {"layers": [asdict(layer) for layer in found], "file_bytes": path.stat().st_size}
    return known if here and where is None and "time" in known else known | {"time": where}
