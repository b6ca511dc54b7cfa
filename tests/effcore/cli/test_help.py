"""The commands as a whole: what `--help` says, in whole sentences on lines of 80 columns, and how they end where something else does."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from effcore import cli
from effcore.cli import app

ROOT = Path(__file__).parents[3]

NAMES = sorted(command.callback.__name__ for command in app.registered_commands if command.callback and not command.hidden)


def shown(*arguments: str) -> str:
    return CliRunner().invoke(app, [*arguments, "--help"], env={"COLUMNS": "80", "TERMINAL_WIDTH": "80"}).output


def test_every_command_has_a_whole_sentence_on_one_line() -> None:
    lines = shown().split("Commands:\n")[1].splitlines()
    assert sorted(line.split()[0] for line in lines) == NAMES
    assert all(line.endswith(".") and not line.endswith("..") and len(line) <= 80 for line in lines), lines


@pytest.mark.parametrize("name", NAMES)
def test_options_say_what_they_take(name: str) -> None:
    text = shown(name)
    assert max(map(len, text.splitlines())) <= 80
    options = text.split("Options:\n")[1]
    assert not [mark for mark in ("list[", "<path>", "<str>", " range>", "<int>", "<float>") if mark in options], options


@pytest.mark.parametrize("arguments", [("describe", "--all"), ("describe", "--json")])
def test_a_reader_that_had_enough_ends_a_command_well(arguments: tuple[str, ...], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "effcore", *arguments, "--home", str(tmp_path / "none")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(ROOT)})
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    said = process.stderr.read()
    assert (process.wait(timeout=60), said) == (0, b"")


def test_a_place_that_can_not_be_written_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def refuse() -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "/home/me/.effcore/logs")

    monkeypatch.setattr(cli, "app", refuse)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    assert capsys.readouterr().err == (
        "effcore: Permission denied at /home/me/.effcore/logs. Make room, give the rights, or give another place, as with --home.\n"
    )


ENDING = """
import atexit, sys
from effcore import cli
def main():
    atexit.register(lambda: print("registered later", flush=True))
    print("done")
    END
cli.main = main
class Slow:
    def __del__(self):
        print("taken apart", flush=True)
slow = Slow()
cli.entry()
"""


@pytest.mark.parametrize(("end", "code"), [("sys.exit(1)", 1), ("sys.exit()", 0), ("pass", 0), ("sys.exit('why')", 1), ("1 / 0", 1)])
def test_a_command_is_gone_when_it_is_done(end: str, code: int) -> None:
    script = ENDING.replace("END", end)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False)
    assert (done.returncode, done.stdout) == (code, "done\nregistered later\n")
    assert ("ZeroDivisionError" in done.stderr, "why" in done.stderr) == ("1 / 0" in end, "why" in end)
