"""What an operator named is known to every process of a state folder, follows its files, and can't take a shipped name."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from own_images import CLASSES, break_one, draw, write_folder
from stores import copy_store, make_record
from typer.testing import CliRunner

from effcore import own
from effcore.cache import Cache
from effcore.catalogue import TASKS
from effcore.cli import app
from effcore.context import current_context
from effcore.errors import EffcoreError, SpecError
from effcore.own import Brought, listing, registry
from effcore.plan import make_plan
from effcore.spec import parse
from effcore.tasks import load

SPEC = "name: a\ntask: shapes\nrecipe: [architecture: {family: mlp}, training: {epochs: 1}, runtime: onnxruntime]\n"

KNOWING = """
import pathlib, sys
from effcore import own, tasks
own.know(pathlib.Path(sys.argv[1]))
print(len(tasks.load("shapes").train), "torch" in sys.modules)
"""


def bring(home: Path, path: Path, *, keep: bool = True, **options: object) -> list[str]:
    said: list[str] = []
    own.bring(home, Brought(data=[f"shapes={path}"], **options), keep=keep, say=said.append)  # type: ignore[arg-type]
    return said




@pytest.fixture(autouse=True)
def trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "FRESH_NS", -(10**15))


def stage_keys() -> set[str]:
    return set(make_plan(parse(SPEC).variants, context=current_context()).stages)


def test_data_is_a_task_from_then_on_and_its_images_come_from_the_cache(home: Path, tmp_path: Path) -> None:
    said = bring(home, write_folder(tmp_path / "a", each=5))
    task = TASKS["shapes"]
    assert (task.classes, task.shape, task.test, task.validation, task.train) == (CLASSES, (3, 32, 32), 3, 3, 11)
    assert len(said) == 1 and said[0].startswith("shapes: 17 coloured images of 3 classes, from a folder of images.")
    shutil.rmtree(tmp_path / "a")
    data = load("shapes")
    assert data.fingerprint == task.fingerprint and len(data.test) == 3 and not data.train.images.flags.writeable
    own.know(tmp_path / "another home")
    assert "shapes" not in TASKS
    own.know(home)
    assert TASKS["shapes"] == task and len(parse(SPEC).variants) == 1


def test_another_process_knows_it_by_the_state_folder_alone(home: Path, tmp_path: Path) -> None:
    bring(home, write_folder(tmp_path / "a", each=3))
    found = subprocess.run([sys.executable, "-c", KNOWING, str(home)], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["5", "False"]


def test_the_same_data_gives_the_same_keys_and_other_data_others(home: Path, tmp_path: Path) -> None:
    root = write_folder(tmp_path / "a", each=3)
    bring(home, root)
    keys = stage_keys()
    for path in root.rglob("*.*"):
        os.utime(path)
    shutil.copytree(root, tmp_path / "b")
    assert bring(home, tmp_path / "b") == [] or stage_keys() == keys
    assert stage_keys() == keys
    draw("circle", 77).save(tmp_path / "b" / "circle" / "new.png")
    own.refresh(home, "shapes")
    assert not keys & stage_keys() and TASKS["shapes"].train == 6


def test_a_class_of_another_name_changes_the_file_and_not_the_training(home: Path, tmp_path: Path) -> None:
    root = write_folder(tmp_path / "a", each=3)
    bring(home, root)
    keys = stage_keys()
    (root / "cross").rename(root / "crosses")
    own.refresh(home, "shapes")
    assert TASKS["shapes"].classes == ("circle", "crosses", "stripes")
    kinds = sorted(key.split("-")[0] for key in stage_keys() - keys)
    assert kinds == ["evaluate", "export"]


def test_a_change_that_keeps_size_and_time_of_a_file_is_seen(home: Path, tmp_path: Path) -> None:
    root = write_folder(tmp_path / "a", each=3)
    bring(home, root)
    before, file = TASKS["shapes"].fingerprint, root / "circle" / "grey.png"
    state, content = file.stat(), file.read_bytes()
    file.write_bytes(content[:60] + bytes([content[60] ^ 255]) + content[61:])
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert file.stat().st_size == state.st_size and file.stat().st_mtime_ns == state.st_mtime_ns
    with pytest.raises(EffcoreError, match="circle/grey.png"):
        own.refresh(home, "shapes")
    file.write_bytes(content)
    own.refresh(home, "shapes")
    assert TASKS["shapes"].fingerprint == before


def test_files_that_were_just_written_are_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_text("a")
    assert len(listing.listing_of(tmp_path)) == 64
    monkeypatch.setattr(listing, "FRESH_NS", 10**12)
    assert listing.listing_of(tmp_path) == ""


def test_unchanged_data_is_not_read_again_unless_the_cache_was_cleaned(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write_folder(tmp_path / "a", each=3)
    bring(home, root)
    with monkeypatch.context() as patch:
        patch.setattr("effcore.own.data.read_raw", lambda *args, **options: pytest.fail("read again"))
        own.refresh(home, "shapes")
        assert bring(home, root) == []
    key = own.known().data["shapes"].key
    Cache(home).remove(key)
    with pytest.raises(EffcoreError, match="is gone from the cache. Give the command again: it is read anew."):
        own.data.read_kept(home, key, "shapes")  # type: ignore[attr-defined]
    own.refresh(home, "shapes")
    assert Cache(home).find(key) is not None


def test_a_bundle_reads_the_data_anew_where_the_cache_was_cleaned_and_needs_no_source_where_it_was_not(
    home: Path, tmp_path: Path, empty_store: Path
) -> None:
    store, root = copy_store(empty_store, home), write_folder(tmp_path / "a", each=3)
    bring(home, root)
    spec = parse(SPEC)
    sweep = store.open_sweep(spec)
    (tmp_path / "model.onnx").write_text("a file")
    store.log_variant(sweep, make_record(sweep, spec.recipes[0], files={"model.onnx": tmp_path / "model.onnx"}, artifact="model.onnx"))
    Cache(home).remove(own.known().data["shapes"].key)
    for name in ("freed", "source is gone"):
        done = CliRunner().invoke(app, ["bundle", "--to", str(tmp_path / name), "--home", str(home)], catch_exceptions=False)
        assert done.exit_code == 0 and (tmp_path / name / "images-shapes.npz").exists()
        shutil.rmtree(root, ignore_errors=True)


def test_data_that_is_gone_says_how_to_name_its_place(home: Path, tmp_path: Path) -> None:
    bring(home, write_folder(tmp_path / "a", each=3))
    (tmp_path / "a").rename(tmp_path / "moved")
    with pytest.raises(EffcoreError, match="Nothing is there. Give its place with --data shapes=PATH."):
        own.refresh(home, "shapes")
    own.refresh(home, "digits")


@pytest.mark.parametrize("name", ["digits", "none", "7up", "a/b", "", "x" * 41])
def test_names_that_are_taken_or_mean_else_are_refused(home: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(EffcoreError, match="ships with effcore|must be a letter|must be NAME=PATH"):
        own.bring(home, Brought(data=[f"{name}={tmp_path}"]))
    assert TASKS["digits"].origin == ""


def test_nothing_is_kept_where_something_is_refused_or_only_looked_at(home: Path, tmp_path: Path) -> None:
    root = write_folder(tmp_path / "a", each=3)
    name = break_one(root)
    with pytest.raises(EffcoreError, match=name):
        bring(home, root)
    bring(home, root, keep=False, broken="skip")
    assert TASKS["shapes"].train == 5 and not (home / "own").exists() and not (home / "cache").exists()
    with pytest.raises(EffcoreError, match="Give them together with it."):
        own.bring(home, Brought(resolution=32))
    with pytest.raises(EffcoreError, match="--resolution must be from 8 to 512 pixels. Got 4."):
        bring(home, root, resolution=4)


def test_a_pinned_version_stays_what_it_was(home: Path, tmp_path: Path) -> None:
    assert own.pinned(home) == ""
    bring(home, write_folder(tmp_path / "a", each=3))
    version, task = own.pinned(home), TASKS["shapes"]
    bring(home, write_folder(tmp_path / "b", each=4))
    assert TASKS["shapes"] != task
    own.know(home, version=version)
    assert TASKS["shapes"] == task
    with pytest.raises(EffcoreError, match="is gone, which says what the operator named"):
        registry.read(home, version="0" * 16)


def test_a_damaged_registry_says_what_to_do(home: Path) -> None:
    (home / "own").mkdir(parents=True)
    (home / "own" / "registry.json").write_text("{}")
    with pytest.raises(EffcoreError, match="is not what effcore wrote there.*Remove it and give --data"):
        own.know(home)


def test_a_spec_names_data_and_never_a_path(home: Path, tmp_path: Path) -> None:
    root = write_folder(tmp_path / "a", each=3)
    for task in (str(root), f"shapes={root}", "shapes"):
        with pytest.raises(SpecError, match="must be a task of the catalogue"):
            parse(SPEC.replace("shapes", json.dumps(task)))


def test_check_describe_and_the_options_of_a_command(home: Path, tmp_path: Path) -> None:
    root, spec = write_folder(tmp_path / "a", each=3), tmp_path / "a.yaml"
    spec.write_text(SPEC)
    options = ["--data", f"shapes={root}", "--resolution", "16", "--home", str(home)]
    checked = CliRunner().invoke(app, ["check", str(spec), *options, "--json"])
    assert checked.exit_code == 0 and json.loads(checked.stdout)["variants"] == 1 and not home.exists()
    shown = json.loads(CliRunner().invoke(app, ["describe", "shapes", *options, "--json"]).stdout)["tasks"]["shapes"]
    assert (shown["shape"], shown["classes"], shown["origin"]) == ([3, 16, 16], list(CLASSES), str(root)) and not home.exists()
    refused = CliRunner().invoke(app, ["check", str(spec), "--data", "shapes", "--home", str(home)])
    assert isinstance(refused.exception, EffcoreError) and "--data must be NAME=PATH" in str(refused.exception)


def test_arrays_are_a_task_too(home: Path, tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 255, (30, 12, 12), np.uint8)
    np.savez(tmp_path / "a.npz", images=images, labels=np.arange(30) % 3, classes=np.array(["x", "y", "z"]))
    bring(home, tmp_path / "a.npz")
    assert TASKS["shapes"].shape == (1, 12, 12) and load("shapes").train.images.shape == (21, 1, 12, 12)
