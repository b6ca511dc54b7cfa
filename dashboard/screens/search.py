"""Search: is the search still paying, what decided, and where to look next."""

from __future__ import annotations

from functools import partial

import streamlit as st

from dashboard import data, routes
from dashboard.charts.profile import shares_figure
from dashboard.charts.search import MOST_LINES, growth_figure, moment_figure, rungs_figure
from dashboard.data import analysis, hidden
from dashboard.quantities import count
from dashboard.screens import still
from dashboard.screens.cards import show
from dashboard.screens.export import Kept, export_menu
from dashboard.screens.parts import bound, current_look, empty, explained, heading, note, paste
from dashboard.screens.refusal import attempt
from dashboard.tables import tried_table
from dashboard.views.cards import search_cards
from dashboard.views.profile import Bar
from dashboard.views.search import SearchView, learning, moment, of_moment, parameter_label, search_view, share_of_growth
from dashboard.views.ties import listed
from effcore.errors import EffcoreError, StoreError
from effcore.objectives import searched
from effcore.search.analysis import Gap, Growth, wanted
from effcore.search.history import History


@explained
def page() -> None:
    """The whole page."""
    top = still.screenful()
    with top:
        heading("Search", key="title", below="Is the search still paying, what decided, and where to look next.")
    searches = analysis.searches()
    if not searches:
        empty(
            "Nothing has been searched yet",
            "A sweep with ranges and a strategy such as tpe or nsga2 chooses what to try next.",
            icon=":material/travel_explore:",
        )
        _elsewhere()
        return
    notes = st.container()
    left, right = st.columns([3, 4], gap="large", vertical_alignment="bottom")
    with left:
        chosen = bound("Sweep", list(searches), name=routes.SWEEP, default=next(iter(searches)), labels=searches, notes=notes)
    with right:
        _elsewhere()
    try:
        history: History | None = None if hidden.holds_back(chosen) else analysis.history(chosen)
    except StoreError as error:
        empty("Nothing to show yet", str(error), icon=":material/hourglass_top:", launch=False)
        return
    if history is None or hidden.tells(t.recipe for t in history.tried):
        said = "The class is to guess a step of this sweep; its search can be seen when the answer is released."
        empty("Not before the class has guessed", said, icon=":material/quiz:", launch=False)
        return
    if still.asked() is not None:
        history = of_moment(history, {v.recipe_key for v in data.snapshot().variants if v.sweep == chosen})
    view, kept = search_view(history), Kept()
    with top:
        note(view.headline, key="headline", tone="lead")
        if still.asked() is not None and view.growth is not None:
            _growth(view, view.growth, view.steps, kept, fills=True)
    for index, line in enumerate(view.lines):
        note(line, key=f"line-{index}")
    place = st.container(key="export-place")
    kept.frames["candidates"] = tried_table(view)
    _replay(view, kept)
    _importance(view, kept)
    _rungs(view, kept)
    _ends(view)
    _gap(view, chosen)
    with st.expander("How it searches", key="cards"):
        for index, card in enumerate(search_cards(history.strategy, history.stopping)):
            show(card, key=f"card-{index}")
    with place, st.container(horizontal=True, gap="small", key="take-away"):
        source = f"{history.sampler} on {history.task}, {count(len(history.tried), 'candidate')}"
        export_menu(
            "search", title=f"The search {history.name}", source=source, figures=kept.figures, frames=kept.frames,
            spec=partial(data.store().spec_text, chosen),
        )  # fmt: skip
        still.share("search", st.query_params.to_dict() | {routes.SWEEP: chosen})


def _elsewhere() -> None:
    """Where to look for searches that this page can't show."""
    names = analysis.one_shots()
    if names and still.asked() is None:
        said = f"Not here: {listed(names)}. A search in one shot keeps no history of candidates; what it built is on the frontier"
        note(f"{said}, and effcore proxies says how well it ranked that before it was built.", key="one-shots")


