"""A plug-in with one of everything: a family of networks, a loss, a change of trained weights, and data. See docs/plugins.md.

    effcore describe patches --plugin docs/example_plugin.py
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from effcore.errors import TechniqueError
from effcore.plugin import Card, OwnArchitecture, OwnTask, OwnTechnique, Parameters, Plugin, parameter
from effcore.techniques import Context
from effcore.training import Batch, Hooks

PATCH = 4


def build_patches(task: Any, *, width: float, depth: int) -> nn.Module:
    """One token for every 4x4 pixels, then layers on each token; their mean is classified."""
    channels = max(8, round(48 * width / 8) * 8)
    layers: list[nn.Module] = [nn.Conv2d(task.shape[0], channels, PATCH, stride=PATCH), nn.ReLU()]
    for _ in range(depth):
        layers += [nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, len(task.classes)))


PATCHES = OwnArchitecture(
    name="patches",
    build=build_patches,
    scales=True,
    max_depth=4,
    card=Card(
        name="patches",
        summary="Cuts the image into patches of 4x4 pixels, each of which becomes one place. All layers then work on a sixteenth of the places.",
        formula="x' = relu(W * patch(x)); logits = V mean(relu(BN(K * x')))",
        cost="One dense layer over patches; each layer after it makes a sixteenth of the products that it would make on all places.",
        unhelpful="Where what matters is smaller than a patch, or on images of a few pixels, of which nothing is left.",
        figure="ImageNet: ConvMixer does better than vision transformers and MLP-Mixers of as many parameters",
        source="Trockman and Kolter 2022, Patches Are All You Need?",
        link="https://arxiv.org/abs/2201.09792",
    ),
)


class ConfidencePenalty(Parameters):
    """How much confidence costs."""

    beta: float = parameter(0.1, gt=0, le=1, help="Weight of the entropy of the predicted classes, which is taken off the loss.")


def penalize(config: ConfidencePenalty, context: Context) -> Hooks:
    """A loss that is smaller where the network is less sure."""

    def loss(logits: Tensor, batch: Batch, base: Tensor) -> Tensor:
        log = torch.log_softmax(logits, dim=1)  # (N, classes)
        return base + config.beta * (log.exp() * log).sum(1).mean()

    return Hooks(loss=loss)


PENALTY = OwnTechnique(
    name="confidence_penalty",
    category="learning",
    role="contribute",
    parameters=ConfidencePenalty,
    function=penalize,
    label=lambda config: f"penalty {config.beta:g}",
    card=Card(
        name="Confidence penalty",
        summary="Takes the entropy of what the network predicts off its loss, so that it is not sure without need.",
        formula="L = CE(y, p) - beta * H(p)",
        cost="A sum over the classes in every step. The deployed file stays as it is.",
        unhelpful="Where the network is too small to fit the training images: it is unsure enough.",
        figure="MNIST, CIFAR-10 and four data sets of language and speech: better than the best models of the time, with their settings",
        source="Pereyra et al. 2017, Regularizing Neural Networks by Penalizing Confident Output Distributions",
        link="https://arxiv.org/abs/1701.06548",
    ),
)


class WeightClipping(Parameters):
    """Which weights are outliers."""

    deviations: float = parameter(1.5, gt=0, le=10, help="Weights of a layer are clipped at so many standard deviations from 0.")


def clip(model: nn.Module, config: WeightClipping, data: Any, *, tune: Any) -> tuple[nn.Module, None, dict[str, Any]]:
    """A copy of the model whose largest weights are cut off; shapes stay as they are, so that there is no edit."""
    clipped, shares = copy.deepcopy(model), {}
    with torch.no_grad():
        for name, weight in clipped.named_parameters():
            if weight.dim() > 1:
                limit = float(config.deviations * weight.std())
                shares[name] = float((weight.abs() > limit).float().mean())
                weight.clamp_(-limit, limit)
    if not any(shares.values()):
        raise TechniqueError(f"weight_clipping must cut some weight off. None is beyond {config.deviations:g} standard deviations. Take fewer.")
    return clipped, None, {"clipped": shares}


CLIPPING = OwnTechnique(
    name="weight_clipping",
    category="compression",
    role="transform",
    parameters=WeightClipping,
    function=clip,
    label=lambda config: f"clip {config.deviations:g} sd",
    card=Card(
        name="Weight clipping",
        summary="Cuts the few largest weights of each layer off, so that 8-bit steps between the smallest and the largest become finer.",
        formula="w' = min(max(w, -c s), c s), s = std(w)",
        cost="Nothing but a look at the weights.",
        unhelpful="Without quantization after it, or with scales per channel, whose outliers are few.",
        figure="ImageNet and language models: splitting the channels with outliers does better than clipping them",
        source="Zhao et al. 2019, Improving Neural Network Quantization without Retraining using Outlier Channel Splitting",
        link="https://arxiv.org/abs/1901.09504",
    ),
)


def read_bars() -> tuple[np.ndarray, np.ndarray]:
    """90 images of 12x12 pixels with noise: bars across, bars down, or neither."""
    random = np.random.RandomState(0)
    images = random.randint(0, 120, (90, 1, 12, 12)).astype(np.uint8)
    labels = np.arange(90) % 3
    for image, label in zip(images, labels, strict=True):
        place = random.randint(2, 10)
        if label < 2:
            image[0][(slice(place - 1, place + 1), slice(None)) if label == 0 else (slice(None), slice(place - 1, place + 1))] = 255
    return images, labels


BARS = OwnTask(name="bars", read=read_bars, classes=("across", "down", "neither"))

PLUGIN = Plugin(architectures=[PATCHES], techniques=[PENALTY, CLIPPING], tasks=[BARS])
