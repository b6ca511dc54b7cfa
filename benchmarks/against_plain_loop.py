"""A composed sweep against a plain loop over the same recipes: time of both in one run, and whether they predict the same.

    python benchmarks/against_plain_loop.py [--quick] [--share 1] [--sample 0.125] [--folder FOLDER]

The loop is in `plain_loop.py`: Optuna gives out the grid, each variant is trained from scratch, exported, evaluated and measured in a process
of its own, two at once, and logged to MLflow. It trains as many epochs, and measures each variant as many seconds as effcore took for a
structure in this run; it may measure beside the other process' training, which effcore does not do. Its teacher is trained once.
Both are timed as commands, from nothing: interpreter, imports and new MLflow stores count.

In turns: effcore with two slots, the loop with two processes, effcore with one slot, and the loop with one process. The last one is run
for a share of the variants (`--sample`), drawn evenly, and scaled; so is the loop whose two processes are kept from variant to variant,
which saves it imports and first exports; and so is, with `--share` below 1, the first loop. Then both files of every recipe that the loop
ran predict all test images. Beside the time stand the seconds of the processor, which other work on the machine hardly changes.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]

SPEC = """
name: against plain loop
task: mnist5k
objectives: [accuracy, latency_ms, size_mb]
seeds: [0]
recipe:
  - architecture: {family: cnn, width: 0.5}
  - training: {epochs: 8}
  - augmentation: [none, {policy: affine}]
  - distillation: [none, {teacher: {family: residual, width: 0.5, epochs: 4}}]
  - pruning: [none, {structure: channels, amount: [0.25, 0.5], fine_tune: 2}]
  - quantization: [none, {mode: static}, {mode: weight_only, bits: 8}, {mode: codebook, bits: 4}]
  - runtime: onnxruntime
"""
QUICK = """
name: against plain loop
task: digits
objectives: [accuracy, latency_ms, size_mb]
seeds: [0]
recipe:
  - architecture: {family: cnn, width: 0.25}
  - training: {epochs: 4}
  - distillation: [none, {teacher: {family: cnn, width: 0.5, epochs: 4}}]
  - pruning: [none, {structure: channels, amount: 0.5, fine_tune: 1}]
  - quantization: [none, {mode: static}]
  - runtime: onnxruntime
