"""What the fork server imports once, so that no stage has to."""

from __future__ import annotations

import os

from effcore.runtimes.warm import warm_up
from effcore.stages import evaluate, export, measure, train, transform
from effcore.tasks import load

TASK_VARIABLE = "EFFCORE_PRELOAD_TASK"
"""Name of the task whose data all children share."""

__all__ = ["evaluate", "export", "measure", "train", "transform"]

warm_up()
if os.environ.get(TASK_VARIABLE):
    load(os.environ[TASK_VARIABLE])
