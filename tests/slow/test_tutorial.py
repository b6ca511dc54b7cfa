"""docs/tutorial.md does what it says: its files are written and its commands run, in their order, on images made here."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from homes import ROOT
from own_images import break_one, write_folder

from effcore.host import VARIABLE

pytestmark = pytest.mark.slow

TEXT = (ROOT / "docs" / "tutorial.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, flags=re.MULTILINE | re.DOTALL)
PATIENCE_S = 900


def environment(folder: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if k == VARIABLE or not k.startswith(("EFFCORE_", "PYTEST_"))}
    return kept | {"PYTHONPATH": f"{ROOT}:{folder}"}


def command(line: str) -> list[str]:
    first, *rest = shlex.split(line)
    return [sys.executable, *(["-m", "effcore"] if first == "effcore" else []), *rest]


def run(line: str, folder: Path) -> str:
    done = subprocess.run(command(line), cwd=folder, env=environment(folder), capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def serve_for_a_moment(line: str, folder: Path) -> str:
    """Start it, wait until the page is there, and end it as Ctrl-C does."""
    log = folder / "serve.log"
    with open(log, "wb") as output:
        process = subprocess.Popen(command(line), cwd=folder, env=environment(folder), stdout=output, stderr=output, start_new_session=True)
    try:
        end = time.monotonic() + PATIENCE_S
        while "Dashboard: http://127.0.0.1:" not in log.read_text():
            assert process.poll() is None and time.monotonic() < end, log.read_text()
            time.sleep(0.2)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)
    return log.read_text()


def test_every_file_and_command_of_the_tutorial(tmp_path: Path) -> None:
    broken = break_one(write_folder(tmp_path / "photos" / "shapes", each=60))
    said: dict[str, str] = {}
    for kind, block in BLOCKS:
        if kind in ("python", "yaml"):
            name = block.splitlines()[0].removeprefix("# ")
            assert re.fullmatch(r"\w+\.(py|yaml)", name), block
            (tmp_path / name).write_text(block)
        for line in block.splitlines() if kind == "sh" else ():
            said[line] = serve_for_a_moment(line, tmp_path) if line == "effcore serve" else run(line, tmp_path)
    lines = list(said)
    assert len(lines) == 12 and lines[0].startswith("effcore describe shapes")
    assert "182 coloured images of 3 classes" in said[lines[0]].replace("\n    ", " ") and broken in said[lines[0]]
    assert "4 variants of shapes" in said[lines[2]] and "4 of 4 variants" in said[lines[3]]
    assert "small x1 · 12 ep lr 0.01 batch 16 · int8" in said["effcore frontier"] and "Stopped." in said["effcore serve"]
    assert said["python shipped/example.py"].strip() in ("circle", "cross", "stripes")
    assert "2 of 2 variants" in said["effcore run frozen.yaml --checkpoint mine=weights.pt"]
    assert re.search(r"small x1 · weights mine +[6-9]\d\.\d|small x1 · weights mine +100", said["effcore frontier --sweep frozen"])
