"""Every entry of the catalogue is whole: texts, links, bounds, labels."""

from __future__ import annotations

import subprocess
import sys
from typing import get_args

import pytest
from pydantic import ValidationError

from effcore.catalogue import FAMILIES, RUNTIMES, TASKS, TECHNIQUES, Category, Parameters, Role, Task, Technique
from effcore.catalogue.architecture import Architecture
from effcore.catalogue.augmentation import Augmentation, PolicyName
from effcore.catalogue.averaging import Averaging
from effcore.catalogue.distillation import Distillation, Teacher
from effcore.catalogue.elastic import ElasticStage, Shape
from effcore.catalogue.factorization import Factorization
from effcore.catalogue.pruning import Pruning
from effcore.catalogue.quantization import FineTune, Quantization
from effcore.catalogue.record import number
from effcore.catalogue.runtime import Runtime
from effcore.catalogue.subnetwork import Subnetwork
from effcore.catalogue.training import EarlyStopping, Training
from effcore.catalogue.weight_sharing import WeightSharing
from effcore.errors import SpecError
from effcore.spec import parse

SMALLEST: dict[str, Parameters] = {
    "architecture": Architecture(family="cnn"), "training": Training(), "augmentation": Augmentation(), "averaging": Averaging(),
    "distillation": Distillation(teacher=Teacher(family="cnn")), "factorization": Factorization(), "pruning": Pruning(),
    "quantization": Quantization(), "runtime": Runtime(), "weight_sharing": WeightSharing(), "subnetwork": Subnetwork(),
}  # fmt: skip

LABELS: list[tuple[str, Parameters, str]] = [
    ("architecture", Architecture(family="cnn"), "cnn x1"),
    ("architecture", Architecture(family="mobile", width=0.125, depth=3), "mobile x0.125 d3"),
    (
        "architecture",
        Architecture(family="elastic", depth=2, subnetwork=Shape(stage_2=ElasticStage(depth=2))),
        "elastic x1 d2 part d1-2-1 w0.5 k3",
    ),
    ("architecture", Architecture(family="attention", resolution=0.5), "attention x1 r0.5"),
    ("training", Training(), "4 ep"),
    ("training", Training(epochs=10, label_smoothing=0.1, data_fraction=0.25), "10 ep smooth 0.1 25% data"),
    ("training", Training(learning_rate=0.01234, batch_size=128, weight_decay=0.00056), "4 ep lr 0.012 batch 128 decay 0.00056"),
    ("training", Training(epochs=20, early_stopping=EarlyStopping(patience=3)), "20 ep early stop 3"),
    ("augmentation", Augmentation(), "affine"),
    ("augmentation", Augmentation(policy="flip"), "flip"),
    ("augmentation", Augmentation(policy="erasing", area=0.25), "erasing 25%"),
    ("augmentation", Augmentation(policy="mixup", alpha=0.2), "mixup 0.2"),
    ("augmentation", Augmentation(policy="randaugment", operations=3), "randaugment 3x0.3"),
    ("averaging", Averaging(), "ema 0.98"),
    ("averaging", Averaging(kind="swa", start=0.75), "swa from 75%"),
    ("distillation", Distillation(teacher=Teacher(family="residual", width=2)), "distil from residual x2"),
    (
        "distillation",
        Distillation(teacher=Teacher(family="cnn", width=0.5), labels="hard"),
        "distil hard from cnn x0.5",
    ),
    ("distillation", Distillation(teacher=Teacher(family="cnn", members=3), features=10.0), "distil features from 3 cnn x1"),
    ("distillation", Distillation(teacher=Teacher(family="cnn"), features=1.0, feature_loss="hints"), "distil hints from cnn x1"),
    ("distillation", Distillation(teacher=Teacher(point="cnn x1")), "distil from the point cnn x1"),
    ("distillation", Distillation(teacher=Teacher(point="cnn x1", members=2)), "distil from 2 of the point cnn x1"),
    ("distillation", Distillation(teacher=Teacher(family="same")), "distil from itself"),
    ("distillation", Distillation(teacher=Teacher(family="same", members=2), labels="hard"), "distil hard from 2 of itself"),
    ("factorization", Factorization(), "low rank 25%"),
    ("factorization", Factorization(rank="energy", keep=0.9, decomposition="spatial"), "low rank 90% energy, spatial"),
    ("weight_sharing", WeightSharing(), "supernet 4 a step"),
    ("weight_sharing", WeightSharing(labels="hard", sampled=0), "supernet 2 a step hard"),
    ("subnetwork", Subnetwork(), "cut d1 w0.5 k3"),
    ("subnetwork", Subnetwork(stage_3=ElasticStage(kernel=5), fine_tune=2), "cut d1 w0.5 k3-3-5 tuned 2"),
    ("subnetwork", Subnetwork(statistics="inherited"), "cut d1 w0.5 k3 inherited statistics"),
    ("pruning", Pruning(), "prune 50%"),
    ("pruning", Pruning(amount=0.25), "prune 25%"),
    ("quantization", Quantization(), "int8"),
    ("quantization", Quantization(float_layers=1), "int8, 1 layer float"),
    ("quantization", Quantization(float_layers=2), "int8, 2 layers float"),
    ("quantization", Quantization.model_validate({"mode": "aware"}), "int8 aware"),
    ("quantization", Quantization(mode="dynamic"), "int8 dynamic"),
    ("quantization", Quantization(mode="weight_only"), "int8 weights"),
    ("quantization", Quantization(mode="weight_only", bits=4), "int4 weights"),
    ("quantization", Quantization.model_validate({"mode": "codebook"}), "codebook 4 bit"),
    ("quantization", Quantization.model_validate({"mode": "fp16"}), "fp16"),
    ("quantization", Quantization.model_validate({"mode": "bf16"}), "bf16"),
    ("runtime", Runtime(), "onnxruntime"),
    ("runtime", Runtime(name="torch"), "torch"),
]


