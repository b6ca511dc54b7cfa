"""Studies of Optuna: what Optuna itself wrote, read without writing."""

from __future__ import annotations

import hashlib
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState, create_trial

from effcore.cli.serve import _studies
from effcore.errors import EffcoreError, StoreError
from effcore.tracking.studies import Studies


def make_study(path: Path, *, name: str = "theirs", directions: tuple[str, ...] = ("maximize", "minimize")) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna.create_study(storage=f"sqlite:///{path}", study_name=name, directions=list(directions))


def add(study: optuna.Study, *values: float, state: TrialState = TrialState.COMPLETE, constraint: float | None = None) -> None:
    spaces = {"lr": optuna.distributions.FloatDistribution(0.0, 1.0), "kind": optuna.distributions.CategoricalDistribution(["<b>", "$x$"])}
    study.add_trial(create_trial(
        state=state, values=list(values) or None, params={"lr": 0.25, "kind": "<b>"}, distributions=spaces, user_attrs={"size": 7, "note": "n"},
        system_attrs={} if constraint is None else {"constraints": [constraint]},
    ))  # fmt: skip


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "a study #1.db"
    study = make_study(made)
    study.set_metric_names(["f1", "cost"])
    add(study, 0.9, 3.0)
    add(study, 0.8, 1.0, constraint=0.5)
    add(study, state=TrialState.FAIL)
    add(study, 0.7, 2.0, constraint=-1.0)
    return made


def test_trials_are_variants_and_directions_are_those_of_the_study(path: Path) -> None:
    studies = Studies("mine", f"sqlite:///{path}")
    assert studies.names() == {"1": "theirs"} and studies.directions("1") == {"f1": "max", "cost": "min"}
    first, broken, failed, last = studies.variants("1")
    assert (first.name, first.status, first.run_id) == ("trial 0 · lr 0.25, kind <b>", "FINISHED", "mine-1")
    assert {k: first.metrics[k] for k in ("f1", "cost", "lr", "size")} == {"f1": 0.9, "cost": 3.0, "lr": 0.25, "size": 7.0}
    assert (broken.status, broken.error) == ("FAILED", "breaks the study's constraint 0")
    assert (failed.status, failed.error) == ("FAILED", "the study says no more")
    assert last.status == "FINISHED" and last.metrics["cost"] == 2.0


def test_only_what_changed_is_read_and_nothing_is_written(path: Path) -> None:
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    studies = Studies("mine", f"sqlite:///{path}")
    held = studies.variants("1")
    assert studies.variants("1") is held and hashlib.sha256(path.read_bytes()).hexdigest() == before
    add(optuna.load_study(storage=f"sqlite:///{path}", study_name="theirs"), 0.5, 0.5)
    assert len(studies.variants("1")) == 5


def test_objectives_without_names_are_numbered(tmp_path: Path) -> None:
    add(make_study(tmp_path / "two.db"), 0.5, 2.0)
    add(make_study(tmp_path / "two.db", name="single", directions=("minimize",)), 0.5)
    studies = Studies("two", f"sqlite:///{tmp_path / 'two.db'}")
    assert studies.names() == {"1": "theirs", "2": "single"}
    assert studies.directions("1") == {"objective 1": "max", "objective 2": "min"} and studies.directions("2") == {"objective": "min"}
    assert "duration_s" in studies.variants("2")[0].metrics


def test_what_is_no_storage_is_refused_in_words_and_without_its_password(tmp_path: Path) -> None:
    (tmp_path / "no.db").write_text("nothing")
    (tmp_path / "empty.db").touch()
    for url in (
        f"sqlite:///{tmp_path / 'gone.db'}", f"sqlite:///{tmp_path / 'no.db'}", f"sqlite:///{tmp_path / 'empty.db'}", "sqlite://", "nonsense",
        "postgresql+nodriver://me:secret@localhost/x",
    ):  # fmt: skip
        with pytest.raises(StoreError, match="The storage mine must be") as caught:
            Studies("mine", url)
        assert "secret" not in str(caught.value)
    assert not (tmp_path / "gone.db").exists() and (tmp_path / "empty.db").stat().st_size == 0


def test_studies_on_the_command_line_have_names_of_their_own(path: Path) -> None:
    for given in (["x"], ["x="], ["a b=sqlite:///x"], [f"x=sqlite:///{path}", f"x=sqlite:///{path}"]):
        with pytest.raises(EffcoreError, match="--optuna must be NAME=URL with another name for each"):
            _studies(given)
    assert _studies([f"x=sqlite:///{path}"]) == f'{{"x": "sqlite:///{path}"}}'
    assert _studies([]) == "{}"
