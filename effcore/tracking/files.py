"""Files of runs: where they lie, or fetched from a server into a folder that goes with this process."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow import MlflowClient


class RunFiles:
    """The files of one store's runs.

    `MlflowClient.download_artifacts` copies every file into a new temporary folder that nobody removes, also where
    the file lies on this host: thousands of folders after a day with the pages open.

    Args:
        client: Of the store.
        known: Address of the folder of a run's files; empty where only the client can tell.
    """

    def __init__(self, client: MlflowClient, *, known: Callable[[str], str]) -> None:
        self._client, self._known = client, known
        self._roots: dict[str, str] = {}
        self._fetched: tempfile.TemporaryDirectory[str] | None = None

    def path(self, run_id: str, name: str) -> Path:
        """Local path of a file of a run.

        Raises:
            MlflowException: No such run or file; other kinds where a server can't be reached.
        """
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
        from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository

        repository = get_artifact_repository(self._root(run_id), tracking_uri=self._client.tracking_uri)
        if isinstance(repository, LocalArtifactRepository):
            return Path(repository.get_local_path(name))
        fetched = repository.download_artifacts(name, dst_path=str(self._folder(run_id)))  # type: ignore[no-untyped-call]
        return Path(fetched)

    def _root(self, run_id: str) -> str:
        known = self._known(run_id)
        if not known and run_id not in self._roots:
            self._roots[run_id] = str(self._client.get_run(run_id).info.artifact_uri)
        return known or self._roots[run_id]

    def _folder(self, run_id: str) -> Path:
        if self._fetched is None:
            self._fetched = tempfile.TemporaryDirectory(prefix="effcore-fetched-")
        folder = Path(self._fetched.name) / run_id
        folder.mkdir(exist_ok=True)
        return folder
