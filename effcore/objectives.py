"""The metrics there are: label, unit and direction of each, in one registry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from effcore.errors import EffcoreError, nearest

Direction = Literal["max", "min"]


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One figure of a point.

    Attributes:
        name: As it stands in MLflow, with its unit.
        label: For an axis, without the unit.
        unit: Empty for a plain count or a share.
        direction: Which way is better.
        log: Whether a logarithmic axis suits it.
        percent: Whether it is a share shown in percent.
        help: One sentence.
    """

    name: str
    label: str
    unit: str
    direction: Direction
    log: bool
    help: str
    percent: bool = False

    @property
    def maximise(self) -> bool:
        return self.direction == "max"


def _m(
    name: str, label: str, unit: str, direction: Direction, help: str, *, log: bool = True, percent: bool = False
) -> Metric:
    return Metric(name=name, label=label, unit=unit, direction=direction, log=log, help=help, percent=percent)


METRICS: dict[str, Metric] = {
    m.name: m
    for m in (
        _m("accuracy", "Accuracy", "%", "max", "Share of the test images that the exported file gets right.", log=False, percent=True),
        _m("val_accuracy", "Validation accuracy", "%", "max", "Share of the validation images that it gets right.", log=False, percent=True),
        _m("latency_ms", "Latency", "ms", "min",
            "Median time of one prediction over fresh processes; batch and threads are those of the environment."),
        _m("latency_p90_ms", "Latency, 90th percentile", "ms", "min", "Nine predictions of ten are faster."),
        _m("latency_p99_ms", "Latency, 99th percentile", "ms", "min", "99 predictions of 100 are faster; from 459 samples on."),
        _m("latency_ratio", "Latency against reference", "x", "min", "Latency divided by that of the reference artifact measured in turns with it."),
        _m("throughput_per_s", "Throughput", "1/s", "max", "Images a second at the largest batch size that was measured, with the fewest threads."),
        _m("peak_ram_mb", "Peak memory", "MB", "min", "High-water mark of the whole predicting process."),
        _m("model_ram_mb", "Memory of the model", "MB", "min", "High-water mark over that of the warmed runtime without the model."),
        _m("load_ms", "Load time", "ms", "min", "From the file to a session that is ready to predict."),
        _m("size_mb", "File size", "MB", "min", "Bytes of the artifact."),
        _m("size_compressed_mb", "File size, compressed", "MB", "min", "Bytes of the artifact after deflate."),
        _m("size_huffman_mb", "File size, Huffman-coded", "MB", "min", "Bytes of the artifact with its weights coded as in Deep Compression."),
        _m("params", "Parameters", "", "min", "Numbers that were learned."),
        _m("nonzero_params", "Non-zero parameters", "", "min", "Learned numbers that are not zero."),
        _m("macs", "Multiply-accumulates", "", "min", "Multiply-accumulate operations of one prediction; not a time."),
        _m("train_s", "Own training", "s", "min", "Seconds of training that this variant needs beyond its parent."),
        _m("train_total_s", "Training in total", "s", "min", "Seconds of training with teacher and shared parents charged in full."),
        _m("search_s", "Search", "s", "min", "Seconds of measuring parts and trying sub-networks, charged in full to each that was chosen."),
        _m("train_peak_ram_mb", "Peak memory of training", "MB", "min", "High-water mark of training over its baseline."),
        _m("train_devices", "Training devices", "", "min", "Devices that were really used in training.", log=False),
        _m("train_epochs", "Epochs of training", "", "min", "Epochs of all phases and fine-tunings; fewer where one was stopped early.",
            log=False),
        _m("train_samples", "Images seen in training", "", "min", "Images that went through the model in training, repeats counted."),
        _m("data_fraction", "Share of the data", "%", "min", "Share of the training images that was used.", log=False, percent=True),
    )
}


def metric(name: str) -> Metric:
    """The metric of that name.

    Raises:
        EffcoreError: The name is not known.
    """
    if name not in METRICS:
        raise EffcoreError(f"There is no metric {name!r}. {nearest(name, METRICS)}")
    return METRICS[name]


def searched(name: str) -> Metric:
    """The metric that a search is judged by where its spec has that name: of accuracy, it sees that on the validation images alone.

    Raises:
        EffcoreError: The name is not known.
    """
    return metric("val_accuracy" if name == "accuracy" else name)


def maximise(names: tuple[str, ...]) -> tuple[bool, ...]:
    """Whether more is better, for each objective in turn."""
    return tuple(metric(name).maximise for name in names)
