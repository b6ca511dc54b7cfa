"""Families build networks that take raw pixels, of the width and depth asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from effcore.catalogue import FAMILIES, TASKS
from effcore.catalogue.architecture import Architecture
from effcore.catalogue.closed_forms import channels
from effcore.models import BUILDERS, build
from effcore.models.blocks import Layer, Normalize, Resize, fold
from effcore.models.kinds import kinds
from effcore.models.program import deployable
from effcore.runtimes import RUNTIME_MODULES
from effcore.tasks import Data
from effcore.techniques.quantization.static import layers_of
from effcore.training import predict

IMAGES = torch.randint(0, 256, (3, 1, 28, 28), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def size(family: str, **parameters: float) -> int:
    model = build(Architecture(family=family, **parameters), TASKS["mnist5k"])  # type: ignore[arg-type]
    return sum(p.numel() for p in model.parameters())


def test_every_family_of_the_catalogue_is_built_of_the_blocks_it_names() -> None:
    assert set(BUILDERS) == set(FAMILIES)
    for name, family in FAMILIES.items():
        model = build(Architecture(family=name), TASKS["mnist5k"])  # type: ignore[arg-type]
        assert set(kinds(model)) == set(family.blocks)


@pytest.mark.parametrize("family", sorted(FAMILIES))
@pytest.mark.parametrize("width", [0.125, 1.0, 2.5])
def test_raw_pixels_give_logits(family: str, width: float) -> None:
    depth = min(2, FAMILIES[family].max_depth)
    model = build(Architecture(family=family, width=width, depth=depth), TASKS["mnist5k"], seed=1).eval()  # type: ignore[arg-type]
    logits = model(IMAGES)
    assert logits.shape == (3, 10) and logits.dtype == torch.float32
    assert torch.equal(logits, model(IMAGES.float()))


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_width_and_depth_make_it_larger(family: str) -> None:
    assert size(family) < size(family, width=2.0)
    if FAMILIES[family].max_depth > 1:
        assert size(family) < size(family, depth=2) < size(family, depth=3)


def macs(family: str, **parameters: float) -> int:
    model = build(Architecture(family=family, **parameters), TASKS["mnist5k"]).eval()  # type: ignore[arg-type]
    with FlopCounterMode(display=False) as counter:
        model(IMAGES)
    return counter.get_total_flops() // (2 * len(IMAGES))


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_fewer_pixels_take_fewer_products_and_the_same_images(family: str) -> None:
    half, whole, double = (macs(family, width=0.5, resolution=resolution) for resolution in (0.5, 1.0, 2.0))
    assert half < 0.65 * whole and whole < 0.65 * double
    odd = build(Architecture(family=family, width=0.5, resolution=0.75), TASKS["mnist5k"], seed=0).eval()  # type: ignore[arg-type]
    assert odd(IMAGES).shape == (3, 10)


def test_images_are_resized_over_all_pixels_that_a_new_one_covers() -> None:
    checks = (torch.arange(8)[:, None] + torch.arange(8)) % 2 * torch.ones(1, 1, 8, 8)
    assert torch.allclose(Resize((4, 4))(checks)[:, :, 1:-1, 1:-1], torch.full((1, 1, 2, 2), 0.5), atol=1e-6)
    whole = build(Architecture(family="cnn", width=0.25), TASKS["digits"], seed=0)
    assert not any(isinstance(m, Resize) for m in whole.modules())


@pytest.mark.parametrize(("resolution", "family"), [(0.5, "cnn"), (0.75, "attention"), (2.0, "lenet_5")])
def test_the_file_takes_raw_pixels_whatever_the_network_sees(resolution: float, family: str, digits: Data, tmp_path: Path) -> None:
    config = Architecture(family=family, width=0.5, resolution=resolution)  # type: ignore[arg-type]
    model, path = build(config, TASKS["digits"], seed=0).eval(), tmp_path / "model.onnx"
    RUNTIME_MODULES["onnxruntime"].export(model, path, task=TASKS["digits"])
    logits = RUNTIME_MODULES["onnxruntime"].load(path)(digits.test.images)
    assert torch.allclose(torch.tensor(logits), predict(model, digits.test.images), atol=1e-4)
    with FlopCounterMode(display=False) as counter:
        deployable(model)(torch.tensor(digits.test.images[:1]))
    assert RUNTIME_MODULES["onnxruntime"].counts(path).macs == counter.get_total_flops() // 2


@pytest.mark.parametrize(("family", "parameters"), [("lenet_300_100", 266_610), ("lenet_5", 431_080)])
def test_the_networks_of_lecun_have_the_sizes_of_caffe_and_deep_compression(family: str, parameters: int) -> None:
    model = build(Architecture(family=family), TASKS["mnist5k"])  # type: ignore[arg-type]
    assert sum(p.numel() for p in model.parameters()) == parameters
    assert not any(isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d) for m in model.modules())
    outputs = [m.weight.shape[0] for m in model.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert outputs == {"lenet_300_100": [300, 100, 10], "lenet_5": [20, 50, 500, 10]}[family]


@pytest.mark.parametrize("task", sorted(TASKS))
@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_a_family_takes_the_images_of_every_task(family: str, task: str) -> None:
    model = build(Architecture(family=family, width=0.25), TASKS[task]).eval()  # type: ignore[arg-type]
    assert model(torch.zeros(2, *TASKS[task].shape, dtype=torch.uint8)).shape == (2, len(TASKS[task].classes))


def test_channels_are_multiples_of_8_and_at_least_8() -> None:
    assert [channels(48, w) for w in (0.125, 0.25, 0.5, 1.0, 1.1)] == [8, 16, 24, 48, 56]


def test_a_seed_gives_the_same_weights_and_leaves_the_global_generator_alone(
    state_of: Callable[[nn.Module], str],
) -> None:
    config = Architecture(family="cnn", width=0.25)
    before = torch.get_rng_state()
    first, same, other = (build(config, TASKS["digits"], seed=seed) for seed in (0, 0, 1))
    assert torch.equal(before, torch.get_rng_state())
    assert state_of(first) == state_of(same) != state_of(other)


def test_normalization_maps_black_to_0_and_white_to_2() -> None:
    assert Normalize(16)(torch.tensor([0, 8, 16], dtype=torch.uint8)).tolist() == [0.0, 1.0, 2.0]


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_folding_keeps_the_logits_and_leaves_no_normalization(
    family: str, trained: Callable[[str], nn.Module], state_of: Callable[[nn.Module], str]
) -> None:
    model = trained(family)
    before, images = state_of(model), IMAGES[:, :, :8, :8].clamp(max=16)
    folded = deployable(model)
    assert not any(isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d) for m in folded.modules())
    assert not any(p.requires_grad for p in folded.parameters())
    assert torch.allclose(folded(images), model(images), atol=1e-4)
    assert state_of(model) == before


def test_folding_twice_changes_nothing_more(
    state_of: Callable[[nn.Module], str], trained: Callable[[str], nn.Module]
) -> None:
    folded = deployable(trained("cnn"))
    before = state_of(folded)
    fold(folded)
    assert state_of(folded) == before
    assert sum(isinstance(m, Layer) for m in folded.modules()) == 4


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_the_catalogue_knows_how_many_layers_have_weights(family: str) -> None:
    always, each = FAMILIES[family].layers
    for depth in range(1, min(2, FAMILIES[family].max_depth) + 1):
        sizes = [Architecture(family=family, width=width, depth=depth) for width in (0.25, 1.0, 1.5)]  # type: ignore[arg-type]
        found = [layers_of(deployable(build(size, TASKS["digits"]))) for size in sizes]
        assert found[0] <= found[1] == found[2] == always + each * depth  # where rounding makes channels equal no shortcut needs weights
