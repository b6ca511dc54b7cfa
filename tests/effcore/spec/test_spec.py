"""A spec is read strictly: every problem at once, where it stands, what is allowed, the nearest known name."""

from __future__ import annotations

import pytest

from effcore.errors import SpecError
from effcore.spec import parse

HEAD = "name: a\ntask: digits\n"
STEPS = """\
recipe:
  - architecture: {family: mlp}
  - training: {epochs: 2}
  - runtime: onnxruntime
"""


def refusal(text: str) -> str:
    with pytest.raises(SpecError) as caught:
        parse(text, source="s.yaml")
    return str(caught.value)


def with_step(step: str) -> str:
    """A spec whose line 6 is a step after the training."""
    return HEAD + STEPS.replace("  - runtime", f"  - {step}\n  - runtime")


def test_a_spec_with_everything_left_out_has_its_defaults() -> None:
    spec = parse(HEAD + STEPS)
    assert (spec.name, spec.task, spec.description) == ("a", "digits", "")
    assert spec.objectives == ("accuracy", "latency_ms") and spec.seeds == (0,)
    assert spec.search.strategy == "grid" and spec.measure.processes == 5
    assert [r.name for r in spec.recipes] == ["mlp x1 · 2 ep"]
    assert spec.text == HEAD + STEPS and spec.document["name"] == "a"


def test_a_spec_with_everything_said() -> None:
    text = HEAD + STEPS + "description: d\nobjectives: [accuracy, size_mb]\nseeds: [3, 1]\n"
    text += "measure: {processes: 7, width: 0.2, max_s: 3}\n"
    spec = parse(text + "search: {strategy: grid}\n")
    assert spec.description == "d" and spec.objectives == ("accuracy", "size_mb") and spec.seeds == (3, 1)
    assert (spec.measure.processes, spec.measure.width, spec.measure.max_s) == (7, 0.2, 3.0)
    assert [(r.key, seed) for r, seed in spec.variants] == [(spec.recipes[0].key, 3), (spec.recipes[0].key, 1)]


def test_recipes_are_joined_and_each_stands_once() -> None:
    parts = STEPS.replace("recipe:\n  - ", "recipes:\n- - ")
    again = parts.replace("recipes:\n", "").replace("mlp", "[cnn, mlp]")
    assert [r.architecture.family for r in parse(HEAD + parts + again).recipes] == ["mlp", "cnn"]


def test_key_of_a_sweep_changes_with_all_but_budget_and_description() -> None:
    key = parse(HEAD + STEPS).key
    assert parse(HEAD + "# a comment\n" + STEPS + "description: other\nmeasure: {processes: 9}\n").key == key
    changed = [
        HEAD.replace("a\n", "b\n", 1) + STEPS, HEAD + STEPS + "seeds: [1]\n", HEAD + STEPS.replace("mlp", "cnn"),
        HEAD.replace("digits", "mnist5k") + STEPS, HEAD + STEPS + "objectives: [accuracy]\n",
    ]  # fmt: skip
    assert len({key, *(parse(text).key for text in changed)}) == 6


