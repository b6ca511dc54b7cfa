"""What papers report, and which two points of which sweep show it here.

The figures are those that the papers print of their own networks and data; on the small data that ships, ratios of
products, sizes and times can be held against them, and of accuracies their sign and whether anything is lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from effcore.analysis.frontier import Point

Kind = Literal["ratio", "gain", "no loss", "difference"]
"""What is claimed.

ratio: how many times less; gain: a higher accuracy; no loss: an accuracy that is not inferior by the margin;
difference: points of accuracy.
"""


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the two points that a claim compares.

    Attributes:
        family, width: Of the network.
        steps: Its optional steps by technique, and no others, each with the parameters that tell it from its siblings.
    """

    family: str
    width: float = 1.0
    steps: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, hash=False)

    def fits(self, point: Point, optional: frozenset[str]) -> bool:
        """Whether a point is it.

        Args:
            point: Of the sweep.
            optional: Names of the techniques that a recipe can do without.
        """
        steps = [(name, values) for entry in point.first.recipe["steps"] for name, values in entry.items()]
        architecture = steps[0][1]
        if (architecture["family"], architecture["width"]) != (self.family, self.width):
            return False
        chosen = [(name, values) for name, values in steps if name in optional]
        return sorted(name for name, _ in chosen) == sorted(self.steps) and all(
            values.get(parameter) == wanted for name, values in chosen for parameter, wanted in self.steps[name].items()
        )

    @property
    def text(self) -> str:
        """In words, for what is missing."""
        parts = [f"{name} {' '.join(map(str, values.values()))}".strip() for name, values in self.steps.items()]
        return " · ".join((f"{self.family} x{self.width:g}", *parts))


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What a paper reports, and how it is looked for here.

    Attributes:
        text: What is claimed, of our networks.
        paper: Short name and year.
        link: Where to read it.
        reported: The paper's figure in words, with its network and data.
        published: The same as a number that ours is held against: a ratio, or points of accuracy; None where only the sign counts.
        kind: What is claimed.
        sweep: Name of the sweep that shows it.
        spec: Its file, below `experiments/`.
        base, changed: The two points.
        metric: What is compared.
        of_base: The metric of the base, where it is another one, as the plain size against the coded one.
        over: Metric by whose ratio the ratio is divided, as products saved over time saved.
    """

    text: str
    paper: str
    link: str
    reported: str
    kind: Kind
    sweep: str
    spec: str
    base: Side
    changed: Side
    published: float | None = None
    metric: str = "accuracy"
    of_base: str | None = None
    over: str | None = None


Steps = dict[str, dict[str, Any]]
_PRUNED: Steps = {"pruning": {"structure": "weights"}}
_CODED: Steps = {**_PRUNED, "quantization": {"mode": "codebook", "bits": 4}}
_INT8: Steps = {"quantization": {"mode": "static"}}


def _deep_compression(family: str, name: str, *, pruned: str, whole: str, ratio: float) -> tuple[Claim, ...]:
    """The stages on one network: pruned alone, then all of them."""
    base = Side(family=family)
    where: dict[str, Any] = {"sweep": "deep compression", "spec": "deep_compression.yaml", "base": base}
    han_2015: dict[str, Any] = {"paper": "Han et al. 2015", "link": "https://arxiv.org/abs/1506.02626"}
    han_2016: dict[str, Any] = {"paper": "Deep Compression 2016", "link": "https://arxiv.org/abs/1510.00149"}
    return (
        Claim(
            text=f"{name}, pruned: times fewer weights", reported=pruned, kind="ratio", published=12.0, metric="nonzero_params",
            changed=Side(family=family, steps=_PRUNED), **han_2015, **where,
        ),
        Claim(
            text=f"{name}, pruned: no loss of accuracy", reported=pruned, kind="no loss", changed=Side(family=family, steps=_PRUNED),
            **han_2015, **where,
        ),
        Claim(
            text=f"{name}, codebook of 4 bits alone: times smaller file", reported="not alone; 32 over 4 bits are 8", kind="ratio",
            metric="size_mb", changed=Side(family=family, steps={"quantization": _CODED["quantization"]}), **han_2016, **where,
        ),
        Claim(
            text=f"{name}, pruned, codebook of 4 bits, Huffman: times smaller", reported=whole, kind="ratio", published=ratio,
            metric="size_huffman_mb", of_base="size_mb", changed=Side(family=family, steps=_CODED), **han_2016, **where,
        ),
        Claim(
            text=f"{name}, pruned, codebook of 4 bits: no loss of accuracy", reported=whole, kind="no loss",
            changed=Side(family=family, steps=_CODED), **han_2016, **where,
        ),
    )  # fmt: skip


def _inference(text: str, base: str, changed: Side, **rest: Any) -> Claim:
    return Claim(text=text, sweep="efficient inference", spec="efficient_inference.yaml", base=Side(family=base), changed=changed, **rest)


_MOBILENET: dict[str, Any] = {"paper": "MobileNets 2017", "link": "https://arxiv.org/abs/1704.04861"}
_DEPGRAPH: dict[str, Any] = {"paper": "DepGraph 2023", "link": "https://github.com/VainF/Torch-Pruning"}
_SEPARABLE = Side(family="separable")
_HALF = Side(family="cnn", steps={"pruning": {"structure": "channels", "amount": 0.5}})
_VALIDATED: dict[str, Any] = {"paper": "Intel Neural Compressor", "link": "https://github.com/intel/neural-compressor"}
_GEOMEAN = "92 networks, 8-bit in ONNX Runtime, geometric mean x2.00 (1.21 to 4.52)"


def _int8(family: str) -> tuple[Claim, ...]:
    changed = Side(family=family, steps=_INT8)
    return (
        _inference(
            f"int8, {family}: times faster", family, changed, kind="ratio", published=2.0, metric="latency_ms", reported=_GEOMEAN, **_VALIDATED
        ),
        _inference(
            f"int8, {family}: no loss of accuracy", family, changed, kind="no loss", reported="ResNet-18 \N{MINUS SIGN}0.24 points", **_VALIDATED
        ),
    )


def _mixing(policy: str, paper: str, link: str, reported: str) -> Claim:
    return Claim(
        text=f"{policy}: a higher accuracy", paper=paper, link=link, reported=reported, kind="gain", sweep="mixing", spec="mixing.yaml",
        base=Side(family="cnn", width=0.5), changed=Side(family="cnn", width=0.5, steps={"augmentation": {"policy": policy.lower()}}),
    )  # fmt: skip


CLAIMS: tuple[Claim, ...] = (
    *_deep_compression(
        "lenet_300_100", "LeNet-300-100", pruned="12 times, error 1.64 to 1.59 %", whole="40 times, error 1.64 to 1.58 %", ratio=40.0
    ),
    *_deep_compression("lenet_5", "LeNet-5", pruned="12 times, error 0.80 to 0.77 %", whole="39 times, error 0.80 to 0.74 %", ratio=39.0),
    Claim(
        text="A student with a teacher: a higher accuracy", paper="Hinton et al. 2015", link="https://arxiv.org/abs/1503.02531",
        reported="MNIST, errors of 10,000: 146 to 74, teacher 67", kind="gain", sweep="teacher", spec="teacher.yaml",
        base=Side(family="lenet_300_100"), changed=Side(family="lenet_300_100", steps={"distillation": {}}),
    ),
    _inference(
        "Depthwise separable convolutions: times fewer products", "cnn", _SEPARABLE, kind="ratio", published=8.6,
        metric="macs", reported="4,866 to 569 million", **_MOBILENET,
    ),
    _inference(
        "Depthwise separable convolutions: times fewer parameters", "cnn", _SEPARABLE, kind="ratio", published=7.0, metric="params",
        reported="29.3 to 4.2 million", **_MOBILENET,
    ),
    _inference(
        "Depthwise separable convolutions: products saved over time saved", "cnn", _SEPARABLE, kind="ratio", metric="macs", over="latency_ms",
        reported="no latency reported", **_MOBILENET,
    ),
    _inference(
        "Depthwise separable convolutions: points of accuracy", "cnn", _SEPARABLE, kind="difference", published=-0.011,
        reported="ImageNet 71.7 to 70.6 %", **_MOBILENET,
    ),
    _inference(
        "Half of the channels pruned: times fewer products", "cnn", _HALF, kind="ratio", published=3.85, metric="macs",
        reported="ResNet-50, 4.12 to 1.07 G", **_DEPGRAPH,
    ),
    _inference(
        "Half of the channels pruned: times faster", "cnn", _HALF, kind="ratio", published=2.19, metric="latency_ms",
        reported="45.2 to 20.7 ms, batch 64, on a GPU", **_DEPGRAPH,
    ),
    _inference(
        "Half of the channels pruned: products saved over time saved", "cnn", _HALF, kind="ratio", published=1.76, metric="macs", over="latency_ms",
        reported="3.85 over 2.19", **_DEPGRAPH,
    ),
    *_int8("cnn"),
    *_int8("separable"),
    _mixing("mixup", "mixup 2018", "https://arxiv.org/abs/1710.09412", "CIFAR-10, error 5.6 to 4.2 %"),
    _mixing("CutMix", "CutMix 2019", "https://arxiv.org/abs/1905.04899", "ImageNet, error 23.68 to 21.40 %"),
)  # fmt: skip
