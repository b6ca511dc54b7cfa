"""What an operator brought beside what ships: data, networks, techniques and weights, by name.

Empty until `effcore.own` fills it, in every process that needs it. Names of what ships can't be taken.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from effcore.errors import EffcoreError

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")
MEANS_ELSE = {"true", "false", "null", "none", "same", "yes", "no", "on", "off", "automatic"}
"""Words that a spec or a form takes for something else."""


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """Weights that an operator named.

    Attributes:
        name: As it stands in a spec.
        path: Of the file.
        sha256: Of its bytes.
    """

    name: str
    path: str
    sha256: str


READERS: dict[str, Callable[[], Any]] = {}
"""Images, uint8 (N, C, H, W), and labels, int64 (N,), of each task, in the order of its splits."""
BUILDERS: dict[str, Callable[..., Any]] = {}
"""Of each family: (task, width, depth) -> network that takes float images from 0 to 2."""
CONTRIBUTORS: dict[str, Callable[..., Any]] = {}
FUNCTIONS: dict[str, Callable[..., Any]] = {}
CONVERTERS: dict[str, Callable[..., Any]] = {}
"""What does each technique, as in `effcore.techniques`."""
SOURCES: dict[str, str] = {}
"""Hash of the code that `family:NAME` and `technique:NAME` come from."""
CHECKPOINTS: dict[str, Checkpoint] = {}


def check_name(name: str, *, what: str, shipped: Iterable[str]) -> str:
    """The name, where it can be one of an operator's own.

    Args:
        name: What was given.
        what: What it names, as `task`.
        shipped: Names that are taken.

    Raises:
        EffcoreError: It can't.
    """
    if not NAME.fullmatch(name) or name.lower() in MEANS_ELSE:
        raise EffcoreError(
            f"The name of a {what} must be a letter and up to 39 letters, digits, dashes or underscores, and no word that means something else. "
            f"Got {name!r}."
        )
    if name in shipped:
        raise EffcoreError(f"The name {name!r} is that of a {what} that ships with effcore. Give yours another name.")
    return name