def _replay(view: SearchView, kept: Kept) -> None:
    if view.growth is None:
        note("Nothing that keeps the constraints has finished yet.", key="no-growth")
        return
    heading("Hypervolume over compute", key="growth-section", below="; ".join(share_of_growth(view.growth)) + ".")
    frozen = still.asked() is not None
    step = st.slider("Candidates finished", 1, view.steps, view.steps, key="replay") if view.steps > 1 and not frozen else view.steps
    left, right = st.columns(2, gap="large")
    with left:
        if not frozen:
            _growth(view, view.growth, step, kept)
        note(view.reference, key="reference")
    then = moment(view.history, step)
    if then is not None:
        with right:
            kept.chart("moment", moment_figure(then, current_look()), alt=f"The frontier then. {then.text}")
            note(then.text, key="moment")


def _growth(view: SearchView, grown: Growth, step: int, kept: Kept, *, fills: bool = False) -> None:
    names = [t.name for t in wanted(view.history)]
    alt = f"Hypervolume over core-seconds, {grown.hypervolume[-1]:.3f} at the end. {view.reference}"
    kept.chart("growth", growth_figure(grown, names, current_look(), step=step, height=420), alt=alt, fills=fills)


def _importance(view: SearchView, kept: Kept) -> None:
    if not view.importance:
        note("Too few candidates have finished to say which parameters matter.", key="no-importance")
        return
    heading("Which parameters matter", key="importance-section", below="By PED-ANOVA (Watanabe et al. 2023), in shares of what is explained.")
    for column, (name, shares) in zip(st.columns(max(2, len(view.importance)), gap="large"), view.importance.items(), strict=False):
        bars = tuple(Bar(name=parameter_label(parameter), share=share, text=f"{share:.0f} %") for parameter, share in shares[:8])
        with column:
            figure = shares_figure(bars, current_look(), heading=searched(name).label, rest=False)
            alt = f"{searched(name).label}: " + ", ".join(f"{b.name} {b.text}" for b in bars)
            kept.chart(f"importance-{name}", figure, alt=alt)


def _rungs(view: SearchView, kept: Kept) -> None:
    rows = learning(view.history)
    if rows:
        of = count(len(rows), "candidate") if len(rows) <= MOST_LINES else f"the best {MOST_LINES} of {len(rows):,} candidates"
        shown = "" if len(rows) <= MOST_LINES else f"Shown are {of} that came to more than one rung. "
        heading("Learning over the rungs", key="rungs-section", below=f"{shown}Dotted: stopped on the way.")
        which = searched(view.history.objectives[0])
        alt = f"{which.label} over the rungs of {of}"
        kept.chart("rungs", rungs_figure(rows, which, current_look()), alt=alt)


def _ends(view: SearchView) -> None:
    if view.reasons:
        heading("What was stopped, put off, refused or failed", key="ends-section")
        for index, (reason, number) in enumerate(view.reasons[:12]):
            note(f"{count(number, 'candidate')}: {reason}", key=f"reason-{index}", tone="plain")


def _gap(view: SearchView, run_id: str) -> None:
    heading("Where to look next", key="gap-section")
    if view.gap is None:
        note("The frontier has no gap: it needs two objectives and two points.", key="no-gap")
        return
    first, second = view.gap.between
    note(f"The widest gap lies between {first.name} and {second.name}: {' and '.join(view.gap.limits)}.", key="gap", tone="strong")
    st.button(
        "Fill the launch form with a search in the gap", key=f"fill-gap-{run_id}", type="primary", icon=":material/travel_explore:",
        on_click=attempt, args=(_fill, run_id, view.gap),
    )  # fmt: skip


def _fill(run_id: str, gap: Gap) -> None:
    """In a callback: to the launch page, with a search in the gap."""
    try:
        text = analysis.gap_text(run_id, gap)
    except EffcoreError as error:
        raise EffcoreError(f"No spec can be made for the gap: {error}") from error
    paste(text)


if __name__ == "__main__":
    page()
