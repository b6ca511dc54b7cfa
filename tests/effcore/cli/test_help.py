"""What `--help` says: whole sentences, each on a line of 80 columns, and no type of Python where a user gives a value."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from effcore.cli import app

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
