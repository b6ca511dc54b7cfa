"""What the fork server imports once, so that no stage has to."""

from __future__ import annotations

import os

from effcore.catalogue import TASKS
from effcore.catalogue.architecture import Architecture
from effcore.home import find_home
from effcore.models import build
from effcore.models.training_memory import training_memory
from effcore.own import VERSION_VARIABLE, know
from effcore.runtimes.warm import warm_up
from effcore.stages import TASK_VARIABLE, admit, evaluate, export, measure, screen, table, train, transform
from effcore.stages import build as build_stage
from effcore.tasks import load

__all__ = ["admit", "build_stage", "evaluate", "export", "measure", "screen", "table", "train", "transform"]

warm_up()
# Its first call imports what would otherwise be counted to the training of every child.
training_memory(build(Architecture(family="cnn", width=0.125), TASKS["digits"]), TASKS["digits"], images=0, evaluated=2)
if os.environ.get(VERSION_VARIABLE):
    know(find_home(make=False), version=os.environ[VERSION_VARIABLE])
if os.environ.get(TASK_VARIABLE):
    load(os.environ[TASK_VARIABLE])