UNKNOWN_AND_WRONG = [
    (
        "tassk: x\n",
        "tassk (line 7): must be a key of a spec. Got 'tassk'. Did you mean 'task'? Known: ",
    ),
    ("name: b\n", "name (line 7): must stand once. The key 'name' is there again."),
    ("seeds: []\n", "seeds (line 7): must be a list of different whole numbers from 0 on, at least one. Got []."),
    (
        "seeds: [1, 1]\n",
        "seeds (line 7): must be a list of different whole numbers from 0 on, at least one. Got [1, 1].",
    ),
    ("seeds: [-1]\n", "Got [-1]."),
    ("seeds: [1.5]\n", "Got [1.5]."),
    ("seeds: [true]\n", "Got [True]."),
    ("seeds: 3\n", "Got 3."),
    ("objectives: [latency]\n", "objectives[0] (line 7): must be a metric. Got 'latency'. Did you mean 'latency_ms'?"),
    ("objectives: [[accuracy]]\n", "objectives[0] (line 7): must be a metric. Got ['accuracy']."),
    ("objectives: [{a: 1}]\n", "objectives[0] (line 7): must be a metric. Got {'a': 1}."),
    ("objectives: []\n", "objectives (line 7): must be a list of one to five different metrics. Got []."),
    (
        "objectives: [accuracy, accuracy]\n",
        "must be a list of one to five different metrics. Got ['accuracy', 'accuracy'].",
    ),
    ("description: [a]\n", "description (line 7): must be a text of at most 2,000 characters. Got ['a']."),
    ("measure: 5\n", "measure (line 7): must be parameters by name. Got 5. Known: batch_sizes, max_s, processes, threads, width."),
    ("measure: {processes: 2}\n", "measure.processes (line 7): must be at least 3. Got 2. Fewest fresh processes"),
    ("measure: {width: .nan}\n", "measure.width (line 7): must be a finite number. Got nan."),
    (
        "measure: {proceses: 5}\n",
        "measure.proceses (line 7): must be a parameter of it. Got 'proceses'. Did you mean 'processes'?",
    ),
    (
        "search: {strategy: rondom}\n",
        "must be 'grid', 'random', 'qmc', 'tpe', 'gp', 'nsga2', 'nsga3' or 'one_shot'. Got 'rondom'. Did you mean 'random'?",
    ),
    ("search: {strategy: random}\n", "search.budget (line 7): must say when the search ends, in `variants`, `minutes` or `core_s`."),
    ("search: {seed: 1}\n", "search.seed (line 7): must be left out with the strategy grid, which has no use for it. Got 1."),
    (
        "search: {strategy: tpe, budget: {minutes: 1}, constraints: [latency <= 1]}\n",
        "search.constraints (line 7): must be a limit on a metric; 'latency' is none. Did you mean 'latency_ms'?",
    ),
    ("verdicts: true\nsearch: {strategy: gp, budget: {variants: 5}}\n", "verdicts (line 7): must be left out with a strategy that chooses"),
    (
        "recipes: []\n",
        "recipe (line 3): must be given, as a list of steps; or `recipes`, as a list of such lists; not both.",
    ),
]


@pytest.mark.parametrize(("line", "expected"), UNKNOWN_AND_WRONG)
def test_a_wrong_line_is_refused(line: str, expected: str) -> None:
    assert expected in refusal(HEAD + STEPS + line)


@pytest.mark.parametrize("name", ["''", "../x", "/etc/passwd", "a/b", "a\\b", "5", "[a]", "'" + "x" * 65 + "'", "~", "' a'"])
def test_a_name_is_no_path(name: str) -> None:
    expected = "name (line 1): must be 1 to 64 letters, digits, spaces, dots, dashes or underscores. Got "
    assert expected in refusal(f"name: {name}\ntask: digits\n" + STEPS)
    assert "It is no path." in refusal(f"name: {name}\ntask: digits\n" + STEPS)


@pytest.mark.parametrize("text", ["3", "- a", "a text", "null", "[]"])
def test_what_is_no_mapping(text: str) -> None:
    assert "spec (line 1): must be a mapping with name, task and recipe. Got " in refusal(text)


def test_an_empty_mapping_misses_all_that_must_be_there() -> None:
    assert [line.split(" (")[0].strip() for line in refusal("{}").splitlines()[1:]] == ["name", "task", "recipe"]


def test_an_unknown_task_with_the_nearest() -> None:
    expected = "task (line 2): must be a task of the catalogue. Got 'mnist'. Did you mean 'mnist5k'? Known: digits, "
    assert expected in refusal("name: a\ntask: mnist\n" + STEPS)
    assert "task (line 2): must be a task of the catalogue. Got ['digits']." in refusal("name: a\ntask: [digits]\n" + STEPS)


