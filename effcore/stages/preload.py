"""What the fork server imports once, so that no stage has to."""

from __future__ import annotations

import os

from effcore.runtimes.warm import warm_up
from effcore.stages import TASK_VARIABLE, evaluate, export, measure, train, transform
from effcore.tasks import load

__all__ = ["evaluate", "export", "measure", "train", "transform"]

warm_up()
if os.environ.get(TASK_VARIABLE):
    load(os.environ[TASK_VARIABLE])
