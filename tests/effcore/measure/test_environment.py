"""Names of machines from what the kernel says of them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from effcore.measure.environment import current, exact_int8, machine_model


def cpuinfo(folder: Path, **fields: str) -> Path:
    """Two processors with these fields; underscores stand for spaces."""
    block = "\n".join(f"{name.replace('_', ' ')}\t: {value}" for name, value in fields.items())
    path = folder / "cpuinfo"
    path.write_text(f"processor\t: 0\n{block}\n\nprocessor\t: 1\nmodel name\t: another\n")
    return path


def test_a_name_with_a_model_number_stands_alone(tmp_path: Path) -> None:
    path = cpuinfo(tmp_path, model_name="AMD EPYC 7763  64-Core Processor", cpu_family="25", model="1", stepping="1")
    assert machine_model(path) == "AMD EPYC 7763 64-Core Processor"


@pytest.mark.parametrize("name", ["AMD EPYC", "Intel(R) Xeon(R) CPU @ 2.20GHz", "QEMU Virtual CPU version 2.5+"])
def test_a_generic_name_gets_family_model_and_stepping(tmp_path: Path, name: str) -> None:
    path = cpuinfo(tmp_path, model_name=name, cpu_family="26", model="2", stepping="1")
    assert machine_model(path) == f"{name} (family 26 model 2 stepping 1)"


def test_arm_has_numbers_instead_of_a_name(tmp_path: Path) -> None:
    path = cpuinfo(tmp_path, CPU_implementer="0x41", CPU_part="0xd0c")
    assert machine_model(path).endswith("implementer 0x41 part 0xd0c")


def test_without_cpuinfo_there_is_still_a_name(tmp_path: Path) -> None:
    assert machine_model(tmp_path / "missing") != ""


@pytest.mark.parametrize(
    ("flags", "expected"), [("sse2 avx2 avx512_vnni", True), ("avx_vnni", True), ("avx2 fma", False), ("", False)]
)
def test_vnni_from_the_flags(tmp_path: Path, flags: str, expected: bool) -> None:
    assert exact_int8(cpuinfo(tmp_path, flags=flags), architecture="x86_64") is expected


def test_vnni_is_false_where_nothing_can_be_read(tmp_path: Path) -> None:
    assert exact_int8(tmp_path / "missing", architecture="AMD64") is False


def test_only_x86_saturates(tmp_path: Path) -> None:
    assert [exact_int8(cpuinfo(tmp_path, flags="fp asimd"), architecture=a) for a in ("aarch64", "arm64", "x86_64")] == [True, True, False]


def test_key_is_content_and_the_same_each_time() -> None:
    here = current()
    assert re.fullmatch("[0-9a-f]{12}", here.key)
    assert here.key == current().key
    assert {here.key, current(threads=2).key, current(batch=32).key, replace(here, machine="other").key} != {here.key}
    assert len({here.key, current(threads=2).key, current(batch=32).key}) == 3


def test_document_is_jsonable_and_holds_no_host_name() -> None:
    import platform

    text = json.dumps(current().document)
    assert set(json.loads(text)) == {"machine", "cores", "os", "device", "threads", "batch"}
    assert platform.node() not in json.loads(text).values()


def test_label_for_people() -> None:
    here = replace(current(), machine="AMD EPYC 7763", cores=2, os="Linux 6", device="cpu", threads=1, batch=1)
    assert here.label == "AMD EPYC 7763, 2 cores, Linux 6, cpu, 1 thread, batch 1"
