"""Files are read where they lie, and fetched from a server into a folder of this process."""

from __future__ import annotations

import gc
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from stores import make_record, make_spec

from effcore.errors import StoreError
from effcore.tracking import Store


def test_a_file_on_this_host_is_read_where_it_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path / "a home")
    sweep = store.open_sweep(make_spec())
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "no such folder"))  # a copy would have nowhere to go
    assert store.file(sweep, "spec.yaml").is_relative_to(tmp_path / "a home")
    assert store.spec_text(sweep) == make_spec().text
    with pytest.raises(StoreError, match=f"Run {sweep} has no file 'other.yaml'"):
        store.file(sweep, "other.yaml")
    with pytest.raises(StoreError, match="has no file"):
        store.file(sweep, "../../../mlflow.db")


def test_files_of_variants_that_were_read_are_found_without_asking_for_each_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, spec = Store(tmp_path), make_spec()
    sweep = first.open_sweep(spec)
    runs = [first.log_variant(sweep, make_record(sweep, recipe, documents={"samples.json": {"n": 1}})) for recipe in spec.recipes[:2]]
    other = first.log_variant(sweep, make_record(sweep, spec.recipes[0]), run_id=None)
    store = Store(tmp_path)
    assert {v.run_id for v in store.variants()} >= {*runs, other}
    asked: list[str] = []
    real = store._client.get_run
    monkeypatch.setattr(store._client, "get_run", lambda run_id: (asked.append(run_id), real(run_id))[1])
    assert [store.file(run_id, "samples.json").read_text() for run_id in runs] == [first.file(run_id, "samples.json").read_text() for run_id in runs]
    with pytest.raises(StoreError, match="has no file 'samples.json'"):
        store.file(other, "samples.json")
    assert asked == []
    assert store.file(sweep, "spec.yaml").read_text() == spec.text and asked == [sweep], "a sweep is no variant"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """A real MLflow server that keeps the files on its side."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    kept = ["--backend-store-uri", f"sqlite:///{tmp_path}/server.db", "--artifacts-destination", str(tmp_path / "kept")]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([*command, *kept], stdout=log, stderr=log, cwd=tmp_path)
    address = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 120
    while True:
        try:
            urllib.request.urlopen(f"{address}/health", timeout=2)
            break
        except OSError:
            assert process.poll() is None and time.monotonic() < deadline, (tmp_path / "log").read_text()
            time.sleep(0.2)
    yield address
    process.terminate()
    process.wait(timeout=30)


@pytest.mark.slow
def test_a_file_on_a_server_is_fetched_into_one_folder_of_this_process(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = tmp_path / "temporary"
    folders.mkdir()
    store = Store(tmp_path / "home", uri=server)
    sweep = store.open_sweep(make_spec())
    monkeypatch.setattr(tempfile, "tempdir", str(folders))
    assert [store.spec_text(sweep) for _ in range(3)] == [make_spec().text] * 3
    assert len(list(folders.iterdir())) == 1
    del store
    gc.collect()
    assert list(folders.iterdir()) == []
