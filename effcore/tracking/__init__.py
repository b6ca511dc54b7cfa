"""The tracking store: what every sweep and variant left behind, in MLflow. Nothing else imports mlflow."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from effcore.analysis.frontier import Evidence, Frontier, Variant
from effcore.errors import BusyError, Cancelled, StoreError
from effcore.home import locked
from effcore.recipe import canonical
from effcore.spec import Spec, parse
from effcore.tracking.bill import Bill, read_bill
from effcore.tracking.database import database, make_database, sqlite_path
from effcore.tracking.evidence import EvidenceReader
from effcore.tracking.files import RunFiles
from effcore.tracking.marks import Marks
from effcore.tracking.mirror import Mirror
from effcore.tracking.opening import reach, said_by, unopened, without_passwords
from effcore.tracking.requests import Heard, Requests, heard
from effcore.tracking.rows import MEASUREMENT, PREFIX, SWEEP, VARIANT, Again, SweepRecord, read_sweep, read_variant
from effcore.tracking.runs import Watched, from_mlflow, quoted
from effcore.tracking.watch_client import ClientRuns
from effcore.tracking.watch_sqlite import SqliteRuns
from effcore.tracking.write import VariantRecord, variant_artifacts, variant_batch, variant_tags

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("DO_NOT_TRACK", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")  # "Creating initial tables": nothing a user could act on
logging.getLogger("alembic").setLevel(logging.WARNING)

EXPERIMENT = "effcore"
SCHEMA = "1"
_PAGE = 1000
_BATCH = 100  # parameters that MLflow takes at once

__all__ = ["EXPERIMENT", "Again", "Bill", "Heard", "Store", "SweepRecord", "VariantRecord"]


class Store(Requests):
    """Sweeps and variants in one MLflow store, read piece by piece as they change.

    Args:
        home: The state folder; the SQLite store and its artifacts lie in it.
        uri: Another MLflow tracking URI; what is said of it, `shown`, is without its password.

    Raises:
        StoreError: The store can't be opened.
    """

    def __init__(self, home: Path, *, uri: str | None = None) -> None:
        from mlflow import MlflowClient

        self.home = home
        if uri is None:
            home.mkdir(parents=True, exist_ok=True)
        self.uri = uri or f"sqlite:///{database(home)}"
        self.shown = without_passwords(self.uri)
        reach(self.uri)
        try:
            with locked(home, "store"):  # MLflow's first use builds the schema, and two at once would clash
                if uri is None and not database(home).exists():
                    make_database(database(home))
                self._client = MlflowClient(tracking_uri=self.uri)
                self.experiment_id = self._experiment()
        except Exception as error:  # MLflow and SQLAlchemy raise dozens of kinds here
            raise unopened(self.shown, error) from error
        self._mirror = Mirror(self.watched())
        self._files = RunFiles(self._client, known=self._mirror.files)
        self._evidence = EvidenceReader(self.file)
        self.marks = Marks(self._search, self._set_tags, self._run)

    def _experiment(self) -> str:
        found = self._client.get_experiment_by_name(EXPERIMENT)
        if found is not None:
            return str(found.experiment_id)
        local = self.uri.startswith("sqlite:///")
        location = (self.home.resolve() / "artifacts").as_uri() if local else None
        tags = {"mlflow.note.content": "Each run is a sweep; the runs nested in it are its variants."}
        return str(self._client.create_experiment(EXPERIMENT, artifact_location=location, tags=tags))

    def watched(self, experiment_id: str | None = None) -> Watched:
        """What tells of every run of an experiment, effcore's own where none is given, and then of what changed."""
        path, experiment_id = sqlite_path(self.uri), experiment_id or self.experiment_id
        return SqliteRuns(path, experiment_id) if path is not None else ClientRuns(partial(self._search, experiment_id=experiment_id))

    def _search(self, where: str, *, experiment_id: str | None = None, deleted: bool = False) -> list[Any]:
        from mlflow.entities import ViewType

        runs: list[Any] = []
        token = None
        view = ViewType.DELETED_ONLY if deleted else ViewType.ACTIVE_ONLY
        while True:
            page = self._client.search_runs([experiment_id or self.experiment_id], where, view, _PAGE, page_token=token)
            runs.extend(page)
            token = page.token
            if not token:
                return runs

    # Reading

    def variants(self, *, sweep: str | None = None) -> list[Variant]:
        """All variants that have ended, in every environment; only what changed since the last call is read.

        Args:
            sweep: Run id of a sweep, to have only its variants.
        """
        return [v for v in self.state()[1] if sweep is None or v.sweep == sweep]

    def state(self) -> tuple[str, tuple[Variant, ...]]:
        """The version and all variants, of one moment.

        Raises:
            StoreError: The store can't be read now; `StoreLocked` and `StoreGone` say why.
        """
        self._mirror.refresh()
        return self._mirror.state()

    def version(self) -> str:
        """A text that changes when a variant is added, measured again, deleted or restored."""
        return self.state()[0]

    def sweeps(self) -> list[SweepRecord]:
        """All sweeps, newest first."""
        self._mirror.refresh()
        return self._mirror.sweeps()

    def size_bytes(self) -> int | None:
        """Size of the database; None where it is not a file here."""
        path = sqlite_path(self.uri)
        return path.stat().st_size if path is not None and path.exists() else None

    def sweep(self, name: str | None = None) -> SweepRecord:
        """The newest sweep of that name or run id; the newest of all where no name is given.

        Raises:
            StoreError: There is none.
        """
        sweeps = self.sweeps()
        for record in sweeps:
            if name is None or name in (record.name, record.run_id):
                return record
        known = ", ".join(dict.fromkeys(s.name for s in sweeps)) or "none; make one with `effcore run SPEC`"
        raise StoreError(f"There is no sweep{'' if name is None else f' {name!r}'} in {self.shown}. Known: {known}.")

    def file(self, run_id: str, name: str) -> Path:
        """Local path of an artifact of a run; of a measurement elsewhere, that of the variant it belongs to.

        Raises:
            StoreError: The run has no such file.
        """
        try:
            return self._files.path(run_id, name)
        except Exception as error:  # missing runs, files and folders come as different kinds
            known = self._mirror.variant(run_id)
            owner = self._tag(run_id, "variant") if known is None else known.measures
            if owner:
                return self.file(owner, name)
            raise StoreError(f"Run {run_id} has no file {name!r} in {self.shown}: {said_by(error)}") from error

    def evidence(self, frontier: Frontier, *, did: bool = False) -> Evidence:
        """The raw results behind a frontier's objectives, each file read once; `did` adds what the techniques did."""
        return self._evidence.of(frontier, did=did)

    def spec_text(self, run_id: str) -> str:
        """The YAML of a sweep."""
        return self.file(run_id, "spec.yaml").read_text()

    def _tag(self, run_id: str, name: str) -> str:
        return str(self._run(run_id).data.tags.get(PREFIX + name, ""))

    def _run(self, run_id: str) -> Any:
        try:
            return self._client.get_run(run_id)
        except Exception as error:
            raise StoreError(f"There is no run {run_id!r} in {self.shown}: {said_by(error)}") from error

    # Sweeps

    def schedule(self, spec_text: str, *, owner: str = "") -> str:
        """File a sweep for the runner; the same spec again is the same sweep, however often the button is pressed.

        With another budget it is the same search too: one that waits or runs gets that budget, as by `set_budget`.

        Args:
            spec_text: YAML.
            owner: Who asked, where that is known.

        Returns:
            Run id of the sweep.

        Raises:
            SpecError: The spec has problems; nothing was written.
            BusyError: It is being cancelled right now.
            EffcoreError: It waits or runs with another budget, which can't be changed meanwhile; nothing was written.
        """
        spec = parse(spec_text, source="the submitted spec")
        tags = self._sweep_tags(spec) | {"origin": "page", "owner": owner, "pause": "", "budget": ""}
        with locked(self.home, "store"):
            known = self._known_sweep(spec)
            if known is not None and known.state in ("waiting", "running", "pausing"):
                if parse(self.spec_text(known.run_id), source=f"spec of run {known.run_id}").search.budget != spec.search.budget:
                    self._give_budget(known, spec)
                self._set_tags(known.run_id, {"pause": ""})
                return known.run_id
            if known is not None and known.state == "cancelling":
                raise BusyError(f"The sweep {spec.name!r} is being cancelled. Launch it again when it has stopped.")
            run_id = self._create(spec.name, tags) if known is None else known.run_id
            self._set_tags(run_id, tags if known is None or known.state == "paused" else tags | {"bill": known.bill.launched_again().text})
            self._client.log_text(run_id, spec_text, "spec.yaml")
            self._client.update_run(run_id, status="SCHEDULED")
        return run_id

    def scheduled(self) -> list[SweepRecord]:
        """Sweeps that wait for the runner, oldest first."""
        return sorted((s for s in self.sweeps() if s.state == "waiting"), key=lambda s: (s.started_ms, s.run_id))

    def open_sweep(self, spec: Spec, *, run_id: str | None = None) -> str:
        """The run of a sweep, marked as running: the one given, the one with the same identity, or a new one.

        Raises:
            Cancelled: It was filed, and cancelled before it began.
        """
        tags = self._sweep_tags(spec)
        if run_id is not None and self._tag(run_id, "cancel"):
            self.finish_sweep(run_id, status="KILLED", error="Cancelled before it began.")
            raise Cancelled("The sweep was cancelled before it began.")
        if run_id is None:
            known = self._known_sweep(spec)
            run_id = known.run_id if known is not None else self._create(spec.name, tags | {"origin": "command"})
            tags |= {"pause": "", "budget": "", "bill": (known.bill if known is not None else Bill()).launched_again().text}
        self._set_tags(run_id, tags)
        self._client.set_tag(run_id, "mlflow.note.content", spec.description)
        self._client.log_text(run_id, spec.text, "spec.yaml")
        self._client.update_run(run_id, status="RUNNING")
        return run_id

    def _known_sweep(self, spec: Spec) -> SweepRecord | None:
        known = self._search(f"tags.`{PREFIX}type` = '{SWEEP}' AND tags.`{PREFIX}key` = '{spec.key}'")
        return read_sweep(from_mlflow(known[0])) if known else None

    @staticmethod
    def _sweep_tags(spec: Spec) -> dict[str, str]:
        return {
            "type": SWEEP, "sweep": spec.name, "key": spec.key, "task": spec.task, "objectives": canonical(list(spec.objectives)),
            "schema": SCHEMA, "heartbeat": str(int(time.time())), "error": "", "cancel": "", "strategy": spec.search.strategy,
        }  # fmt: skip

    def log_data(self, run_id: str, health: Mapping[str, Any]) -> None:
        """Write what is known of an operator's data to a sweep: counts by class, what was skipped, what was done."""
        self.keep(run_id, "data.json", health, tags={"data": str(health["fingerprint"])})

    def keep(self, run_id: str, name: str, document: Mapping[str, Any], *, tags: Mapping[str, str]) -> None:
        """Write plain data as a file of a run, and tags beside it."""
        self._client.log_dict(run_id, dict(document), name)
        self._set_tags(run_id, dict(tags))

    def beat(self, run_id: str, *, total: int, done: int, failed: int, bill: Bill | None = None) -> Heard:
        """Say that the sweep is alive, how far it is and what it cost so far; returns what it was asked for."""
        counts = {"total": str(total), "done": str(done), "failed": str(failed), "heartbeat": str(int(time.time()))}
        self._set_tags(run_id, counts if bill is None else counts | {"bill": bill.text})
        return heard(self._run(run_id).data.tags)

    def bill(self, run_id: str) -> Bill:
        """What a sweep cost so far."""
        return read_bill(self._tag(run_id, "bill"))

    def requeue(self, run_id: str) -> None:
        """Let a sweep that was taken up wait again, to be gone on with when there is a runner."""
        self._client.update_run(run_id, status="SCHEDULED")

    def finish_sweep(self, run_id: str, *, status: str, error: str = "") -> None:
        """End a sweep: FINISHED, FAILED or KILLED (cancelled)."""
        self._set_tags(run_id, {"error": without_passwords(error)[:4000]})
        self._client.set_terminated(run_id, status=status)

    # Variants

    def begun(self, sweep_run: str) -> dict[tuple[str, int], Variant]:
        """The variants of a sweep by recipe key and seed, whatever their status."""
        runs = self._search(f"tags.`mlflow.parentRunId` = '{quoted(sweep_run)}' AND tags.`{PREFIX}type` = '{VARIANT}'")
        return {(v.recipe_key, v.seed): v for v in map(read_variant, map(from_mlflow, runs))}

    def measurement(self, variant_run: str, environment: str) -> Variant | None:
        """The measurement of a variant in another environment, whatever its status, where there is one."""
        where = f"tags.`mlflow.parentRunId` = '{quoted(variant_run)}' AND tags.`{PREFIX}environment` = '{quoted(environment)}'"
        found = self._search(where)
        return read_variant(from_mlflow(found[0])) if found else None

    def log_variant(self, sweep_run: str, record: VariantRecord, *, run_id: str | None = None, kind: str = VARIANT) -> str:
        """Write a variant whole; a run that was begun and not ended is written again.

        Args:
            sweep_run: Run id of the sweep; of a measurement elsewhere, of the variant.
            record: What is known of it.
            run_id: The run to write into, where there is one already.
            kind: `variant` or `measurement`.
        """
        tags = variant_tags(record) | {"type": kind, "sweep": record.sweep_run, "schema": SCHEMA}
        if kind == MEASUREMENT:
            tags["variant"] = sweep_run
        metrics, params = variant_batch(record)
        again = run_id is not None
        if run_id is None:  # named in the same step, so that it is found again if this process is killed meanwhile
            run_id = self._create(record.run_name, tags, parent=sweep_run)
        else:  # not finished until it is written whole, so that new figures beside old files are never taken for a result
            self._client.update_run(run_id, status="RUNNING")
        self._client.log_batch(run_id, metrics=metrics)
        for first in range(0, len(params), _BATCH):
            self._client.log_batch(run_id, params=params[first : first + _BATCH])
        with variant_artifacts(record) as folder:
            self._client.log_artifacts(run_id, str(folder))
        if again and not record.error:
            self._remove(run_id, "error.txt")
        self._set_tags(run_id, tags | {"figures": "1"})
        self._client.set_terminated(run_id, status="FAILED" if record.error else "FINISHED")
        return run_id

    def _create(self, name: str, tags: Mapping[str, str], *, parent: str | None = None) -> str:
        full = {PREFIX + k: v for k, v in tags.items()} | {"mlflow.user": "effcore", "mlflow.source.name": "effcore"}
        if parent is not None:
            full["mlflow.parentRunId"] = parent
        run = self._client.create_run(self.experiment_id, tags=full, run_name=name)
        return str(run.info.run_id)

    def _remove(self, run_id: str, name: str) -> None:
        """Take a file back that an earlier writing left."""
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

        if any(file.path == name for file in self._client.list_artifacts(run_id)):
            get_artifact_repository(self._run(run_id).info.artifact_uri).delete_artifacts(name)  # type: ignore[no-untyped-call]

    def _set_tags(self, run_id: str, tags: Mapping[str, str]) -> None:
        from mlflow.entities import RunTag

        self._client.log_batch(run_id, tags=[RunTag(PREFIX + k, v) for k, v in tags.items()])
