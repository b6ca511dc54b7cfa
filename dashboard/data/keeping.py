"""What was read last, for the time in which the store can't be read."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from effcore.errors import StoreError

AGAIN_S = 2.0
"""How long after a look that failed none is tried: each waits for a second, and every visitor would."""


@dataclass(frozen=True)
class Trouble:
    """Why the store can't be read, and since when what is shown stands still.

    Attributes:
        since_s: Unix time of the last look that went well.
    """

    text: str
    since_s: float


class Keeping:
    """Keeps the last of each thing that is read; one for all visitors."""

    def __init__(self) -> None:
        self._kept: dict[str, Any] = {}
        self._failed: dict[str, tuple[float, str]] = {}
        self._well_s = 0.0

    def read(self, what: str, read: Callable[[], Any]) -> Any:
        """What `read` returns, or what it returned last where it fails now.

        Raises:
            StoreError: It fails and never did not.
        """
        failed_s, _ = self._failed.get(what, (0.0, ""))
        if what in self._kept and time.time() - failed_s < AGAIN_S:
            return self._kept[what]
        try:
            self._kept[what] = read()
        except StoreError as error:
            self._failed[what] = time.time(), str(error)
            if what not in self._kept:
                raise
        else:
            self._failed.pop(what, None)
            self._well_s = time.time()
        return self._kept[what]

    def unless_in_trouble(self, what: str, read: Callable[[], Any], *, otherwise: Any) -> Any:
        """What `read` returns; what it returned last, or `otherwise`, while this or something else can't be read."""
        if self.trouble is None:
            with suppress(StoreError):  # the look at the state, which every page has, says so
                self._kept[what] = read()
        return self._kept.get(what, otherwise)

    @property
    def trouble(self) -> Trouble | None:
        """What fails now; None where nothing does."""
        texts = [text for _, text in list(self._failed.values())]  # at once: other visitors' looks add and take meanwhile
        return Trouble(texts[0], self._well_s) if texts and self._kept else None
