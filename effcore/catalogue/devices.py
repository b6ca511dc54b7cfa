"""Classes of devices as budgets of memory and file size. None of them was measured on: they say what could fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

LIMITED = ("size_mb", "size_compressed_mb", "model_ram_mb", "peak_ram_mb")
"""Metrics that a budget may limit on any device; latency only where it was measured."""


@dataclass(frozen=True, kw_only=True)
class Device:
    """A budget.

    Attributes:
        name: As it stands on the command line.
        summary: What it stands for.
        source: Where the limits come from; says so where they are only an example.
        limits: Largest value allowed, by metric.
        environment: Key of the environment that a limit of latency belongs to; empty where there is none.
    """

    name: str
    summary: str
    source: str
    limits: Mapping[str, float] = field(default_factory=dict)
    environment: str = ""


_FLASH = (
    "Only the flash is judged, all of it, before a program of its own: memory is measured with a runtime that does not run "
    "there, and needs about a megabyte for the smallest network."
)

DEVICES: dict[str, Device] = {
    d.name: d
    for d in (
        Device(
            name="microcontroller-1mb",
            summary=f"As an STM32F746 with 1 MB of flash. {_FLASH}",
            source="Lin et al. 2020, MCUNet, https://arxiv.org/abs/2007.10319",
            limits={"size_mb": 1.0},
        ),
        Device(
            name="microcontroller-2mb",
            summary=f"As an STM32L4R5 with 2 MB of flash. {_FLASH}",
            source="Banbury et al. 2021, MLPerf Tiny, https://arxiv.org/abs/2106.07597",
            limits={"size_mb": 2.0},
        ),
        Device(
            name="microcontroller-256kb",
            summary=f"A smaller class, with 256 kB of flash. {_FLASH}",
            source="example: a limit to try, no vendor's figure",
            limits={"size_mb": 0.256},
        ),
        Device(
            name="single-board-512mb",
            summary="As a Raspberry Pi Zero 2 W with 512 MB of RAM, half of which is left to the predicting process.",
            source="RAM: Raspberry Pi Zero 2 W product brief; the half is an example",
            limits={"peak_ram_mb": 256.0},
        ),
        Device(
            name="phone-app",
            summary="A model that an app brings along: 10 MB more to download, 100 MB more memory.",
            source="example: a limit to try, no vendor's figure",
            limits={"size_compressed_mb": 10.0, "model_ram_mb": 100.0},
        ),
        Device(
            name="web-page",
            summary="A model that a page loads before it can be used: 1 MB to download.",
            source="example: a limit to try, no vendor's figure",
            limits={"size_compressed_mb": 1.0},
        ),
    )
}
