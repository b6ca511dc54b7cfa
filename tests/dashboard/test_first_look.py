"""What comes with a page: only what that address shows now, in that look, and nothing in a class."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_store import FakeStore

from dashboard import data, first_look
from dashboard.assets import PLOTLY
from dashboard.classroom import KEY_FILE
from dashboard.routes import STUDY

TOLD = b'{"alt": "\\u003cb>", "figure": {}}'


@pytest.fixture(autouse=True)
def nothing_drawn() -> Iterator[None]:
    first_look._drawn.clear()
    yield
    first_look._drawn.clear()


@pytest.fixture
def version(store: FakeStore) -> str:
    return data.snapshot().version


def asked(path: str = "/", query: bytes = b"", cookie: bytes = b"", host: bytes = b"127.0.0.1:8501") -> bytes:
    return first_look.ending({"path": path, "query_string": query, "headers": [(b"host", host), (b"cookie", cookie)]})


def test_an_address_gets_what_it_showed_in_whatever_order_its_parameters_stand(version: str) -> None:
    first_look.remember({"x": "size_mb", "sel": "a b"}, look="light", version=version, told=TOLD)
    page = asked("/frontier", b"sel=a+b&x=size_mb")
    assert TOLD in page and f'src=".{PLOTLY}"'.encode() in page and page.count(b"</script>") == 3
    assert asked("/", b"x=size_mb&sel=a%20b") == page
    for path, query in (("/", b""), ("/", b"x=size_mb"), ("/", b"x=size_mb&sel=a+b&y=params"), ("/point", b"x=size_mb&sel=a+b")):
        assert asked(path, query) == b""


def test_each_look_has_its_own(version: str) -> None:
    first_look.remember({}, look="dark", version=version, told=TOLD)
    assert asked() == asked(cookie=b"effcore-look=light") == b""
    assert TOLD in asked(cookie=b"a=b; effcore-look=dark")


def test_a_page_asked_for_by_a_name_that_anybody_may_own_has_none(version: str) -> None:
    first_look.remember({}, look="light", version=version, told=TOLD)
    for host in (b"localhost", b"localhost:80", b"[::1]:8501", b"192.168.0.7:8501"):
        assert TOLD in asked(host=host)
    for host in (b"evil.example:8501", b"", b"localhost.evil.example", b"[::1"):
        assert asked(host=host) == b""


def test_what_was_drawn_from_another_state_of_the_store_is_not_shown(version: str) -> None:
    first_look.remember({}, look="light", version="before", told=TOLD)
    assert asked() == b""
    first_look.remember({}, look="light", version=version, told=TOLD)
    assert TOLD in asked()


def test_in_a_class_nothing_is_kept_and_nothing_given(version: str, store: FakeStore) -> None:
    first_look.remember({}, look="light", version=version, told=TOLD)
    data.home().mkdir(exist_ok=True)
    for key in ("short", "the key of this class"):  # the first is refused, and what it was to be is a class
        (data.home() / KEY_FILE).write_text(key)
        assert asked() == b""
    first_look._drawn.clear()
    first_look.remember({}, look="light", version=version, told=TOLD)
    assert not first_look._drawn


def test_a_recorded_study_that_a_session_looks_at_is_not_what_the_address_shows(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_look, "study", lambda: "demo")
    first_look.remember({STUDY: "demo"}, look="light", version=version, told=TOLD)
    assert not first_look._drawn


def test_what_is_kept_has_an_end(version: str) -> None:
    for index in range(first_look._MOST + 3):
        first_look.remember({"x": str(index)}, look="light", version=version, told=TOLD)
    first_look.remember({"x": "large"}, look="light", version=version, told=b" " * (first_look._MOST_BYTES + 1))
    assert len(first_look._drawn) == first_look._MOST and asked(query=b"x=2") == b"" and TOLD in asked(query=b"x=3")


def test_the_scripts_are_there() -> None:
    folder = Path(first_look.__file__).parent / "screens"
    assert all((folder / name).is_file() for name in ("drawing.js", "first_look.js", "first_look.css"))
