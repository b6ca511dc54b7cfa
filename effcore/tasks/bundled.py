"""Data that ships inside other packages."""

from __future__ import annotations

import gzip
import importlib.util
from pathlib import Path

import numpy as np

from effcore.errors import EffcoreError


def find_file(package: str, *parts: str) -> Path:
    """A file of an installed package, found without importing the package.

    Args:
        package: Name of the package.
        parts: Path of the file in it.

    Raises:
        EffcoreError: The package or its file is not there.
    """
    spec = importlib.util.find_spec(package)
    places = list(spec.submodule_search_locations or []) if spec is not None else []
    path = Path(places[0] if places else package, *parts)
    if not path.is_file():
        raise EffcoreError(
            f"the package {package} must be installed with its data. Got no file {path}. Install {package}."
        )
    return path


def read_table(package: str, *parts: str, columns: int) -> np.ndarray:
    """A compressed table of numbers out of an installed package, without importing the package.

    The packages' own loaders take 1 to 4 s for what takes 0.1 s here, most of it for their import.

    Args:
        package: Name of the package.
        parts: Path of the file in it.
        columns: Numbers in a row.

    Returns:
        int64 (rows, columns).

    Raises:
        EffcoreError: The package or its file is not there, or the rows have another length.
    """
    path = find_file(package, *parts)
    with gzip.open(path) as file:
        text = file.read().decode("ascii")
    numbers = np.fromstring(text.replace("\n", ","), dtype=np.int64, sep=",")
    if numbers.size == 0 or numbers.size % columns:
        raise EffcoreError(
            f"{path} must hold rows of {columns} numbers. Got {numbers.size} numbers. Install {package} again."
        )
    return numbers.reshape(-1, columns)
