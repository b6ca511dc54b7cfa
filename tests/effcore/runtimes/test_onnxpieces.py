"""Files that are written without the exporter compute what their modules do, and have the structure that the exporter writes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from effcore.catalogue import TASKS
from effcore.catalogue.architecture import Architecture
from effcore.catalogue.elastic import ElasticStage, shape
from effcore.models import build
from effcore.models.elastic import take_statistics
from effcore.models.elastic_parts import all_parts, network, parts_of
from effcore.runtimes import RUNTIME_MODULES
from effcore.runtimes.onnxpieces import piece

DIGITS = TASKS["digits"]
PART = shape([ElasticStage(depth=2, width=0.75), ElasticStage(width=0.25, kernel=5), ElasticStage(depth=1)])
ARCHITECTURE = Architecture(family="elastic", depth=2, subnetwork=PART)
ONNX = RUNTIME_MODULES["onnxruntime"]


def operators(path: Path) -> Counter[str]:
    """Operators with the attributes that decide how long they take."""
    told = ("kernel_shape", "strides", "group", "pads")
    nodes = onnx.load(str(path)).graph.node
    return Counter(n.op_type + str(sorted((a.name, str(a.i or list(a.ints))) for a in n.attribute if a.name in told)) for n in nodes)


@pytest.mark.parametrize("resolution", [1.0, 1.5])
def test_a_network_that_is_written_equals_the_one_that_is_exported(resolution: float, tmp_path: Path) -> None:
    model = build(ARCHITECTURE.model_copy(update={"resolution": resolution}), DIGITS, seed=0)
    images = torch.randint(0, 17, (64, *DIGITS.shape), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    take_statistics(model, images)
    written, exported = tmp_path / "written.onnx", tmp_path / "exported.onnx"
    written.write_bytes(piece([model], *DIGITS.shape))
    ONNX.export(model, exported, task=DIGITS)
    assert not operators(written) - operators(exported)
    # To resize, the exporter reads the batch size off the images, which takes next to no time.
    assert set(operators(exported) - operators(written)) == (set() if resolution == 1 else {"Shape[]", "Concat[]"})
    import onnxruntime

    session = onnxruntime.InferenceSession(str(written), providers=["CPUExecutionProvider"])
    logits = session.run(None, {"image": images.numpy()})[0]
    assert np.abs(logits - model(images).detach().numpy()).max() < 1e-4


def test_parts_make_the_network_and_are_named_by_what_decides_their_time() -> None:
    parts = parts_of(DIGITS, ARCHITECTURE, PART)
    assert [p.name for p in parts] == [
        "stem 16", "block 16>24 k3 s2 4x4", "block 24>24 k3 s1 2x2 +", "block 24>16 k5 s2 2x2", "block 16>48 k3 s1 1x1", "head 48 1x1",
    ]  # fmt: skip
    whole = sum(p.numel() for p in network(DIGITS, ARCHITECTURE, PART).parameters())
    assert sum(p.numel() for part in parts for m in part.modules for p in m.parameters()) == whole
    x = torch.zeros(2, *DIGITS.shape, dtype=torch.uint8)
    for part in parts:
        assert tuple(x.shape[1:]) == part.shape
        for module in part.modules:
            x = module(x)


def test_all_parts_of_a_space_are_those_of_its_networks() -> None:
    first = [ElasticStage(depth=d, width=w) for d in (1, 2) for w in (0.25, 1.0)]
    choices = [first, [ElasticStage(), ElasticStage(kernel=5)], [ElasticStage(depth=2)]]
    wanted = {p.name for a in choices[0] for b in choices[1] for c in choices[2] for p in parts_of(DIGITS, ARCHITECTURE, shape([a, b, c]))}
    assert set(all_parts(DIGITS, ARCHITECTURE, choices)) == wanted
