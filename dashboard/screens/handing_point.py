"""The hand-out of one point: where it lies among the others of its sweep, its figures, and the spec that builds it again."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from dashboard import data, routes
from dashboard.charts.frontier import frontier_figure
from dashboard.screens.hand_out import hand_out_button
from dashboard.theme import Look
from effcore.analysis.frontier import Variant
from effcore.objectives import METRICS


def hand_out_point(variant: Variant, spec: str, *, spec_name: str) -> None:
    """The button; nothing where the point is on no plot.

    Args:
        variant: The point.
        spec: YAML that builds it again.
        spec_name: Its file.
    """
    shown = data.snapshot()
    source = next((s for s in data.all_sources(shown) if s.sweep == variant.sweep), None)
    if source is None or variant.status != "FINISHED" or not {"accuracy", "latency_ms"} <= set(variant.metrics):
        return
    view = data.frontier(shown, source, x="latency_ms", y="accuracy", environment=variant.environment)

    def figure(look: Look) -> go.Figure:
        return frontier_figure(view, look, selected=variant.run_id)

    hand_out_button(
        "point", title=variant.name, figure=figure, frame=figures_frame(variant), page="point", query={routes.RUN: variant.run_id}, of=[variant],
        source_name=source.label, runtimes=(variant.runtime,), specs={spec_name: spec} if spec else {},
    )  # fmt: skip


def figures_frame(variant: Variant) -> pd.DataFrame:
    """Every figure of a point with its unit and interval, a row each."""
    rows = [
        {"metric": name, "value": variant.metrics[name], "low": variant.metrics.get(f"{name}_low"), "high": variant.metrics.get(f"{name}_high"),
         "unit": "share" if about.percent else about.unit, "better": "more" if about.maximise else "less"}
        for name, about in METRICS.items() if name in variant.metrics
    ]  # fmt: skip
    return pd.DataFrame(rows)
