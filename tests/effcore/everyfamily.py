"""Families for tests that build or train one: a few in every run, the others where slow tests run too."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from effcore.catalogue import FAMILIES

OFTEN = ("mlp", "cnn", "mobile", "elastic")


def every(names: Iterable[str] | None = None) -> list[Any]:
    """Parameters of a test: all these families, marked as slow but for those of `OFTEN`."""
    return [name if name in OFTEN else pytest.param(name, marks=pytest.mark.slow) for name in (sorted(FAMILIES) if names is None else names)]
