"""Names of a class as a program asks for them: one for a browser, as many as a class has for an address."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from homes import Home, free_port, wait_for
from viewers import Viewer

from dashboard.classroom import KEY_FILE, MORE_NAMES, Classroom
from dashboard.classroom.origin import ADDRESS_VARIABLE

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Classroom]]:
    """The port of a class in which four names may join from one address, and the class."""
    home = Home(tmp_path_factory.mktemp("names") / "home")
    home.path.mkdir()
    (home.path / KEY_FILE).write_text("the key of this class")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(ADDRESS_VARIABLE, "4")
        command = home.start("serve", "--port", free_port())
    line = wait_for(lambda: re.search(r"Dashboard: http://127.0.0.1:(\d+)\n", command.stderr), command, every_s=0.1)
    yield int(line.group(1)), Classroom(home.path)
    home.end()


def asked(viewer: Viewer, name: str) -> str:
    """What the page says to somebody who wants to join."""
    viewer.open("class")
    viewer.press("Join", join_name=name)
    return " ".join(viewer.texts)


def test_a_second_name_is_refused_and_what_a_program_gets_without_a_browser(served: tuple[int, Classroom]) -> None:
    port, room = served
    ada = Viewer(port)
    assert "You are Ada." in asked(ada, "Ada")
    same = Viewer(port, mark=ada.mark)  # another tab of the same browser, another session
    assert "Somebody has joined from this browser already" in asked(same, "Ada again")
    assert "You are Bare." in asked(Viewer(port, mark=""), "Bare")
    assert "Somebody has joined from this browser already" in asked(Viewer(port, mark=""), "Bare again")
    for name in ("Fresh", "Fresher"):  # marks thrown away get further, up to what the address has
        assert f"You are {name}." in asked(Viewer(port), name)
    assert "4 names have joined from your address" in asked(Viewer(port), "Freshest")
    assert set(room.names()) == {"Ada", "Bare", "Fresh", "Fresher"}
    room.set(MORE_NAMES, True)
    assert "You are Ada again." in asked(same, "Ada again")
