"""Stars and notes that readers give to points: tags beside the figures of a run, which change none of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from effcore.errors import EffcoreError
from effcore.tracking.rows import PREFIX

LONGEST = 2000
"""Characters of a note."""


@dataclass(frozen=True, kw_only=True)
class Mark:
    """What a reader said of a run."""

    star: bool = False
    note: str = ""


class Marks:
    """Reads and writes the marks of one store.

    Args:
        search: A filter of MLflow -> runs.
        set_tags: (run id, tags without their prefix) -> written.
        read: Run id -> the run.
    """

    def __init__(
        self, search: Callable[[str], list[Any]], set_tags: Callable[[str, Mapping[str, str]], None], read: Callable[[str], Any]
    ) -> None:
        self._search, self._set_tags, self._read = search, set_tags, read

    def all(self) -> dict[str, Mark]:
        """Every run that has a star or a note."""
        return {str(run.info.run_id): _mark(run) for run in self._search(f"tags.`{PREFIX}marked` = '1'")}

    def of(self, run_id: str) -> Mark:
        """That of one run.

        Raises:
            StoreError: There is no such run.
        """
        return _mark(self._read(run_id))

    def set(self, run_id: str, mark: Mark) -> None:
        """Replace what is said of a run.

        Raises:
            EffcoreError: The note is too long; nothing is written.
            StoreError: There is no such run.
        """
        if len(mark.note) > LONGEST:
            raise EffcoreError(f"note must have at most {LONGEST} characters. Got {len(mark.note)}. Take some out.")
        self._read(run_id)
        tags = {"star": "1" if mark.star else "", "note": mark.note, "marked": "1" if mark.star or mark.note else ""}
        self._set_tags(run_id, tags)


def _mark(run: Any) -> Mark:
    tags = run.data.tags
    return Mark(star=tags.get(f"{PREFIX}star") == "1", note=tags.get(f"{PREFIX}note", ""))
