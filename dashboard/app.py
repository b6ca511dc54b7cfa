"""The dashboard: which pages there are. Run it from the root of the repository, `effcore serve` does."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

import streamlit as st

ROOT = str(Path(__file__).resolve().parent.parent)
if ROOT not in sys.path:  # streamlit puts the folder of the script there, not the one that holds the package
    sys.path.insert(0, ROOT)

from dashboard import data, routes  # noqa: E402
from dashboard.data.collecting import settle  # noqa: E402
from dashboard.data.places import choose_study  # noqa: E402
from dashboard.screens.guessing import teaches  # noqa: E402
from dashboard.screens.health import banner, strip  # noqa: E402
from dashboard.screens.parts import follow, style  # noqa: E402
from dashboard.screens.posed import call  # noqa: E402
from dashboard.screens.still import HIDDEN, dress, sign  # noqa: E402
from effcore.errors import EffcoreError  # noqa: E402

st.set_page_config(page_title="effcore", page_icon=routes.ICON, layout="wide", initial_sidebar_state="collapsed")
st.logo(routes.ICON, size="large")
current = st.navigation(
    [
        st.Page(routes.FRONTIER, title="Frontier", url_path="frontier", icon=":material/stairs_2:", default=True),
        st.Page(routes.TECHNIQUES, title="Techniques", url_path="techniques", icon=":material/tune:"),
        st.Page(routes.COMPARE, title="Compare", url_path="compare", icon=":material/compare_arrows:"),
        st.Page(routes.SEARCH_PAGE, title="Search", url_path="search", icon=":material/travel_explore:"),
        st.Page(routes.LAUNCH, title="Launch", url_path="launch", icon=":material/play_arrow:"),
        st.Page(routes.EXPERIMENTS, title="Experiments", url_path="experiments", icon=":material/science:"),
        st.Page(routes.LESSONS, title="Lessons", url_path="lessons", icon=":material/school:"),
        st.Page(routes.CHALLENGES, title="Challenges", url_path="challenges", icon=":material/trophy:"),
        st.Page(routes.CLASS, title="Class", url_path="class", icon=":material/group:", visibility="visible" if teaches() else "hidden"),
        st.Page(routes.PREDICT, title="Guess a step", url_path="predict", visibility="hidden"),
        st.Page(routes.LESSON, title="Lesson", url_path="lesson", visibility="hidden"),
        st.Page(routes.POINT, title="Point", url_path="point", visibility="hidden"),
    ],
    position="top",
)
follow()
choose_study()
style()
dress(current.url_path)
banner(of_store=current.url_path not in ("lessons", "lesson"))  # whose numbers are their own
call()
current.run()
sign(current.url_path)
if current.url_path != "experiments" and st.query_params.get(routes.FROZEN) != HIDDEN:  # whose data is not effcore's; which has no controls
    strip()
with suppress(EffcoreError):  # the page itself says so, with what can be done
    settle(len(data.snapshot().variants))
