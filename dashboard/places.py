"""Where the state is that the pages show."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from effcore.own import know


def home() -> Path:
    """The folder that all state lives in."""
    return _resolved(os.environ.get("EFFCORE_HOME", "").strip() or ".effcore", os.getcwd())


@cache
def _resolved(path: str, folder: str) -> Path:
    """Resolving looks at every part of the path on the disk, and a page asks for it some seventy times."""
    return (Path(folder) / path).resolve()


def tracking_uri() -> str | None:
    """Address of the tracking store, where it is not the one in the home folder."""
    return os.environ.get("EFFCORE_TRACKING_URI", "").strip() or None


def know_own() -> None:
    """Have the catalogue hold what the operator named; costs a look at one file where nothing changed."""
    know(home())