STEP_PROBLEMS = [
    (
        "prunning: {amount: 0.5}",
        "recipe[2].prunning (line 6): must be a technique of the catalogue. Got 'prunning'. Did you mean",
    ),
    (
        "pruning: {amount: 1.5}",
        "recipe[2].pruning.amount (line 6): must be less than 1.0. Got 1.5. Share of the channels",
    ),
    ("pruning: {amount: 0}", "recipe[2].pruning.amount (line 6): must be more than 0.0. Got 0."),
    ("pruning: {amount: .nan}", "recipe[2].pruning.amount (line 6): must be a finite number. Got nan."),
    ("pruning: {amount: .inf}", "recipe[2].pruning.amount (line 6): must be a finite number. Got inf."),
    ("pruning: {amount: 1e400}", "recipe[2].pruning.amount (line 6): must be a finite number. Got inf."),
    ("pruning: {amount: half}", "recipe[2].pruning.amount (line 6): must be a number. Got 'half'."),
    ("pruning: {amount: '0.5'}", "recipe[2].pruning.amount (line 6): must be a number. Got '0.5'."),
    ("pruning: {amount: true}", "recipe[2].pruning.amount (line 6): must be a number. Got True."),
    ("pruning: {amount: [[0.5]]}", "recipe[2].pruning.amount (line 6): must be a number. Got [0.5]."),
    (
        "pruning: {amount: []}",
        "recipe[2].pruning.amount (line 6): must hold at least one alternative. Got an empty list.",
    ),
    ("pruning: {fine_tune: 1.5}", "recipe[2].pruning.fine_tune (line 6): must be a whole number. Got 1.5."),
    ("pruning: {fine_tune: -1}", "recipe[2].pruning.fine_tune (line 6): must be at least 0. Got -1."),
    ("pruning: {round_to: 100}", "recipe[2].pruning.round_to (line 6): must be at most 64. Got 100."),
    (
        "pruning: {amont: 0.5}",
        "recipe[2].pruning.amont (line 6): must be a parameter of it. Got 'amont'. Did you mean 'amount'?",
    ),
    (
        "pruning: {criterion: l3}",
        "recipe[2].pruning.criterion (line 6): must be 'l1', 'l2', 'taylor', 'batch_norm', 'activation', 'apoz' or 'random'. Got 'l3'.",
    ),
    (
        "pruning: {amount: 0.5, amount: 0.6}",
        "recipe[2].pruning.amount (line 6): must stand once. The key 'amount' is there again.",
    ),
    (
        "pruning: 0.5",
        "recipe[2].pruning (line 6): must be parameters by name. Got 0.5. For all defaults write `pruning: {}`",
    ),
    ("pruning: []", "recipe[2].pruning (line 6): must hold at least one alternative. Got an empty list."),
    ("pruning: [none, none]", "recipe[2].pruning (line 6): must not hold the same alternative twice. Got none again."),
    (
        "pruning: [{}, {amount: 0.5}]",
        "must not hold the same alternative twice. Got {'pruning': {'structure': 'channels'",
    ),
    (
        "pruning: {amount: {low: 0.1, high: 0.9}}",
        "pruning.amount (line 6): is a range, which the strategy `grid` can't walk through.",
    ),
    ("quantization: {per_channel: 1}", "recipe[2].quantization.per_channel (line 6): must be true or false. Got 1."),
    ("quantization: {bits: 4}", "recipe[2].quantization.bits (line 6): must be 8 with the mode static. Got 4."),
    ("quantization: {mode: fp16, bits: 8}", "recipe[2].quantization.bits (line 6): must be 16 with the mode fp16. Got 8."),
    ("distillation: {teacher: {family: cnn}, feature_loss: hints}", "feature_loss (line 6): must be left out where features is 0"),
    ("quantization: {fine_tune: {}}", "recipe[2].quantization.fine_tune (line 6): must be left out with the mode static, which has no use for it."),
    ("quantization: {mode: aware, fine_tune: {epochs: 0}}", "recipe[2].quantization.fine_tune.epochs (line 6): must be at least 1. Got 0."),
    ("quantization: {mode: aware, calibration: minmax}", "recipe[2].quantization.calibration (line 6): must be left out with the mode aware"),
    ("quantization: {mode: codebook, per_channel: false}", "per_channel (line 6): must be left out with the mode codebook, which has no use"),
    ("quantization: {mode: dynamic, calibration: entropy}", "calibration (line 6): must be left out with the mode dynamic, which has no use"),
    ("quantization: {mode: weight_only, bits: 4, per_channel: false}", "per_channel (line 6): must be true with 4 bits: one scale"),
    ("quantization", "recipe[2] (line 6): must be one technique with its parameters, as `pruning: {amount: 0.5}`. Got"),
    ("{pruning: {}, quantization: {}}", "recipe[2] (line 6): must be one technique with its parameters"),
    ("training: none", "recipe[2].training (line 6): can't be left out: every recipe has `training`."),
]


