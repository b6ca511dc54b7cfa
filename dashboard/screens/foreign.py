"""Experiments: the frontier of anything that has two figures, whoever wrote it."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import routes
from dashboard.charts.frontier import frontier_alt, frontier_figure
from dashboard.data import foreign
from dashboard.quantities import count
from dashboard.screens.chart import chart
from dashboard.screens.export import export_menu
from dashboard.screens.parts import bound, current_look, empty, explained, heading, note
from dashboard.tables import height, left_out_table
from dashboard.tables.large import large_table
from dashboard.views.frontier import FrontierView
from effcore.objectives import Direction
from effcore.tracking.foreign import likely_direction, metric_names
from effcore.tracking.studies import DURATION

_WAYS = {"max": "More is better", "min": "Less is better"}


@explained
def page() -> None:
    """The whole page."""
    said = "The frontier of runs, tables and studies that effcore did not write. Their units are not known here; which way is better is yours to say."
    heading("Experiments", below=said)
    found = foreign.everything()
    if not found:
        empty(
            "Nothing else is in the store",
            "Other MLflow experiments of the store appear here, and tables and studies of Optuna that the server is started with.",
            command="effcore serve --csv results=results.csv --optuna mine=sqlite:///study.db", launch=False,
        )  # fmt: skip
        return
    notes = st.container()
    labels = {f.key: f.label for f in found}
    key = bound("Experiment", list(labels), name=routes.FOREIGN, default=found[0].key, labels=labels, notes=notes)
    chosen = next(f for f in found if f.key == key)
    variants, known = foreign.variants(chosen), foreign.directions(chosen)
    names = _in_order(metric_names(variants), known)
    if not names:
        empty("No figures", f"{count(len(variants), 'run')}, and none of them has a metric yet.", icon=":material/tune:", launch=False)
        return
    columns = st.columns([3, 2, 3, 2], gap="medium", vertical_alignment="bottom")
    y = _axis("Vertical axis", "y", names, names[0], columns[:2], notes, known)
    x = _axis("Horizontal axis", "x", names, names[min(1, len(names) - 1)], columns[2:], notes, known)
    _show(foreign.view(variants, x=x, y=y), chosen.label)


def _in_order(names: tuple[str, ...], known: Mapping[str, Direction]) -> tuple[str, ...]:
    """The figures that something is judged by first; of one alone, how long it took is the second axis."""
    first = [name for name in known if name in names] + ([DURATION] if len(known) == 1 and DURATION in names else [])
    return (*first, *(name for name in names if name not in first))


def _axis(
    label: str, axis: str, names: tuple[str, ...], default: str, columns: list[DeltaGenerator], notes: DeltaGenerator, known: Mapping[str, Direction]
) -> tuple[str, Direction]:
    with columns[0]:
        name = bound(label, list(names), name=f"f{axis}", default=default, labels={n: n for n in names}, notes=notes)
    with columns[1]:
        likely = known.get(name) or likely_direction(name)
        way = bound("Direction", list(_WAYS), name=f"f{axis}-{name}"[:60], default=likely, labels=_WAYS, notes=notes)
    return name, "max" if way == "max" else "min"


def _show(view: FrontierView, label: str) -> None:
    if view.dots:
        note(f"{count(view.total, 'point')} · {view.front_total:,} on the frontier · units unknown", key="foreign-counts")
        figure = frontier_figure(view, current_look())
        chart(figure, key="foreign-chart", alt=frontier_alt(view))
        frame, columns = large_table(view)
        frame = frame.drop(columns=["step"])
        title, named = f"{view.y.label} against {view.x.label}", frame.rename(columns={"x": view.x.label, "y": view.y.label})
        export_menu("experiment", title=title, source=label, figures={"frontier": figure}, frames={"points": named})
        alt = f"The {len(frame)} points of the chart"
        st.dataframe(frame, hide_index=True, key="foreign-table", height=height(len(frame)), column_config=columns, alt=alt)
    else:
        empty("No point has both figures", "Choose other axes; below is why each run is left out.", icon=":material/tune:", launch=False)
    if view.missing:
        with st.expander(f"Left out: {view.missing:,}", key="foreign-left-out"):
            frame, columns = left_out_table(view.left_out)
            alt = "Runs that are not among the points"
            st.dataframe(frame, hide_index=True, key="foreign-left", height=height(len(frame)), column_config=columns, alt=alt)


if __name__ == "__main__":
    page()
