"""README says what is there: its tree, its commands, its specs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from effcore.catalogue import TECHNIQUES
from effcore.cli.options import duration
from effcore.forecast import forecast
from effcore.spec import parse

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
EXPERIMENTS = sorted((ROOT / "experiments").glob("*.yaml"))


def tree_names() -> set[str]:
    block = README.split("## The tree", 1)[1].split("```", 2)[1]
    return set(re.findall(r"^  ([\w]+(?:\.py|/))", block, flags=re.MULTILINE))


def test_the_tree_names_every_module_and_folder() -> None:
    there = set()
    for top in ("effcore", "dashboard"):
        for path in (ROOT / top).iterdir():
            if path.name.startswith("_") or path.suffix not in ("", ".py"):
                continue
            there.add(path.name + ("/" if path.is_dir() else ""))
    assert there == tree_names()


def test_every_command_is_in_the_table() -> None:
    from effcore.cli import app

    shown = {c.callback.__name__ for c in app.registered_commands if c.callback and not c.hidden}
    assert shown == set(re.findall(r"^\| `effcore (\w+)", README, flags=re.MULTILINE))


def test_the_spec_of_the_readme_makes_the_variants_it_says() -> None:
    spec = parse(README.split("```yaml", 1)[1].split("```", 1)[0])
    assert len(spec.variants) == 64


def test_every_direct_requirement_has_its_line() -> None:
    direct = (ROOT / "requirements.txt").read_text().split("# What those need in turn.")[0]
    names = {line.split("==")[0] for line in direct.splitlines() if "==" in line}
    table = README.split("## What it stands on", 1)[1]
    assert {n for n in names if n not in table and not n.startswith("types-") and not n.endswith("-stubs")} == set()


def test_the_version_pins_of_the_packages_are_exact() -> None:
    lines = [text for text in (ROOT / "requirements.txt").read_text().splitlines() if text and not text.startswith("#")]
    assert lines and all(re.fullmatch(r"[\w.\-]+==[\w.]+", text) for text in lines)
    assert "torch==2.13.0" in lines


@pytest.mark.parametrize("path", EXPERIMENTS, ids=lambda p: p.stem)
def test_every_experiment_can_be_read_and_says_its_command_and_the_time_that_check_says(path: Path, tmp_path: Path) -> None:
    text = path.read_text()
    spec = parse(text, source=path.name)
    first = "\n".join(line for line in text.splitlines() if line.startswith("#"))
    assert re.match(rf"# effcore run experiments/{re.escape(path.name)}(\s|$)", first)
    said = f"At most {duration(spec.search.budget.minutes * 60)}, its budget." if spec.search.budget.minutes else ""
    expected = forecast(spec, home=tmp_path, slots=2).estimated_s
    assert (said or f"# About {duration(expected)} on 2 idle cores, as `effcore check` says before anything has run.\n") in f"{first}\n"
    assert len(re.findall(r"\d (min|s|minutes|seconds)\b", first)) == 1, "one time, which is that of `effcore check`"
    assert spec.size > 0


def test_there_are_experiments() -> None:
    assert len(EXPERIMENTS) >= 1


def test_the_tables_of_reproductions_hold_every_claim_and_nothing_is_missing() -> None:
    from effcore.reports.reproductions import CLAIMS

    first, last = "<!-- reproductions -->", "<!-- /reproductions -->"
    rows = [line for line in README.split(first)[1].split(last)[0].splitlines() if line.startswith("| ")][1:]
    assert [row.split(" | ")[0].removeprefix("| ") for row in rows] == [claim.text for claim in CLAIMS]
    assert not [row for row in rows if "missing" in row]
    sizes = README.split("<!-- bits -->")[1].split("<!-- /bits -->")[0]
    assert sizes.count("| 32 |") == 2 and sizes.count("\n| ") == 17 and "3 seeds." in sizes


def test_the_quickstart_says_of_itself_what_it_has() -> None:
    spec = parse((ROOT / "experiments" / "quickstart.yaml").read_text())
    families = {r.steps[0].config.family for r in spec.recipes}  # type: ignore[attr-defined]
    techniques = {s.technique for r in spec.recipes for s in r.steps}
    assert len(families) == 4 and "on four families" in spec.description
    assert techniques < set(TECHNIQUES) and "every" not in spec.description
    named = {"pruning": "Channels pruned", "quantization": "8-bit integers", "distillation": "a teacher", "augmentation": "augmentation"}
    assert techniques - {"architecture", "training", "runtime"} == set(named) and all(words in spec.description for words in named.values())
