"""What a measuring process runs for many small files at once; loaded by `probe.py`, and like it nothing of effcore."""

from __future__ import annotations

import gc
import random
import time
from typing import Any

BURST = 4
WARM = 10


def many(request: dict[str, Any]) -> dict[str, Any]:
    """Times of every file, in rounds over all of them in changing order, so that none has a better minute than another.

    The first prediction of a burst is not counted, for it finds the caches full of the others.

    Request: files: path, shape and levels of each (levels 0: numbers, else pixels); options, rounds, seed.

    Returns:
        medians_ns: Of each file, over all its bursts.
    """
    import numpy
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = request["options"]["intra_op_num_threads"]
    options.inter_op_num_threads = request["options"]["inter_op_num_threads"]
    options.log_severity_level = 3
    generator = numpy.random.default_rng(request["seed"])
    calls = []
    for file in request["files"]:
        session = onnxruntime.InferenceSession(file["path"], options, providers=request["options"]["providers"])
        image = generator.integers(0, file["levels"], file["shape"], dtype=numpy.uint8, endpoint=True)
        feed = image if file["levels"] else generator.standard_normal(file["shape"]).astype(numpy.float32)
        calls.append((session, {session.get_inputs()[0].name: feed}))
    gc.disable()
    for session, feed in calls:
        for _ in range(WARM):
            session.run(None, feed)
    order, times, shuffle = list(range(len(calls))), [list[int]() for _ in calls], random.Random(request["seed"])
    clock = time.perf_counter_ns
    for _ in range(request["rounds"]):
        shuffle.shuffle(order)
        for index in order:
            session, feed = calls[index]
            session.run(None, feed)
            for _ in range(BURST):
                start = clock()
                session.run(None, feed)
                times[index].append(clock() - start)
    return {"medians_ns": [sorted(one)[len(one) // 2] for one in times]}
