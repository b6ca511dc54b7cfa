"""The registry is light, and warming up is silent."""

from __future__ import annotations

import subprocess
import sys

import pytest

from effcore.catalogue import RUNTIMES
from effcore.errors import EffcoreError
from effcore.runtimes import RUNTIME_MODULES, runtime_module


def test_every_runtime_of_the_catalogue_has_its_module() -> None:
    assert set(RUNTIME_MODULES) == set(RUNTIMES)
    assert all(runtime_module(name) is module for name, module in RUNTIME_MODULES.items())


def test_an_unknown_runtime_names_the_known_ones() -> None:
    with pytest.raises(EffcoreError, match="Got 'onnx'. .*Known: onnxruntime, torch"):
        runtime_module("onnx")


def test_importing_the_package_imports_neither_torch_nor_a_runtime() -> None:
    script = "import sys, effcore.runtimes; print([n for n in ('torch', 'onnxruntime', 'onnx') if n in sys.modules])"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


CHILD = """
import os
from effcore.runtimes.warm import warm_up
warm_up()
child = os.fork()
if child == 0:
    import torch
    warm_up()
    os._exit(torch.get_num_threads() - 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_warming_up_says_nothing_and_its_children_can_export() -> None:
    result = subprocess.run([sys.executable, "-c", CHILD], capture_output=True, text=True, check=True, timeout=120)
    assert (result.stdout.strip(), result.stderr) == ("0", "")
