"""The tasks' data: read or drawn from the packages it ships in, split and verified."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from effcore.catalogue import TASKS
from effcore.errors import EffcoreError, nearest
from effcore.tasks import digits, glyphs, mnist5k
from effcore.tasks.splits import Data, Split, cut

READERS: dict[str, Callable[[], tuple[np.ndarray, np.ndarray]]] = {
    "digits": digits.read,
    "glyphs": glyphs.read,
    "mnist5k": mnist5k.read,
}
SPLIT_ALREADY = frozenset({"glyphs"})
"""Tasks whose images come in the order of their splits, since the splits are drawn from different sources."""


@lru_cache(maxsize=2)
def load(name: str) -> Data:
    """The data of a task, verified; kept for the next call, so it must not be written to.

    Args:
        name: Name in the catalogue.

    Raises:
        EffcoreError: The name is not known, or the data is not what the catalogue's fingerprint says.
    """
    if name not in READERS:
        raise EffcoreError(f"task must be the name of a task. Got {name!r}. {nearest(name, READERS)}")
    task = TASKS[name]
    data = cut(task, *READERS[name](), ordered=name in SPLIT_ALREADY)
    if data.fingerprint != task.fingerprint:
        raise EffcoreError(
            f"the data of task {name!r} must have the fingerprint {task.fingerprint[:16]}. "
            f"Got {data.fingerprint[:16]}: the installed package holds other images. "
            f"Install the version that requirements.txt names."
        )
    for split in (data.train, data.validation, data.test):
        split.images.setflags(write=False)
        split.labels.setflags(write=False)
    return data


__all__ = ["READERS", "Data", "Split", "load"]