@pytest.mark.parametrize(("step", "expected"), STEP_PROBLEMS, ids=[step for step, _ in STEP_PROBLEMS])
def test_a_wrong_step_is_refused(step: str, expected: str) -> None:
    assert expected in refusal(with_step(step))


TEACHERS = [
    ("7", "recipe[2].distillation.teacher (line 6): must be parameters by name. Got 7. The network to learn from."),
    ("cnn", "recipe[2].distillation.teacher (line 6): must be parameters by name. Got 'cnn'."),
    ("{}", "recipe[2].distillation.teacher.point (line 6): must be given where family is not: a teacher is trained, or is a point of the store."),
    ("{family: cnn, point: a}", "recipe[2].distillation.teacher.point (line 6): must be left out where family is given: a teacher is trained, or"),
    ("{point: a, width: 2}", "teacher.width (line 6): must be left out where point is given, whose network is taken as it is."),
    ("{point: 7}", "recipe[2].distillation.teacher.point (line 6): must be a text. Got 7."),
    (
        "{family: forest}",
        "teacher.family (line 6): must be 'mlp', 'cnn', 'residual', 'mobile', 'lenet_300_100',",
    ),
    (
        "{family: same, width: 2}",
        "teacher.width (line 6): must be left out or 1 where family is 'same', which takes that of the student. Got 2. Width of the teacher.",
    ),
    ("{family: same, depth: 3}", "teacher.depth (line 6): must be left out or 1 where family is 'same'"),
    ("{family: cnn, members: 9}", "teacher.members (line 6): must be at most 8. Got 9. Networks of which the teacher is"),
    (
        "{family: cnn, wide: 2}",
        "recipe[2].distillation.teacher.wide (line 6): must be a parameter of it. Got 'wide'. Did you mean 'width'?",
    ),
    ("{family: cnn, width: 100}", "recipe[2].distillation.teacher.width (line 6): must be at most 4.0. Got 100."),
    ("{family: []}", "recipe[2].distillation.teacher.family (line 6): must hold at least one alternative."),
    ("[{family: []}]", "recipe[2].distillation.teacher[0].family (line 6): must hold at least one alternative."),
    ("[{family: cnn, width: {low: 1, high: 2}}]", "recipe[2].distillation.teacher[0].width (line 6): is a range"),
    ("{family: cnn, seed: -1}", "recipe[2].distillation.teacher.seed (line 6): must be at least 0. Got -1."),
]


@pytest.mark.parametrize(("teacher", "expected"), TEACHERS)
def test_a_teacher_that_is_no_model_is_refused(teacher: str, expected: str) -> None:
    assert expected in refusal(with_step(f"distillation: {{teacher: {teacher}}}"))


def test_a_missing_teacher_is_refused() -> None:
    assert "recipe[2].distillation.teacher (line 6): must be given. The network to learn from." in refusal(with_step("distillation: {}"))


def test_all_problems_come_at_once_in_the_order_of_the_text() -> None:
    text = """\
name: ../x
taks: digits
task: digitz
seeds: [-1]
objectives: [acuracy]
recipe:
  - architecture: {family: [mlp, cnm], width: 9}
  - trainig: {}
  - pruning: {amount: [0.5, 2], criterion: l9}
  - runtime: tensorflow
measure: {width: 0}
"""
    lines = refusal(text).splitlines()
    assert lines[0] == "s.yaml: 12 problems"
    places = [line.split(": ")[0].strip() for line in lines[1:]]
    assert places == [
        "name (line 1)", "taks (line 2)", "task (line 3)", "seeds (line 4)", "objectives[0] (line 5)",
        "recipe[0].architecture.width (line 7)", "recipe[0].architecture.family (line 7)", "recipe[1].trainig (line 8)",
        "recipe[2].pruning.criterion (line 9)", "recipe[2].pruning.amount (line 9)", "recipe[3].runtime.name (line 10)",
        "measure.width (line 11)",
    ]  # fmt: skip


