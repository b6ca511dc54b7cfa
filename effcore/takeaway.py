"""A point to take away: its file, an example that uses it, and what is known of it."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

from effcore.analysis.frontier import Variant
from effcore.catalogue import TASKS
from effcore.errors import EffcoreError
from effcore.recipe import from_document
from effcore.tracking import Store

_EXAMPLES = {
    "onnxruntime": '''"""Classify images with {artifact}: raw pixels in, names of classes out.

Needs: pip install {requirement} numpy
"""

import json
from pathlib import Path

import numpy as np
import onnxruntime

session = onnxruntime.InferenceSession(str(Path(__file__).with_name("{artifact}")), providers=["CPUExecutionProvider"])
classes = json.loads(session.get_modelmeta().custom_metadata_map["classes"])

# One image: unsigned bytes from 0 to {levels}, in the order batch, channels, height, width.
image = np.zeros((1, {channels}, {height}, {width}), dtype=np.uint8)
(logits,) = session.run(None, {{session.get_inputs()[0].name: image}})
print(classes[int(logits[0].argmax())])
''',
    "torch": '''"""Classify images with {artifact}: raw pixels in, names of classes out.

Needs: pip install {requirement}
"""

import json
from pathlib import Path

import torch

extra = {{"classes.json": ""}}
program = torch.export.load(Path(__file__).with_name("{artifact}"), extra_files=extra)
model = program.module()
classes = json.loads(extra["classes.json"])

# One image: unsigned bytes from 0 to {levels}, in the order batch, channels, height, width.
image = torch.zeros((1, {channels}, {height}, {width}), dtype=torch.uint8)
with torch.inference_mode():
    logits = model(image)
print(classes[int(logits[0].argmax())])
''',
}


def requirement(variant: Variant) -> str:
    """What pip is asked for to use a variant's file: its runtime, without the local part of a version, which no index has.

    Example:
        `torch==2.13.0` of `torch 2.13.0+cpu`.
    """
    name, _, version = variant.runtime.partition(" ")
    return f"{name}=={version.partition('+')[0]}"


def take_away(variant: Variant, *, store: Store, folder: Path) -> list[Path]:
    """Write the artifact, an example and a description into a folder.

    Args:
        variant: A finished one.
        store: Where its files are.
        folder: Made where it is not there; files of the same name must not be.

    Returns:
        The files that were written.

    Raises:
        EffcoreError: The variant has no artifact, or a file is there already.
    """
    if variant.artifact is None:
        raise EffcoreError(f"{variant.name} has no file to take away: {variant.error or variant.status.lower()}.")
    recipe = from_document(variant.recipe)
    task = TASKS[recipe.task]
    channels, height, width = task.shape
    runtime = variant.runtime.partition(" ")[0]
    example = _EXAMPLES[runtime].format(
        artifact=variant.artifact, requirement=requirement(variant), levels=task.levels, channels=channels, height=height, width=width
    )
    about = {
        "name": variant.name, "recipe": variant.recipe, "seed": variant.seed, "runtime": variant.runtime,
        "environment": variant.environment, "metrics": dict(variant.metrics), "run_id": variant.run_id,
        "sha256": hashlib.sha256(store.file(variant.run_id, variant.artifact).read_bytes()).hexdigest(),
    }  # fmt: skip
    targets = [folder / variant.artifact, folder / "example.py", folder / "point.json"]
    there = [str(t) for t in targets if t.exists()]
    if there:
        raise EffcoreError(f"{', '.join(there)} must not be there already. Choose another folder with --to.")
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(store.file(variant.run_id, variant.artifact), targets[0])
    targets[1].write_text(example)
    targets[2].write_text(json.dumps(about, indent=2))
    return targets
