"""Which stages a sweep needs, and what their names depend on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from effcore.catalogue import TASKS
from effcore.catalogue.distillation import Teacher
from effcore.errors import EffcoreError
from effcore.plan import Context, Plan, Planner, Stage, make_plan, measure_stage, rungs
from effcore.plan.planned import StoredTeacher
from effcore.recipe import Recipe, parent
from effcore.spec import parse

KINDS = ("train", "transform", "export", "evaluate", "measure")
CONTEXT = Context(
    exact_int8=True,
    machine="m",
    sources={kind: "1" for kind in KINDS}
    | {f"technique:{name}": "1" for name in ("augmentation", "distillation", "pruning", "quantization")}
    | {f"runtime:{name}": "1" for name in ("onnxruntime", "torch")},
    versions={"train": {"torch": "2"}, "export": {"onnx": "1"}, "runtime:onnxruntime": {"onnxruntime": "1"}},
)
MLP, TRAIN, RUN = "architecture: {family: mlp}", "training: {epochs: 4}", "runtime: onnxruntime"
TEACHER = "distillation: {teacher: {family: cnn, epochs: 2}}"


def recipes(*steps: str, task: str = "digits") -> tuple[Recipe, ...]:
    return parse(f"name: a\ntask: {task}\nrecipe:\n" + "".join(f"  - {step}\n" for step in steps)).recipes


def plan(*steps: str, seeds: tuple[int, ...] = (0,), context: Context = CONTEXT, task: str = "digits") -> Plan:
    return make_plan([(r, s) for r in recipes(*steps, task=task) for s in seeds], context=context)


def kinds(found: Plan) -> dict[str, int]:
    return dict(Counter(stage.kind for stage in found.stages.values()))


def test_rungs_are_quarters_halves_and_wholes_rounded_up() -> None:
    assert {n: rungs(n) for n in (1, 2, 3, 4, 5, 8, 10)} == {
        1: (1,), 2: (1, 2), 3: (1, 2, 3), 4: (1, 2, 4), 5: (2, 3, 5), 8: (2, 4, 8), 10: (3, 5, 10),
    }  # fmt: skip


def test_a_training_is_a_chain_of_rungs() -> None:
    found = plan(MLP, TRAIN, RUN)
    trains = [s for s in found.stages.values() if s.kind == "train"]
    assert [(s.config["from"], s.config["until"]) for s in trains] == [(0, 1), (1, 2), (2, 4)]
    assert [dict(s.inputs) for s in trains] == [{}, {"before": trains[0].key}, {"before": trains[1].key}]
    assert [s.units for s in trains] == [1, 1, 2]
    (variant,) = found.variants
    assert variant.stages == (*(s.key for s in trains), variant.export, variant.evaluate)
    assert dict(found.stages[variant.export].inputs) == {"model": trains[-1].key}
    assert dict(found.stages[variant.evaluate].inputs) == {"artifact": variant.export}


def test_inputs_come_before_what_needs_them() -> None:
    pruned = "pruning: [none, {}, {amount: 0.25}]"
    found = plan(MLP, TRAIN, TEACHER, pruned, "quantization: [none, {}]", RUN)
    for order in [list(found.stages), *(list(v.stages) for v in found.variants)]:
        for index, key in enumerate(order):
            assert {needed for _, needed in found.stages[key].inputs} <= set(order[:index])


def test_shared_stages_are_counted_once() -> None:
    found = plan(MLP, TRAIN, "pruning: [none, {}]", "quantization: [none, {}]", RUN)
    assert len(found.variants) == 4
    assert kinds(found) == {"train": 3, "transform": 1, "export": 4, "evaluate": 4}
    assert found.total == 4 * (3 + 1 + 1 + 1) + 2  # three rungs, export, evaluate, measure; two of them prune
    assert found.trainings == 2
    assert found.structures == 4


def test_a_longer_training_shares_nothing_with_a_shorter_one() -> None:
    # The course of the learning rate spans all epochs, so half of a long training is not a short one.
    assert kinds(plan(MLP, "training: {epochs: [2, 4]}", RUN))["train"] == 5


def test_a_technique_with_the_same_structure_shares_the_expected_measurement() -> None:
    pruned = "pruning: [none, {fine_tune: 0}, {criterion: l1}]"
    found = plan(MLP, TRAIN, "augmentation: [none, {}]", pruned, RUN, seeds=(0, 1))
    assert len(found.variants) == 12 and found.structures == 2


def test_a_teacher_is_trained_once_for_all_students_and_seeds() -> None:
    found = plan("architecture: {family: [mlp, mobile]}", TRAIN, TEACHER, RUN, seeds=(0, 1, 2))
    teachers = {v.teachers for v in found.variants}
    assert len(teachers) == 1
    (keys,) = teachers
    assert [found.stages[k].config["until"] for k in keys] == [1, 2]
    assert all(found.stages[k].config["seed"] == 0 for k in keys)
    assert kinds(found)["train"] == 2 + 6 * 3 and found.trainings == 1 + 6


def test_a_teacher_that_is_a_variant_too_is_trained_once() -> None:
    with_teacher = recipes("architecture: {family: mlp}", "training: {epochs: 2}", TEACHER, RUN)
    alone = recipes("architecture: {family: cnn}", "training: {epochs: 2}", RUN)
    assert make_plan([(r, 0) for r in (*with_teacher, *alone)], context=CONTEXT).trainings == 2


def test_a_student_has_its_teacher_as_input_of_every_rung_and_fine_tuning() -> None:
    found = plan(MLP, TRAIN, TEACHER, "pruning: {}", RUN)
    (variant,) = found.variants
    students = [found.stages[k] for k in variant.stages if found.stages[k].trains and k not in variant.teachers]
    assert [s.kind for s in students] == ["train", "train", "train", "transform"]
    assert {dict(s.inputs)["teacher"] for s in students} == {variant.teachers[-1]}


def test_a_stored_teacher_is_an_input_by_its_content_and_no_stage() -> None:
    def find(recipe: Recipe, teacher: Teacher, seed: int) -> StoredTeacher:
        return StoredTeacher(key=f"stored-{teacher.point}-{seed}", train_total_s=3.0)

    steps = (MLP, TRAIN, "distillation: {teacher: {point: [a, b], members: 2}}", "pruning: {}", RUN)
    found = make_plan([(r, 0) for r in recipes(*steps)], context=CONTEXT, stored=find)
    for variant, name in zip(found.variants, "ab", strict=True):
        students = [found.stages[key] for key in variant.stages if found.stages[key].trains]
        assert [s.kind for s in students] == ["train", "train", "train", "transform"] and variant.teachers == ()
        for stage in students:
            given = {role: key for role, key in stage.inputs if role.startswith("teacher")}
            assert given == {"teacher": f"stored-{name}-0", "teacher_1": f"stored-{name}-1"}
        assert [t.key for t in variant.stored] == [f"stored-{name}-0", f"stored-{name}-1"]
    assert not set(found.variants[0].stages) & set(found.variants[1].stages)
    with pytest.raises(EffcoreError, match="teacher.point must be left out where there is no store to find it in. Got 'a'"):
        plan(*steps)


def test_training_with_rounding_is_a_training_of_its_own_between_the_network_and_its_file() -> None:
    found = plan(MLP, TRAIN, TEACHER, "pruning: {structure: weights}", "quantization: [{}, {mode: aware, fine_tune: {epochs: 3}}]", RUN)
    static, aware = found.variants
    (key,) = set(aware.stages) - set(static.stages) - {aware.export, aware.evaluate}
    stage, model = found.stages[key], dict(found.stages[static.export].inputs)["model"]
    assert stage.kind == "transform" and stage.units == 3 and stage.trains and stage.config["keep_zeros"] and stage.config["contributes"]
    assert dict(stage.inputs) == {"model": model, "teacher": aware.teachers[-1]}
    assert dict(found.stages[aware.export].inputs) == {"model": model, "trained": key}
    assert aware.own == (key,) and static.own == () and aware.structure == static.structure and found.trainings == 4
    assert stage.config["step"]["quantization"]["reduce_range"] is not None


def ensemble(members: int, family: str = "cnn") -> str:
    return f"distillation: {{teacher: {{family: {family}, epochs: 2, members: {members}}}}}"


def test_members_of_an_ensemble_are_shared_with_smaller_ones_and_single_teachers() -> None:
    (single,), (triple,) = plan(MLP, TRAIN, TEACHER, RUN).variants, plan(MLP, TRAIN, ensemble(3), RUN).variants
    assert len(triple.teachers) == 3 * 2 and set(single.teachers) < set(triple.teachers)
    assert ensemble(1) != TEACHER and plan(MLP, TRAIN, ensemble(1), RUN).variants[0].stages == single.stages
    found = plan(MLP, TRAIN, TEACHER.replace("epochs: 2", "epochs: 2, members: [1, 2, 3]"), RUN)
    assert found.trainings == 3 + 3
    seeds = {found.stages[k].config["seed"] for v in found.variants for k in v.teachers}
    assert seeds == {0, 1, 2}


def test_a_student_has_every_member_as_an_input_of_its_own_and_pays_for_all() -> None:
    found = plan(MLP, TRAIN, ensemble(3), "pruning: {}", RUN)
    (variant,) = found.variants
    last = {found.stages[k].config["seed"]: k for k in variant.teachers}
    students = [found.stages[k] for k in variant.stages if found.stages[k].trains and k not in variant.teachers]
    assert [s.kind for s in students] == ["train", "train", "train", "transform"]
    for stage in students:
        given = {role: key for role, key in stage.inputs if role.startswith("teacher")}
        assert given == {"teacher": last[0], "teacher_1": last[1], "teacher_2": last[2]}
    assert set(variant.teachers) <= set(variant.stages) and not set(variant.own) & set(variant.teachers)


def test_a_student_that_learns_from_itself_shares_its_teacher_with_the_recipe_without() -> None:
    found = plan("architecture: {family: mlp, width: 0.5}", "training: {epochs: 2}", f"distillation: [none, {ensemble(2, 'same')[14:]}]", RUN)
    alone, student = found.variants
    assert set(alone.stages[:2]) < set(student.teachers) and found.trainings == 3
    (architecture,) = {str(found.stages[k].config["architecture"]) for k in student.teachers}
    assert architecture == "{'family': 'mlp', 'width': 0.5, 'depth': 1, 'resolution': 1.0, 'subnetwork': None}"


def test_an_earlier_phase_of_the_student_stays_its_own_where_it_is_its_teacher_too() -> None:
    found = plan(MLP, "training: {epochs: 2}", "pruning: {}", TRAIN, ensemble(1, "same"), RUN)
    (variant,) = found.variants
    assert variant.teachers == () and found.trainings == 3
    second = [s for s in found.stages.values() if s.kind == "train"][-1]
    assert dict(second.inputs)["teacher"] == variant.stages[1]


def own_kinds(found: Plan) -> dict[str, list[str]]:
    return {v.recipe.name: [found.stages[k].kind for k in v.own] for v in found.variants}


def test_own_training_is_what_the_parent_does_not_need() -> None:
    found = plan(MLP, TRAIN, "augmentation: [none, {}]", "pruning: [none, {}]", "quantization: [none, {}]", RUN)
    assert own_kinds(found) == {
        "mlp x1": ["train"] * 3, "mlp x1 · int8": [], "mlp x1 · prune 50%": ["transform"], "mlp x1 · prune 50% · int8": [],
        "mlp x1 · affine": ["train"] * 3, "mlp x1 · affine · int8": [], "mlp x1 · affine · prune 50%": ["transform"],
        "mlp x1 · affine · prune 50% · int8": [],
    }  # fmt: skip


def test_the_training_of_a_teacher_is_not_its_students_own() -> None:
    found = plan(MLP, TRAIN, TEACHER, RUN)
    (variant,) = found.variants
    assert len(variant.teachers) == 2 and len(variant.own) == 3 and not set(variant.own) & set(variant.teachers)


def test_pruning_without_fine_tuning_is_no_training() -> None:
    found = plan(MLP, TRAIN, "pruning: {fine_tune: 0}", RUN)
    assert found.trainings == 1 and own_kinds(found) == {"mlp x1 · prune 50%": []}


def test_a_second_phase_starts_from_the_model_before() -> None:
    found = plan(MLP, TRAIN, "pruning: {}", "training: {epochs: 1}", RUN)
    second = [s for s in found.stages.values() if s.kind == "train"][-1]
    (pruned,) = [s for s in found.stages.values() if s.kind == "transform"]
    assert dict(second.inputs) == {"start": pruned.key} and found.trainings == 3


def test_stages_of_parents_that_are_not_asked_for_are_not_planned() -> None:
    alone = plan(MLP, TRAIN, "augmentation: {}", RUN)
    (variant,) = alone.variants
    assert set(alone.stages) == set(variant.stages)
    origin = parent(variant.recipe)
    assert origin is not None and origin.technique == "augmentation"


def train_keys(found: Plan) -> set[str]:
    return {k for k, s in found.stages.items() if s.kind == "train"}


def changed(before: Plan, after: Plan) -> set[str]:
    """Kinds of stages of a single variant whose names differ."""
    pairs = zip(before.variants[0].stages, after.variants[0].stages, strict=True)
    return {before.stages[a].kind for a, b in pairs if a != b}


FULL = (MLP, TRAIN, TEACHER, "pruning: {amount: 0.5}", "quantization: {per_channel: true}", RUN)
ALL = {"train", "transform", "export", "evaluate"}


def with_sources(**sources: str) -> Context:
    return replace(CONTEXT, sources={**CONTEXT.sources, **{k.replace("__", ":"): v for k, v in sources.items()}})


def with_versions(kind: str, **versions: str) -> Context:
    return replace(CONTEXT, versions={**CONTEXT.versions, kind: versions})


CONTEXTS: list[tuple[str, Context, set[str]]] = [
    ("nothing", replace(CONTEXT, sources=dict(CONTEXT.sources)), set()),
    ("threads", replace(CONTEXT, threads=2), ALL),
    ("machine", replace(CONTEXT, machine="n"), {"evaluate"}),
    ("source of training", with_sources(train="2"), ALL),
    ("source of transforms", with_sources(transform="2"), {"transform", "export", "evaluate"}),
    ("source of export", with_sources(export="2"), {"export", "evaluate"}),
    ("source of evaluation", with_sources(evaluate="2"), {"evaluate"}),
    ("source of measuring", with_sources(measure="2"), set()),
    ("source of pruning", with_sources(technique__pruning="2"), {"transform", "export", "evaluate"}),
    ("source of quantization", with_sources(technique__quantization="2"), {"export", "evaluate"}),
    ("source of augmentation, which is not used", with_sources(technique__augmentation="2"), set()),
    ("source of the runtime", with_sources(runtime__onnxruntime="2"), {"export", "evaluate"}),
    ("source of another runtime", with_sources(runtime__torch="2"), set()),
    ("version of torch", with_versions("train", torch="3"), ALL),
    ("version of onnx", with_versions("export", onnx="2"), {"export", "evaluate"}),
    ("version of the runtime", with_versions("runtime:onnxruntime", onnxruntime="2"), {"export", "evaluate"}),
    ("a processor without VNNI", replace(CONTEXT, exact_int8=False), {"export", "evaluate"}),
]


@pytest.mark.parametrize(("context", "expected"), [c[1:] for c in CONTEXTS], ids=[c[0] for c in CONTEXTS])
def test_keys_change_exactly_with_what_the_stage_depends_on(context: Context, expected: set[str]) -> None:
    assert changed(plan(*FULL), plan(*FULL, context=context)) == expected


def test_the_source_of_distillation_changes_the_student_and_not_its_teacher() -> None:
    before, after = plan(*FULL), plan(*FULL, context=with_sources(technique__distillation="2"))
    assert before.variants[0].teachers == after.variants[0].teachers
    assert len(train_keys(before) - train_keys(after)) == 3


def edited(index: int, text: str) -> tuple[str, ...]:
    return (*FULL[:index], text, *FULL[index + 1 :])


STEPS: list[tuple[str, tuple[str, ...], set[str]]] = [
    ("a default written out", edited(0, "architecture: {family: mlp, width: 1.0}"), set()),
    ("width", edited(0, "architecture: {family: mlp, width: 0.5}"), ALL),
    ("learning rate", edited(1, "training: {epochs: 4, learning_rate: 0.01}"), ALL),
    ("amount of pruning", edited(3, "pruning: {amount: 0.25}"), {"transform", "export", "evaluate"}),
    ("fine-tuning", edited(3, "pruning: {amount: 0.5, fine_tune: 2}"), {"transform", "export", "evaluate"}),
    ("a parameter of quantization", edited(4, "quantization: {per_channel: false}"), {"export", "evaluate"}),
    ("seed of the teacher", edited(2, "distillation: {teacher: {family: cnn, epochs: 2, seed: 1}}"), ALL),
]


@pytest.mark.parametrize(("steps", "expected"), [s[1:] for s in STEPS], ids=[s[0] for s in STEPS])
def test_keys_change_from_the_changed_step_on(steps: tuple[str, ...], expected: set[str]) -> None:
    assert changed(plan(*FULL), plan(*steps)) == expected


def test_seed_and_task_are_in_every_key() -> None:
    first, other_seed, other_task = (
        plan(MLP, TRAIN, RUN),
        plan(MLP, TRAIN, RUN, seeds=(1,)),
        plan(MLP, TRAIN, RUN, task="mnist5k"),
    )
    assert not set(first.stages) & set(other_seed.stages) and not set(first.stages) & set(other_task.stages)


def test_other_data_under_the_same_name_changes_every_key(monkeypatch: pytest.MonkeyPatch) -> None:
    before = plan(MLP, TRAIN, RUN)
    monkeypatch.setitem(TASKS, "digits", replace(TASKS["digits"], fingerprint="f" * 64))
    assert not set(before.stages) & set(plan(MLP, TRAIN, RUN).stages)


def exported_range(text: str, *, exact_int8: bool) -> tuple[str, Any]:
    found = plan(MLP, TRAIN, f"quantization: {text}", RUN, context=replace(CONTEXT, exact_int8=exact_int8))
    stage = found.stages[found.variants[0].export]
    return stage.key, stage.config["lower"][0]["quantization"]["reduce_range"]


def test_the_automatic_range_is_decided_by_the_processor_and_named_by_what_is_done() -> None:
    assert exported_range("{}", exact_int8=True) == exported_range("{reduce_range: false}", exact_int8=False)
    assert exported_range("{}", exact_int8=False) == exported_range("{reduce_range: true}", exact_int8=True)
    assert [exported_range("{}", exact_int8=exact_int8)[1] for exact_int8 in (True, False)] == [False, True]


@pytest.mark.parametrize("text", ["{mode: fp16}", "{mode: codebook}", "{mode: weight_only}"])
def test_a_mode_that_has_no_range_is_the_same_on_every_processor(text: str) -> None:
    assert exported_range(text, exact_int8=True) == exported_range(text, exact_int8=False)
    assert exported_range(text, exact_int8=True)[1] is None and exported_range("{mode: dynamic}", exact_int8=False)[1] is True


def measured(
    change: Callable[[dict[str, Any]], Mapping[str, Any]] = lambda kept: kept, *, artifact: str = "export-a"
) -> Stage:
    kept = {
        "task": "digits",
        "runtime": "onnxruntime",
        "settings": {"processes": 5},
        "environment": "e",
        "context": CONTEXT,
    }
    return measure_stage("s", artifact, **change(kept))


def test_a_measurement_is_named_by_the_structure_and_not_by_the_file() -> None:
    one, other = measured(), measured(artifact="export-b")
    assert one.key == other.key and one.exclusive
    assert (one.inputs, other.inputs) == ((("artifact", "export-a"),), (("artifact", "export-b"),))


@pytest.mark.parametrize(
    "change",
    [
        {"task": "mnist5k"}, {"runtime": "torch"}, {"settings": {"processes": 6}}, {"environment": "f"}, {"batch": 8}, {"threads": 2},
        {"context": with_sources(measure="2")}, {"context": with_sources(runtime__onnxruntime="2")},
        {"context": with_versions("runtime:onnxruntime", onnxruntime="2")},
    ],
)  # fmt: skip
def test_a_measurement_is_named_by_all_that_changes_its_figures(change: dict[str, Any]) -> None:
    assert measured(lambda kept: kept | change).key != measured().key


def test_a_measurement_does_not_depend_on_how_the_file_was_made() -> None:
    for context in (
        with_sources(train="2", export="2"),
        with_versions("train", torch="3"),
        replace(CONTEXT, exact_int8=False),
    ):
        assert measured(lambda kept, c=context: kept | {"context": c}).key == measured().key  # type: ignore[misc]


def test_the_same_plan_twice_has_the_same_names() -> None:
    assert list(plan(*FULL).stages) == list(plan(*FULL).stages)


def test_ten_thousand_variants() -> None:
    widths = [round(0.2 + i / 1000, 4) for i in range(100)]
    amounts = [round(0.1 + i / 200, 4) for i in range(100)]
    found = plan(
        f"architecture: {{family: mlp, width: {widths}}}",
        "training: {epochs: 1}",
        f"pruning: {{amount: {amounts}}}",
        RUN,
    )
    assert len(found.variants) == 10_000
    assert kinds(found) == {"train": 100, "transform": 10_000, "export": 10_000, "evaluate": 10_000}
    assert found.total == 50_000 and found.trainings == 10_100


def test_modes_that_act_on_the_exported_file_share_it_and_the_parent_has_it() -> None:
    found = plan(MLP, TRAIN, "quantization: [none, {mode: fp16}, {mode: weight_only}, {mode: static}]", RUN)
    parent, fp16, weights, static = found.variants
    for variant in (fp16, weights):
        inputs = dict(found.stages[variant.export].inputs)
        assert inputs["file"] == parent.export and variant.stages[-3:] == (parent.export, variant.export, variant.evaluate)
        assert inputs["model"] == dict(found.stages[parent.export].inputs)["model"]
    assert parent.export not in static.stages and "file" not in dict(found.stages[static.export].inputs)
    assert kinds(found) == {"train": 3, "export": 4, "evaluate": 4}


def admitted(*, file: str = "a/b.onnx", sha256: str = "1f", context: Context = CONTEXT) -> tuple[str, str]:
    """Keys of the checking and of the evaluation of a file from outside."""
    planner, (recipe,) = Planner(context), recipes(MLP, TRAIN, RUN)
    stage = planner.admit(file, sha256, task="digits", runtime="onnxruntime")
    assert (stage.config["file"], stage.inputs) == (file, ())
    return stage.key, planner.evaluate(recipe, stage.key)


def test_a_file_from_outside_is_named_by_its_content_its_task_and_what_runs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    first = admitted()
    assert admitted(file="elsewhere/b.onnx") == first
    newer = replace(CONTEXT, versions={**CONTEXT.versions, "runtime:onnxruntime": {"onnxruntime": "2"}})
    others = [admitted(sha256="2f"), admitted(context=newer)]
    monkeypatch.setitem(TASKS, "digits", replace(TASKS["digits"], fingerprint="of other images"))
    others.append(admitted())
    assert [sum(a == b for a, b in zip(first, other, strict=True)) for other in others] == [0, 0, 0]


def test_stages_say_in_words_what_they_do() -> None:
    found = plan(MLP, TRAIN, "distillation: {teacher: {family: cnn, width: 0.5}}", "pruning: {}", "quantization: {}", RUN)
    assert {s.words for s in found.stages.values()} == {
        "training mlp x1 on digits", "training cnn x0.5 on digits", "pruning", "exporting", "evaluating",
    }  # fmt: skip
    assert Stage("train", "t", {}).words == "training" and Stage("own", "o", {}).words == "own"
