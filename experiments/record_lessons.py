"""Records what the lessons show, from sweeps that were run and from what is computed here; some minutes.

    effcore run experiments/lessons.yaml
    effcore run experiments/lessons_learning.yaml
    python experiments/record_lessons.py

Writes dashboard/lessons/recorded/: `lessons.json`, `images.npz` and `network.onnx`.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from effcore.analysis.frontier import Variant  # noqa: E402
from effcore.catalogue import TASKS  # noqa: E402
from effcore.catalogue.architecture import Architecture  # noqa: E402
from effcore.catalogue.augmentation import Augmentation  # noqa: E402
from effcore.catalogue.training import Training  # noqa: E402
from effcore.home import find_home  # noqa: E402
from effcore.measure.environment import current  # noqa: E402
from effcore.measure.latency import measure_latency  # noqa: E402
from effcore.models import build  # noqa: E402
from effcore.runtimes import runtime_module  # noqa: E402
from effcore.tasks import load  # noqa: E402
from effcore.techniques.augmentation import contribute  # noqa: E402
from effcore.techniques.context import Context  # noqa: E402
from effcore.tracking import Store  # noqa: E402
from effcore.training import Batch, fit  # noqa: E402

TARGET = ROOT / "dashboard/lessons/recorded"
KEPT = ("accuracy", "val_accuracy", "latency_ms", "size_mb", "size_compressed_mb", "macs", "params", "nonzero_params", "model_ram_mb", "train_s")
RATES = (1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
WIDTHS = (0.125, 0.25, 0.5, 1.0)
BATCH_SIZES = (16, 64, 256)
CHANNELS = (16, 32, 64, 128)
SIDE = 14
POLICIES = ("affine", "crop", "erasing", "noise", "mixup", "cutmix", "randaugment", "trivialaugment")


def variant_row(variant: Variant, store: Store) -> dict[str, Any]:
    """What a lesson needs of a variant: figures with intervals, its step, the medians of its processes, its learning curve."""
    names = [k for k in variant.metrics if k in KEPT or k.removesuffix("_low").removesuffix("_high") in KEPT]
    samples = json.loads(store.file(variant.run_id, "samples.json").read_text())["latency"]["processes"]
    return {
        "key": variant.recipe_key, "name": variant.name, "seed": variant.seed, "recipe": variant.recipe, "parent": variant.parent,
        "technique": variant.technique, "step": variant.step, "noisy": variant.noisy, "metrics": {k: variant.metrics[k] for k in names},
        "process_medians_ms": [p["median_ms"] for p in samples], "process_ratios": [p["median_ms"] / p["reference_median_ms"] for p in samples],
        "curve": json.loads(store.file(variant.run_id, "curve.json").read_text()),
    }  # fmt: skip


def sweep_rows(store: Store, name: str) -> list[dict[str, Any]]:
    """All variants of a sweep that finished."""
    return [variant_row(v, store) for v in store.variants(sweep=store.sweep(name).run_id) if v.status == "FINISHED" and v.measures is None]


def landscape() -> list[dict[str, Any]]:
    """Every combination of learning rate, width and batch size of a perceptron on digits: accuracy on validation and test, two seeds each."""
    data, rows = load("digits"), []
    for rate in RATES:
        for width in WIDTHS:
            for size in BATCH_SIZES:
                found, seconds = [], 0.0
                for seed in (0, 1):
                    model = build(Architecture(family="mlp", width=width), TASKS["digits"], seed=seed)
                    curve = fit(model, data, Training(epochs=3, learning_rate=rate, batch_size=size), seed=seed).curve
                    found.append(curve[-1]["val_accuracy"])
                    seconds += curve[-1]["seconds"]
                rows.append({
                    "learning_rate": rate, "width": width, "batch_size": size, "val_accuracy": statistics.mean(found), "seconds": seconds,
                })  # fmt: skip
    return rows


def layers() -> list[dict[str, Any]]:
    """Measured latency of one 3x3 convolution, full and depthwise separable, by its number of channels."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        for channels in CHANNELS:
            full = nn.Conv2d(channels, channels, 3, padding=1)
            separable = nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1, groups=channels), nn.Conv2d(channels, channels, 1))
            for kind, layer in (("full", full), ("separable", separable)):
                path = Path(name) / f"{kind}{channels}.onnx"
                example = torch.zeros(2, channels, SIDE, SIDE, dtype=torch.uint8)
                program = torch.onnx.export(
                    Raw(layer).eval(), (example,), dynamo=True, external_data=False, verbose=False, input_names=["image"], output_names=["logits"],
                    dynamic_shapes=({0: torch.export.Dim("batch", min=1, max=64)},),
                )  # fmt: skip
                program.save(str(path))  # type: ignore[union-attr]
                found = measure_latency(path, runtime="onnxruntime", shape=(channels, SIDE, SIDE), levels=255)
                rows.append({
                    "channels": channels, "kind": kind, "latency_ms": found.latency_ms, "low": found.latency_low, "high": found.latency_high,
                    "noisy": found.noisy,
                })  # fmt: skip
    return rows


