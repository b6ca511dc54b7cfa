"""Share of a run's time that goes into measuring, from its log of executions; one JSON line.

python benchmarks/measure_cost.py HOME

HOME must be of one run. Its time is from the start of its first stage to the end of its last; without what comes before
the first one the share is larger than it is for whoever waits.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


def cost(lines: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Seconds and share of measuring, in all and by runtime.

    Args:
        lines: Of `executions.jsonl`.

    Raises:
        ValueError: Nothing was executed.
    """
    done = [line for line in lines if line["event"] == "finished"]
    if not done:
        raise ValueError("The log must hold a stage that finished. It holds none.")
    run_s = max(line["end"] for line in done) - min(line["start"] for line in done)
    by_class: dict[str, list[float]] = defaultdict(list)
    for line in done:
        if line["kind"] == "measure":
            by_class[line["class"]].append(line["end"] - line["start"])
    measuring_s = sum(sum(seconds) for seconds in by_class.values())
    return {
        "run_s": round(run_s, 1),
        "measuring_s": round(measuring_s, 1),
        "share": round(measuring_s / run_s, 3),
        "structures": {name: len(seconds) for name, seconds in sorted(by_class.items())},
        "seconds_each": {name: round(sum(seconds) / len(seconds), 2) for name, seconds in sorted(by_class.items())},
    }


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    text = (Path(sys.argv[1]) / "executions.jsonl").read_text()
    print(json.dumps(cost(json.loads(line) for line in text.splitlines())))


if __name__ == "__main__":
    main()
