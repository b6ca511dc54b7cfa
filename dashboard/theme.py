"""How things look: two looks, and one colour with one marker for each technique, after Okabe and Ito.

Okabe and Ito 2008, Color Universal Design, https://jfly.uni-koeln.de/color/. Their hues, shifted in lightness so that
each stands out from its background by at least 3:1; a test simulates the three kinds of colour blindness.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import plotly.graph_objects as go

from effcore.catalogue import TECHNIQUES

FONT = '"Source Sans", "Source Sans 3", "Helvetica Neue", Arial, sans-serif'


@dataclass(frozen=True, kw_only=True)
class Look:
    """Colours of one look; those of the page itself stand in `.streamlit/config.toml` and agree with them."""

    name: str
    paper: str
    ink: str
    quiet: str
    grid: str
    accent: str
    good: str
    bad: str


LIGHT = Look(
    name="light",
    paper="#ffffff",
    ink="#1b2430",
    quiet="#5c6776",
    grid="#e9ecf0",
    accent="#14597a",
    good="#00714f",
    bad="#b23c17",
)
DARK = Look(
    name="dark",
    paper="#12161c",
    ink="#e8ecf1",
    quiet="#9aa5b4",
    grid="#262d37",
    accent="#7cc0e6",
    good="#4fd1a5",
    bad="#f5936b",
)


@dataclass(frozen=True, kw_only=True)
class Mark:
    """Colour and shape of a technique."""

    light: str
    dark: str
    symbol: str

    def color(self, look: Look) -> str:
        """The colour in that look."""
        return self.dark if look.name == "dark" else self.light


MARKS: dict[str, Mark] = {
    "architecture": Mark(light="#4a5568", dark="#d1dfec", symbol="circle"),
    "training": Mark(light="#70391a", dark="#94775d", symbol="hexagon2"),
    "augmentation": Mark(light="#0068c0", dark="#3f9bee", symbol="triangle-up"),
    "averaging": Mark(light="#7f31fd", dark="#7f31fd", symbol="cross"),
    "distillation": Mark(light="#bd5aa5", dark="#bd5a99", symbol="diamond"),
    "factorization": Mark(light="#5b1374", dark="#db0bc0", symbol="hourglass"),
    "weight_sharing": Mark(light="#481eb2", dark="#7ebe5c", symbol="pentagon"),
    "subnetwork": Mark(light="#f52656", dark="#a5fe84", symbol="x"),
    "pruning": Mark(light="#e6720f", dark="#fad52d", symbol="square"),
    "quantization": Mark(light="#009a6a", dark="#14dd97", symbol="triangle-down"),
    "runtime": Mark(light="#ab460b", dark="#f3602e", symbol="star"),
}
_OTHERS = (
    Mark(light="#6b7a00", dark="#c3cf4a", symbol="bowtie"),
    Mark(light="#007c89", dark="#4fc4cf", symbol="star-diamond"),
)
"""For techniques that the catalogue gains later, in its order."""


def mark(technique: str) -> Mark:
    """The mark of a technique; one that has none of its own gets one of the spare ones, always the same."""
    if technique in MARKS:
        return MARKS[technique]
    if technique == "run":  # of someone else, of which no step is known
        return MARKS["architecture"]
    order = [name for name in TECHNIQUES if name not in MARKS]
    return _OTHERS[order.index(technique) % len(_OTHERS) if technique in order else 0]


_CONTENDERS = (
    ("augmentation", "circle"), ("pruning", "square"), ("quantization", "diamond"), ("distillation", "triangle-up"),
    ("architecture", "triangle-down"), ("averaging", "cross"),
)  # fmt: skip
"""Points that are compared borrow the colours of techniques, which differ for every kind of sight."""


def contender(index: int) -> Mark:
    """The mark of the point of that number among those that are compared, from 0 to 5."""
    color, symbol = _CONTENDERS[index]
    return Mark(light=MARKS[color].light, dark=MARKS[color].dark, symbol=symbol)


def title(technique: str) -> str:
    """Name of a technique for people; one that is not in the catalogue any more keeps its own."""
    return TECHNIQUES[technique].title if technique in TECHNIQUES else "Run" if technique == "run" else technique


def look(kind: str | None) -> Look:
    """The look of that kind of theme; light where the browser has not told yet."""
    return DARK if kind == "dark" else LIGHT


@cache
def template(look: Look) -> go.layout.Template:
    """A complete template, so that a figure looks the same wherever it is opened; a figure takes a copy of it."""
    axis = {
        "gridcolor": look.grid,
        "linecolor": look.quiet,
        "tickcolor": look.quiet,
        "tickfont": {"size": 15, "color": look.quiet},
        "zeroline": False,
        "showline": False,
        "ticks": "",
        "automargin": True,
        "title": {"font": {"size": 16, "color": look.ink}},
    }
    return go.layout.Template(
        layout={
            "paper_bgcolor": look.paper,
            "plot_bgcolor": look.paper,
            "colorway": [m.color(look) for m in MARKS.values()],
            "font": {"family": FONT, "size": 15, "color": look.ink},
            "hoverlabel": {
                "bgcolor": look.paper,
                "bordercolor": look.quiet,
                "font": {"family": FONT, "size": 14, "color": look.ink},
                "align": "left",
            },
            "legend": {"bgcolor": "rgba(0,0,0,0)", "font": {"size": 15, "color": look.ink}, "itemsizing": "constant"},
            "xaxis": axis,
            "yaxis": axis,
            "dragmode": False,
        }
    )


@cache
def template_spec(look: Look) -> dict[str, Any]:
    """The template as it stands in a figure's JSON; nobody may change it."""
    spec: dict[str, Any] = template(look).to_plotly_json()
    return spec


CHART_CONFIG = {
    "displaylogo": False,
    "displayModeBar": False,
    "showSendToCloud": False,
    "responsive": True,
    "doubleClick": "reset",
}
"""For every figure: no logo, no button that uploads."""