class Raw(nn.Module):
    """A layer that takes raw pixels, as every artifact does."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.layer(image.float() / 255)


def pictures(store: Store, folder: Path) -> dict[str, Any]:
    """Images with what each policy of augmentation makes of them, and what a teacher says of some that are hard to tell."""
    data = load("mnist5k")
    chosen = [int(np.flatnonzero(data.train.labels == digit)[0]) for digit in (2, 4, 5, 7)]
    images = data.train.images[chosen]
    arrays: dict[str, np.ndarray] = {"original": images}
    for policy in POLICIES:
        hook = contribute(Augmentation(policy=policy), Context(data=data, seed=0))  # type: ignore[arg-type]
        made = []
        for draw in range(3):
            batch = Batch(images=torch.tensor(images), labels=torch.tensor(data.train.labels[chosen]), indices=torch.tensor(chosen))
            made.append(hook.batch(batch, torch.Generator().manual_seed(draw)).images.float().clamp(0, 255).round().byte().numpy())  # type: ignore[misc]
        arrays[policy] = np.stack(made)
    teacher = next(r for r in store.variants(sweep=store.sweep("lessons").run_id) if r.name == "residual x1 · 3 ep")
    logits = runtime_module("onnxruntime").load(store.file(teacher.run_id, teacher.artifact or ""))(data.validation.images)
    ordered = np.sort(logits, axis=1)
    hard = [int(i) for i in np.argsort(ordered[:, -1] - ordered[:, -2])[:6]]
    arrays |= {"asked": data.validation.images[hard], "asked_labels": data.validation.labels[hard], "teacher_logits": logits[hard].astype(np.float32)}
    np.savez_compressed(folder / "images.npz", **arrays)
    return {"teacher": teacher.name, "policies": list(POLICIES)}


def network(store: Store, folder: Path) -> dict[str, Any]:
    """The small network that the lessons on bits and pruning take apart."""
    chosen = next(v for v in store.variants(sweep=store.sweep("lessons").run_id) if v.name == "cnn x0.25 · 3 ep")
    shutil.copyfile(store.file(chosen.run_id, chosen.artifact or ""), folder / "network.onnx")
    return {"name": chosen.name, "accuracy": chosen.metrics["accuracy"]}


def main() -> None:
    """Write the recording from the two sweeps of a state folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, help="state folder that the two sweeps were run in")
    given = parser.parse_args()
    torch.set_num_threads(1)
    store = Store(find_home(given.home))
    TARGET.mkdir(parents=True, exist_ok=True)
    document = {
        "made": date.today().isoformat(), "machine": current().label, "command": "python experiments/record_lessons.py",
        "lessons": sweep_rows(store, "lessons"), "lessons_learning": sweep_rows(store, "lessons_learning"), "layers": layers(),
        "side": SIDE, "landscape": landscape(), "pictures": pictures(store, TARGET), "network": network(store, TARGET),
    }  # fmt: skip
    (TARGET / "lessons.json").write_text(json.dumps(document, allow_nan=False, separators=(",", ":")))
    print(f"Wrote {', '.join(f'{p.name} {p.stat().st_size / 1e3:.0f} kB' for p in sorted(TARGET.iterdir()))}.")


if __name__ == "__main__":
    main()
