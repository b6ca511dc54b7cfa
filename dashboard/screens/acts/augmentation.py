"""Acts: look at what augmentation makes, and at what it is worth."""

from __future__ import annotations

import streamlit as st

from dashboard.charts.lessons import Line, lines_figure
from dashboard.lessons import augmentation
from dashboard.lessons.recorded import Recorded
from dashboard.screens.acts.parts import chart, picture
from dashboard.screens.parts import current_look, heading, note
from effcore.catalogue.policies import POLICIES


def act(recorded: Recorded) -> None:
    """The images of each policy; then accuracy by number of images with and without."""
    policies = augmentation.policies(recorded)
    policy = st.segmented_control("Policy", policies, default=policies[0], key="lesson-policy") or policies[0]
    about = POLICIES.get(policy)
    if about is not None:
        note(f"{about.summary} Does not help: {about.unhelpful}", key="policy")
    originals, changed = recorded.images["original"], recorded.images[policy]
    for index, column in enumerate(st.columns(len(originals))):
        with column:
            picture(originals[index][0], caption="as it is")
            for draw in range(len(changed)):
                picture(changed[draw, index][0])
    heading("What is it worth?", key="worth-section")
    lines = []
    for augmented, label in ((False, "images as they are"), (True, "with small turns, shifts, stretches")):
        sizes = augmentation.by_images(recorded, augmented=augmented)
        lines.append(Line(
            label=label, x=tuple(float(s.images) for s in sizes), y=tuple(s.accuracy for s in sizes), low=tuple(s.low for s in sizes),
            high=tuple(s.high for s in sizes),
        ))  # fmt: skip
    figure = lines_figure(lines, current_look(), x="Training images", y="Accuracy (more is better)", percent=True, log_x=True)
    chart(figure, key="images", alt="Accuracy by number of training images, mean of the seeds with its 95 % interval.")
