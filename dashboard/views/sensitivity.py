"""How much each layer minds being treated, as bars."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from dashboard.quantities import digits
from dashboard.views.profile import MOST_BARS, Bar


def sensitivity_view(did: Mapping[str, Any]) -> tuple[Bar, ...]:
    """Layers with the noise that each adds to the logits when it alone is treated, most sensitive first, at most `MOST_BARS`.

    Args:
        did: What the export says of the technique; its `sensitivity` is a figure by layer.
    """
    found = did.get("sensitivity")
    if not isinstance(found, Mapping):
        return ()
    noises = {str(name): float(v) for name, v in found.items() if isinstance(v, int | float) and math.isfinite(v) and v >= 0}
    largest = max(noises.values(), default=0.0)
    if largest <= 0:
        return ()
    ordered = sorted(noises.items(), key=lambda item: (-item[1], item[0]))[:MOST_BARS]
    return tuple(Bar(name=name, share=100 * value / largest, text=digits(value)) for name, value in ordered)
