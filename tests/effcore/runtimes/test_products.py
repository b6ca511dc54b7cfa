"""Both runtimes count the products of a file, of activations with each other too, and come to what the catalogue says."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch as pytorch
from everyfamily import every
from torch.utils.flop_counter import FlopCounterMode

from effcore.catalogue import BLOCKS, FAMILIES, TASKS
from effcore.catalogue.architecture import Architecture
from effcore.models import build
from effcore.models.program import deployable
from effcore.runtimes import onnxruntime, torch

TASK = TASKS["digits"]
FAMILY_CASES = every([name for name in sorted(FAMILIES) if name != "attention"])


def counted(folder: Path, family: str, **parameters: float) -> list[int]:
    """Multiply-accumulates for one image: of both files, by their layers, and as PyTorch counts them while the network runs."""
    model = build(Architecture(family=family, width=0.5, **parameters), TASK, seed=0).eval()  # type: ignore[arg-type]
    found = []
    for runtime in (torch, onnxruntime):
        path = folder / runtime.__name__
        runtime.export(model, path, task=TASK)
        found += [runtime.counts(path).macs, sum(layer.macs for layer in runtime.layers(path))]
    with FlopCounterMode(display=False) as counter:
        deployable(model)(pytorch.zeros(1, *TASK.shape, dtype=pytorch.uint8))
    return [*found, counter.get_total_flops() // 2]


@pytest.mark.parametrize("family", [*FAMILY_CASES, "attention"])
def test_both_runtimes_count_what_the_network_does(family: str, tmp_path: Path) -> None:
    assert len(set(counted(tmp_path, family))) == 1


@pytest.mark.parametrize("family", ["attention", "mixer"])
def test_one_more_block_takes_the_products_that_the_catalogue_says(family: str, tmp_path: Path) -> None:
    shallow, deep = (counted(tmp_path, family, depth=depth)[0] for depth in (1, 2))
    classify = build(Architecture(family=family, width=0.5), TASK)[-1].classify  # type: ignore[arg-type, index]
    channels, side, stages = classify.in_features, 2, 3  # a token of every 4x4 of 8x8 pixels
    options = {"tokens": side * side} if BLOCKS[family].tokens else {}
    assert deep - shallow == stages * BLOCKS[family].macs(channels, channels, side, side, **options) > 0
