"""Latencies against an independent single-stream load generator, in alternating turns on the same files; one JSON line.

python benchmarks/against_load_generator.py MODEL.onnx MODEL.onnx ... [--turns 5] [--queries 400] [--seconds 1] [--processes 3]

The load generator is written here and shares nothing with effcore: a fresh process issues one query after the other, each
with another sample, hands the answer to the issuer and issues the next when it has it. As in MLPerf's LoadGen it goes on until
it has both issued the fewest queries and run for the shortest time: 400 queries of a network of 0.02 ms would be over in 8 ms,
before the processor has settled. Each turn takes it in several processes, since one process differs from the next. Its figure is
the median over all of them. Ratios are those between models; any ONNX file with one input will do, of any type and size.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

LOAD_GENERATOR = '''
import collections, sys, time
import numpy, onnxruntime
path, queries, seconds, batch = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), 1
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
(wanted,) = session.get_inputs()
shape = [d if isinstance(d, int) else batch for d in wanted.shape]
kind = {"tensor(uint8)": "uint8", "tensor(float)": "float32", "tensor(int64)": "int64", "tensor(float16)": "float16"}[wanted.type]
random = numpy.random.default_rng(1)
library = [random.integers(0, 256, shape).astype(kind) for _ in range(64)]
done = collections.deque()

def issue(query, index):
    answer = session.run(None, {wanted.name: library[index]})
    done.append((query, time.monotonic_ns(), answer))

latencies = []
ends = time.monotonic() + seconds
while len(latencies) < queries + queries // 4 or time.monotonic() < ends:
    scheduled = time.monotonic_ns()
    issue(len(latencies), len(latencies) % len(library))
    number, completed, answer = done.popleft()
    latencies.append(completed - scheduled)
print(numpy.median(latencies[len(latencies) // 5:]))
'''


def generated_ms(path: Path, *, queries: int, seconds: float) -> float:
    """Median latency of the queries of one process, the first fifth left out."""
    command = [sys.executable, "-I", "-c", LOAD_GENERATOR, str(path), str(queries), str(seconds)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout.strip().splitlines()[-1]) / 1e6


def shape_of(path: Path) -> tuple[int, ...]:
    """Of one image, without the batch."""
    import onnx

    dims = onnx.load(str(path)).graph.input[0].type.tensor_type.shape.dim
    return tuple(d.dim_value or 1 for d in dims[1:])


def measured_ms(path: Path) -> tuple[float, list[str]]:
    """Latency as effcore measures it, and why it is noisy."""
    from effcore.measure import Settings, measure_latency

    settings = Settings(min_processes=3, width=0.05, max_s=4.0)
    found = measure_latency(path, runtime="onnxruntime", shape=shape_of(path), levels=255, settings=settings)  # type: ignore[arg-type]
    return found.latency_ms, list(found.reasons)


def compare(paths: list[Path], *, turns: int, queries: int, seconds: float, processes: int) -> dict[str, Any]:
    """Both in turns, the order changed every time; differences of medians and of ratios between every two models."""
    ours: dict[Path, list[float]] = {p: [] for p in paths}
    theirs: dict[Path, list[float]] = {p: [] for p in paths}
    noisy = 0
    for turn in range(turns):
        for path in paths:
            for who in ("ours", "theirs") if turn % 2 == 0 else ("theirs", "ours"):
                if who == "ours":
                    latency, reasons = measured_ms(path)
                    ours[path].append(latency)
                    noisy += bool(reasons)
                else:
                    theirs[path] += [generated_ms(path, queries=queries, seconds=seconds) for _ in range(processes)]
    mine = {p: statistics.median(v) for p, v in ours.items()}
    other = {p: statistics.median(v) for p, v in theirs.items()}
    absolute = [mine[p] / other[p] - 1 for p in paths]
    ratios = [(mine[a] / mine[b]) / (other[a] / other[b]) - 1 for a, b in itertools.combinations(paths, 2)]
    return {
        "models": len(paths),
        "turns": turns,
        "ours_ms": [round(mine[p], 5) for p in paths],
        "load_generator_ms": [round(other[p], 5) for p in paths],
        "largest_absolute_difference": round(max(map(abs, absolute)), 4),
        "largest_ratio_difference": round(max(map(abs, ratios), default=0.0), 4),
        "noisy": f"{noisy} of {turns * len(paths)}",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--queries", type=int, default=400, help="fewest queries of a process")
    parser.add_argument("--seconds", type=float, default=1.0, help="shortest time of a process")
    parser.add_argument("--processes", type=int, default=3, help="processes of the load generator in a turn")
    given = parser.parse_args()
    from effcore.host import host_lock

    with host_lock(exclusive=True):  # waits for trainings and measurements of other commands, and keeps them off meanwhile
        found = compare(given.models, turns=given.turns, queries=given.queries, seconds=given.seconds, processes=given.processes)
        print(json.dumps(found))


if __name__ == "__main__":
    main()
