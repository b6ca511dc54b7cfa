"""Measures the models of this folder on this machine; it needs Python 3.11, what requirements.txt names, and nothing else.

    pip install -r requirements.txt
    python measure.py

It writes results.json beside itself, which goes back to where the folder came from: `effcore measure --import results.json`.
Nothing else should run meanwhile. It stands alone, as the files beside it do: in effcore it is only copied.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import importlib.metadata
import json
import math
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

SCHEMA = "effcore-results-1"
T_95 = (12.71, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131)
"""Of the t distribution, by degrees of freedom from 1 on; 2.13 stands for more, which is wider than needed."""


def main() -> None:
    """Measure every structure in every environment, and every file's accuracy, and write what was seen."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=Path, help="file to write; results.json in this folder where it is not given")
    given = parser.parse_args()
    folder = Path(__file__).resolve().parent
    sys.path.insert(0, str(folder))
    environment: Any = importlib.import_module("environment")
    load: Any = importlib.import_module("load")
    bundle = json.loads((folder / "bundle.json").read_text())
    for model in bundle["models"]:
        if hashlib.sha256((folder / model["file"]).read_bytes()).hexdigest() != model["sha256"]:
            sys.exit(f"{model['file']} is not the file that was packed. Unpack the folder again.")
    runtimes = {name: importlib.metadata.version(name).partition("+")[0] for name in bundle["runtimes"]}
    measured = []
    for structure in bundle["structures"]:
        for batch, threads in bundle["sizes"]:
            if threads > load.core_count():
                print(f"{threads} threads are left out: {load.core_count()} cores may be used here.", file=sys.stderr)
                continue
            where = environment.current(threads=threads, batch=batch)
            print(f"{structure['name']}: {where.label}", file=sys.stderr)
            entry = {"structure": structure["structure"], "runtime": structure["runtime"], "environment": where.document}
            measured.append(entry | measure(folder, bundle, structure, batch=batch, threads=threads))
    answers = [accuracy(folder, model) for model in bundle["models"]]
    document = {
        "schema": SCHEMA, "bundle": bundle["id"], "reference_version": bundle["reference_version"], "runtimes": runtimes,
        "measured": measured, "answers": answers,
    }  # fmt: skip
    target = given.to or folder / "results.json"
    target.write_text(json.dumps(document, allow_nan=False))
    print(f"Wrote {target}. Bring it back with: effcore measure --import {target.name}", file=sys.stderr)


# ---- one structure


def measure(folder: Path, bundle: dict[str, Any], structure: dict[str, Any], *, batch: int, threads: int) -> dict[str, Any]:
    """Latency over fresh processes until the ratio's interval is narrow enough or the time is up, then memory."""
    load: Any = importlib.import_module("load")
    options = bundle["options"] | {"intra_op_num_threads": threads}
    request = bundle["request"] | {
        "artifact": str(folder / structure["file"]), "runtime": structure["runtime"], "options": options,
        "shape": [batch, *structure["shape"]], "levels": structure["levels"], "reference": str(folder / "reference.onnx"),
    }  # fmt: skip
    settings = bundle["settings"]
    before = load.read_ticks()
    time.sleep(0.1)
    busy = load.read_ticks().busy_since(before)
    others_before = sum(busy.values()) / len(busy) if busy else 0.0
    processes: list[dict[str, Any]] = []
    cores: tuple[int, ...] = ()
    deadline, stopped_by = time.monotonic() + settings["max_s"], ""
    while not stopped_by:
        cores = load.idlest(load.allowed_cores(threads), busy, count=threads, current=cores)
        process, busy = one_process(folder, request, cores=cores, threads=threads)
        processes.append(process)
        if len(processes) >= settings["processes"]:
            stopped_by = "width" if width(processes) <= settings["width"] else "time" if time.monotonic() >= deadline else ""
    return {
        "processes": processes, "stopped_by": stopped_by, "others_before": others_before, "options": options,
        "memory": memory(folder, request, threads=threads),
    }  # fmt: skip


