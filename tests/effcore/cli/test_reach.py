"""Where the pages listen and by which names they may be asked for; beyond this machine with a class only."""

from __future__ import annotations

from pathlib import Path

import pytest

from effcore.cli import serve as command
from effcore.cli.reach import Reach, reach, url
from effcore.errors import EffcoreError


def test_without_options_it_is_this_machine_alone() -> None:
    alone = reach(None, ())
    assert alone == Reach() and not alone.beyond and (alone.address, alone.here) == ("127.0.0.1", "127.0.0.1")
    assert command._page_command(8501, alone)[3:] == [
        "--server.address", "127.0.0.1", "--server.port", "8501", "--server.headless", "true", "--browser.gatherUsageStats", "false",
    ]  # fmt: skip


@pytest.mark.parametrize(("address", "hosts", "here", "allowed", "listens"), [
    ("0.0.0.0", ["192.168.1.20", "lecture.local"], "127.0.0.1", ("localhost", "127.0.0.1", "192.168.1.20", "lecture.local"), True),
    ("192.168.1.20", [], "192.168.1.20", ("localhost", "127.0.0.1", "192.168.1.20"), True),
    (None, ["lecture.example.org"], "127.0.0.1", ("localhost", "127.0.0.1", "lecture.example.org"), False),
    ("::", ["fd00::2"], "::1", ("localhost", "127.0.0.1", "::1", "fd00::2"), True),
])  # fmt: skip
def test_beyond_this_machine(address: str | None, hosts: list[str], here: str, allowed: tuple[str, ...], listens: bool) -> None:
    found = reach(address, hosts)
    assert found.beyond and (found.here, found.allowed, found.listens_beyond) == (here, allowed, listens)
    line = command._page_command(8501, found)
    assert tuple(line[i + 1] for i, word in enumerate(line) if word == "--server.allowedHosts") == allowed


@pytest.mark.parametrize(("address", "hosts", "said"), [
    ("0.0.0.0", [], "--address 0.0.0.0 needs --host NAME too"),
    ("laptop", [], "--address must be an IP address of this machine, or 0.0.0.0 for all of them; names go to --host. Got 'laptop'"),
    (None, ["*"], r"--host must be a name or an address alone, as lecture.example.org or 192.168.1.20. Got '\*'"),
    (None, ["http://a"], "--host must be a name or an address alone"),
    (None, ["a:80"], "--host must be a name or an address alone"),
    (None, ["0.0.0.0"], "--host must be a name or an address alone"),
])  # fmt: skip
def test_what_is_no_address_and_no_name_is_refused(address: str | None, hosts: list[str], said: str) -> None:
    with pytest.raises(EffcoreError, match=said):
        reach(address, hosts)


@pytest.mark.parametrize("options", [{"address": "0.0.0.0", "host": ["192.168.1.20"]}, {"host": ["lecture.example.org"]}])
def test_without_a_key_nobody_else_is_let_in_and_nothing_is_started(
    options: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EFFCORE_INSTRUCTOR_KEY", raising=False)
    monkeypatch.setattr(command, "_start", lambda *given: pytest.fail("it was started"))
    with pytest.raises(EffcoreError, match="--address and --host let others reach the page, .* Set EFFCORE_INSTRUCTOR_KEY"):
        command.serve(home=tmp_path / "home", **options)  # type: ignore[arg-type]
    assert not (tmp_path / "home").exists()
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "instructor.key").write_text("the key of this test\n")
    assert command._class_key(tmp_path / "home") == {"EFFCORE_INSTRUCTOR_KEY": "the key of this test"}
    monkeypatch.setenv("EFFCORE_INSTRUCTOR_KEY", "short")
    with pytest.raises(EffcoreError, match="at least 8 characters"):
        command.serve(home=tmp_path / "home", **options)  # type: ignore[arg-type]


def test_an_address_of_another_machine_is_said() -> None:
    with pytest.raises(EffcoreError, match="192.0.2.77 is no address of this machine"):
        command.free_port(8501, address="192.0.2.77")


def test_an_address_is_written_as_browsers_take_it() -> None:
    assert (url("fd00::2", 8501), url("lecture.local", 80)) == ("http://[fd00::2]:8501", "http://lecture.local:80")
