"""Plug-ins join the catalogue, their code is part of the keys, and what is wrong with one is told with file and line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from typer.testing import CliRunner

import effcore
from effcore import own
from effcore.catalogue import FAMILIES, TASKS, TECHNIQUES
from effcore.catalogue.architecture import Architecture
from effcore.cli import app
from effcore.context import current_context
from effcore.errors import EffcoreError, SpecError
from effcore.models import build, snapshot
from effcore.own import Brought
from effcore.plan import make_plan
from effcore.spec import parse
from effcore.tasks import load
from effcore.techniques import CONTRIBUTORS, CONVERTERS, FUNCTIONS

EXAMPLE = Path(effcore.__file__).parents[1] / "docs" / "example_plugin.py"
SPEC = """name: a
task: digits
recipe:
  - architecture: {family: [cnn, patches], width: 0.5}
  - training: {epochs: 1}
  - confidence_penalty: [none, {beta: 0.2}]
  - weight_clipping: [none, {}]
  - runtime: onnxruntime
"""
SMALL = """
from torch import nn
from effcore.plugin import *
CARD = Card(name="small", summary="Small.", formula="y = Wx", unhelpful="Often.", source="Nobody 2026", link="")

def build(task, *, width, depth):
    return BODY

PLUGIN = Plugin(architectures=[OwnArchitecture(name="NAME", build=build, card=CARD)])
"""
LINEAR = "nn.Sequential(nn.Flatten(), nn.Linear(task.shape[0] * task.shape[1] * task.shape[2], len(task.classes)))"


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """`write(text, name=...)`: a plug-in's file; without a text the smallest that there can be, with `body` as its network."""

    def written(text: str = "", *, name: str = "small", body: str = LINEAR) -> Path:
        path = tmp_path / f"{name}.py"
        path.write_text(text or SMALL.replace("BODY", body).replace("NAME", name))
        return path

    return written


def bring(home: Path, *paths: Path, keep: bool = True) -> list[str]:
    said: list[str] = []
    own.bring(home, Brought(plugins=paths), keep=keep, say=said.append)
    return said


def keys(spec: str) -> dict[str, set[str]]:
    """Keys of stages by the family of the network; those of all families under its name."""
    plan = make_plan(parse(spec).variants, context=current_context())
    return {f: {k for v in plan.variants if v.recipe.architecture.family == f for k in v.stages} for f in ("cnn", "patches")}


def test_the_example_brings_one_of_everything_and_takes_it_away_again(home: Path, tmp_path: Path) -> None:
    shipped = set(TECHNIQUES), set(FAMILIES), set(FUNCTIONS), dict(current_context().sources)
    said = bring(home, EXAMPLE)
    assert said[0] == "example_plugin.py: architectures patches; techniques confidence_penalty, weight_clipping; tasks bars."
    assert "confidence_penalty" in CONTRIBUTORS and "weight_clipping" in FUNCTIONS and not {"confidence_penalty", "weight_clipping"} & set(CONVERTERS)
    assert len(parse(SPEC).variants) == 8
    assert TASKS["bars"].classes == ("across", "down", "neither") and load("bars").test.images.shape == (18, 1, 12, 12)
    own.know(tmp_path / "elsewhere")
    assert (set(TECHNIQUES), set(FAMILIES), set(FUNCTIONS), dict(current_context().sources)) == shipped and "bars" not in TASKS
    with pytest.raises(SpecError, match="must be a technique of the catalogue. Got 'confidence_penalty'"):
        parse(SPEC)
    own.know(home)
    assert len(parse(SPEC).variants) == 8


def test_describe_says_where_each_is_from(home: Path) -> None:
    options = ["--plugin", str(EXAMPLE), "--home", str(home)]
    found = json.loads(CliRunner().invoke(app, ["describe", "--json", *options]).stdout)
    entries = [found["families"]["patches"], found["techniques"]["weight_clipping"], found["tasks"]["bars"]]
    assert [entry["origin"] for entry in entries] == [str(EXAMPLE)] * 3
    told = found["techniques"]["weight_clipping"]
    assert (told["title"], told["cost"], told["cards"]) == ("Weight clipping", "Nothing but a look at the weights.", [])
    assert told["figure"].startswith("ImageNet and language models: ")
    assert found["families"]["patches"]["formula"].startswith("x' = relu") and found["families"]["patches"]["unhelpful"]
    assert found["families"]["cnn"]["origin"] == ""
    assert "patches" in found["techniques"]["architecture"]["schema"]["properties"]["family"]["enum"] and not home.exists()


