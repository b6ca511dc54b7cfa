"""Acts: a teacher at several temperatures."""

from __future__ import annotations

import streamlit as st

from dashboard.charts.lessons import bars_figure
from dashboard.lessons import distillation
from dashboard.lessons.recorded import Recorded
from dashboard.quantities import percent
from dashboard.screens.acts.parts import chart, picture
from dashboard.screens.parts import current_look, heading, note
from effcore.catalogue import TASKS


def act(recorded: Recorded) -> None:
    """A slider of temperature over what a real teacher says of real images; then the student with and without it."""
    images, labels, logits = recorded.images["asked"], recorded.images["asked_labels"], recorded.images["teacher_logits"]
    classes = TASKS["mnist5k"].classes
    left, right = st.columns([1, 3])
    with left:
        chosen = st.selectbox("Image", range(len(images)), format_func=lambda i: f"{i + 1}: labelled {classes[int(labels[i])]}", key="lesson-image")
        picture(images[chosen][0], scale=8, width=200)
    with right:
        temperature = st.select_slider("Temperature", [1.0, 2.0, 4.0, 8.0, 20.0], value=1.0, key="lesson-temperature")
        soft = distillation.soft_labels(logits[chosen], temperature)
        label = classes[int(labels[chosen])]
        values = dict(zip(classes, (float(v) for v in soft), strict=True))
        alt = f"At temperature {temperature:g} the teacher gives {percent(values[label])} to the label {label}."
        chart(
            bars_figure(values, current_look(), x=f"What the teacher says at temperature {temperature:g}", percent=True, marked=label),
            key="soft",
            alt=alt,
        )
    heading("Does it help the student?", key="student-section")
    for alone, taught in distillation.students(recorded):
        shown = [percent(row.value("accuracy"), places=1) for row in (alone, taught)]
        note(f"Seed {alone.document['seed']}: {shown[0]} from labels alone, {shown[1]} with the teacher.",
             key=f"seed-{alone.document['seed']}")  # fmt: skip
