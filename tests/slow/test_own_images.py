"""A user's own folder, from refusal of its broken file to points on the page in a real browser."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from homes import Home, free_port, wait_for
from own_images import CLASSES, break_one, write_folder
from playwright.sync_api import Page

from effcore.runtimes import RUNTIME_MODULES
from effcore.tracking import Store

pytestmark = [pytest.mark.slow, pytest.mark.browser]

SPEC = """name: my shapes
task: shapes
recipe:
  - architecture: {family: cnn, width: 0.5}
  - training: {epochs: 12, batch_size: 16, learning_rate: 0.01}
  - pruning: [none, {amount: 0.5, fine_tune: 2}]
  - quantization: [none, {mode: static, bits: 8}]
  - runtime: onnxruntime
measure: {processes: 3, max_s: 2}
"""


def test_a_folder_of_ones_own_is_trained_compressed_and_shown(home: Home, page: Page, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "shapes", each=60)
    broken, spec = break_one(folder), home.file("own", SPEC)
    data = ["--data", f"shapes={folder}"]
    refused = home.start("run", spec, *data)
    assert refused.end() == 2 and f"  {broken}: " in refused.stderr and "--broken skip" in refused.stderr and not home.executions()

    served = home.start("serve", spec, "--port", free_port(), *data, "--broken", "skip")
    base = wait_for(lambda: re.search(r"Dashboard: (http://127.0.0.1:\d+)\n", served.stderr), served, every_s=0.1).group(1)
    wait_for(lambda: "The page stays at" in served.stderr, served, every_s=0.5)
    store = Store(home.path)
    variants = store.variants()
    assert len(variants) == 4 and {v.status for v in variants} == {"FINISHED"}
    plain = next(v for v in variants if len(v.recipe["steps"]) == 3)
    assert plain.metrics["accuracy"] > 0.6
    assert min(v.metrics["size_mb"] for v in variants) < plain.metrics["size_mb"] / 3
    assert RUNTIME_MODULES["onnxruntime"].class_names(store.file(plain.run_id, plain.artifact or "")) == CLASSES

    health = json.loads(store.file(store.sweep("my shapes").run_id, "data.json").read_text())
    assert [entry["where"] for entry in health["skipped"]] == [broken] and health["counts"] == {"grey": 1, "resized": 1}
    assert {name: sum(of.values()) for name, of in health["classes"].items()} == {"circle": 61, "cross": 61, "stripes": 60}

    page.goto(base)
    page.wait_for_selector(".js-plotly-plot .scatterlayer .point")
    page.get_by_text(re.compile("4 points")).first.wait_for()
    page.goto(f"{base}/launch")
    page.get_by_role("combobox", name="Task").click()
    page.get_by_role("option", name="shapes").click()
    page.get_by_text(re.compile(f"182 coloured images of 3 classes.*{re.escape(broken)}")).wait_for()
    assert str(tmp_path) not in page.content()
