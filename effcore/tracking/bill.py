"""What a sweep cost and what it was expected to take, as it stands in the store."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace


@dataclass(frozen=True, kw_only=True)
class Bill:
    """Of one sweep; stages that failed are not in it.

    Attributes:
        estimated_s: Expected seconds, when it was launched last and its first stage was still to be run; None where not known.
        took_s: Seconds that it has run since then, pauses not counted.
        core_s: Core-seconds of the stages that were run for it, over all of its launches.
        alone_s: Core-seconds that its variants would have taken had nothing been shared nor been there already.
    """

    estimated_s: float | None = None
    took_s: float = 0.0
    core_s: float = 0.0
    alone_s: float = 0.0

    @property
    def saved_s(self) -> float:
        """Core-seconds that sharing saved."""
        return max(self.alone_s - self.core_s, 0.0)

    @property
    def text(self) -> str:
        """As it stands in a tag."""
        return json.dumps({k: v if v is None else round(v, 2) for k, v in asdict(self).items()})

    def launched_again(self) -> Bill:
        """The same for a sweep that is launched once more: what it cost stays, how long it takes counts anew."""
        return replace(self, estimated_s=None, took_s=0.0)


def read_bill(text: str) -> Bill:
    """The bill that a tag holds; an empty one where there is none, as of sweeps of before there were any."""
    try:
        given = json.loads(text or "{}")
        expected = given.pop("estimated_s", None)
        return Bill(estimated_s=None if expected is None else float(expected), **{k: float(v) for k, v in given.items()})
    except (ValueError, TypeError, AttributeError):  # of another version
        return Bill()