"""
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


def command(*arguments: str) -> tuple[Any, dict[str, float]]:
    """What a command printed as JSON, its seconds, and those of the processor in it and all that it started."""
    paths = os.pathsep.join([str(ROOT), str(ROOT / "benchmarks")])
    began, spent = time.monotonic(), _spent()
    done = subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.PIPE, env=os.environ | ONE_THREAD | {"PYTHONPATH": paths})
    return json.loads(done.stdout), {"seconds": round(time.monotonic() - began, 1), "cpu_s": round(_spent() - spent, 1)}


def _spent() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def effcore(spec: Path, home: Path, *, slots: int) -> dict[str, Any]:
    """A sweep from nothing, and where its time went."""
    told, took = command("-m", "effcore", "run", str(spec), "--home", str(home), "--slots", str(slots), "--json")
    if told["failed"]:
        raise RuntimeError(f"{told['failed']} variants failed.")
    lines = [json.loads(line) for line in (home / "executions.jsonl").read_text().splitlines()]
    spent = [(line["kind"], line["end"] - line["start"]) for line in lines if line["event"] == "finished"]
    by_kind = {kind: [s for k, s in spent if k == kind] for kind, _ in spent}
    return {
        "slots": slots, **took, "variants": told["variants"], "stages": told["stages"],
        "stage_s": {kind: round(sum(found), 1) for kind, found in by_kind.items()}, "structures": len(by_kind["measure"]),
        "measure_s": round(sum(by_kind["measure"]) / len(by_kind["measure"]), 3),
    }  # fmt: skip


def plain(spec: Path, folder: Path, *, processes: int, measure_s: float, share: float = 1.0, kept: bool = False) -> dict[str, Any]:
    """The loop from nothing, over all recipes or some of them."""
    folder.mkdir()
    given = [str(Path(__file__)), "--loop", str(spec), "--folder", str(folder), "--processes", str(processes)]
    rows, took = command(*given, "--measure-s", str(measure_s), "--sample", str(share), *(["--kept"] if kept else []))
    mean = {name: round(sum(row[name] for row in rows) / len(rows), 2) for name in ("train_s", "export_s", "measure_s", "seconds")}
    return {"processes": processes, "kept": kept, **took, "variants": len(rows), "mean": mean}


def ratios(loop: dict[str, Any], sweep: dict[str, Any]) -> dict[str, float]:
    """Of the loop to the sweep, in time and in that of the processor; scaled where the loop ran some of the variants."""
    scale = sweep["variants"] / loop["variants"]
    return {name: round(scale * loop[name] / sweep[name], 2) for name in ("seconds", "cpu_s")}


def loop(spec: Path, folder: Path, *, processes: int, measure_s: float, share: float, kept: bool) -> list[dict[str, Any]]:
    """What `plain` runs, in a process of its own."""
    from plain_loop import run_loop

    from effcore.spec import parse

    recipes = [recipe for recipe, _ in parse(spec.read_text()).variants]
    chosen = sorted(random.Random(0).sample(range(len(recipes)), max(1, round(share * len(recipes)))))
    return run_loop([recipes[i] for i in chosen], folder, processes=processes, measure_s=measure_s, kept=kept)


def agreement(spec: Path, home: Path, folder: Path) -> dict[str, int]:
    """Of how many recipes both files predict the same for every test image, and give the very same logits."""
    import numpy as np

    import effcore as product
    from effcore.runtimes import runtime_module
    from effcore.spec import parse
    from effcore.tasks import load

    recipes = [recipe for recipe, _ in parse(spec.read_text()).variants if (folder / f"{recipe.key}.onnx").exists()]
    images = load(recipes[0].task).test.images
    same = bits = 0
    for recipe in recipes:
        ours = product.load(recipe.key, home=home)(images)
        theirs = runtime_module("onnxruntime").load(folder / f"{recipe.key}.onnx")(images)
        same += bool((ours.argmax(1) == theirs.argmax(1)).all())
        bits += bool(np.array_equal(ours, theirs))
    return {"recipes": len(recipes), "images": len(images), "predictions_equal": same, "logits_equal": bits}


def compare(text: str, folder: Path, *, share: float, sample: float) -> dict[str, Any]:
    """All of it; one document."""
    spec = folder / "spec.yaml"
    spec.write_text(text)
    checked, _ = command("-m", "effcore", "check", str(spec), "--home", str(folder / "two"), "--json")
    two = _said("effcore", effcore(spec, folder / "two", slots=2))
    at_once = _said("loop", plain(spec, folder / "plain", processes=2, measure_s=two["measure_s"], share=share))
    _said("ratio", ratios(at_once, two) | agreement(spec, folder / "two", folder / "plain"))
    one = _said("effcore", effcore(spec, folder / "one", slots=1))
    single = _said("loop", plain(spec, folder / "single", processes=1, measure_s=one["measure_s"], share=sample))
    kept = _said("loop", plain(spec, folder / "kept", processes=2, measure_s=two["measure_s"], share=sample, kept=True))
    return {
        "variants": two["variants"], "trainings": checked["trainings"], "two_slots": two, "one_slot": one, "loop": at_once,
        "loop_of_one": single, "loop_kept": kept, "ratio": ratios(at_once, two), "ratio_of_one": ratios(single, one),
        "ratio_kept": ratios(kept, two), "agreement": agreement(spec, folder / "two", folder / "plain"),
    }  # fmt: skip


def _said(what: str, found: dict[str, Any]) -> dict[str, Any]:
    print(f"{what}: {json.dumps(found)}", file=sys.stderr, flush=True)
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="A few tiny variants, to see that it works.")
    parser.add_argument("--share", type=float, default=1.0, help="Share of the variants that the loop runs.")
    parser.add_argument("--sample", type=float, default=0.125, help="Share of the variants that the loops at the side run.")
    parser.add_argument("--folder", type=Path, help="Where everything is kept; a temporary one where it is not given.")
    for name, kind in (("--loop", Path), ("--processes", int), ("--measure-s", float)):
        parser.add_argument(name, type=kind, help=argparse.SUPPRESS)
    parser.add_argument("--kept", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.loop is not None:
        rows = loop(given.loop, given.folder, processes=given.processes, measure_s=given.measure_s, share=given.sample, kept=given.kept)
        print(json.dumps(rows))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        print(json.dumps(compare(QUICK if given.quick else SPEC, folder, share=given.share, sample=given.sample), indent=2))


if __name__ == "__main__":
    main()
