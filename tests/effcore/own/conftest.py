"""A catalogue that is as it was after each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from effcore import own


@pytest.fixture(autouse=True)
def nothing_own_is_left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    yield
    own.know(tmp_path_factory.mktemp("empty"))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"
