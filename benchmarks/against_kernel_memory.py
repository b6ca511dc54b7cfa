"""Is `model_ram_mb` what the kernel says? Against a script that shares nothing with effcore; one JSON line.

python benchmarks/against_kernel_memory.py [MODEL.onnx ...]

The script runs ONNX Runtime in a process of its own, which first predicts with the smallest model there is. Then its parent,
not itself, sets the kernel's high-water mark of that process to what is resident (`/proc/PID/clear_refs`), lets it load the
model and predict, and reads the mark (`/proc/PID/status`). Without models it takes six networks of its own.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from against_load_generator import shape_of

CHILD = '''
import sys
import numpy, onnx, onnxruntime
from onnx import TensorProto, helper
smallest = helper.make_graph(
    [helper.make_node("Abs", ["a"], ["b"])], "smallest",
    [helper.make_tensor_value_info("a", TensorProto.FLOAT, [1])], [helper.make_tensor_value_info("b", TensorProto.FLOAT, [1])],
)
body = helper.make_model(smallest, ir_version=10, opset_imports=[helper.make_opsetid("", 20)]).SerializeToString()

def session(model):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

session(body).run(None, {"a": numpy.zeros(1, "float32")})
shape = [int(d) for d in sys.argv[2].split(",")]
image = numpy.full(shape, 7, "uint8")
print("warm", flush=True)
sys.stdin.readline()
loaded = session(sys.argv[1])
for _ in range(10):
    loaded.run(None, {loaded.get_inputs()[0].name: image})
print("done", flush=True)
sys.stdin.readline()
'''
NETWORKS = (("mlp", 1.0, 1), ("cnn", 1.0, 1), ("mlp", 2.0, 1), ("residual", 2.0, 2), ("residual", 4.0, 2), ("mlp", 4.0, 2))
SHARE, FLOOR_MB = 0.10, 0.5
"""How far apart the two may be: so large a share, or so many megabytes."""


def high_water_kb(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def read_from_kernel_mb(model: Path, shape: tuple[int, ...]) -> float:
    """What loading the model and predicting adds, in MB of 1,000,000 bytes."""
    size = ",".join(map(str, (1, *shape)))
    command = [sys.executable, "-I", "-c", CHILD, str(model), size]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdin is not None and child.stdout is not None, "both are pipes"
        child.stdout.readline()
        Path(f"/proc/{child.pid}/clear_refs").write_text("5")
        before = high_water_kb(child.pid)
        child.stdin.write("\n")
        child.stdin.flush()
        child.stdout.readline()
        after = high_water_kb(child.pid)
        child.stdin.close()
    return (after - before) * 1024 / 1e6


def made(folder: Path) -> list[Path]:
    """Files of networks that differ in memory."""
    from effcore.catalogue import TASKS
    from effcore.catalogue.architecture import Architecture
    from effcore.models import build
    from effcore.runtimes import runtime_module

    paths = []
    for family, width, depth in NETWORKS:
        paths.append(folder / f"{family} x{width:g} d{depth}.onnx")
        model = build(Architecture(family=family, width=width, depth=depth), TASKS["mnist5k"], seed=0).eval()  # type: ignore[arg-type]
        runtime_module("onnxruntime").export(model, paths[-1], task=TASKS["mnist5k"])
    return paths


def compare(path: Path) -> dict[str, Any]:
    from effcore.measure.memory import measure_memory

    shape = shape_of(path)
    ours = measure_memory(path, runtime="onnxruntime", shape=shape, levels=255).model_ram_mb  # type: ignore[arg-type]
    assert ours is not None, "this benchmark needs Linux"
    theirs = read_from_kernel_mb(path, shape)
    agrees = abs(ours - theirs) <= max(SHARE * theirs, FLOOR_MB)
    return {"model": path.stem, "ours_mb": round(ours, 3), "kernel_mb": round(theirs, 3), "agrees": agrees}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        rows = [compare(path) for path in given.models or made(Path(name))]
    readings = [row["kernel_mb"] for row in rows]
    print(json.dumps({"rows": rows, "range": round(max(readings) / min(readings), 1), "all_agree": all(row["agrees"] for row in rows)}))


if __name__ == "__main__":
    main()
