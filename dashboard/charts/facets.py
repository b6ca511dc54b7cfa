"""The frontiers of several environments beside each other, each its own, on the same axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import plotly.graph_objects as go

from dashboard.charts.axes import axis, direction_x, escape
from dashboard.charts.frontier import extents, frontier_figure
from dashboard.charts.layers import Layers, with_layers
from dashboard.theme import Look
from dashboard.views.frontier import FrontierView

HEIGHT = 440
"""Of one facet, in pixels: two rows of them and their heads fit a screen of usual size."""


def facet_figures(views: Sequence[FrontierView], look: Look) -> list[go.Figure]:
    """A figure for each view; ranges are those of all together, so that the same place means the same in each.

    Args:
        views: On the same metrics, each of one environment, each with points.
        look: Light or dark.
    """
    x_log, y_log = all(v.x_log for v in views), all(v.y_log for v in views)
    views = [replace(view, x_log=x_log, y_log=y_log) for view in views]  # a zero in one of them makes the axis of each linear
    xs, ys = ([value for view in views for value in extents(view)[which]] for which in (0, 1))
    figures = []
    for view in views:
        figure = frontier_figure(view, look, height=HEIGHT)
        title = {"text": escape(direction_x(view.x, log=x_log)), "standoff": 12}
        figure.layout.xaxis, figure.layout.yaxis = {**axis(view.x, xs, log=x_log), "title": title}, axis(view.y, ys, log=y_log)
        figures.append(with_layers(figure, view, look, Layers()))
    return figures
