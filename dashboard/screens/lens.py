"""How the frontier is looked at: budgets, a baseline, a third objective, arrows, another sweep over it, a filter. All of it
stands in the address."""

from __future__ import annotations

from dataclasses import dataclass, replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import data, routes
from dashboard.charts.layers import Layers, size_note, sizes_of
from dashboard.data import analysis
from dashboard.quantities import count, show
from dashboard.screens.parts import bound, bound_number, bound_text, note
from dashboard.theme import title
from dashboard.views.answers import Budget, can_be_relative, in_unit, knee, relative, relative_view
from dashboard.views.filters import filtered
from dashboard.views.frontier import FrontierView
from dashboard.views.sources import Source
from effcore.catalogue import TECHNIQUES
from effcore.objectives import METRICS, Metric, metric

NONE = "-"
"""In the address and in boxes: nothing chosen."""


@dataclass(frozen=True, kw_only=True)
class Lens:
    """What the controls of the lens are set to.

    Attributes:
        base: Run of the baseline; empty for absolute axes.
        third: A third metric; empty for none.
        arrows: Technique whose steps are drawn; empty for none.
        over: Key of another source whose frontier is laid over; empty for none.
    """

    budget: Budget = Budget()
    base: str = ""
    third: str = ""
    arrows: str = ""
    over: str = ""
    knee: bool = False


_UNKNOWN = "filter-unknown"
"""In the session: techniques that the address filtered by and that are not there, and those beside them that are."""


def filter_controls(source: Source, *, notes: DeltaGenerator) -> Source:
    """Boxes that leave only a part of a source; what remains is a source too."""
    with st.popover("Filter", icon=":material/filter_alt:", key="popover-filter"):
        needle = bound_text("Words in the name", name=routes.SEARCH, placeholder="cnn int8", limit=80)
        asked = tuple(t for t in st.query_params.get(routes.WITH, "").split(",") if t)
        known = [t for t in asked if t in TECHNIQUES]
        unknown = ", ".join(t[:40] for t in asked if t not in TECHNIQUES)
        if unknown:
            st.session_state[_UNKNOWN] = unknown, known
        chosen = st.pills(
            "Only recipes with", [t.name for t in TECHNIQUES.values() if t.optional], selection_mode="multi", default=known, key="filter-with",
            format_func=title, wrap=True,
        )  # fmt: skip
        _keep(routes.WITH, ",".join(chosen or ()))
        unknown, meanwhile = st.session_state.get(_UNKNOWN, ("", []))
        if unknown and list(chosen or ()) == meanwhile:  # until the reader chooses: the address is put right at once
            with notes:
                note(f"The address filters by techniques that are not there: {unknown}.", key="fallback-with", tone="bad")
        starred = data.recorded() is None and st.checkbox(
            "Only starred points", value=routes.STARRED in st.query_params, key="filter-starred"
        )
        _keep(routes.STARRED, "1" if starred else "")
    marks = analysis.marks() if starred else {}
    stars = frozenset(run for run, mark in marks.items() if mark.star) if starred else None
    return filtered(source, needle=needle, techniques=chosen or (), starred=stars)


def _keep(name: str, value: str) -> None:
    if value:
        st.query_params[name] = value
    else:
        st.query_params.pop(name, None)


def lens_controls(view: FrontierView, found: tuple[Source, ...], source: Source, *, notes: DeltaGenerator) -> Lens:
    """The other controls, each behind a button so that the plot has the page."""
    budget, base = _budget(view, notes=notes), _baseline(view, notes=notes)
    return replace(_more(view, found, source, notes=notes), budget=budget, base=base)


def _budget(view: FrontierView, *, notes: DeltaGenerator) -> Budget:
    with st.popover("Budget", icon=":material/savings:", key="popover-budget"):
        limits = []
        for which, name in ((view.x, routes.BUDGET_X), (view.y, routes.BUDGET_Y)):
            word = "At least" if which.maximise else "At most"
            unit = "%" if which.percent else which.unit
            label = f"{word}, {which.label.lower()}" + (f" ({unit})" if unit else "")
            _forget_of_another_unit(name, which)
            limits.append(bound_number(label, name=name, notes=notes, help="Empty for no limit"))
    return Budget(x=limits[0], y=limits[1])


def _forget_of_another_unit(name: str, which: Metric) -> None:
    """Take a limit away that was given for an axis of another unit or direction: 1 ms is not 1 MB."""
    of, kind = f"limited-{name}", (which.unit, which.direction)
    if st.session_state.get(of, kind) != kind and st.query_params.get(name) == st.session_state.get(f"seen-{name}"):
        st.query_params.pop(name, None)
    st.session_state[of] = kind


def _baseline(view: FrontierView, *, notes: DeltaGenerator) -> str:
    names = {NONE: "None: axes in their own units"} | {d.run_id: d.name for d in view.dots}
    with st.popover("Baseline", icon=":material/straighten:", key="popover-baseline"):
        chosen = bound("Times better and points against", list(names), name=routes.BASE, default=NONE, labels=names, notes=notes)
    return "" if chosen == NONE else chosen


