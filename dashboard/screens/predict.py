"""Guess what a step does before it is shown, for any step of any sweep."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from dashboard import data, posing, routes
from dashboard.charts.axes import faded
from dashboard.lessons.lesson import Truth
from dashboard.quantities import show
from dashboard.screens.chart import chart
from dashboard.screens.guessing import Asked, ask, instruct, may_see, own_guess, reveal, room
from dashboard.screens.parts import current_look, empty, explained, heading, note
from dashboard.screens.posed import lead_step
from dashboard.theme import Look, template, title
from dashboard.views.predict import FASTER, PARTS, POINTS, StepQuestion, faster_truth, points_truth, questions
from effcore.objectives import METRICS


@explained
def page() -> None:
    """Both guesses, then the arrow as it is."""
    question = posing.question(st.query_params.get(routes.RUN, ""))
    if question is not None and question.before.run_id in data.snapshot().held:
        empty("Another step comes first", "What this one starts from is to be guessed itself.", icon=":material/help:", launch=False)
        return
    if question is None:
        said = "A step can be guessed where the point it starts from was measured too."
        empty("There is no such step", said, icon=":material/help:", launch=False)
        return
    heading(f"What does this step do: {question.after.step}?", below=f"{title(question.after.technique)}, applied to {question.before.name}")
    before = question.before.metrics
    right, took = (show(METRICS[name], before[name]) for name in ("accuracy", "latency_ms"))
    note(f"Before: {right} right, {took} a prediction.", key="before", tone="lead")
    lead_step(question)
    asked = {name: Asked(key=key, guess=guess) for name, key, guess in zip(PARTS, questions(question.after.run_id), (FASTER, POINTS), strict=True)}
    for name, one in asked.items():
        with st.container(border=True, key=f"ask-{name}"):
            ask(one)
            instruct(one)
    locked = {name: own_guess(one) for name, one in asked.items()}
    alone = room() is None
    if alone and any(value is None for value in locked.values()):
        note("The answer is shown when both guesses are locked.", key="both")
        return
    if all([may_see(one) for one in asked.values()]):
        truths = {"latency": faster_truth(question), "accuracy": points_truth(question)}
        for name, one in asked.items():
            reveal(one, truths[name])
        arrow = arrow_figure(question, truths["latency"], truths["accuracy"], locked["latency"], locked["accuracy"], current_look())
        said = f"{truths['latency'].text} {truths['accuracy'].text}"
        chart(arrow, key="arrow", alt=f"The step as an arrow, and the guess beside it. {said}")
        st.caption(said)
        st.page_link(routes.POINT, label="The point", icon=":material/arrow_forward:", query_params={routes.RUN: question.after.run_id})


def arrow_figure(
    question: StepQuestion, faster: Truth, points: Truth, guessed_faster: float | None, guessed_points: float | None, look: Look
) -> go.Figure:
    """The step as it is, the box of its intervals, and the step that was guessed."""
    figure = go.Figure()
    figure.add_shape(type="rect", x0=faster.low, x1=faster.high, y0=points.low, y1=points.high, fillcolor=faded(look.good, 0.2), line_width=0)
    ends = [("as it is", faster.value, points.value, look.good, "solid")]
    if guessed_faster is not None and guessed_points is not None:
        ends.append(("your guess", guessed_faster, guessed_points, look.bad, "dot"))
    for label, x, y, color, dash in ends:
        figure.add_scatter(
            x=[1, x], y=[0, y], mode="lines+markers+text", name=label, text=["", label], textposition="top center",
            textfont={"size": 17, "color": color}, line={"color": color, "width": 4, "dash": dash},
            marker={"size": [8, 18], "symbol": "arrow", "angleref": "previous", "color": color},
            hoverinfo="skip",
        )  # fmt: skip
    figure.update_xaxes(title="Times faster (more is better)", type="log")
    figure.update_yaxes(title="Points of accuracy (more is better)")
    figure.update_layout(template=template(look), height=420, showlegend=False, margin={"l": 10, "r": 20, "t": 30, "b": 10})
    return figure


page()
