"""Weights that an operator brought into a network: weights only, all of them, each of the right shape."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from effcore.catalogue.own import Checkpoint
from effcore.errors import EffcoreError
from effcore.models.own import OWN_PREFIX

WITHIN = ("state_dict", "model_state_dict", "model", "state")
"""Names under which programs keep the weights beside other things."""
PREFIXES = ("module.", "_orig_mod.")
"""What torch's wrappers for several devices and for compilation put before every name."""
COUNTER = "num_batches_tracked"
"""Of batch normalization; some programs leave it out, and nothing here reads it."""
SHOWN = 40


def load_checkpoint(model: nn.Module, checkpoint: Checkpoint) -> int:
    """Put the weights of a file into a model, in place.

    Args:
        model: Of the architecture that the weights are of.
        checkpoint: A file of torch, or of safetensors where its name ends so; no code in it is run.

    Returns:
        How many tensors were taken.

    Raises:
        EffcoreError: The file is not what it was when it was named, holds more than weights, or does not fit; then every tensor that
            does not is listed with what was got and what is expected.
    """
    given, expected = read_weights(checkpoint), model.state_dict()
    if not given.keys() & expected.keys():
        given = {OWN_PREFIX + name: tensor for name, tensor in given.items()}
    wrong = _mismatches(given, expected)
    if wrong:
        more = [f"  and {len(wrong) - SHOWN} more"] if len(wrong) > SHOWN else []
        raise EffcoreError("\n".join([
            f"checkpoint {checkpoint.name!r} does not fit the network: {len(wrong)} of {len(given.keys() | expected.keys())} tensors.",
            *(f"  {line}" for line in wrong[:SHOWN]), *more,
            "Take the architecture, width and depth that the weights are of, and a task with as many classes.",
        ]))  # fmt: skip
    model.load_state_dict(given, strict=False)
    return len(given)


def read_weights(checkpoint: Checkpoint) -> dict[str, Tensor]:
    """Tensors by name, as the file holds them.

    Raises:
        EffcoreError: As `load_checkpoint`.
    """
    path = Path(checkpoint.path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise EffcoreError(f"checkpoint {checkpoint.name!r}: {path} can't be read: {error.strerror}. Name its place with --checkpoint.") from error
    if hashlib.sha256(data).hexdigest() != checkpoint.sha256:
        raise EffcoreError(f"checkpoint {checkpoint.name!r}: {path} was changed while the sweep ran. Give the command again.")
    document = _safetensors(path, data) if path.suffix == ".safetensors" else _torch(path)
    if not _is_state(document) and isinstance(document, Mapping):
        document = next((document[name] for name in WITHIN if _is_state(document.get(name))), document)
    if not _is_state(document):
        raise EffcoreError(
            f"checkpoint {checkpoint.name!r}: {path} must hold tensors by name, as `torch.save(model.state_dict(), path)` writes them."
        )
    return {_plain(name): tensor for name, tensor in document.items()}


def _is_state(document: Any) -> bool:
    return isinstance(document, Mapping) and bool(document) and all(isinstance(v, Tensor) and isinstance(k, str) for k, v in document.items())


def _plain(name: str) -> str:
    for prefix in PREFIXES:
        name = name.removeprefix(prefix)
    return name


def _torch(path: Path) -> Any:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise EffcoreError(
            f"{path} must be a file of weights only: a whole pickled model would run code. Save them with "
            f"`torch.save(model.state_dict(), path)`. torch says: {first}"
        ) from error


def _safetensors(path: Path, data: bytes) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        tensors: dict[str, Tensor] = load(data)
        return tensors
    except SafetensorError as error:
        raise EffcoreError(f"{path} is no whole file of safetensors: {error}.") from error


def _mismatches(given: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> list[str]:
    """A line for each tensor that does not fit, in the order of the network."""
    lines = []
    for name, tensor in expected.items():
        if name not in given:
            if not name.endswith(COUNTER):
                lines.append(f"{name}: got none, expected {_shape(tensor)}")
        elif given[name].shape != tensor.shape:
            lines.append(f"{name}: got {_shape(given[name])}, expected {_shape(tensor)}")
        elif not bool(torch.isfinite(given[name]).all()):
            lines.append(f"{name}: got numbers that are not finite, expected {_shape(tensor)}")
    return lines + [f"{name}: got {_shape(tensor)}, expected none" for name, tensor in given.items() if name not in expected]


def _shape(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape)) or "one number"
