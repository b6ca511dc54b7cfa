"""The stages of a one-shot search are named by all that determines what they give."""

from __future__ import annotations

from dataclasses import replace

import pytest

from effcore.catalogue import TASKS
from effcore.catalogue.architecture import Architecture
from effcore.catalogue.elastic import stage_choices
from effcore.plan import Context
from effcore.plan.screening import table_stage

CONTEXT = Context(exact_int8=True, machine="m")


def key(task: str = "digits") -> str:
    choices = [list(stage_choices(1)) for _ in range(3)]
    architecture = Architecture.model_validate({"family": "elastic"})
    return table_stage(task=task, architecture=architecture, choices=choices, environment="here", context=CONTEXT).key


def test_a_table_is_of_the_images_and_classes_that_the_task_has_now(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, task = key(), TASKS["digits"]
    for changed in (replace(task, shape=(1, 16, 16)), replace(task, classes=task.classes[:5])):
        monkeypatch.setitem(TASKS, "digits", changed)
        assert key() != plain
    monkeypatch.setitem(TASKS, "digits", replace(task, fingerprint="other pixels of the same size"))
    assert key() == plain
