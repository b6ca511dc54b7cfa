"""What a measuring process runs: a fresh interpreter that loads a runtime and one model, and nothing of effcore.

Run as `python -I probe.py` with lines of JSON on standard input: {"parent": pid, "runtime": what to import ahead}, which it
answers with `ready`, and then a request a line, each answered with a line of JSON. It stands alone, so that what is measured
is the runtime as deployed and not this package: imports stay inside the functions that need them.

Requests: {"do": "latency" | "memory" | "profile" | "one_operator", ...}, or a function of another such script, `script`.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import runpy
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

Predict = Callable[[], Any]

AHEAD = {
    "onnxruntime": ("numpy", "onnxruntime"),
    "torch": ("numpy", "torch", "torch._export.serde.serialize", "torch.export.pt2_archive._package", "networkx"),
}
"""What is imported before the job comes; PyTorch's loader imports more than half of its modules when it is called."""
WARM_STABLE = 0.05
"""Warm means: the medians of two windows in a row differ by less than this share."""
WARM_AT_MOST_S = 0.15
WINDOW = 10
WINDOW_SLOW = 3
SLOW_NS = 5_000_000
"""From this time of a prediction on the windows are short."""
BURST, BURST_NS = 4, 2_000_000
"""A burst of an artifact is as many predictions as fit in here, at most `BURST`, at least one."""
FEWEST_ROUNDS = 10
PROFILE_WARM = 5
PROFILE_RUNS = 150  # each leaves some kilobytes for every operator


def main() -> None:
    """Jobs from standard input, one a line, to standard output, until the input ends."""
    start = json.loads(sys.stdin.readline())
    _die_with(start["parent"])
    for name in AHEAD.get(start.get("runtime", ""), ()):
        with contextlib.suppress(ImportError):  # another version has it elsewhere: then only time is lost
            importlib.import_module(name)
    print("ready", flush=True)
    for line in sys.stdin:
        _work(json.loads(line))
    os._exit(0)  # taking a runtime apart costs time, and would be counted as load of others


def _work(request: dict[str, Any]) -> None:
    before_s = time.process_time()
    if request.get("cores") and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, request["cores"])
    jobs = {job.__name__: job for job in (latency, memory, profile, one_operator)}
    answer = (jobs.get(request["do"]) or runpy.run_path(request["script"])[request["do"]])(request)
    print(json.dumps(answer | {"cpu_s": time.process_time() - before_s}), flush=True)


def _die_with(parent: int) -> None:
    """A killed sweep leaves no measuring process behind, which would disturb the next measurement."""
    if sys.platform != "linux":
        return
    import ctypes

    set_parent_death_signal = 1
    ctypes.CDLL(None).prctl(set_parent_death_signal, int(signal.SIGKILL))
    if os.getppid() != parent:
        sys.exit("the process that asked for this measurement is gone")


# ---- runtimes


def onnxruntime_session(model: str | bytes, options: dict[str, Any], *, profile_prefix: str = "") -> Any:
    """A session with the options of deployment."""
    import onnxruntime

    session_options = onnxruntime.SessionOptions()
    session_options.intra_op_num_threads = options["intra_op_num_threads"]
    session_options.inter_op_num_threads = options["inter_op_num_threads"]
    session_options.execution_mode = getattr(onnxruntime.ExecutionMode, options["execution_mode"])
    session_options.log_severity_level = 3
    if profile_prefix:
        session_options.enable_profiling = True
        session_options.profile_file_prefix = profile_prefix
    return onnxruntime.InferenceSession(model, session_options, providers=options["providers"])


def onnxruntime_predict(model: str | bytes, options: dict[str, Any], image: Any) -> Predict:
    """A session, ready to predict `image`."""
    session = onnxruntime_session(model, options)
    feed = {session.get_inputs()[0].name: image}
    return lambda: session.run(None, feed)


def torch_predict(model: str, options: dict[str, Any], image: Any) -> Predict:
    """An exported program, ready to predict `image` from numpy to numpy, as a caller of ONNX Runtime does."""
    import torch

    if torch.get_num_threads() != options["intra_op_num_threads"]:
        torch.set_num_threads(options["intra_op_num_threads"])
    module = torch.export.load(model).module()

    def predict() -> Any:
        with torch.inference_mode():
            return module(torch.from_numpy(image)).numpy()

    return predict


PREDICT: dict[str, Callable[..., Predict]] = {"onnxruntime": onnxruntime_predict, "torch": torch_predict}


