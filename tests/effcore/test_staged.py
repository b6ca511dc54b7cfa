"""Networks whose stages are chosen one by one: what they are made of, what it costs, what they refuse, and a space of them."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any, get_args

import pytest
import torch
from pydantic import ValidationError
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from effcore.catalogue import FAMILIES, TASKS, TECHNIQUES, block_allowances
from effcore.catalogue.architecture import Architecture
from effcore.catalogue.pruning import Pruning
from effcore.catalogue.quantization import Quantization
from effcore.catalogue.staged import BlockName, Stage, Stages, parameter_count, product_count
from effcore.errors import SpecError
from effcore.models import build, snapshot
from effcore.models.kinds import kinds
from effcore.models.program import deployable
from effcore.recipe import Recipe, parent
from effcore.runtimes import RUNTIME_MODULES
from effcore.spec import parse
from effcore.tasks import Data
from effcore.techniques import FUNCTIONS, pruning
from effcore.training import Fit, predict

DIGITS = TASKS["digits"]
BLOCKS = get_args(BlockName)
WAYS = block_allowances(FAMILIES["staged"], TECHNIQUES)
SPEC = "name: a\ntask: digits\nrecipe:\n  - architecture: {family: staged, stages: %s}\n  - training: {}\n%s  - runtime: onnxruntime\nsearch: %s\n"
SEARCH = "{strategy: random, budget: {variants: 4}}"


def drawn(number: int) -> Stages:
    generator = random.Random(number)

    def stage() -> Stage:
        block = generator.choice(BLOCKS)
        more = {"expansion": generator.choice((1, 2, 6))} if block in ("inverted_residual", "convnext") else {}
        return Stage(block=block, depth=generator.randint(1, 3), width=generator.choice((0.25, 0.5, 1.5)), kernel=generator.choice((3, 5, 7)), **more)

    return Stages(stage_1=stage(), stage_2=stage(), stage_3=stage())


def network(stages: Stages, **parameters: Any) -> nn.Module:
    """Untrained, but with means and variances as if it had seen images, and no two parameters that are equal and shared in a file."""
    model = build(Architecture(family="staged", stages=stages, **parameters), DIGITS, seed=0)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.01 * torch.randn(parameter.shape, generator=generator))
    for _ in range(10):
        model(torch.randint(0, 17, (32, *DIGITS.shape), dtype=torch.uint8, generator=generator))
    return model.eval()


def of_one_block(block: str, **parameters: Any) -> Stages:
    stage = Stage.model_validate({"block": block} | parameters)
    return Stages(stage_1=stage, stage_2=stage, stage_3=stage)


def no_tuning(model: nn.Module, epochs: int) -> Fit:
    raise AssertionError("fine-tuning was not asked for")


@pytest.mark.parametrize("number", range(24))
def test_a_network_has_the_parameters_and_products_of_its_closed_form(number: int) -> None:
    stages, task = drawn(number), TASKS["mnist5k"]
    config = Architecture(family="staged", width=0.5, resolution=(1.0, 0.75)[number % 2], stages=stages)
    model = deployable(build(config, task, seed=0).eval())
    said = {"width": 0.5, "inputs": 1, "classes": 10}
    assert sum(p.numel() for p in model.parameters()) == parameter_count(stages, **said)  # type: ignore[arg-type]
    with FlopCounterMode(display=False) as counter:
        assert model(torch.zeros(1, *task.shape, dtype=torch.uint8)).shape == (1, 10)
    assert counter.get_total_flops() // 2 == product_count(stages, sides=config.pixels(28, 28), **said)  # type: ignore[arg-type]


def test_every_choice_makes_another_network() -> None:
    said = {"width": 1.0, "inputs": 1, "classes": 10}

    def size(stages: Stages) -> tuple[int, int]:
        return parameter_count(stages, **said), product_count(stages, sides=(28, 28), **said)  # type: ignore[arg-type]

    sizes = {size(Stages())}
    for changed in ({"block": "ghost"}, {"depth": 2}, {"width": 0.5}, {"kernel": 5}, {"block": "convnext"}, {"block": "convnext", "expansion": 2}):
        for name in Stages.model_fields:
            stages = Stages.model_validate({name: changed})
            sizes.add(size(stages))
            assert set(kinds(build(Architecture(family="staged", stages=stages), DIGITS))) == {"convolution", changed.get("block", "convolution")}
    assert len(sizes) == 1 + 18


def test_what_is_left_out_is_that_of_the_block_and_is_written_out() -> None:
    assert Stage(block="convnext").model_dump() == {"block": "convnext", "depth": 1, "width": 1.0, "kernel": 7, "expansion": 4}
    assert (Stage(block="inverted_residual", expansion=None).expansion, Stage().kernel, Stage().expansion) == (4, 3, None)
    said = Stages(stage_1=Stage(width=0.5), stage_3=Stage(block="inverted_residual", depth=2, kernel=5, expansion=2))
    assert str(said) == "conv w0.5 / conv / inverted d2 k5 e2"


def test_one_network_has_one_name_and_other_families_keep_theirs() -> None:
    assert Architecture(family="staged", stages=Stages()) == Architecture(family="staged")
    assert "stages" not in Architecture(family="cnn").model_dump(mode="json")
    config = Architecture(family="staged", stages=drawn(1))
    assert Architecture.model_validate_json(config.model_dump_json()) == config and "stages" in config.model_dump(mode="json")


def test_the_parent_of_chosen_stages_is_the_plain_network() -> None:
    recipe = parse(SPEC % ("{stage_2: {block: fire}}", "", "{strategy: grid}")).recipes[0]
    above = parent(recipe)
    assert isinstance(recipe, Recipe) and recipe.name == "staged x1 conv / fire / conv"
    assert above is not None and above.recipe.architecture == Architecture(family="staged") and above.label == "stages stage_2 fire"


@pytest.mark.parametrize(
    ("stages", "field", "sentence"),
    [
        ("{stage_1: {block: fire, expansion: 2}}", "stages.stage_1.expansion", "left out with the block fire, which has no use for it"),
        ("{stage_3: {block: mixer}}", "stages.stage_3.block", "'convolution', 'depthwise_separable'"),
        ("{stage_2: {kernel: 4}}", "stages.stage_2.kernel", "3, 5 or 7"),
        ("{stage_4: {}}", "stages.stage_4", "a parameter of it"),
    ],
)
def test_what_a_stage_cannot_be_is_refused_at_its_place(stages: str, field: str, sentence: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse(SPEC % (stages, "", "{strategy: grid}"))
    assert f"recipe[0].architecture.{field} (line 4): must be " in str(caught.value) and sentence in str(caught.value)


def test_only_the_family_staged_has_stages_and_a_depth_for_each() -> None:
    with pytest.raises(ValidationError, match="left out with the family cnn; only networks of the family staged"):
        Architecture(family="cnn", stages=Stages(stage_1=Stage(depth=2)))
    with pytest.raises(ValidationError, match=r"1 with the family staged, each of whose stages has a depth of its own, as `stages: \{stage_1"):
        Architecture(family="staged", depth=2)


def test_what_a_block_refuses_is_refused_of_a_network_with_it_in_any_stage() -> None:
    assert "shuffle ties" in WAYS["shuffle"]["pruning/channels"] and WAYS["fire"]["pruning/channels"] == "allowed"
    step = "  - pruning: {amount: 0.5}\n"
    assert len(parse(SPEC % ("{stage_1: {block: fire}}", step, "{strategy: grid}")).recipes) == 1
    with pytest.raises(SpecError, match="can't be 'channels' with the family 'staged': its shuffle ties"):
        parse(SPEC % ("{stage_3: {block: shuffle}}", step, "{strategy: grid}"))
    blocks = "  - pruning: {structure: blocks, amount: 0.5}\n"
    with pytest.raises(SpecError, match="none of its blocks has a shortcut"):
        parse(SPEC % ("{stage_1: {block: fire}}", blocks, "{strategy: grid}"))
    with pytest.raises(SpecError, match="can't be 'blocks' with these stages: .* Got conv / residual / conv"):
        parse(SPEC % ("{stage_2: {block: residual}}", blocks, "{strategy: grid}"))
    assert len(parse(SPEC % ("{stage_2: {block: residual, depth: 2}}", blocks, "{strategy: grid}")).recipes) == 1


def test_a_space_has_a_parameter_where_the_block_has_it() -> None:
    shared = "depth: [1, 2], width: {low: 0.25, high: 1.0, log: true}, kernel: [3, 5]"
    stage = f"[{{block: [convolution, ghost, shuffle], {shared}}}, {{block: [inverted_residual, convnext], {shared}, expansion: [2, 4]}}]"
    spec = parse(SPEC % (f"{{stage_1: {stage}, stage_2: {stage}}}", "", SEARCH))
    assert spec.space is not None
    needs = {d.name: d.needs for d in spec.space.dimensions if d.name.endswith("expansion")}
    assert needs == {f"architecture.stages.{s}[1].expansion": ((f"architecture.stages.{s}", 1),) for s in ("stage_1", "stage_2")}
    generator = random.Random(0)
    recipes = [spec.space.recipe(spec.space.draw(generator)) for _ in range(40)]
    assert all(isinstance(recipe, Recipe) for recipe in recipes)


@pytest.mark.parametrize("block", [b if b == "convolution" else pytest.param(b, marks=pytest.mark.slow) for b in BLOCKS])
def test_what_a_block_allows_is_done_to_a_network_of_it(block: str, digits: Data, tmp_path: Path) -> None:
    model, runtime = network(of_one_block(block, depth=2, width=0.5, kernel=5)), RUNTIME_MODULES["onnxruntime"]
    images = digits.test.images[:100]
    for structure in ("channels", "blocks", "weights"):
        if WAYS[block][f"pruning/{structure}"] != "allowed":
            continue
        config = Pruning.model_validate({"structure": structure, "amount": 0.5, "fine_tune": 0})
        changed, edit, _ = pruning.apply(model, config, digits, tune=no_tuning)
        architecture = Architecture(family="staged", stages=of_one_block(block, depth=2, width=0.5, kernel=5))
        again = snapshot.rebuild(snapshot.take(changed, "digits", architecture, [edit] if edit else []))
        assert torch.equal(predict(again, images), predict(changed, images)), structure
        program, facts = FUNCTIONS["quantization"](changed, Quantization(reduce_range=True), digits)
        assert facts["layers"] == sum(isinstance(m, nn.Conv2d | nn.Linear) for m in changed.modules())
        runtime.export(program, tmp_path / "model.onnx", task=DIGITS)
        assert runtime.load(tmp_path / "model.onnx")(images).shape == (100, 10)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(12))
def test_a_mixed_network_is_exported_cut_and_turned_into_integers(number: int, digits: Data, tmp_path: Path) -> None:
    stages, path, runtime = drawn(number), tmp_path / "model.onnx", RUNTIME_MODULES["onnxruntime"]
    model, images = network(stages), digits.test.images[:100]
    runtime.export(model, path, task=DIGITS)
    assert torch.allclose(torch.tensor(runtime.load(path)(images)), predict(model, images), atol=1e-3)
    counted = runtime.counts(path)
    assert counted.params == parameter_count(stages, width=1.0, inputs=1, classes=10)
    assert counted.macs == product_count(stages, width=1.0, inputs=1, classes=10, sides=(8, 8))
    if "shuffle" not in {stage.block for stage in stages.stages}:
        smaller, _, facts = pruning.apply(model, Pruning(amount=0.5, round_to=4, fine_tune=0), digits, tune=no_tuning)
        assert sum(facts["channels_after"].values()) < sum(facts["channels_before"].values()) and bool(predict(smaller, images).isfinite().all())
        model = smaller
    program, facts = FUNCTIONS["quantization"](model, Quantization(reduce_range=True), digits)
    assert facts["layers"] == sum(isinstance(m, nn.Conv2d | nn.Linear) for m in model.modules())
    runtime.export(program, path, task=DIGITS)
    assert runtime.load(path)(images).shape == (100, 10)