def _more(view: FrontierView, found: tuple[Source, ...], source: Source, *, notes: DeltaGenerator) -> Lens:
    others = {NONE: "None"} | {name: m.label for name, m in METRICS.items() if name not in (view.x.name, view.y.name)}
    steps = {NONE: "None"} | {t.name: t.title for t in TECHNIQUES.values()}
    over = {NONE: "None"} | {s.key: s.label for s in found if s.key != source.key and s.task == source.task}
    with st.popover("Show more", icon=":material/layers:", key="popover-more"):
        third = bound("Third objective, as size", list(others), name=routes.THIRD, default=NONE, labels=others, notes=notes)
        arrows = bound("Arrows from parents, by technique", list(steps), name=routes.ARROWS, default=NONE, labels=steps, notes=notes)
        overlaid = bound("Another sweep over it", list(over), name=routes.OVER, default=NONE, labels=over, notes=notes)
        bend = st.checkbox("Knee of the frontier", value=routes.KNEE in st.query_params, key="show-knee")
        _keep(routes.KNEE, "1" if bend else "")
    third, arrows, overlaid = ("" if chosen == NONE else chosen for chosen in (third, arrows, overlaid))
    return Lens(third=third, arrows=arrows, over=overlaid, knee=bend)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A view through a lens.

    Attributes:
        view: With relative axes where there is a baseline.
        layers: What is laid over it.
        notes: What must be said below the plot.
        over: The frontier of another source in the same units; None for none.
    """

    view: FrontierView
    layers: Layers
    notes: tuple[str, ...]
    over: FrontierView | None = None


def look_through(lens: Lens, view: FrontierView, shown: data.Snapshot, source: Source, found: tuple[Source, ...]) -> Seen:
    """What is drawn of a view.

    Args:
        lens: From `lens_controls`.
        view: In absolute units.
        shown: The moment it is of.
        source: What it is of, filtered.
        found: All sources.
    """
    notes = []
    layers = Layers(budget=lens.budget, limits=_limit_texts(lens.budget, view))
    over = _over(lens, view, shown, found)
    if over is not None and over.environment != view.environment:
        notes.append("The other sweep was not measured in this environment, so that it is not laid over.")
        over = None
    if lens.knee:
        bend = knee(view)
        layers = replace(layers, knee=bend)
        none = "The frontier has no knee: it has fewer than three points or does not bend."
        notes.append(f"{bend.METHOD}. It is {bend.dot.name}." if bend else none)
    if lens.arrows:
        pairs = analysis.steps_of(shown, source, view.x.name, view.y.name, environment=view.environment, technique=lens.arrows)
        layers = replace(layers, arrows=pairs)
        if not pairs:
            notes.append(f"No step of {title(lens.arrows).lower()} leads from one of these points to another.")
    if lens.third:
        layers, said = _third(lens.third, view, layers, shown, source)
        notes.append(said)
    base = view.dot(lens.base)
    if base is None or not can_be_relative(view):
        if lens.base:
            notes.append("The baseline is not among these points, or a figure is zero; the axes are in their own units.")
        return Seen(view=view, layers=layers, notes=tuple(notes), over=over)
    moved = Budget(
        x=None if lens.budget.x is None else relative(view.x, lens.budget.x, base.x.value),
        y=None if lens.budget.y is None else relative(view.y, lens.budget.y, base.y.value),
    )
    notes.append(f"Against {base.name}: {base.y.text} at {base.x.text}.")
    return Seen(
        view=relative_view(view, base), layers=replace(layers, budget=moved), notes=tuple(notes),
        over=relative_view(over, base) if over is not None and can_be_relative(over) else None,
    )  # fmt: skip


def _limit_texts(budget: Budget, view: FrontierView) -> dict[str, str]:
    def text(which: Metric, limit: float) -> str:
        return f"{'at least' if which.maximise else 'at most'} {in_unit(which, limit)}"

    given = (("x", view.x, budget.x), ("y", view.y, budget.y))
    return {axis: text(which, limit) for axis, which, limit in given if limit is not None}


def _over(lens: Lens, view: FrontierView, shown: data.Snapshot, found: tuple[Source, ...]) -> FrontierView | None:
    other = next((s for s in found if s.key == lens.over), None)
    if other is None:
        return None
    return data.frontier(shown, other, x=view.x.name, y=view.y.name, environment=view.environment)


def _third(name: str, view: FrontierView, layers: Layers, shown: data.Snapshot, source: Source) -> tuple[Layers, str]:
    third = analysis.third_of(shown, source, view.x.name, view.y.name, name, environment=view.environment)
    which = metric(name)
    scale = 100.0 if which.percent else 1.0
    sizes = sizes_of({run: scale * v for run, v in third.values.items()}, log=which.log)
    missing = len(view.dots) - len(third.values)
    named = f"{view.y.label.lower()}, {view.x.label.lower()} and {which.label.lower()}"
    extra = sum(1 for d in view.dots if d.run_id in third.front and not d.on_frontier)
    said = f"{which.label}: {size_note({r: scale * v for r, v in third.values.items()}, which.unit)}"
    said += f" ({show(which, min(third.values.values()))} to {show(which, max(third.values.values()))})" if not sizes and third.values else ""
    said += f". {len(third.front)} points are on the frontier of {named}, {extra} of them for the sake of {which.label.lower()} alone."
    said += f" {count(missing, 'point has', 'points have')} no such figure." if missing > 0 else ""
    return replace(layers, sizes=sizes, also=third.front, also_name=f"On it with {which.label.lower()}"), said