@pytest.mark.parametrize(("name", "config", "label"), LABELS)
def test_labels(name: str, config: Parameters, label: str) -> None:
    assert TECHNIQUES[name].label(config) == label


def test_every_technique_has_its_label_tested() -> None:
    assert {name for name, _, _ in LABELS} == set(TECHNIQUES) == set(SMALLEST)


@pytest.mark.parametrize("record", TECHNIQUES.values(), ids=lambda t: t.name)
def test_a_technique_is_whole(record: Technique) -> None:
    assert TECHNIQUES[record.name] is record
    assert record.category in get_args(Category) and record.role in get_args(Role)
    assert record.title
    assert record.shorthand is None or record.shorthand in record.parameters.model_fields
    assert record.version >= 1 and record.optional == (record.role in ("contribute", "transform", "lower"))
    assert len(record.parameters.model_fields) <= 10


def test_every_way_of_a_technique_has_its_card() -> None:
    ways = {
        "augmentation": PolicyName, "averaging": Averaging.model_fields["kind"].annotation,
        "factorization": Factorization.model_fields["decomposition"].annotation,
        "quantization": Quantization.model_fields["mode"].annotation, "training": Training.model_fields["schedule"].annotation,
        "subnetwork": Subnetwork.model_fields["statistics"].annotation, "weight_sharing": WeightSharing.model_fields["labels"].annotation,
    }  # fmt: skip
    for name, choices in ways.items():
        named = tuple(card.name for card in TECHNIQUES[name].cards)
        assert named[: len(get_args(choices))] == get_args(choices)
        assert set(named) - set(get_args(choices)) <= set(TECHNIQUES[name].parameters.model_fields)
    assert [card.name for card in TECHNIQUES["distillation"].cards] == ["soft", "hard", "members", "point", "same", "features", "hints"]


def choices(model: type[Parameters], field: str) -> list[str]:
    described = model.model_json_schema()["properties"][field]
    return list(described.get("anyOf", [described])[0]["enum"])


