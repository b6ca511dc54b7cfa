"""What pruning asks of a plan: how much it trains, which structures it shares, and who must keep its zeros."""

from __future__ import annotations

from effcore.plan import Context, Plan, Stage, make_plan
from effcore.spec import parse

MLP, TRAIN, RUN = "architecture: {family: mlp}", "training: {epochs: 4}", "runtime: onnxruntime"
WEIGHTS = "pruning: {structure: weights}"


def plan(*steps: str, seeds: tuple[int, ...] = (0,), source: str = "1") -> Plan:
    recipes = parse("name: a\ntask: digits\nrecipe:\n" + "".join(f"  - {step}\n" for step in steps)).recipes
    context = Context(exact_int8=True, machine="m", sources={"technique:pruning": source})
    return make_plan([(r, s) for r in recipes for s in seeds], context=context)


def transforms(found: Plan) -> list[Stage]:
    return [s for s in found.stages.values() if s.kind == "transform"]


def test_every_round_is_trained() -> None:
    (stage,) = transforms(plan(MLP, TRAIN, "pruning: {rounds: 3, fine_tune: 2}", RUN))
    assert stage.units == 6


def test_zeros_do_not_change_the_structure() -> None:
    zeroing = "pruning: [none, {structure: two_of_four}, {structure: weights, amount: [0.5, 0.9], scope: [layer, global]}]"
    assert plan(MLP, TRAIN, zeroing, RUN, seeds=(0, 1)).structures == 1
    assert plan(MLP, TRAIN, "pruning: [none, {criterion: [l1, random]}, {rounds: 2}]", RUN).structures == 2


def test_one_threshold_for_all_layers_makes_a_structure_of_each_training() -> None:
    cut = "pruning: {scope: global}"
    assert plan(MLP, TRAIN, cut, RUN, seeds=(0, 1)).structures == 2
    assert plan(MLP, TRAIN, "pruning: {scope: global, criterion: [l2, taylor]}", RUN).structures == 2
    assert plan(MLP, "training: {epochs: [1, 2]}", cut, RUN).structures == 2
    assert plan(MLP, TRAIN, cut, "quantization: [none, {mode: static, calibration: [mse, minmax]}]", RUN).structures == 2


def test_what_trains_after_zeros_were_set_is_told_to_keep_them() -> None:
    later = plan(MLP, TRAIN, WEIGHTS, "pruning: {amount: 0.25}", "training: {epochs: 1}", RUN)
    told = [s.config.get("keep_zeros", False) for s in later.stages.values() if s.kind in ("train", "transform")]
    assert told == [False, False, False, False, True, True]
    channels = plan(MLP, TRAIN, "pruning: {amount: 0.25}", "training: {epochs: 1}", RUN)
    assert not any("keep_zeros" in s.config for s in channels.stages.values())


def test_the_source_of_pruning_is_part_of_a_phase_that_keeps_its_zeros() -> None:
    def phases(source: str) -> list[str]:
        found = plan(MLP, "training: {epochs: 1}", WEIGHTS, "training: {epochs: 2}", RUN, source=source)
        return [s.key for s in found.stages.values() if s.kind == "train"]

    assert [a == b for a, b in zip(phases("1"), phases("2"), strict=True)] == [True, False, False]


GRADUAL, REWIND = "pruning: {structure: weights, schedule: gradual}", "pruning: {structure: weights, schedule: rewind, rounds: 2}"


def test_gradual_pruning_is_a_training_of_its_own_and_later_ones_keep_its_zeros() -> None:
    found = plan(MLP, TRAIN, GRADUAL, "pruning: {amount: 0.25}", "training: {epochs: 1}", RUN)
    told = [(s.kind, "contributes" in s.config and len(s.config["contributes"]), s.config.get("keep_zeros", False)) for s in found.stages.values()]
    assert told[:5] == [("train", 1, False)] * 3 + [("transform", 0, True), ("train", 0, True)]
    both = plan(MLP, TRAIN, GRADUAL.replace("pruning: ", "pruning: [none, ") + "]", RUN)
    assert both.structures == 1 and both.trainings == 2
    assert len(both.variants[1].own) == 3 and not set(both.variants[0].stages) & set(both.variants[1].own)


def test_each_training_is_told_how_many_steps_came_before_so_that_none_draws_what_another_drew() -> None:
    steps = (MLP, TRAIN, "pruning: {amount: 0.25}", "training: {epochs: 2}", REWIND, "quantization: {mode: aware}", RUN)
    trainings = [s for s in plan(*steps).stages.values() if s.kind in ("train", "transform")]
    told = [(s.kind, s.config.get("before", 0), s.config.get("before_phase")) for s in trainings]
    assert told == [("train", 0, None)] * 3 + [("transform", 1, None), *[("train", 2, None)] * 2, ("transform", 3, 2), ("transform", 4, None)]


def test_rewinding_starts_from_the_first_rung_and_trains_the_rest_in_every_round() -> None:
    found = plan(MLP, "training: {epochs: 8}", REWIND, RUN)
    first = next(s for s in found.stages.values() if s.kind == "train")
    (stage,) = transforms(found)
    assert stage.units == 2 * (8 - 2) and stage.config["rewind_to"] == 2 and dict(stage.inputs)["early"] == first.key


def test_rewinding_to_the_start_takes_the_model_that_the_phase_began_with_where_there_was_one() -> None:
    start = REWIND.replace("rewind,", "rewind, rewind_to: start,")
    (new,) = transforms(plan(MLP, TRAIN, start, RUN))
    assert new.units == 8 and new.config["rewind_to"] == 0 and set(dict(new.inputs)) == {"model"}
    cut, later = transforms(plan(MLP, TRAIN, "pruning: {amount: 0.25}", "training: {epochs: 2}", start, RUN))
    assert dict(later.inputs)["start"] == cut.key and later.units == 4
