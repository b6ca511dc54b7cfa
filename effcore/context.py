"""What of this installation and machine determines results, for the keys of stages."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from effcore.catalogue import RUNTIMES, TECHNIQUES, own
from effcore.measure.environment import current, exact_int8
from effcore.plan import Context

NETWORKS = ("models", *(f"catalogue/{name}.py" for name in ("architecture", "closed_forms", "elastic", "staged")))
"""What decides the layers of a network and their shapes."""

SOURCES: dict[str, tuple[str, ...]] = {
    "build": ("stages/build.py", *NETWORKS),
    "train": ("stages/train.py", "training.py", "stopping.py", "tasks", *NETWORKS, "measure/memory.py"),
    "transform": ("stages/transform.py", "stages/train.py", "training.py", "stopping.py", "tasks", *NETWORKS, "measure/memory.py"),
    "export": ("stages/export.py", *NETWORKS, "tasks", "training.py", "stopping.py", "measure/huffman.py", "measure/size.py"),
    "admit": ("stages/admit.py", "runtimes", "measure/huffman.py", "measure/size.py"),
    "evaluate": ("stages/evaluate.py", "measure/accuracy.py", "statistics.py", "tasks"),
    "measure": ("stages/measure.py", "measure", "statistics.py"),
    "table": ("stages/table.py", "analysis/latency_table.py", "analysis/ranking.py", "measure", *NETWORKS, "runtimes/onnxpieces.py"),
    "screen": (
        "stages/screen.py", "stages/table.py", "analysis/latency_table.py", "analysis/ranking.py", "measure", *NETWORKS,
        "runtimes/onnxpieces.py", "tasks", "training.py", "stopping.py",
    ),
}
"""Modules whose text is part of the key of each kind of stage, beside those of its techniques and its runtime."""

SHARED: dict[str, tuple[str, ...]] = {
    "technique": ("techniques/context.py", "techniques/tune.py"),
    "onnxruntime": ("runtimes/counts.py", "runtimes/onnxgraph.py", "runtimes/onnxlayers.py", "runtimes/onnxweights.py"),
    "torch": ("runtimes/counts.py",),
}
"""Modules that all techniques, and each runtime, use beside their own."""

PACKAGES: dict[str, tuple[str, ...]] = {
    "build": ("torch",),
    "train": ("torch", "numpy"),
    "transform": ("torch", "torchao", "numpy", "torch-pruning"),
    "export": ("torch", "torchao", "onnx", "onnxscript", "numpy"),
    "admit": ("onnx", "numpy"),
    "evaluate": ("numpy",),
    "measure": ("numpy", "onnxruntime"),
    "table": ("numpy", "onnxruntime"),
    "screen": ("torch", "numpy", "optuna"),
}
"""Packages whose version is part of the key of each kind of stage."""


def current_context() -> Context:
    """The context of this process; its own code is read once, since what is already loaded does not change."""
    context = _shipped()
    return replace(context, sources={**context.sources, **own.SOURCES})


@cache
def _shipped() -> Context:
    sources = {kind: _hash(paths) for kind, paths in SOURCES.items()}
    sources |= {f"technique:{name}": _hash((technique_source(name), *SHARED["technique"])) for name, t in TECHNIQUES.items() if not t.origin}
    sources |= {f"runtime:{name}": _hash((f"runtimes/{name}.py", *SHARED[name])) for name in RUNTIMES}
    versions = {kind: {name: package_version(name) for name in names} for kind, names in PACKAGES.items()}
    versions |= {f"runtime:{r.name}": {r.package: package_version(r.package)} for r in RUNTIMES.values()}
    return Context(exact_int8=exact_int8(), machine=current().key, sources=sources, versions=versions)


def technique_source(name: str) -> str:
    """Where a technique is done: its module, or its folder where it has one file a mode."""
    folder = f"techniques/{name}"
    return folder if (Path(__file__).parent / folder).is_dir() else f"{folder}.py"


def package_version(name: str) -> str:
    """Version of an installed package; `absent` where it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


def _hash(paths: tuple[str, ...]) -> str:
    """Hash of the text of modules and of all modules in packages; what is not there counts as empty."""
    root = Path(__file__).parent
    files = [f for p in paths for f in (sorted((root / p).rglob("*.py")) if (root / p).is_dir() else [root / p])]
    digest = hashlib.sha256()
    for file in files:
        digest.update(str(file.relative_to(root)).encode() + b"\0")
        digest.update(file.read_bytes() if file.exists() else b"")
    return digest.hexdigest()[:16]
