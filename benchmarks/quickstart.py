"""What the quickstart shows, from nothing: time, sharing, accuracy, spread of latency, sizes; one JSON document.

python benchmarks/quickstart.py [HOME]
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SPEC = ROOT / "experiments" / "quickstart.yaml"


def effcore(*arguments: str, home: Path) -> tuple[Any, float]:
    """JSON and seconds of a command."""
    start = time.monotonic()
    command = [sys.executable, "-m", "effcore", *arguments, "--json", "--home", str(home)]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    return json.loads(output), time.monotonic() - start


def techniques(row: dict[str, Any]) -> set[str]:
    """Optional techniques of a recipe."""
    return {name for step in row["recipe"]["steps"] for name in step} - {"architecture", "training", "runtime"}


def pairs(rows: list[dict[str, Any]], technique: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """(parent, child) of every step of that technique whose parent was measured."""
    by_key = {row["key"]: row for row in rows}
    return [(by_key[row["parent"]], row) for row in rows if row["technique"] == technique and row["parent"] in by_key]


def main(home: Path) -> None:
    check, check_s = effcore("check", str(SPEC), home=home)
    first, first_s = effcore("run", str(SPEC), home=home)
    second, second_s = effcore("run", str(SPEC), home=home)
    rows = effcore("frontier", "--sweep", "quickstart", home=home)[0]["variants"]
    lines = [json.loads(line) for line in (home / "executions.jsonl").read_text().splitlines()]
    done = [line for line in lines if line["event"] == "finished"]
    onnx = [row["metrics"]["latency_ms"] for row in rows if row["runtime"].startswith("onnxruntime")]
    int8 = pairs(rows, "quantization")
    speed = {child["name"]: parent["metrics"]["latency_ms"] / child["metrics"]["latency_ms"] for parent, child in int8}
    size = [child["metrics"]["size_mb"] / parent["metrics"]["size_mb"] for parent, child in int8 if parent["metrics"]["size_mb"] >= 0.5]
    pruned = [child["metrics"]["macs"] / parent["metrics"]["macs"] for parent, child in pairs(rows, "pruning")]
    measuring = sum(line["end"] - line["start"] for line in done if line["exclusive"])
    report = {
        "variants": len(rows),
        "sweep_s": round(first["elapsed_s"], 1),
        "command_s": round(first_s, 1),
        "check_s": round(check_s, 2),
        "second_run_s": round(second_s, 2),
        "second_run_executed": second["stages"]["executed"],
        "second_over_first": round(second_s / first_s, 3),
        "trainings_told": check["trainings"],
        "trainings_done": sum(1 for line in done if line["kind"] == "transform") + len({training(line) for line in done} - {None}),
        "stages": check["stages"],
        "best_accuracy": max(row["metrics"]["accuracy"] for row in rows),
        "latency_spread_onnxruntime": round(max(onnx) / min(onnx), 1),
        "int8_speed_up": {name: round(ratio, 2) for name, ratio in sorted(speed.items(), key=lambda item: -item[1])},
        "int8_size_of_parents_from_half_a_mb": {"largest": round(max(size), 3), "count": len(size)},
        "pruned_macs": {"largest": round(max(pruned), 3), "count": len(pruned)},
        "combine_three": sum(1 for row in rows if len(techniques(row)) >= 3),
        "measuring_share": round(measuring / first["elapsed_s"], 3),
        "noisy": sum(1 for row in rows if row["noisy"]),
    }
    print(json.dumps(report, indent=2))


def training(line: dict[str, Any]) -> str | None:
    """Key of the last rung of a training; None for anything else."""
    if line["kind"] != "train":
        return None
    return line["key"] if line["units"] >= 2 else None  # of 4 epochs the last rung has 2


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as folder:
            main(Path(folder))
