"""What people ask of sweeps and variants while these wait, run or have ended: tags of their runs, which whoever runs them reads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from effcore.errors import EffcoreError
from effcore.home import locked
from effcore.recipe import canonical
from effcore.spec import Spec, parse
from effcore.tracking.rows import PENDING, PREFIX, Again, SweepRecord, read_again, read_sweep
from effcore.tracking.runs import from_mlflow

if TYPE_CHECKING:
    from collections.abc import Mapping

OPEN = ("waiting", "running", "pausing", "paused", "stopped")
"""States of a sweep whose budget can be changed."""


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What a sweep that runs was asked for.

    Attributes:
        budget: Another budget as JSON; empty where none was set while it runs.
    """

    cancel: bool = False
    pause: bool = False
    budget: str = ""


def heard(tags: Mapping[str, str]) -> Heard:
    """What stands in the tags of a run."""
    said = {name: tags.get(PREFIX + name, "") for name in ("cancel", "pause", "budget")}
    return Heard(cancel=bool(said["cancel"]), pause=bool(said["pause"]), budget=said["budget"])


class Requests:
    """The part of a store that writes and reads requests."""

    home: Path
    _client: Any

    def _run(self, run_id: str) -> Any:
        raise NotImplementedError

    def _search(self, where: str) -> list[Any]:
        raise NotImplementedError

    def _set_tags(self, run_id: str, tags: Mapping[str, str]) -> None:
        raise NotImplementedError

    def cancel(self, run_id: str) -> None:
        """Ask a sweep to stop; one that has not begun is stopped at once, one that has ended is left as it is.

        Raises:
            StoreError: There is no such run.
        """
        status = self._run(run_id).info.status
        if status in ("SCHEDULED", "RUNNING"):
            self._set_tags(run_id, {"cancel": "1", "pause": ""})  # one whose process went down while it paused is taken up to be ended
        if status == "SCHEDULED":
            self._client.set_terminated(run_id, status="KILLED")

    def pause(self, run_id: str) -> None:
        """Ask a sweep to stand still: it keeps its place in the queue, and the stages that run come to their end first.

        Raises:
            StoreError: There is no such run.
        """
        if self._run(run_id).info.status in ("SCHEDULED", "RUNNING"):
            self._set_tags(run_id, {"pause": "1"})

    def resume(self, run_id: str) -> None:
        """Let a sweep that stands still go on, as soon as it is its turn.

        Raises:
            StoreError: There is no such run.
        """
        self._run(run_id)
        self._set_tags(run_id, {"pause": ""})

    def set_budget(self, run_id: str, spec_text: str) -> None:
        """Give a search that waits, runs or stands still another budget; it is heard at the next beat.

        Args:
            run_id: Of the sweep.
            spec_text: Its spec with the other budget, and else the same.

        Raises:
            SpecError: The spec has problems.
            EffcoreError: It is another sweep, it has no budget, or has ended; nothing is written.
            StoreError: There is no such run.
        """
        spec = parse(spec_text, source="the changed spec")
        with locked(self.home, "store"):
            self._give_budget(read_sweep(from_mlflow(self._run(run_id))), spec)

    def _give_budget(self, record: SweepRecord, spec: Spec) -> None:
        """What `set_budget` does, for who holds the store already."""
        if record.key != spec.key:
            raise EffcoreError(f"Only the budget of {record.name!r} can be changed while it runs. Launch a changed spec as a sweep of its own.")
        if not spec.search.searches or spec.search.strategy == "one_shot":
            raise EffcoreError(f"The strategy {spec.search.strategy} has no budget that could be changed while it runs.")
        if record.state not in OPEN:
            raise EffcoreError(f"The sweep {record.name!r} is {record.state}. Launch it again with the larger budget: it goes on where it ended.")
        self._client.log_text(record.run_id, spec.text, "spec.yaml")
        self._set_tags(record.run_id, {"budget": canonical(spec.search.budget.model_dump(mode="json"))})

    def again(self, run_id: str) -> Again:
        """Where the request to measure a variant again stands."""
        return read_again(from_mlflow(self._run(run_id)))

    def set_again(self, run_id: str, state: str, *, error: str = "") -> None:
        """File or answer the request to measure a variant again; it stands beside its figures and changes none of them."""
        self._run(run_id)
        self._set_tags(run_id, {"again": state, "again_error": error[:4000]})

    def asked_again(self) -> list[str]:
        """Variants that wait to be measured again, or whose measuring broke off."""
        runs = [run for state in PENDING for run in self._search(f"tags.`{PREFIX}again` = '{state}'")]
        return [str(run.info.run_id) for run in sorted(runs, key=lambda run: (run.info.start_time, run.info.run_id))]