def test_the_code_of_a_plug_in_is_part_of_the_keys_of_what_uses_it(home: Path, write: Callable[..., Path]) -> None:
    path = write(EXAMPLE.read_text(), name="copy")
    bring(home, path)
    before = keys(SPEC)
    version = own.pinned(home)
    path.write_text(path.read_text() + "\n# another mind\n")
    assert bring(home) == ["copy.py: architectures patches; techniques confidence_penalty, weight_clipping; tasks bars."]
    after = keys(SPEC)
    assert not before["patches"] & after["patches"]
    kept = before["cnn"] & after["cnn"]
    assert sorted(key.split("-")[0] for key in kept) == ["evaluate", "export", "train"]
    own.know(home, version=version)
    assert keys(SPEC) == before


def test_a_sweep_goes_on_with_the_code_that_it_was_begun_with(home: Path, write: Callable[..., Path]) -> None:
    path = write()
    bring(home, path)
    version = own.pinned(home)
    path.unlink()
    script = "import sys, pathlib\nfrom effcore import own\nfrom effcore.catalogue import FAMILIES\n"
    script += "own.know(pathlib.Path(sys.argv[1]), version=sys.argv[2])\nprint(FAMILIES['small'].origin)"
    found = subprocess.run([sys.executable, "-c", script, str(home), version], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == str(path)


def test_a_network_of_ones_own_takes_raw_pixels_and_comes_back_from_its_snapshot(home: Path) -> None:
    bring(home, EXAMPLE)
    model = build(Architecture(family="patches", width=0.5), TASKS["digits"], seed=0)
    images = torch.randint(0, 17, (5, 1, 8, 8), dtype=torch.uint8)
    logits = model.eval()(images)
    assert logits.shape == (5, 10)
    again = snapshot.rebuild(snapshot.take(model, "digits", Architecture(family="patches", width=0.5)))
    assert torch.equal(again(images), logits)


def test_a_network_of_one_width_and_depth_is_asked_for_no_other(home: Path, write: Callable[..., Path]) -> None:
    bring(home, write())
    spec = "name: a\ntask: digits\nrecipe: [architecture: {family: small%s}, training: {}, runtime: torch]\n"
    assert len(parse(spec % "").variants) == 1
    with pytest.raises(SpecError, match="must be left out or 1 with the family 'small', which comes in one width. Got 0.5."):
        parse(spec % ", width: 0.5")
    with pytest.raises(SpecError, match="must be 1 with the family small"):
        parse(spec % ", depth: 2")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("3", "must be a torch.nn.Module. Got int. Return it from build."),
        ("nn.Linear(3, 3)", r"must take float images \(N, 1, 8, 8\)."),
        ("nn.Sequential(nn.Flatten(), nn.Linear(64, 7))", r"must give finite float32 logits of shape \(N, 10\). Got \(2, 7\) for 2 images."),
        ("nn.Linear(task.nothing, 3)", r"line 7: building 'small' failed. AttributeError in `return nn.Linear\(task.nothing, 3\)`"),
    ],
)
def test_a_network_that_can_not_be_is_told_with_the_place(home: Path, write: Callable[..., Path], body: str, words: str) -> None:
    path = write(body=body)
    bring(home, path)
    with pytest.raises(EffcoreError, match=words) as caught:
        build(Architecture(family="small"), TASKS["digits"])
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a = 1\nb = a +\n", "line 2: it could not be loaded. SyntaxError in `b = a \\+`: invalid syntax. Correct it there"),
        ("import os\n\nos.nothing\n", "line 3: it could not be loaded. AttributeError in `os.nothing`: "),
        ("import sys\nsys.exit(3)\n", "line 2: it could not be loaded. SystemExit in `sys.exit"),
        ("x = 1\n", "must have a PLUGIN made with effcore.plugin.Plugin. Got NoneType."),
        ("from effcore.plugin import *\nPLUGIN = Plugin(tasks=['a'])\n", "tasks must hold OwnTask. Got str."),
        (SMALL.replace("NAME", "cnn").replace("BODY", "1"), "'cnn' is that of a family that ships with effcore"),
        (SMALL.replace("NAME", "none").replace("BODY", "1"), "no word that means something else. Got 'none'"),
        (SMALL.replace("Small.", "").replace("BODY", "1"), "every card must have a summary and a source. Not so: NAME."),
        (
            "import numpy\nfrom effcore.plugin import *\n"
            "PLUGIN = Plugin(tasks=[OwnTask(name='t', read=lambda: (numpy.zeros((4, 8, 8)), numpy.zeros(4)), classes=('a', 'b'))])\n",
            r"must read images, uint8 \(N, C, H, W\).*Got float64 \(4, 8, 8\)",
        ),
    ],
)
def test_a_plug_in_that_fails_says_file_line_and_what_to_do_and_is_not_kept(home: Path, write: Callable[..., Path], text: str, words: str) -> None:
    path = write(text, name="wrong")
    with pytest.raises(EffcoreError, match=words) as caught:
        bring(home, path)
    assert "wrong.py" in str(caught.value) or "ships with" in str(caught.value) or "means something" in str(caught.value)
    assert own.know(home).plugins == ()


