"""The environment that figures belong to: latencies compare only within one."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
KEY_LENGTH = 12


@dataclass(frozen=True, kw_only=True)
class Environment:
    """Where something was measured; no host name, so that equal machines are one environment.

    Attributes:
        machine: Model of the processor.
        cores: That the system has.
        os: Name and major release.
        device: What predicts.
        threads: Of the session.
        batch: Images in one prediction.
    """

    machine: str
    cores: int
    os: str
    device: str
    threads: int
    batch: int

    @property
    def document(self) -> dict[str, str | int]:
        """The fields, JSON-able."""
        return asdict(self)

    @property
    def key(self) -> str:
        """Short name by content, 12 hexadecimal digits."""
        text = json.dumps(self.document, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:KEY_LENGTH]

    @property
    def label(self) -> str:
        """For people, as `AMD EPYC 7763, 2 cores, Linux 6, cpu, 1 thread, batch 1`."""
        parts = [self.machine, _count(self.cores, "core"), self.os, self.device, _count(self.threads, "thread")]
        return ", ".join([*parts, f"batch {self.batch}"])


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def current(*, threads: int = 1, batch: int = 1) -> Environment:
    """The environment of this machine."""
    return Environment(
        machine=machine_model(),
        cores=os.cpu_count() or 1,
        os=f"{platform.system()} {platform.release().split('.')[0]}",
        device="cpu",
        threads=threads,
        batch=batch,
    )


def exact_int8(cpuinfo: Path = CPUINFO, *, architecture: str | None = None) -> bool:
    """Whether products of 8-bit integers are added up without overflow.

    On x86 that takes AVX512-VNNI or AVX-VNNI, else two products saturate in 16 bits; False where the flags can't be read.
    The kernels of other processors add up in 32 bits.

    Args:
        cpuinfo: What Linux says of the processors.
        architecture: As `platform.machine` has it; that of this machine where it is None.

    Source: https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html, on U8S8 and reduce_range
    """
    if (architecture or platform.machine()).lower() not in ("x86_64", "amd64", "i386", "i686"):
        return True
    flags = set(_first_processor(cpuinfo).get("flags", "").split())
    return bool(flags & {"avx512_vnni", "avx_vnni"})


def machine_model(cpuinfo: Path = CPUINFO) -> str:
    """Model of the processor, with family, model and stepping where its name alone names no model.

    Virtual machines often say no more than `AMD EPYC`, which covers processors that differ several times in speed.
    """
    fields = _first_processor(cpuinfo)
    name = " ".join(fields.get("model name", "").split())
    if name:
        return name if re.search(r"\d{3}", name) else f"{name} ({_numbers(fields)})"
    if "CPU part" in fields:  # ARM gives numbers and no name
        return f"{platform.machine()} implementer {fields.get('CPU implementer', '?')} part {fields['CPU part']}"
    return _name_without_cpuinfo() or platform.machine() or "unknown"


def _numbers(fields: Mapping[str, str]) -> str:
    names = {"cpu family": "family", "model": "model", "stepping": "stepping"}
    return " ".join(f"{short} {fields.get(field, '?')}" for field, short in names.items())


def _first_processor(cpuinfo: Path) -> dict[str, str]:
    if not cpuinfo.exists():
        return {}
    block = cpuinfo.read_text(errors="replace").strip().split("\n\n")[0]
    pairs = (line.split(":", 1) for line in block.splitlines() if ":" in line)
    return {name.strip(): value.strip() for name, value in pairs}


def _name_without_cpuinfo() -> str:
    if sys.platform == "darwin":
        asked = subprocess.run(["sysctl", "-n", "machdep.cpu.brand_string"], capture_output=True, text=True)
        return asked.stdout.strip()
    return platform.processor()
