"""One folder that measures the points of a sweep on another machine, without effcore."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from effcore.analysis.frontier import Variant
from effcore.catalogue import RUNTIMES, TASKS
from effcore.context import package_version
from effcore.errors import EffcoreError
from effcore.measure import elsewhere, environment, load, probe
from effcore.measure.latency import KEEP, Settings
from effcore.measure.memory import PREDICTIONS
from effcore.measure.process import SEED, session_options
from effcore.measure.reference import SHAPE, VERSION, one_operator, reference
from effcore.recipe import from_document
from effcore.spec import Measure
from effcore.stored import require_current
from effcore.takeaway import requirement
from effcore.tasks import load as load_task
from effcore.tracking import Store

SCRIPTS = {"measure.py": elsewhere, "probe.py": probe, "environment.py": environment, "load.py": load}
"""Modules that stand alone, by the name of their copy."""


def write_bundle(variants: Sequence[Variant], *, store: Store, folder: Path, settings: Measure) -> list[Path]:
    """Write artifacts, test images, a script and what it needs to know.

    Args:
        variants: Of one store; those without a file, and runs of further environments, are left out.
        store: Where the files are.
        folder: Made where it is not there; it must be empty.
        settings: How long and how well is measured, with which batch sizes and threads.

    Returns:
        The files that were written.

    Raises:
        EffcoreError: There is nothing to pack, or the folder is not empty.
    """
    packed = [v for v in variants if v.status == "FINISHED" and v.artifact and v.structure and v.measures is None]
    if not packed:
        raise EffcoreError("A bundle must hold at least one point with a file. There is none in this sweep.")
    for variant in packed:
        require_current(variant)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise EffcoreError(f"{folder} must be a folder that is empty or not there yet. Choose another one with --to.")
    (folder / "artifacts").mkdir(parents=True)
    for name, module in SCRIPTS.items():
        shutil.copyfile(str(module.__file__), folder / name)
    (folder / "reference.onnx").write_bytes(reference())
    (folder / "one_operator.onnx").write_bytes(one_operator())
    models = [_pack(variant, store=store, folder=folder) for variant in sorted(packed, key=lambda v: (v.name, v.seed, v.run_id))]
    for task in {model["task"] for model in models}:
        _write_images(task, folder)
    requirements = {f"numpy=={np.__version__}", *(model["requirement"] for model in models)}
    if not any(text.startswith("onnxruntime==") for text in requirements):  # the reference runs in it
        requirements.add(f"onnxruntime=={package_version('onnxruntime').partition('+')[0]}")
    (folder / "requirements.txt").write_text("\n".join(sorted(requirements)) + "\n")
    (folder / "bundle.json").write_text(json.dumps(_document(models, settings), indent=1))
    return sorted(p for p in folder.rglob("*") if p.is_file())


def _pack(variant: Variant, *, store: Store, folder: Path) -> dict[str, Any]:
    """Copy one artifact, named by its content, and describe it."""
    source = store.file(variant.run_id, variant.artifact or "")
    sha256 = hashlib.sha256(source.read_bytes()).hexdigest()
    recipe = from_document(variant.recipe)
    task, runtime = TASKS[recipe.task], RUNTIMES[recipe.runtime]
    target = f"artifacts/{sha256[:16]}{runtime.suffix}"
    shutil.copyfile(source, folder / target)
    return {
        "run_id": variant.run_id, "name": variant.name, "file": target, "sha256": sha256, "structure": variant.structure,
        "runtime": runtime.name, "requirement": requirement(variant), "task": task.name,
        "images": f"images-{task.name}.npz", "shape": list(task.shape), "levels": task.levels,
    }  # fmt: skip


def _write_images(task: str, folder: Path) -> None:
    data = load_task(task)
    np.savez_compressed(
        folder / f"images-{task}.npz",
        test_images=data.test.images, test_labels=data.test.labels,
        validation_images=data.validation.images, validation_labels=data.validation.labels,
    )  # fmt: skip


def _document(models: list[dict[str, Any]], settings: Measure) -> dict[str, Any]:
    structures = {(m["structure"], m["runtime"]): m for m in reversed(models)}
    body = {
        "schema": "effcore-bundle-1",
        "models": models,
        "structures": [structures[key] for key in sorted(structures)],
        "runtimes": sorted({m["runtime"] for m in models}),
        "sizes": settings.sizes,
        "settings": settings.settings,
        "options": session_options(),
        "request": {"seed": SEED, "reference_shape": SHAPE, "budget_s": Settings().budget_s, "keep": KEEP, "predictions": PREDICTIONS},
        "reference_version": VERSION,
    }
    return {"id": hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:16]} | body