def random_image(shape: list[int], levels: int, seed: int) -> Any:
    """Raw pixels from 0 to `levels`, uint8, shape (N, C, H, W)."""
    import numpy

    return numpy.random.default_rng(seed).integers(0, levels, shape, dtype=numpy.uint8, endpoint=True)


# ---- latency


def latency(request: dict[str, Any]) -> dict[str, Any]:
    """Times of artifact and reference in turns, after both are warm.

    A round is a burst of predictions of the reference and one of the artifact; the first of each burst is not counted,
    for it finds the caches full of the other. One session of each: fresh sessions within a process, tried with three,
    did not make processes agree better.

    Request: reference, artifact (paths), runtime, shape, reference_shape, levels, seed, options, budget_s, keep.
    """
    options = request["options"]
    image = random_image(request["shape"], request["levels"], request["seed"])
    still = random_image(request["reference_shape"], 255, request["seed"])
    reference = onnxruntime_predict(request["reference"], options, still)
    start = time.perf_counter_ns()
    artifact = PREDICT[request["runtime"]](request["artifact"], options, image)
    load_ns = time.perf_counter_ns() - start
    gc.disable()
    reference_ns, reference_settled = warm_up(reference)
    artifact_ns, artifact_settled = warm_up(artifact)
    start, start_cpu = time.perf_counter_ns(), time.thread_time_ns()
    reference_samples, samples = in_turns(
        reference, artifact, reference_ns=reference_ns, artifact_ns=artifact_ns,
        budget_ns=request["budget_s"] * 1e9, keep=request["keep"],
    )  # fmt: skip
    wall, cpu = time.perf_counter_ns() - start, time.thread_time_ns() - start_cpu
    return {
        "samples_ns": samples,
        "reference_samples_ns": reference_samples,
        "load_ns": load_ns,
        "settled": reference_settled and artifact_settled,
        "waited_share": max(0.0, 1 - cpu / wall),
    }