def one_process(folder: Path, request: dict[str, Any], *, cores: tuple[int, ...], threads: int) -> tuple[dict[str, Any], dict[int, float]]:
    """What one process saw, and how much others used of each core meanwhile."""
    load: Any = importlib.import_module("load")
    ticks, start = load.read_ticks(), time.monotonic()
    answer = run(folder, "latency", request | {"cores": cores}, threads=threads)
    seconds = time.monotonic() - start
    busy, own = load.read_ticks().busy_since(ticks), answer["cpu_s"] / seconds
    machine = max(0.0, sum(busy.values()) - own) / len(busy) if busy else 0.0
    for core in cores:
        busy[core] = max(0.0, busy.get(core, 0.0) - own / len(cores))
    kept = {name: answer[name] for name in ("samples_ns", "reference_samples_ns", "load_ns", "settled", "waited_share")}
    others = sum(busy[core] for core in cores) / len(cores) if cores else 0.0
    return kept | {"cores": list(cores), "others_core": others, "others_machine": machine, "seconds": seconds}, busy


def width(processes: list[dict[str, Any]]) -> float:
    """Width of the 95 % interval of the ratio to the reference, high / low - 1."""
    logs = [math.log(statistics.median(p["samples_ns"]) / statistics.median(p["reference_samples_ns"])) for p in processes]
    half = T_95[min(len(logs) - 2, len(T_95) - 1)] * statistics.stdev(logs) / math.sqrt(len(logs))
    return math.exp(2 * half) - 1


def memory(folder: Path, request: dict[str, Any], *, threads: int) -> dict[str, int] | None:
    """High-water marks in kB, or None where the system has none."""
    if not os.path.exists("/proc/self/clear_refs"):
        return None
    smallest = folder / "one_operator.onnx"
    if request["runtime"] == "torch":
        smallest = folder / "one_operator.pt2"
        if not smallest.exists():
            run(folder, "one_operator", {"path": str(smallest)}, threads=1)
    seen = run(folder, "memory", request | {"one_operator": str(smallest)}, threads=threads)
    return {name: seen[name] for name in ("before_kb", "after_kb", "peak_kb")}


def run(folder: Path, do: str, request: dict[str, Any], *, threads: int) -> dict[str, Any]:
    """One job of probe.py in a fresh interpreter."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    lines = [json.dumps({"parent": os.getpid(), "runtime": request.get("runtime", "")}), json.dumps({"do": do, **request})]
    command = [sys.executable, "-I", str(folder / "probe.py")]
    done = subprocess.run(
        command, input="\n".join(lines) + "\n", capture_output=True, text=True, env=os.environ | dict.fromkeys(names, str(threads)), timeout=600
    )
    if done.returncode != 0:
        sys.exit(f"Measuring {do} failed with exit code {done.returncode}:\n{done.stderr.strip()[-2000:]}")
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer


# ---- one file


def accuracy(folder: Path, model: dict[str, Any]) -> dict[str, Any]:
    """Which images the file gets right, 1 or 0 each, by split."""
    import numpy

    predict = PREDICT[model["runtime"]](folder / model["file"])
    images = numpy.load(folder / model["images"])
    correct = {}
    for split in ("test", "validation"):
        parts = [predict(images[f"{split}_images"][i : i + 250]) for i in range(0, len(images[f"{split}_labels"]), 250)]
        logits = numpy.concatenate(parts)
        if not numpy.isfinite(logits).all():
            sys.exit(f"{model['file']} gives logits that are not finite numbers.")
        correct[split] = (logits.argmax(axis=1) == images[f"{split}_labels"]).astype(int).tolist()
    return {"run_id": model["run_id"], "sha256": model["sha256"], "correct": correct}


def onnxruntime_file(path: Path) -> Any:
    """The file as a function from raw pixels to logits."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda images: session.run(None, {name: images})[0]


def torch_file(path: Path) -> Any:
    """As `onnxruntime_file`."""
    import torch

    module = torch.export.load(path).module()

    def predict(images: Any) -> Any:
        with torch.inference_mode():
            return module(torch.from_numpy(images)).numpy()

    return predict


PREDICT = {"onnxruntime": onnxruntime_file, "torch": torch_file}

if __name__ == "__main__":
    main()
