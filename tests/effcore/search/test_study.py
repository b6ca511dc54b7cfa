"""Asking and telling: every strategy learns or covers evenly, repeats nothing, and goes on after it was killed with the same trials."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from effcore.catalogue.search import STRATEGIES as CARDS
from effcore.errors import EffcoreError, StoreError
from effcore.search import Study, Trial
from effcore.search.samplers import Settings, View, sampler_name
from effcore.search.study import DRAWN, PROPOSED
from effcore.spec.dimensions import Between, Dimension, Fields, Fixed, Node, OneOf

STRATEGIES = ["random", "qmc", "tpe", "nsga2", "nsga3", pytest.param("gp", marks=pytest.mark.slow)]
BY_NAME = {"random", "qmc", "tpe", "nsga2", "nsga3", "gp"}
RATE = Dimension(name="rate", low=0.0001, high=1.0, log=True)
KIND = Dimension(name="kind", labels=("plain", "cut"))
AMOUNT = Dimension(name="kind.amount", low=0.0, high=1.0, needs=(("kind", 1),))
TREE: Node = Fields((("rate", Between(RATE)), ("kind", OneOf(KIND, (Fixed("plain"), Between(AMOUNT))))))
INNER = OneOf(Dimension(name="b", labels=("p", "q")), (Fixed(2), Fixed(3)))
SMALL: Node = OneOf(Dimension(name="a", labels=("x", "y", "z")), (Fixed(0), Fixed(1), INNER))


def test_every_strategy_of_the_catalogue_is_tested_here() -> None:
    assert BY_NAME == set(CARDS) - {"grid", "one_shot"}  # whose choice is a stage of its own, in tests/effcore/stages/test_screen.py


def outcome(trial: Trial) -> tuple[float, float]:
    """Best near a rate of 0.01 with much cut away: right, to be raised, and cost, to be lowered."""
    a = trial.assignment
    cut = a["kind.amount"] if a["kind"] else 0.0
    return 1 - abs(math.log10(a["rate"] / 0.01)) / 4 - 0.1 * cut, 1.0 - 0.9 * cut


def run(study: Study, trials: int) -> list[Trial]:
    for _ in range(trials):
        trial = study.ask()
        assert trial is not None
        study.tell(trial.number, outcome(trial), violations=[outcome(trial)[1] - 0.8])
    return study.trials


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_asks_for_different_candidates_within_the_space(strategy: str) -> None:
    trials = run(Study(TREE, maximise=(True, False), settings=Settings(strategy=strategy, startup=4, population=4)), 14)
    assert [t.number for t in trials] == list(range(14))
    assert len({str(t.assignment) for t in trials}) == 14
    assert all(0.0001 <= t.assignment["rate"] <= 1 and t.assignment["kind"] in (0, 1) for t in trials)
    assert {t.assignment["kind"] for t in trials} == {0, 1}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_what_is_asked_follows_from_the_seed_and_from_what_was_told(strategy: str, tmp_path: Path) -> None:
    settings = Settings(strategy=strategy, startup=3, population=4, seed=5)
    whole = run(Study(TREE, maximise=(True, False), settings=settings), 10)
    url = f"sqlite:///{tmp_path / 'search.db'}"
    for part in (4, 6):  # a second process finds nothing but the storage
        found = run(Study(TREE, maximise=(True, False), settings=settings, storage=url), part)
    assert found == whole
    assert run(Study(TREE, maximise=(True, False), settings=Settings(strategy=strategy, seed=6)), 3) != whole[:3]


@pytest.mark.parametrize("strategy", ["tpe", "nsga2", pytest.param("gp", marks=pytest.mark.slow)])
def test_a_strategy_that_learns_finds_better_candidates_than_it_began_with(strategy: str) -> None:
    trials = run(Study(TREE, maximise=(True, False), settings=Settings(strategy=strategy, population=8)), 48 if strategy != "gp" else 24)
    third = len(trials) // 3

    def merit(part: list[Trial]) -> float:
        return sum(outcome(t)[0] - outcome(t)[1] for t in part) / len(part)

    assert merit(trials[-third:]) > merit(trials[:third]) + 0.05


@pytest.mark.parametrize("strategy", ["random", "qmc", "tpe", "nsga2"])
def test_a_space_that_is_used_up_says_so(strategy: str) -> None:
    study = Study(SMALL, maximise=(True,), settings=Settings(strategy=strategy, startup=2, population=4))
    for _ in range(4):
        trial = study.ask()
        assert trial is not None
        study.tell(trial.number, [trial.assignment["a"]])
    assert study.ask() is None


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_what_comes_to_the_same_is_asked_for_once(strategy: str, tmp_path: Path) -> None:
    def alike(assignment: Mapping[str, float]) -> str:
        return f"{math.log10(assignment['rate']):.0f} {assignment['kind']:g}"

    url = f"sqlite:///{tmp_path / 'search.db'}"
    for _ in range(2):  # and by whoever goes on with it
        study = Study(TREE, maximise=(True, False), settings=Settings(strategy=strategy, startup=3, population=4), alike=alike, storage=url)
        while (trial := study.ask()) is not None and len(study.trials) < 40:
            study.tell(trial.number, outcome(trial))
        assert len({alike(t.assignment) for t in study.trials}) == len(study.trials) == 10, "five rates with and without a cut"


def test_a_trial_stays_as_it_stood_when_the_process_is_gone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'search.db'}"
    study = Study(TREE, maximise=(True, False), storage=url)
    for _ in range(5):
        study.ask(lambda assignment: {"recipe": f"{assignment['rate']:.3g}"})
    study.tell(0, [0.5, 1.0], violations=[-0.1])
    study.update(1, values=[0.4, 2.0], violations=[0.3], note={"rung": 1})
    study.update(2, state="postponed", note={"reason": "too slow"})
    study.fail(3, note={"reason": "it broke"})
    study.keep("spent_s", 12.5)
    again = Study(TREE, maximise=(True, False), storage=url)
    assert again.trials == study.trials and again.facts["spent_s"] == 12.5
    assert [t.state for t in again.trials] == ["done", "open", "postponed", "failed", "open"]
    assert again.trial(1).values == (0.4, 2.0) and again.trial(1).violation == 0.3 and again.trial(1).note == {"rung": 1}
    assert again.trial(4).note == {"recipe": f"{again.trial(4).assignment['rate']:.3g}"}
    after = again.ask()
    assert after is not None and after.number == 5
    again.tell(1, [0.6, 2.0])
    assert [t.state for t in Study(TREE, maximise=(True, False), storage=url).trials][1] == "done"


def test_a_revised_trial_guides_the_strategy_and_stays_as_it_was_told(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'search.db'}"
    revised, told = Study(TREE, maximise=(True, False), storage=url), Study(TREE, maximise=(True, False))
    for study in (revised, told):
        for number in range(12):
            study.ask()
            study.update(number, values=[0.5 + number / 100, 1.0 + number % 3])
    for number in range(12):
        revised.revise(number, [0.5 + number / 100, 0.01 * number])
        told.update(number, values=[0.5 + number / 100, 0.01 * number])
    assert revised.ask() == told.ask() and revised.trial(3).values == (0.53, 1.0)
    assert Study(TREE, maximise=(True, False), storage=url).trial(3).values == (0.53, 1.0)


def test_optuna_itself_reads_the_storage(tmp_path: Path) -> None:
    import optuna

    url = f"sqlite:///{tmp_path / 'search.db'}"
    trials = run(Study(TREE, maximise=(True, False), storage=url, name="a sweep"), 3)
    there = optuna.load_study(study_name="a sweep", storage=url).trials
    assert [t.values for t in there] == [list(t.values or ()) for t in trials]
    assert [t.params["rate"] for t in there] == [t.assignment["rate"] for t in trials]
    assert [t.constraints["0"] for t in there] == [t.violations[0] for t in trials]


def test_what_can_not_be_told_is_refused() -> None:
    study = Study(TREE, maximise=(True, False))
    with pytest.raises(EffcoreError, match="no trial 0. It has 0"):
        study.tell(0, [1, 1])
    study.ask()
    with pytest.raises(EffcoreError, match="needs 2 values, one for each objective. Got 1"):
        study.tell(0, [1])
    study.tell(0, [1, 1])
    with pytest.raises(EffcoreError, match="Trial 0 has ended: it is done"):
        study.fail(0)


def test_a_storage_that_can_not_be_opened_is_an_error_in_words(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="The storage of the search can't be opened: "):
        Study(TREE, maximise=(True,), storage=f"sqlite:///{tmp_path}/no/such/folder/search.db")
    with pytest.raises(StoreError, match="A driver for it must be installed"):
        Study(TREE, maximise=(True,), storage="postgresql+psycopg://localhost/none")


def test_the_sampler_is_named_with_its_version() -> None:
    assert sampler_name(Settings(strategy="tpe")).startswith("optuna 5") and sampler_name(Settings(strategy="tpe")).endswith("TPESampler")
    assert "Sobol" in sampler_name(Settings(strategy="qmc"))


def test_of_several_proposals_the_preferred_one_is_asked_for_once_it_has_begun() -> None:
    study, offered = Study(TREE, maximise=(True, False), settings=Settings(startup=2)), list[int]()

    def last(proposals: Sequence[Mapping[str, float]]) -> int:
        offered.append(len(proposals))
        wanted.append(dict(proposals[-1]))
        return len(proposals) - 1

    wanted: list[dict[str, float]] = []
    asked = [study.ask(prefer=last) for _ in range(4)]
    assert len(offered) == 2 and all(1 < n <= PROPOSED + DRAWN for n in offered), "the first two are drawn evenly"
    assert [t.assignment for t in asked[2:] if t is not None] == wanted


def test_a_strategy_that_learns_begins_with_candidates_that_are_spread_evenly() -> None:
    study = Study(TREE, maximise=(True, False), settings=Settings(seed=5))
    asked = [study.ask() for _ in range(8)]
    eighths = {int(8 * RATE.share(t.assignment["rate"])) for t in asked if t is not None}
    assert eighths == set(range(8)), "a Sobol sequence: one in each part"
    kinds = [t.assignment["kind"] for t in asked if t is not None]
    assert kinds.count(0) == kinds.count(1) == 4


def test_objectives_by_ratio_are_seen_by_their_logarithm() -> None:
    trial = Trial(number=0, assignment={}, state="done", values=(0.9, 0.01))
    view = View(TREE, maximise=(True, False), log=(False, True), settings=Settings())
    frozen = view.frozen(trial)
    assert frozen is not None and frozen.values == [0.9, pytest.approx(-4.60517)]


def test_the_last_candidates_are_what_is_left_without_what_makes_no_difference_and_each_is_looked_at_once() -> None:
    asked: list[str] = []

    def alike(assignment: Mapping[str, float]) -> str:
        asked.append(str(sorted(assignment.items())))
        return asked[-1]

    for strategy, there in (("tpe", {"a"}), ("nsga2", {"a", "b"})):
        asked.clear()
        study = Study(SMALL, maximise=[True], settings=Settings(strategy=strategy, startup=1, population=4), alike=alike)
        trials = [study.ask() for _ in range(5)]
        assert trials.pop() is None and len({str(sorted(t.assignment.items())) for t in trials if t}) == 4
        assert all(set(t.assignment) == there for t in trials if t and t.assignment["a"] < 2)
        assert len(asked) == len(set(asked)) == 4
