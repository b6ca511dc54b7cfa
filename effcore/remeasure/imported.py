"""What a bundle measured on another machine, read strictly and written beside the figures of the first."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from effcore.analysis.frontier import Variant
from effcore.errors import EffcoreError, StoreError
from effcore.measure.environment import Environment
from effcore.measure.latency import KEEP, Settings, summarise
from effcore.measure.memory import KB_PER_MB, Memory
from effcore.measure.process import Process
from effcore.measure.reference import VERSION
from effcore.remeasure import Answers, write_measurement
from effcore.stages.measure import facts
from effcore.statistics import wilson_interval
from effcore.sweep.results import throughput
from effcore.tracking import Store

MAX_BYTES = 500_000_000

_Share = Annotated[float, Field(ge=0, le=1000)]
_Count = Annotated[int, Field(ge=0, le=10**9)]
_Name = Annotated[str, Field(min_length=1, max_length=200)]
_Times = Annotated[list[Annotated[int, Field(gt=0, lt=10**13)]], Field(min_length=1, max_length=100_000)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)


class _Environment(_Strict):
    machine: _Name
    cores: Annotated[int, Field(ge=1, le=100_000)]
    os: _Name
    device: Literal["cpu"]
    threads: Annotated[int, Field(ge=1, le=1024)]
    batch: Annotated[int, Field(ge=1, le=1024)]


class _Process(_Strict):
    samples_ns: _Times
    reference_samples_ns: _Times
    load_ns: Annotated[int, Field(gt=0, lt=10**13)]
    settled: bool
    waited_share: _Share
    cores: Annotated[list[_Count], Field(max_length=1024)]
    others_core: _Share
    others_machine: _Share
    seconds: Annotated[float, Field(gt=0)]


class _Marks(_Strict):
    before_kb: _Count
    after_kb: _Count
    peak_kb: Annotated[int, Field(gt=0, le=10**12)]


class _Measured(_Strict):
    structure: _Name
    runtime: _Name
    environment: _Environment
    processes: Annotated[list[_Process], Field(min_length=3, max_length=1000)]
    stopped_by: Literal["width", "time"]
    others_before: _Share
    options: dict[str, Any]
    memory: _Marks | None


class _Answer(_Strict):
    run_id: _Name
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    correct: dict[Literal["test", "validation"], list[Annotated[int, Field(ge=0, le=1)]]]


class _Results(_Strict):
    """What `measure/elsewhere.py` writes."""

    format: Literal["effcore-results-1"] = Field(alias="schema")
    bundle: _Name
    reference_version: int
    runtimes: dict[_Name, _Name]
    measured: list[_Measured]
    answers: list[_Answer]


def import_results(path: Path, *, store: Store) -> list[str]:
    """Check everything that a bundle wrote, then write it: each environment as a run of its own, accuracy included.

    Args:
        path: `results.json`.
        store: The store whose points were packed.

    Returns:
        Run ids that were written.

    Raises:
        EffcoreError: Something in the file is not as it must be; nothing was written.
    """
    results = _read(path)
    known = {v.run_id: v for v in store.variants()}
    pairs = [(_check(answer, known, store=store, path=path), answer) for answer in results.answers]
    found: dict[tuple[str, str], list[tuple[Environment, _Measured]]] = {}
    for measured in results.measured:
        environment = Environment(**measured.environment.model_dump())
        if measured.options.get("intra_op_num_threads") != environment.threads:
            raise EffcoreError(f"{path} says {environment.threads} threads and gives options of others. Nothing was imported.")
        found.setdefault((measured.structure, measured.runtime), []).append((environment, measured))
    missing = [v.name for v, _ in pairs if (v.structure, v.runtime.partition(" ")[0]) not in found]
    if missing or not pairs:
        raise EffcoreError(f"{path} must hold measurements of every point that it has answers of. It has none of {', '.join(missing) or 'any'}.")
    if results.reference_version != VERSION:
        raise EffcoreError(f"{path} has ratios to reference {results.reference_version}, here it is {VERSION}. Make a new bundle.")
    absent = sorted({runtime for _, runtime in found} - results.runtimes.keys())
    if absent:
        raise EffcoreError(f"{path} must say the version of every runtime that it measured. It does not of {', '.join(absent)}.")
    written = []
    for variant, answer in pairs:
        runtime = variant.runtime.partition(" ")[0]
        rows = [_conclude(environment, measured) for environment, measured in found[variant.structure, runtime]]
        for figures, samples in rows:
            written.append(
                write_measurement(
                    variant, figures, store=store, runtime=f"{runtime} {results.runtimes[runtime]}", samples=samples,
                    overall=throughput([row[0] for row in rows]), answers=_answers(answer),
                )
            )  # fmt: skip
    return written


def _read(path: Path) -> _Results:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise EffcoreError(f"{path} must have at most {MAX_BYTES:,} bytes. It has {path.stat().st_size:,}.")
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise EffcoreError(f"{path} can't be read: {error.strerror}.") from error
    except ValueError as error:
        raise EffcoreError(f"{path} must be the JSON that measure.py of a bundle wrote. It is not: {error}.") from error
    try:
        return _Results.model_validate(data)
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, e['loc'])) or 'the file'}: {e['msg']}" for e in error.errors(include_url=False, include_input=False)[:5]]
        more = f" (and {error.error_count() - 5} more)" if error.error_count() > 5 else ""
        raise EffcoreError(f"{path} is not what measure.py of a bundle writes; nothing was imported. {'; '.join(lines)}{more}.") from None


def _check(answer: _Answer, known: Mapping[str, Variant], *, store: Store, path: Path) -> Variant:
    """The variant that an answer is about, if its file and the task's images are the ones that were packed."""
    variant = known.get(answer.run_id)
    if variant is None or variant.measures is not None or variant.artifact is None:
        raise EffcoreError(f"{path} has figures of the run {answer.run_id!r}, which is no point of {store.shown}. Nothing was imported.")
    try:
        data = store.file(variant.run_id, variant.artifact).read_bytes()
        own = json.loads(store.file(variant.run_id, "correct.json").read_text())
    except (StoreError, OSError) as error:
        raise EffcoreError(f"The files of {variant.name} are gone, so that {path} can't be checked against them: {error}") from error
    sha256 = hashlib.sha256(data).hexdigest()
    if sha256 != answer.sha256:
        raise EffcoreError(
            f"{path} has figures of another file than the one {variant.name} holds now (SHA-256 {answer.sha256[:12]}, now {sha256[:12]}). "
            "Nothing was imported. Make a new bundle."
        )
    lengths = {split: len(own[split]) for split in ("test", "validation")}
    got = {split: len(answer.correct.get(split, [])) for split in lengths}  # type: ignore[call-overload]
    if got != lengths:
        raise EffcoreError(f"{path} must have an answer for every image of {variant.recipe['task']}, {lengths}. Got {got}.")
    return variant