def test_a_teacher_is_of_any_family_or_of_the_same() -> None:
    assert choices(Teacher, "family") == [*choices(Architecture, "family"), "same"]
    with pytest.raises(ValidationError, match="Input should be 'mlp', .* or 'same'"):
        Teacher(family="nobody")
    with pytest.raises(ValidationError, match="Input should be 'mlp', "):
        Architecture.model_validate({"family": 3})


@pytest.mark.parametrize("task", TASKS.values(), ids=lambda t: t.name)
def test_what_a_task_refuses_is_a_policy_with_a_reason_and_leaves_others(task: Task) -> None:
    assert set(task.refuses) < set(get_args(PolicyName))
    assert all(reason.endswith(".") for reason in task.refuses.values())


NESTED = (Teacher, EarlyStopping, ElasticStage, FineTune)


@pytest.mark.parametrize("model", [*(t.parameters for t in TECHNIQUES.values()), *NESTED], ids=lambda m: m.__name__)
def test_every_parameter_has_a_help_text_and_bounds(model: type[Parameters]) -> None:
    for name, described in model.model_json_schema()["properties"].items():
        assert described["description"].endswith("."), name
        if described.get("type") in ("number", "integer") and not {"const", "enum"} & set(described):
            assert {"minimum", "exclusiveMinimum"} & set(described), name
            assert {"maximum", "exclusiveMaximum"} & set(described), name


@pytest.mark.parametrize("name", SMALLEST)
def test_parameters_come_back_from_json_and_are_strict(name: str) -> None:
    config = SMALLEST[name]
    assert type(config).model_validate(config.model_dump(mode="json")) == config
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        type(config).model_validate(config.model_dump() | {"unheard_of": 1})


@pytest.mark.parametrize("name", SMALLEST)
def test_every_bound_holds(name: str) -> None:
    model = TECHNIQUES[name].parameters
    fields = model.model_json_schema()["properties"]
    given = SMALLEST[name].model_dump()
    for field, described in fields.items():
        steps = {"minimum": -1, "exclusiveMinimum": 0, "maximum": 1, "exclusiveMaximum": 0}
        for bound, beyond in steps.items():
            if bound in described:
                with pytest.raises(ValidationError):
                    model.model_validate(given | {field: described[bound] + beyond})


def test_families_tasks_and_runtimes_are_whole() -> None:
    assert choices(Architecture, "family") == list(FAMILIES)
    assert set(RUNTIMES) == set(get_args(Runtime.model_fields["name"].annotation))
    for entry in [*FAMILIES.values(), *TASKS.values()]:
        assert entry.summary.endswith(".") and entry.source and entry.link.startswith("https://")
    for task in TASKS.values():
        assert len(set(task.classes)) == len(task.classes) and len(task.fingerprint) == 64
    assert all(
        reason.endswith(".") and name in TECHNIQUES for r in RUNTIMES.values() for name, reason in r.refuses.items()
    )
    assert len({r.suffix for r in RUNTIMES.values()}) == len(RUNTIMES)


def test_a_resolution_that_leaves_too_few_pixels_of_a_task_is_refused_with_what_would_do() -> None:
    refusal = TECHNIQUES["architecture"].refusal
    assert refusal is not None
    assert refusal(Architecture(family="cnn", resolution=0.5), TASKS["digits"]) is None
    assert refusal(Architecture(family="cnn", resolution=0.45), TASKS["digits"]) == (
        "resolution",
        "must leave at least 4x4 pixels: 0.5 or more with the task 'digits', whose images have 8x8. Got 0.45.",
    )
    with pytest.raises(SpecError, match=r"recipe\[0\].architecture.resolution \(line 3\): must leave at least 4x4 pixels: 0.5 or more"):
        parse("name: a\ntask: digits\nrecipe: [architecture: {family: cnn, resolution: 0.25}, training: {}, runtime: torch]\n")


def test_numbers_in_labels_have_no_needless_digits() -> None:
    assert [number(v) for v in (0.5, 1.0, 1e-5, 0.125)] == ["0.5", "1", "1e-05", "0.125"]


def test_reading_a_spec_imports_neither_torch_nor_mlflow() -> None:
    script = "import sys, effcore.spec, effcore.plan; print(sorted({'torch', 'mlflow', 'numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr
