"""What a family allows is done for real on a small network of it; what it refuses is refused before anything is trained."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
from everyfamily import every
from torch import Tensor, nn
from typer.testing import CliRunner

from effcore.catalogue import FAMILIES, TASKS, TECHNIQUES, allowances, ways
from effcore.catalogue.architecture import Architecture
from effcore.catalogue.pruning import CRITERIA, Pruning
from effcore.catalogue.quantization import Quantization
from effcore.catalogue.ways import CHOOSING
from effcore.cli import app
from effcore.description import describe_all
from effcore.errors import SpecError, TechniqueError
from effcore.models import build, snapshot
from effcore.runtimes import RUNTIME_MODULES
from effcore.spec import parse
from effcore.tasks import Data
from effcore.techniques import CONVERTERS, FUNCTIONS, pruning
from effcore.training import Fit, predict

DIGITS = TASKS["digits"]
MATRIX = [(family, way, allowed) for family in FAMILIES for way, allowed in allowances(FAMILIES[family], TECHNIQUES).items()]
CONVERTED = ("dynamic", "weight_only", "codebook", "fp16", "bf16")
JUDGED = [
    (family, criterion)
    for family, record in FAMILIES.items()
    for criterion in CRITERIA["channels"]
    if not record.refuses.keys() & {"pruning/channels", f"pruning/{criterion}", f"pruning/channels/{criterion}"}
]


def families(way: str, *, allowed: bool) -> list[str]:
    return [family for family, other, said in MATRIX if other == way and (said == "allowed") == allowed]


def network(family: str, *, depth: int = 1) -> nn.Module:
    """Untrained, but with means and variances as if it had seen images."""
    model = build(Architecture(family=family, width=0.5, depth=depth), DIGITS, seed=0)  # type: ignore[arg-type]
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        model(torch.randint(0, 17, (32, *DIGITS.shape), dtype=torch.uint8, generator=generator))
    return model.eval()


def share_of_zeros(model: nn.Module) -> float:
    weights = torch.cat([p.flatten() for p in model.parameters() if p.dim() > 1])
    return float((weights == 0).float().mean())


def no_tuning(model: nn.Module, epochs: int) -> Fit:
    raise AssertionError("fine-tuning was not asked for")


def field_of(name: str, chosen: str) -> str:
    fields = TECHNIQUES[name].parameters.model_fields
    return next(field for field in CHOOSING[name] if chosen in get_args(fields[field].annotation))


def spec(family: str, way: str) -> str:
    name, _, chosen = way.partition("/")
    values: dict[str, Any] = {field_of(name, one): one for one in chosen.split("/")}
    if name == "pruning" and chosen in get_args(Pruning.model_fields["criterion"].annotation):
        fitting = [structure for structure, criteria in CRITERIA.items() if chosen in criteria]
        refuses = FAMILIES[family].refuses
        values["structure"] = next((s for s in fitting if f"pruning/{s}" not in refuses and f"pruning/{s}/{chosen}" not in refuses), fitting[0])
    if name == "distillation":
        values["teacher"] = {"family": "cnn"}
    step = json.dumps({name: values})
    deep = ", depth: 2" if values.get("structure") == "blocks" and FAMILIES[family].max_depth > 1 else ""
    return f"name: a\ntask: digits\nrecipe:\n  - architecture: {{family: {family}{deep}}}\n  - training: {{}}\n  - {step}\n  - runtime: onnxruntime\n"


def is_close(logits: Tensor | np.ndarray, wanted: Tensor, *, share: float) -> bool:
    """Whether the root mean square of the difference is at most a share of the spread of what is wanted."""
    difference = torch.as_tensor(logits) - wanted
    return bool(difference.square().mean().sqrt() <= share * (wanted - wanted.mean(0)).square().mean().sqrt())


@pytest.mark.parametrize(("family", "way", "allowed"), [case for case in MATRIX if not case[1].endswith("/flip")])
def test_a_spec_is_read_where_the_way_is_allowed_and_refused_with_the_reason_elsewhere(family: str, way: str, allowed: str) -> None:
    if allowed == "allowed":
        assert len(parse(spec(family, way)).variants) == 1
        return
    name, _, chosen = way.partition("/")
    with pytest.raises(SpecError) as caught:
        parse(spec(family, way))
    text = str(caught.value)
    assert f"recipe[2].{name}." in text and "(line 6): can't be " in text and f" with the family {family!r}: {allowed}" in text
    if f"pruning/{chosen}" == "pruning/channels":
        assert "recipe[2].pruning.structure" in text
    assert f"leave {name} out, or take another family." in text


@pytest.mark.parametrize("family", ["mixer", "attention"])
def test_a_kind_of_block_that_cannot_be_cut_is_named_and_tearing_it_would_fail(family: str, digits: Data) -> None:
    assert f"its {family}" in FAMILIES[family].refuses["pruning/channels"]
    with pytest.raises(TechniqueError, match="can't cut this model"):
        pruning.apply(network(family), Pruning(amount=0.5, fine_tune=0), digits, tune=no_tuning)


def test_one_refused_alternative_refuses_the_space_once() -> None:
    text = "name: a\ntask: digits\nrecipe:\n  - architecture: {family: [cnn, shuffle], width: [0.5, 1.0]}\n  - training: {}\n"
    with pytest.raises(SpecError, match="^spec: 1 problem\n") as caught:
        parse(text + "  - pruning: [none, {amount: 0.3}, {amount: 0.5}]\n  - runtime: onnxruntime\n")
    assert "recipe[2].pruning.structure" in str(caught.value)


def test_reasons_are_sentences_and_name_ways_there_are() -> None:
    known = {way for record in TECHNIQUES.values() for way in ways(record)}
    for family in FAMILIES.values():
        assert {f"{key.split('/')[0]}/{one}" for key in family.refuses for one in key.split("/")[1:]} <= known
        assert all(reason.endswith(".") for reason in family.refuses.values())
    assert families("pruning/channels", allowed=False) == ["shuffle", "mixer", "attention"]
    assert families("pruning/batch_norm", allowed=False) == ["lenet_300_100", "lenet_5", "convnext", "mixer", "attention"]
    assert families("pruning/blocks", allowed=False) == ["mlp", "cnn", "lenet_300_100", "lenet_5", "separable", "squeeze", "ghost", "staged"]
    assert set(CHOOSING) == {record.name for record in TECHNIQUES.values() if record.optional}


@pytest.mark.parametrize("family", every(families("pruning/channels", allowed=True)))
def test_channels_are_cut_out_of_every_family_that_allows_it(family: str, digits: Data) -> None:
    model = network(family)
    smaller, edit, facts = pruning.apply(model, Pruning(amount=0.5, fine_tune=0), digits, tune=no_tuning)
    sizes = [sum(p.numel() for p in m.parameters()) for m in (smaller, model)]
    assert sizes[0] < 0.75 * sizes[1]
    assert sum(facts["channels_after"].values()) < sum(facts["channels_before"].values())
    kept = snapshot.take(smaller, "digits", Architecture(family=family, width=0.5), [edit])  # type: ignore[arg-type]
    images = digits.test.images
    assert torch.equal(predict(snapshot.rebuild(kept), images), predict(smaller, images))
    _, reached = FUNCTIONS["quantization"](smaller, Quantization(reduce_range=True), digits)
    assert reached["layers"] == sum(isinstance(m, nn.Conv2d | nn.Linear) for m in smaller.modules())


@pytest.mark.parametrize("family", every(families("pruning/blocks", allowed=True)))
def test_blocks_are_taken_out_of_every_family_that_allows_it(family: str, digits: Data, tmp_path: Path) -> None:
    model = network(family, depth=3)
    config = Pruning.model_validate({"structure": "blocks", "amount": 0.5, "fine_tune": 0})
    smaller, edit, facts = pruning.apply(model, config, digits, tune=no_tuning)
    able = len(facts["removed"]) + len(facts["kept"])
    assert len(facts["removed"]) == (able + 1) // 2 and able == {"residual": 7, "convnext": 7, "mixer": 9, "attention": 9}.get(family, 6)
    path, runtime = tmp_path / "model.onnx", RUNTIME_MODULES["onnxruntime"]
    counts = []
    for network_ in (model, smaller):
        runtime.export(network_, path, task=DIGITS)
        counts.append(runtime.counts(path))
    assert counts[1].macs < counts[0].macs and counts[1].params < counts[0].params
    assert is_close(runtime.load(path)(digits.test.images), predict(smaller, digits.test.images), share=1e-3)
    kept = snapshot.take(smaller, "digits", Architecture(family=family, width=0.5, depth=3), [edit])  # type: ignore[arg-type]
    assert torch.equal(predict(snapshot.rebuild(kept), digits.test.images), predict(smaller, digits.test.images))
    _, reached = FUNCTIONS["quantization"](smaller, Quantization(reduce_range=True), digits)
    assert reached["layers"] == sum(isinstance(m, nn.Conv2d | nn.Linear) for m in smaller.modules())


@pytest.mark.parametrize("structure", ["weights", "two_of_four"])
@pytest.mark.parametrize("family", FAMILIES)
def test_single_weights_become_zero_in_every_family(family: str, structure: str, digits: Data) -> None:
    assert family in families(f"pruning/{structure}", allowed=True)
    model = network(family)
    sparse, edit, _ = pruning.apply(model, Pruning.model_validate({"structure": structure, "fine_tune": 0}), digits, tune=no_tuning)
    zeros = [share_of_zeros(m) for m in (model, sparse)]
    assert zeros[0] == 0 and 0.2 < zeros[1] < 0.6 and edit is None
    assert bool(predict(sparse, digits.test.images).isfinite().all())


@pytest.mark.parametrize(("family", "criterion"), JUDGED)
def test_channels_are_judged_by_every_criterion_that_is_allowed(family: str, criterion: str, digits: Data) -> None:
    config = Pruning.model_validate({"criterion": criterion, "fine_tune": 0})
    _, _, facts = pruning.apply(network(family), config, digits, tune=no_tuning)
    assert sum(facts["channels_after"].values()) < sum(facts["channels_before"].values())


@pytest.mark.parametrize("family", families("quantization/static", allowed=True))
def test_integers_reach_every_layer_of_every_family_that_allows_it(family: str, digits: Data, tmp_path: Path) -> None:
    model, runtime, path = network(family), RUNTIME_MODULES["onnxruntime"], tmp_path / "model.onnx"
    layers = sum(isinstance(m, nn.Conv2d | nn.Linear) for m in model.modules())
    program, facts = FUNCTIONS["quantization"](model, Quantization(reduce_range=True), digits)
    assert facts["layers"] == layers
    runtime.export(program, path, task=DIGITS)
    assert is_close(runtime.load(path)(digits.test.images), predict(model, digits.test.images), share=0.25)


@pytest.mark.parametrize("family", FAMILIES)
def test_what_converts_the_file_keeps_its_logits(family: str, digits: Data, tmp_path: Path) -> None:
    assert not any(f"quantization/{mode}" in FAMILIES[family].refuses for mode in CONVERTED)
    model, runtime, path = network(family), RUNTIME_MODULES["onnxruntime"], tmp_path / "model.onnx"
    runtime.export(model, path, task=DIGITS)
    plain, wanted = path.read_bytes(), predict(model, digits.test.images)
    assert is_close(runtime.load(path)(digits.test.images), wanted, share=1e-3)
    more = {"dynamic": {"reduce_range": True}, "codebook": {"bits": 8}}
    for mode in CONVERTED:
        config = Quantization.model_validate({"mode": mode} | more.get(mode, {}))
        changed, facts = CONVERTERS["quantization"](plain, config, digits)
        path.write_bytes(changed)
        assert facts["layers"] > 0
        assert is_close(runtime.load(path)(digits.test.images), wanted, share=0.15), mode


@pytest.mark.parametrize("family", ["lenet_300_100", "lenet_5"])
def test_a_network_of_its_paper_has_one_depth_also_as_a_teacher(family: str) -> None:
    recipe = "name: a\ntask: digits\nrecipe: [architecture: {family: %s}, training: {}, distillation: {teacher: {family: %s}}, runtime: torch]\n"
    assert len(parse(recipe % (family, family)).variants) == 1
    with pytest.raises(SpecError) as caught:
        parse(recipe % (f"{family}, depth: 2", "cnn"))
    assert f"recipe[0].architecture.depth (line 3): must be 1 with the family {family}, which has no stages" in str(caught.value)
    with pytest.raises(SpecError) as caught:
        parse(recipe % ("cnn", f"{family}, depth: 3"))
    assert f"distillation.teacher.depth (line 3): must be 1 with the family {family}" in str(caught.value) and "Got 3." in str(caught.value)


def test_the_matrix_and_the_blocks_are_described() -> None:
    everything = describe_all()
    assert json.loads(json.dumps(everything["families"], default=str))["shuffle"]["ways"]["quantization/static"] == "allowed"
    assert "shuffle ties" in everything["families"]["shuffle"]["ways"]["pruning/channels"]
    known = {way for record in TECHNIQUES.values() if record.optional for way in ways(record)}
    assert all(set(family["ways"]) >= known for family in everything["families"].values())
    assert everything["blocks"]["convolution"]["example"] == {
        "inputs": 32, "outputs": 64, "height": 14, "width": 14, "parameters": 18_496, "macs": 3_612_672,
    }  # fmt: skip
    assert everything["blocks"]["mixer"]["example"]["macs"] == 2 * 196 * 64 * (32 + 4 * 64)
    assert everything["blocks"]["attention"]["example"]["macs"] == 2 * 196 * 64 * (6 * 64 + 196)
    assert "Does not help: With few training images." in CliRunner().invoke(app, ["describe", "attention"]).stdout
    shown = CliRunner().invoke(app, ["describe", "shuffle"]).stdout
    assert "BLOCKS" in shown and "FAMILIES" in shown and "MACs" in shown and "not with pruning/channels: its shuffle" in shown
    assert set(json.loads(CliRunner().invoke(app, ["describe", "ghost", "--json"]).stdout)) == {"blocks", "families"}