def test_seeds_times_recipes_are_bounded() -> None:
    widths = ", ".join(str(0.125 + i / 1000) for i in range(100))
    text = HEAD + STEPS.replace("mlp", f"mlp, width: [{widths}]") + f"seeds: {list(range(201))}\n"
    assert "seeds (line 7): must make at most 20,000 variants. Got 100 recipes x 201 seeds." in refusal(text)


@pytest.mark.parametrize("field", ["batch_sizes", "threads"])
@pytest.mark.parametrize("value", ["[]", "[0]", "[1, 1]", "[2000]"])
def test_sizes_are_different_counts(field: str, value: str) -> None:
    expected = f"measure.{field} (line 7): must be a list of one to 8 different whole numbers from 1 to 1024. Got {value}."
    assert expected in refusal(HEAD + STEPS + f"measure: {{{field}: {value}}}\n")


def test_sizes_that_are_no_lists_or_whole_numbers_are_refused() -> None:
    assert "measure.threads (line 7): must be a list. Got 2." in refusal(HEAD + STEPS + "measure: {threads: 2}\n")
    assert "must be a whole number. Got 1.5." in refusal(HEAD + STEPS + "measure: {batch_sizes: [1.5]}\n")


def test_every_batch_size_with_every_number_of_threads_the_first_ones_first() -> None:
    measure = parse(HEAD + STEPS + "measure: {batch_sizes: [8, 1], threads: [2, 1], max_s: 3}\n").measure
    assert measure.sizes == [(8, 2), (1, 2), (8, 1), (1, 1)]
    assert measure.settings == {"processes": 5, "width": 0.10, "max_s": 3.0}
    assert parse(HEAD + STEPS).measure.sizes == [(1, 1)]


def test_further_environments_leave_the_identity_of_a_sweep_and_another_first_one_does_not() -> None:
    plain = parse(HEAD + STEPS)
    assert parse(HEAD + STEPS + "measure: {batch_sizes: [1, 32], threads: [1, 2], max_s: 3}\n").key == plain.key
    assert parse(HEAD + STEPS + "measure: {batch_sizes: [32, 1]}\n").key != plain.key


def test_limits_are_no_part_of_what_a_sweep_is() -> None:
    text = "name: a\ntask: digits\nrecipe:\n  - architecture: {family: mlp}\n  - training: {}\n  - runtime: onnxruntime\n"
    limited = parse(text + "limits: {train_ram_mb: 500.0}\n")
    assert limited.limits.train_ram_mb == 500.0 and parse(text).limits.train_ram_mb is None
    assert limited.key == parse(text).key
    with pytest.raises(SpecError, match="limits.train_ram_mb"):
        parse(text + "limits: {train_ram_mb: 0}\n")
    with pytest.raises(SpecError, match="Did you mean 'train_ram_mb'"):
        parse(text + "limits: {train_ram: 5}\n")


@pytest.mark.parametrize(
    ("strategy", "objectives", "constraints", "where", "sentence"),
    [
        ("tpe", "[accuracy, throughput_per_s]", "[]", "objectives[1]", "batches of one image alone"),
        ("random", "[accuracy]", "['throughput_per_s >= 9']", "search.constraints[0]", "batches of one image alone"),
        ("tpe", "[accuracy, search_s]", "[]", "objectives[1]", "search_s is that of the strategy one_shot"),
        ("[tpe, random]", "[accuracy]", "[]", "search.strategy", "Got ['tpe', 'random']"),
    ],
)
def test_a_search_is_judged_by_what_will_be_there(strategy: str, objectives: str, constraints: str, where: str, sentence: str) -> None:
    text = f"name: a\ntask: digits\nobjectives: {objectives}\nrecipe:\n  - architecture: {{family: mlp, width: [0.5, 1.0]}}\n  - training: {{}}\n"
    text += f"  - runtime: onnxruntime\nsearch: {{strategy: {strategy}, constraints: {constraints}, budget: {{variants: 4}}}}\n"
    with pytest.raises(SpecError) as caught:
        parse(text)
    assert any(p.where == where and sentence in p.message for p in caught.value.problems), str(caught.value)
    if "throughput_per_s" in text:
        assert parse(text + "measure: {batch_sizes: [1, 32]}\n").search.strategy == strategy