def test_two_plug_ins_can_not_bring_the_same_name(home: Path, write: Callable[..., Path]) -> None:
    twin = write(SMALL.replace("NAME", "small").replace("BODY", LINEAR), name="twin")
    with pytest.raises(EffcoreError, match="brings the family 'small', which there is already. Rename one of them."):
        bring(home, write(), twin)


def test_what_was_named_can_be_forgotten_also_where_it_fails(home: Path, write: Callable[..., Path]) -> None:
    path = write()
    bring(home, path)
    path.write_text("1 / 0\n")
    with pytest.raises(EffcoreError, match="ZeroDivisionError in `1 / 0`"):
        own.bring(home, Brought())
    forgotten = CliRunner().invoke(app, ["forget", "small.py", "--home", str(home)])
    assert forgotten.exit_code == 0 and own.bring(home, Brought()).empty
    with pytest.raises(EffcoreError, match="Nothing of the name 'small.py' was named"):
        own.forget(home, "small.py")


def test_an_installed_package_is_a_plug_in_too(home: Path, tmp_path: Path) -> None:
    package, info = tmp_path / "site" / "my_nets", tmp_path / "site" / "my_nets-1.0.dist-info"
    package.mkdir(parents=True)
    info.mkdir()
    (package / "__init__.py").write_text(SMALL.replace("NAME", "packaged").replace("BODY", LINEAR))
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my-nets\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[effcore.plugins]\nnets = my_nets\n")
    script = "import sys, pathlib\nfrom effcore import own\nfrom effcore.catalogue import FAMILIES\nhome = pathlib.Path(sys.argv[1])\n"
    script += "own.know(home)\nprint(FAMILIES['packaged'].origin, own.pinned(home))"
    run: Any = dict(capture_output=True, text=True, check=True)
    path = {"PYTHONPATH": f"{tmp_path / 'site'}:{Path(effcore.__file__).parents[1]}"}
    first = subprocess.run([sys.executable, "-c", script, str(home)], env=path, **run).stdout.split()
    assert first[0] == "package:nets" and len(first[1]) == 16
    (package / "__init__.py").write_text((package / "__init__.py").read_text() + "# changed\n")
    assert subprocess.run([sys.executable, "-c", script, str(home)], env=path, **run).stdout.split()[1] != first[1]


def test_code_is_run_once_a_process(home: Path, write: Callable[..., Path], tmp_path: Path) -> None:
    counter = tmp_path / "runs"
    path = write(SMALL.replace("NAME", "small").replace("BODY", LINEAR) + f"\nopen({str(counter)!r}, 'a').write('x')\n", name="counted")
    bring(home, path)
    own.know(tmp_path / "elsewhere")
    own.know(home)
    assert counter.read_text() == "x"


@pytest.mark.slow
def test_the_example_passes_the_conformance_tests_of_what_ships() -> None:
    """As a plug-in's author runs them, on what only the example brings."""
    root = Path(effcore.__file__).parents[1]
    command = [sys.executable, "-m", "pytest", "-q", str(root / "tests/effcore/test_conformance.py")]
    chosen = "confidence_penalty or weight_clipping-mlp or weight_clipping-patches or bars or patches-onnxruntime or factorization-patches"
    environment = {**os.environ, "EFFCORE_TEST_PLUGIN": str(EXAMPLE), "PYTHONPATH": str(root)}
    found = subprocess.run([*command, "-k", chosen], env=environment, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout[-3000:]
