"""What a newer state of the store holds that a page does not show yet."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.quantities import count
from dashboard.views.frontier import FrontierView


@dataclass(frozen=True, kw_only=True)
class News:
    """What a newer state of the store holds that the page does not show yet."""

    new: int
    changed_frontier: int

    @property
    def text(self) -> str:
        """For the button that brings it."""
        if self.changed_frontier == 0:
            return f"{count(self.new, 'new result')}, none changes the frontier"
        verb = "changes" if self.changed_frontier == 1 else "change"
        return f"{count(self.new, 'new result')}, {self.changed_frontier} {verb} the frontier"


def news(shown: FrontierView, current: FrontierView) -> News:
    """What is in `current` and not in `shown`, left-out variants counted."""
    front = {d.run_id for d in current.front} - {d.run_id for d in shown.front}
    return News(new=len(_runs(current) - _runs(shown)), changed_frontier=len(front))


def _runs(view: FrontierView) -> set[str]:
    """Runs that a view tells of; those that are still being written are no results yet."""
    told = {d.run_id for d in view.dots} | {e.run_id for e in view.left_out if not e.reason.startswith("not finished")}
    return told if view.cloud is None else told | {view.cloud.variants[row].run_id for row in view.cloud.rows.tolist()}
