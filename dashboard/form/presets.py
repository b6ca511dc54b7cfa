"""Sweeps to begin with: a question for each, a few of every category of technique, small enough to be answered within minutes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

PresetCategory = Literal["compression", "learning", "automation", "architecture"]

CATEGORIES: Mapping[PresetCategory, str] = {
    "compression": "Compression",
    "learning": "Learning",
    "automation": "Automation",
    "architecture": "Architecture",
}


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A sweep that is there to be launched or changed.

    Attributes:
        question: What its points answer.
        text: The spec as YAML; its name is that of the preset.
    """

    category: PresetCategory
    name: str
    question: str
    text: str


def _preset(category: PresetCategory, name: str, question: str, rest: str) -> Preset:
    return Preset(category=category, name=name, question=question, text=f"name: {name}\ndescription: {json.dumps(question)}\ntask: mnist5k\n{rest}")


PRESETS: tuple[Preset, ...] = (
    _preset(
        "compression", "channels", "How many channels can go before accuracy does?",
        """objectives: [accuracy, latency_ms]
recipe:
  - architecture: {family: [cnn, residual], width: 0.5}
  - training: {epochs: 4}
  - pruning: [none, {structure: channels, amount: [0.25, 0.5, 0.75], fine_tune: 2}]
  - runtime: onnxruntime
""",
    ),
    _preset(
        "compression", "bits", "What do fewer bits buy in time and in size, and where does accuracy break?",
        """objectives: [accuracy, size_mb]
recipe:
  - architecture: {family: [mlp, cnn]}
  - training: {epochs: 4}
  - quantization: [none, {mode: static}, {mode: dynamic}, {mode: weight_only, bits: [8, 4]}, {mode: fp16}]
  - runtime: onnxruntime
""",
    ),
    _preset(
        "compression", "together", "Do pruning and 8-bit integers add up, or does one undo the other?",
        """objectives: [accuracy, latency_ms]
seeds: [0, 1]
recipe:
  - architecture: {family: cnn, width: 0.5}
  - training: {epochs: 4}
  - pruning: [none, {structure: channels, amount: 0.5, fine_tune: 2}]
  - quantization: [none, {mode: static}]
  - runtime: onnxruntime
""",
    ),
    _preset(
        "learning", "a teacher", "Does a small network learn more from a larger one than from the labels alone?",
        """objectives: [accuracy, latency_ms]
seeds: [0, 1]
recipe:
  - architecture: {family: [mlp, mobile], width: 0.5}
  - training: {epochs: 4}
  - distillation: [none, {teacher: {family: residual, epochs: 4}, labels: [soft, hard]}]
  - runtime: onnxruntime
""",
    ),
    _preset(
        "learning", "more from the same images", "Which changed images make a network more accurate at no cost when it is used?",
        """objectives: [accuracy, train_total_s]
seeds: [0, 1]
recipe:
  - architecture: {family: cnn, width: 0.5}
  - training: {epochs: 4}
  - augmentation: [none, {policy: affine}, {policy: erasing}, {policy: mixup}]
  - runtime: onnxruntime
""",
    ),
    _preset(
        "learning", "fewer images", "How much accuracy do half, a quarter and a tenth of the images leave?",
        """objectives: [accuracy, train_samples]
seeds: [0, 1]
recipe:
  - architecture: {family: cnn, width: 0.5}
  - training: {epochs: 4, data_fraction: [0.1, 0.25, 0.5, 1.0]}
  - augmentation: [none, {policy: affine}]
  - runtime: onnxruntime
""",
    ),
    _preset(
        "automation", "learning rates", "Which learning rate, batch size and smoothing train a given network best?",
        """objectives: [accuracy, train_total_s]
recipe:
  - architecture: {family: cnn, width: 0.25}
  - training:
      epochs: 4
      learning_rate: {low: 0.0005, high: 0.05, log: true}
      batch_size: [32, 64, 128]
      label_smoothing: [0.0, 0.1]
  - runtime: onnxruntime
search: {strategy: tpe, stopping: asha, budget: {minutes: 3}}
""",
    ),
    _preset(
        "automation", "a network for a budget", "Which network is the most accurate one that answers within 0.2 ms?",
        """objectives: [accuracy, latency_ms]
recipe:
  - architecture:
      family: [cnn, residual, mobile]
      width: {low: 0.125, high: 0.75, log: true}
      depth: {low: 1, high: 3}
  - training: {epochs: 4}
  - quantization: [none, {mode: static}]
  - runtime: onnxruntime
search: {strategy: tpe, constraints: [latency_ms <= 0.2], budget: {minutes: 4}}
""",
    ),
    _preset(
        "automation", "one training", "How many networks are in one training, and how good are the best of them?",
        """objectives: [accuracy, latency_ms]
recipe:
  - architecture: {family: elastic, depth: 2}
  - training: {epochs: 8}
  - weight_sharing: {}
  - subnetwork:
      stage_1: {depth: [1, 2], width: [0.25, 0.5, 1.0]}
      stage_2: {depth: [1, 2], width: [0.25, 0.5, 1.0]}
      stage_3: {depth: [1, 2], width: [0.25, 0.5, 1.0]}
  - runtime: onnxruntime
search: {strategy: one_shot, screened: 60, population: 12, budget: {variants: 6}}
""",
    ),
    _preset(
        "architecture", "families", "Which family of networks is worth its time, small and large?",
        """objectives: [accuracy, latency_ms]
recipe:
  - architecture: {family: [mlp, cnn, residual, mobile], width: [0.5, 1.0]}
  - training: {epochs: 4}
  - runtime: onnxruntime
""",
    ),
    _preset(
        "architecture", "wide or deep", "Is the same time better spent on more channels or on more layers?",
        """objectives: [accuracy, latency_ms]
recipe:
  - architecture: {family: residual, width: [0.25, 0.5, 1.0], depth: [1, 2, 3]}
  - training: {epochs: 4}
  - runtime: onnxruntime
""",
    ),
    _preset(
        "architecture", "separable", "Fewer products by depthwise separable convolutions: do they save the time that the count promises?",
        """objectives: [accuracy, latency_ms]
seeds: [0, 1]
recipe:
  - architecture: {family: [cnn, separable], width: 0.5}
  - training: {epochs: 4}
  - quantization: [none, {mode: static}]
  - runtime: onnxruntime
""",
    ),
)  # fmt: skip
