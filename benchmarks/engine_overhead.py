"""What the engine itself costs: seconds a stage through the same child path with stages that do nothing, and planning.

    python benchmarks/engine_overhead.py [--stages 200] [--variants 10000] [--slots 2]

Stages are run as a sweep runs them, by Dask, worker, fork server with torch and the exporter loaded, child and cache, in a folder of their
own; MLflow has no part in it.
Planning is that of a grid of as many variants, from the read spec to the names of all stages, in seconds of the processor.
"""

from __future__ import annotations

import argparse
import queue
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from effcore.context import current_context
from effcore.execution.execute import Engine
from effcore.plan import Stage, make_plan
from effcore.spec import parse

SPEC = """
name: plan
task: digits
seeds: {seeds}
recipe:
  - architecture: {{family: [mlp, cnn, residual, mobile], width: [0.25, 0.5, 0.75, 1.0, 1.5]}}
  - training: {{epochs: [4, 8], learning_rate: [0.001, 0.003, 0.01, 0.02, 0.03]}}
  - augmentation: [none, {{policy: affine}}]
  - pruning: [none, {{amount: 0.5}}, {{amount: 0.75}}, {{amount: 0.9}}, {{amount: 0.25}}]
  - quantization: [none, {{}}, {{mode: dynamic}}, {{mode: fp16}}, {{mode: weight_only, bits: 8}}]
  - runtime: onnxruntime
"""


def overhead_s(count: int, slots: int) -> tuple[float, float]:
    """Seconds a stage with all slots busy, and with one."""
    sys.path.insert(0, str(Path(__file__).parent))  # the fork server and its children find the kind of stage there
    done: queue.SimpleQueue[Any] = queue.SimpleQueue()
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for lane in (slots, 1):
            variables = {"PYTHONPATH": _path(), "EFFCORE_BENCHMARK_HOST": folder}
            with Engine(home=Path(folder), slots=lane, preload="nothing_stage", environment=variables) as engine:
                engine.submit(Stage("nothing", f"nothing-warm-{lane}", {}), done=lambda stage, outcome: done.put(outcome))
                _well(done.get())
                began = time.perf_counter()
                for index in range(count):
                    engine.submit(Stage("nothing", f"nothing-{lane}-{index}", {"n": index}), done=lambda stage, outcome: done.put(outcome))
                for _ in range(count):
                    _well(done.get())
                found.append((time.perf_counter() - began) / count)
    return found[0], found[1]


def _path() -> str:
    return ":".join([str(Path(__file__).parent), str(Path(__file__).parents[1])])


def _well(outcome: Any) -> None:
    if isinstance(outcome, BaseException):
        raise outcome


def planning_s(variants: int) -> tuple[float, float, int]:
    """Seconds of the processor for reading a spec and for planning it, the median of three, and how many variants it has."""
    text = SPEC.format(seeds=list(range(-(-variants // 10_000))))
    read, planned = [], []
    for _ in range(3):
        began = time.process_time()
        spec = parse(text)
        read.append(time.process_time() - began)
        chosen = spec.variants[:variants]
        began = time.process_time()
        make_plan(chosen, context=current_context())
        planned.append(time.process_time() - began)
    return statistics.median(read), statistics.median(planned), len(chosen)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stages", type=int, default=200)
    parser.add_argument("--variants", type=int, default=10_000)
    parser.add_argument("--slots", type=int, default=2)
    given = parser.parse_args()
    read, planned, count = planning_s(given.variants)
    print(f"planning {count:,} variants: {planned:.2f} s, after reading the spec in {read:.2f} s")
    several, one = overhead_s(given.stages, given.slots)
    print(f"a stage that does nothing: {1000 * one:.1f} ms with one slot, {1000 * several:.1f} ms with {given.slots}, of {given.stages}")


if __name__ == "__main__":
    main()
