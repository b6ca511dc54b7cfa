"""The tasks' data: read or drawn from the packages it ships in, split and verified."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Mapping
from functools import lru_cache

import numpy as np

from effcore.catalogue import TASKS, Task, own
from effcore.errors import EffcoreError, nearest
from effcore.tasks import digits, glyphs, mnist5k
from effcore.tasks.splits import Data, Split, cut

READERS: Mapping[str, Callable[[], tuple[np.ndarray, np.ndarray]]] = ChainMap(
    {"digits": digits.read, "glyphs": glyphs.read, "mnist5k": mnist5k.read}, own.READERS
)
"""What reads the images of each task, those of an operator among them."""
SPLIT_ALREADY = frozenset({"glyphs"})
"""Tasks whose images come in the order of their splits, since the splits are drawn from different sources."""


def load(name: str) -> Data:
    """The data of a task, verified; kept for the next call, so it must not be written to.

    Args:
        name: Name in the catalogue.

    Raises:
        EffcoreError: The name is not known, or the data is not what the catalogue's fingerprint says.
    """
    if name not in READERS:
        raise EffcoreError(f"task must be the name of a task. Got {name!r}. {nearest(name, READERS)}")
    return _load(name, TASKS[name].fingerprint)


@lru_cache(maxsize=2)
def _load(name: str, fingerprint: str) -> Data:
    task = TASKS[name]
    data = cut(task, *READERS[name](), ordered=name in SPLIT_ALREADY or bool(task.origin))
    if data.fingerprint != fingerprint:
        raise EffcoreError(
            f"the data of task {name!r} must have the fingerprint {fingerprint[:16]}. "
            f"Got {data.fingerprint[:16]}: {_differs(task)}"
        )
    for split in (data.train, data.validation, data.test):
        split.images.setflags(write=False)
        split.labels.setflags(write=False)
    return data


def _differs(task: Task) -> str:
    if task.origin:
        return "what was kept of it was changed. Give the command again with --data."
    return "the installed package holds other images. Install the version that requirements.txt names."


__all__ = ["READERS", "Data", "Split", "load"]
