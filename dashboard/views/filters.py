"""A part of a source: by a text in the name, by techniques, or only the starred ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dashboard.theme import title
from dashboard.views.sources import Source
from effcore.analysis.columns import Columns, Mask
from effcore.analysis.frontier import Variant


@dataclass(frozen=True, kw_only=True)
class Part(Source):
    """Variants of a source that pass a filter; the frontier is that of what passes, and the page says so.

    Attributes:
        needle: Words that a name must hold, in any order, whatever their case.
        techniques: Of which a recipe must hold every one.
        starred: Runs that are kept; None for all.
    """

    needle: str = ""
    techniques: tuple[str, ...] = ()
    starred: frozenset[str] | None = None

    def keeps(self, variant: Variant) -> bool:
        """Whether a variant passes."""
        name = variant.name.lower()
        if not all(word in name for word in self.needle.lower().split()):
            return False
        if self.starred is not None and variant.run_id not in self.starred:
            return False
        steps = variant.recipe.get("steps", ())
        return all(any(technique in entry for entry in steps) for technique in self.techniques)

    def of(self, variants: Sequence[Variant]) -> tuple[Variant, ...]:
        """Those of the variants that belong to it."""
        return tuple(v for v in super().of(variants) if self.keeps(v))

    def among(self, columns: Columns) -> Mask:
        """Which of very many variants belong to it."""
        mask = np.array(super().among(columns))
        for row in np.flatnonzero(mask).tolist():
            mask[row] = self.keeps(columns.variants[row])
        return mask

    @property
    def text(self) -> str:
        """The filter in words."""
        parts = [f"names with {self.needle!r}"] if self.needle else []
        parts += [f"recipes with {' and '.join(title(t).lower() for t in self.techniques)}"] if self.techniques else []
        parts += ["starred points"] if self.starred is not None else []
        return ", ".join(parts)


def filtered(source: Source, *, needle: str = "", techniques: Sequence[str] = (), starred: frozenset[str] | None = None) -> Source:
    """The part of a source that passes; the source itself where nothing is asked."""
    if not needle.strip() and not techniques and starred is None:
        return source
    return Part(
        key=source.key, label=source.label, task=source.task, sweep=source.sweep, needle=needle.strip(), techniques=tuple(techniques),
        starred=starred,
    )  # fmt: skip