def _conclude(environment: Environment, measured: _Measured) -> tuple[dict[str, Any], dict[str, Any]]:
    """Figures and samples of one structure, by the same statistics as here."""
    processes = [
        Process(
            samples_ms=tuple(ns / 1e6 for ns in p.samples_ns[:KEEP]), reference_samples_ms=tuple(ns / 1e6 for ns in p.reference_samples_ns[:KEEP]),
            load_ms=p.load_ns / 1e6, settled=p.settled, waited_share=p.waited_share, cores=tuple(p.cores),
            others_core=p.others_core, others_machine=p.others_machine, seconds=p.seconds,
        )
        for p in measured.processes
    ]  # fmt: skip
    latency = summarise(
        processes, stopped_by=measured.stopped_by, settings=Settings(min_processes=len(processes)), options=measured.options,
        others_before=measured.others_before,
    )  # fmt: skip
    memory = _memory(measured.memory)
    samples = {"latency": latency.document() | {"load_average": None}, "memory": memory.document(), "environment": environment.document}
    return facts(latency, memory, environment), samples


def _memory(marks: _Marks | None) -> Memory:
    if marks is None or marks.after_kb < marks.before_kb:
        return Memory(peak_ram_mb=None, model_ram_mb=None, mark="the system that measured it has no high-water mark")
    return Memory(peak_ram_mb=marks.peak_kb / KB_PER_MB, model_ram_mb=(marks.after_kb - marks.before_kb) / KB_PER_MB)


def _answers(answer: _Answer) -> Answers:
    metrics: dict[str, float] = {}
    for split, name in (("test", "accuracy"), ("validation", "val_accuracy")):
        row = answer.correct[split]  # type: ignore[index]
        low, high = wilson_interval(sum(row), len(row))
        metrics |= {name: sum(row) / len(row), f"{name}_low": low, f"{name}_high": high}
    return Answers(metrics, {str(k): list(v) for k, v in answer.correct.items()})
