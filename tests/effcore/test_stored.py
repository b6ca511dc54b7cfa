"""Points of the store as teachers: which network is meant, and which is refused."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from stores import copy_store, make_record

from effcore.cache import Cache
from effcore.errors import EffcoreError, SpecError
from effcore.recipe import Recipe, teachers
from effcore.spec import Spec, parse
from effcore.stored import StoredTeachers, data_mark, require_current, require_teachers
from effcore.tracking import Store

FIGURES = {"accuracy": 0.9, "latency_ms": 1.5, "data_fraction": 1.0, "train_total_s": 7.0}


def spec(*, family: str = "mlp", task: str = "digits", step: str = "", fraction: float = 1.0) -> Spec:
    training = f"training: {{epochs: 1, data_fraction: {fraction}}}"
    steps = [f"architecture: {{family: {family}}}", training, *([step] if step else []), "runtime: onnxruntime"]
    return parse(f"name: a {family}\ntask: {task}\nrecipe:\n" + "".join(f"  - {entry}\n" for entry in steps))


def student(point: str, **rest: Any) -> Recipe:
    return spec(step=f"distillation: {{teacher: {{point: {point!r}}}}}", **rest).recipes[0]


@pytest.fixture
def store(empty_store: Path, tmp_path: Path) -> Store:
    return copy_store(empty_store, tmp_path / "home")


def log(store: Store, folder: Path, sweep: Spec, *, seed: int = 0, network: bytes = b"network", **rest: Any) -> str:
    """A finished variant with a network."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.pt").write_bytes(network)
    files = {"network.pt": folder / "model.pt"} if network else {}
    run = store.open_sweep(sweep)
    return store.log_variant(run, make_record(run, sweep.recipes[0], seed=seed, **{"metrics": FIGURES, "files": files} | rest))


def find(store: Store | None, recipe: Recipe, *, seed: int | None = None) -> str:
    (teacher,) = teachers(recipe)
    found = StoredTeachers(store)(recipe, teacher, teacher.seed if seed is None else seed)
    assert found.train_total_s == 7.0
    return found.key


def test_a_point_is_found_by_name_recipe_key_and_run_id_with_the_seed_that_is_meant(store: Store, tmp_path: Path) -> None:
    runs = [log(store, tmp_path, spec(), seed=seed, network=bytes([seed])) for seed in (0, 1)]
    (key,) = {recipe.key for recipe in spec().recipes}
    name = spec().recipes[0].name
    keys = [find(store, student(name), seed=seed) for seed in (0, 1)]
    assert len(set(keys)) == 2 and all(k.startswith("stored-") for k in keys)
    assert [find(store, student(key), seed=seed) for seed in (0, 1)] == keys
    assert [find(store, student(run)) for run in runs] == keys


def test_a_teacher_that_saw_other_images_is_refused_and_one_of_the_same_recipe_that_saw_these_is_taken(store: Store, tmp_path: Path) -> None:
    log(store, tmp_path, spec(), network=b"old", data="first", data_ms=2)
    with pytest.raises(EffcoreError, match="must be a point of the images that 'digits' has now. Got 'mlp x1 · 1 ep', which saw others"):
        find(store, student("mlp x1 · 1 ep"))
    another = parse(spec().text.replace("name: a mlp", "name: another"))
    log(store, tmp_path, another, network=b"new", data=data_mark("digits"), data_ms=1)
    old = parse(spec().text.replace("name: a mlp", "name: a third"))
    log(store, tmp_path, old, network=b"old", data="first", data_ms=3)
    assert find(store, student("mlp x1 · 1 ep")) == f"stored-{hashlib.sha256(b'new').hexdigest()[:16]}"


def test_a_file_is_tested_on_no_other_images_than_it_was_made_for(store: Store, tmp_path: Path) -> None:
    log(store, tmp_path, spec(), data="first")
    (variant,) = store.variants()
    with pytest.raises(EffcoreError, match="seed 0, must be of the images that its task has now. They have changed since"):
        require_current(variant)
    require_current(replace(variant, data=data_mark("digits")))
    require_current(replace(variant, data=""))


def test_what_was_found_is_put_into_the_cache_once(store: Store, tmp_path: Path) -> None:
    log(store, tmp_path, spec())
    recipe, cache = student("mlp x1 · 1 ep"), Cache(tmp_path / "home")
    teacher, _ = (StoredTeachers(store, cache=cache)(recipe, teachers(recipe)[0], 0) for _ in range(2))
    entry = cache.find(teacher.key)
    assert entry is not None and (entry.folder / "model.pt").read_bytes() == b"network" and entry.facts["name"] == "mlp x1 · 1 ep"


@pytest.mark.parametrize(
    ("given", "recipe", "expected"),
    [
        ({}, {"point": "mlp x1 1 ep"}, "must be a point of the store. There is no point 'mlp x1 1 ep'. Did you mean 'mlp x1 · 1 ep'?"),
        ({}, {"task": "mnist5k"}, "must be a point of the task 'mnist5k'. Got 'mlp x1 · 1 ep', which is one of 'digits'"),
        ({"seed": 3}, {}, "must be a point that has finished with the seed 0. Got 'mlp x1 · 1 ep', which has not. Run it with that seed first"),
        ({"error": "died"}, {}, "must be a point that has finished with the seed 0"),
        ({"network": b""}, {}, "must be a point with its network. Got 'mlp x1 · 1 ep', which was written without. Run its sweep again"),
        ({}, {"fraction": 0.5}, "saw no more of the training images than its student, 50%. Got 'mlp x1 · 1 ep', which saw 100%"),
    ],
)
def test_what_is_not_there_or_does_not_fit_is_refused(
    given: dict[str, Any], recipe: dict[str, Any], expected: str, store: Store, tmp_path: Path
) -> None:
    log(store, tmp_path, spec(), **given)
    point = recipe.pop("point", "mlp x1 · 1 ep")
    with pytest.raises(EffcoreError, match="must be") as caught:
        find(store, student(point, **recipe))
    assert expected in str(caught.value)


def test_every_missing_teacher_of_a_spec_is_told_at_once_with_its_place_and_nothing_is_there_without_a_store(store: Store) -> None:
    text = "name: a\ntask: digits\nrecipe:\n  - architecture: {family: mlp}\n  - training: {}\n"
    both = parse(text + "  - distillation: {teacher: {point: [one, two]}}\n  - runtime: onnxruntime\n")
    with pytest.raises(SpecError, match="2 problems") as caught:
        require_teachers(both.recipes, StoredTeachers(store), document=both.document)
    assert {p.where for p in caught.value.problems} == {"recipe[2].distillation.teacher.point"}
    with pytest.raises(EffcoreError, match="must be a point of the store, which does not exist yet. Got 'one'"):
        find(None, student("one"))
