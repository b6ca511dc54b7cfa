"""Small trained networks that many tests look at and none may change."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from effcore.catalogue import TASKS
from effcore.catalogue.architecture import Architecture
from effcore.catalogue.quantization import Quantization
from effcore.catalogue.training import Training
from effcore.models import build
from effcore.own import Brought, bring
from effcore.runtimes import RUNTIME_MODULES
from effcore.runtimes.warm import keep_operators
from effcore.tasks import Data, load
from effcore.techniques import FUNCTIONS
from effcore.training import fit

if os.environ.get("EFFCORE_TEST_PLUGIN"):  # a plug-in's author checks it by the tests of what ships
    bring(Path(tempfile.mkdtemp()), Brought(plugins=[Path(os.environ["EFFCORE_TEST_PLUGIN"])]))

sys.path.insert(0, str(Path(__file__).parent))  # for the modules beside the tests; pytest itself changes no path here


@pytest.fixture(scope="session", autouse=True)
def as_in_a_stage() -> None:
    """One thread, on which rounding depends, and the exporter's table read once."""
    torch.set_num_threads(1)
    keep_operators()


@pytest.fixture(scope="session")
def digits() -> Data:
    return load("digits")


@lru_cache
def trained_digits(family: str) -> nn.Module:
    """Two epochs on a quarter of digits; never to be changed."""
    data = load("digits").fraction(0.25)
    model = build(Architecture(family=family, width=0.5), TASKS["digits"], seed=0)  # type: ignore[arg-type]
    fit(model, data, Training(epochs=2, learning_rate=0.01), seed=0)
    return model


@pytest.fixture
def trained() -> Callable[[str], nn.Module]:
    return trained_digits


def digest_state(model: nn.Module) -> str:
    """SHA-256 of names and bits of a state dict."""
    sha = hashlib.sha256()
    for name, tensor in model.state_dict().items():
        sha.update(name.encode())
        sha.update(np.ascontiguousarray(tensor.detach().contiguous().numpy()).tobytes())
    return sha.hexdigest()


@pytest.fixture
def state_of() -> Callable[[nn.Module], str]:
    return digest_state


@pytest.fixture(scope="session")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Path]:
    """The file of a trained family: `float`, `int8` or `torch`; made once, never to be changed."""
    folder = tmp_path_factory.mktemp("artifacts")

    @lru_cache
    def make(family: str, kind: str) -> Path:
        program, path = trained_digits(family), folder / f"{family} {kind}"
        if kind == "int8":
            program, _ = FUNCTIONS["quantization"](program, Quantization(reduce_range=True), load("digits"))
        runtime = RUNTIME_MODULES["torch" if kind == "torch" else "onnxruntime"]
        runtime.export(program, path, task=TASKS["digits"])
        return path

    return make


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Home folder of an empty MLflow store, to be copied."""
    from effcore.tracking import Store

    home = tmp_path_factory.mktemp("template")
    Store(home)
    return home