def in_turns(
    reference: Predict, artifact: Predict, *, reference_ns: float, artifact_ns: float, budget_ns: float, keep: int
) -> tuple[list[int], list[int]]:
    """Rounds for as long as the budget lasts or until `keep` samples of the artifact are there.

    Returns:
        Times of the reference and of the artifact, in ns.
    """
    burst = int(min(BURST, max(1, BURST_NS // artifact_ns)))
    round_ns = (burst + 1) * artifact_ns + (BURST + 1) * reference_ns
    rounds = max(FEWEST_ROUNDS, min(int(budget_ns / round_ns), -(-keep // burst)))
    reference_samples, samples = list[int](), list[int]()
    clock = time.perf_counter_ns
    for _ in range(rounds):
        for predict, times, count in ((reference, reference_samples, BURST), (artifact, samples, burst)):
            predict()
            for _ in range(count):
                start = clock()
                predict()
                times.append(clock() - start)
    return reference_samples, samples


def warm_up(predict: Predict) -> tuple[float, bool]:
    """Predict until the medians of two windows in a row agree, or the time is up.

    Returns:
        Median of the last window in ns, and whether they agreed.
    """
    deadline = time.perf_counter_ns() + WARM_AT_MOST_S * 1e9
    last = _window(predict, 1)
    window = WINDOW_SLOW if last > SLOW_NS else WINDOW
    last = _window(predict, window)
    while True:
        median = _window(predict, window)
        if abs(median - last) < WARM_STABLE * last:
            return median, True
        if time.perf_counter_ns() > deadline:
            return median, False
        last = median


def _window(predict: Predict, count: int) -> float:
    times = []
    for _ in range(count):
        start = time.perf_counter_ns()
        predict()
        times.append(time.perf_counter_ns() - start)
    return float(sorted(times)[count // 2])


# ---- profile


def profile(request: dict[str, Any]) -> dict[str, Any]:
    """Time of every operator as ONNX Runtime's profiler sees it, in turns with sessions that are not profiled.

    Request: artifact, one_operator (paths), folder (for the profiler's file), shape, levels, seed, options, budget_s.

    Returns:
        runs: Profiled predictions that counted.
        plain_ns, smallest_ns: Typical time of a prediction without the profiler, of the artifact and of one operator.
        nodes: In the order of execution: name of the operator after the runtime's own fusions, its output's shape, time.
    """
    image = random_image(request["shape"], request["levels"], request["seed"])
    prefix = os.path.join(request["folder"], "profile")
    profiled = onnxruntime_session(request["artifact"], request["options"], profile_prefix=prefix)
    feed = {profiled.get_inputs()[0].name: image}
    plain = onnxruntime_predict(request["artifact"], request["options"], image)
    smallest = onnxruntime_predict(request["one_operator"], request["options"], random_image([1, 1, 1, 1], 255, 0))
    gc.disable()
    plain_ns, _ = warm_up(plain)
    for _ in range(PROFILE_WARM):
        profiled.run(None, feed)
    runs = int(min(PROFILE_RUNS, max(FEWEST_ROUNDS, request["budget_s"] * 1e9 / (2 * plain_ns))))
    times: dict[str, list[float]] = {"plain_ns": [], "smallest_ns": []}
    clock = time.perf_counter_ns
    for _ in range(runs):
        profiled.run(None, feed)
        for name, predict in (("plain_ns", plain), ("smallest_ns", smallest)):
            predict()  # not counted: it finds the caches full of the other
            start = clock()
            predict()
            times[name].append(clock() - start)
    with open(profiled.end_profiling()) as file:
        nodes = _nodes(json.load(file), runs)
    return {"runs": runs, "nodes": nodes} | {name: midmean(values) for name, values in times.items()}


def _nodes(events: list[dict[str, Any]], runs: int) -> list[dict[str, Any]]:
    """Typical time of each operator over the last runs, in the order of execution."""
    kernels = [e for e in events if e.get("cat") == "Node" and e["name"].endswith("_kernel_time")]
    predictions = runs + PROFILE_WARM
    count = len(kernels) // predictions
    if count * predictions != len(kernels):
        sys.exit(f"the profiler saw {len(kernels)} operators in {predictions} predictions, not as many in each")
    ordered = sorted(kernels, key=lambda e: e["ts"])[PROFILE_WARM * count :]
    nodes = []
    for index in range(count):
        mine = ordered[index::count]
        shapes = mine[0]["args"].get("output_type_shape") or [{}]
        # Whole microseconds: what they drop, half of one on average, is about what the profiler itself adds to a node.
        time_ns = 1000 * midmean([e["dur"] for e in mine])
        nodes.append({"operator": mine[0]["args"]["op_name"], "output": next(iter(shapes[0].values()), []), "ns": time_ns})
    return nodes


def midmean(values: list[float]) -> float:
    """Mean of the middle half: hardly moved by stragglers, and finer than a median of whole microseconds."""
    ordered = sorted(values)
    middle = ordered[len(ordered) // 4 : len(ordered) - len(ordered) // 4]
    return sum(middle) / len(middle)


# ---- memory


def memory(request: dict[str, Any]) -> dict[str, Any]:
    """High-water mark of this process, and what the artifact adds to it once the runtime has run a model of one operator.

    Request: artifact, one_operator (paths), runtime, shape, levels, seed, options, predictions.

    Returns:
        before_kb, after_kb: Before the artifact is loaded and after it has predicted.
        peak_kb: Since the process started.
    """
    import numpy

    load = PREDICT[request["runtime"]]
    image = random_image(request["shape"], request["levels"], request["seed"])
    first = load(request["one_operator"], request["options"], numpy.zeros((1, 1, 1, 1), numpy.uint8))
    for _ in range(request["predictions"]):
        first()
    started = high_water_kb()
    give_back_freed_memory()
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")  # sets the high-water mark to what is resident now; man 5 proc
    before = high_water_kb()
    predict = load(request["artifact"], request["options"], image)
    for _ in range(request["predictions"]):
        predict()
    after = high_water_kb()
    return {"before_kb": before, "after_kb": after, "peak_kb": max(started, after)}


def give_back_freed_memory() -> None:
    """Hand freed blocks back to the kernel, or what follows would fill them and seem to need less."""
    import ctypes

    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # of glibc; other C libraries give back by themselves, or can't
    if trim is not None:
        trim(0)


def high_water_kb() -> int:
    """VmHWM of this process; `ru_maxrss` is no substitute, for it survives exec."""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM:"))


def one_operator(request: dict[str, Any]) -> dict[str, Any]:
    """Write the smallest PyTorch program to `path`, for `memory`.

    One layer with weights, raw pixels and a free batch size, as the artifacts have: without them loading leaves parts
    of PyTorch unused, whose 24 MB would then count as the artifact's.
    """
    import torch

    class Smallest(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Conv2d(1, 1, 1)

        def forward(self, image: Any) -> Any:
            return self.layer(image.float())

    sizes = ({0: torch.export.Dim("batch", min=1, max=1024)},)
    example = (torch.zeros(2, 1, 1, 1, dtype=torch.uint8),)
    program = torch.export.export(Smallest().eval(), example, dynamic_shapes=sizes)
    torch.export.save(program, request["path"])
    return {"path": request["path"]}


if __name__ == "__main__":
    main()
