"""Does the order hold? Measures every structure of a finished sweep again and compares the two measurings.

python benchmarks/repeat.py HOME [SWEEP]

No pair whose intervals do not overlap may change its order; Kendall's tau is over the pairs that can be told apart. Prints one JSON document.
"""

from __future__ import annotations

import itertools
import json
import sys
from pathlib import Path

from effcore.catalogue import TASKS
from effcore.host import host_lock
from effcore.measure.latency import measure_latency
from effcore.tracking import Store

Interval = tuple[float, float, float]


def intervals(paths: dict[str, tuple[Path, str]], task: str) -> dict[str, Interval]:
    """Ratio to the reference, low and high, of every structure."""
    found = {}
    for structure, (path, runtime) in paths.items():
        with host_lock(exclusive=True):
            metrics = measure_latency(path, runtime=runtime, shape=TASKS[task].shape, levels=TASKS[task].levels).metrics()
        found[structure] = (metrics["latency_ratio"], metrics["latency_ratio_low"], metrics["latency_ratio_high"])
    return found


def apart(a: Interval, b: Interval) -> int:
    """-1 or 1 where a is certainly below or above b, 0 where the intervals overlap."""
    return -1 if a[2] < b[1] else 1 if a[1] > b[2] else 0


def main(home: Path, sweep: str | None) -> None:
    store = Store(home)
    record = store.sweep(sweep)
    variants = [v for v in store.variants(sweep=record.run_id) if v.status == "FINISHED" and v.artifact]
    paths = {v.structure: (store.file(v.run_id, v.artifact or ""), v.runtime.split()[0]) for v in variants}
    first, second = intervals(paths, record.task), intervals(paths, record.task)
    told = reversed_pairs = concordant = 0
    for a, b in itertools.combinations(sorted(paths), 2):
        before, after = apart(first[a], first[b]), apart(second[a], second[b])
        if before == 0:
            continue
        told += 1
        reversed_pairs += before == -after
        concordant += (first[a][0] < first[b][0]) == (second[a][0] < second[b][0])
    tau = (2 * concordant - told) / told if told else float("nan")
    report = {"structures": len(paths), "pairs_told_apart": told, "reversed": reversed_pairs, "kendall_tau": round(tau, 4)}
    print(json.dumps(report))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None)
