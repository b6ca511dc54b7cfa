"""The export button of each page, over a store in memory."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

Open = Callable[..., AppTest]


@pytest.mark.parametrize(
    ("page", "labels"),
    [
        ("frontier", {"Table points as CSV", "Table points for LaTeX", "Chart frontier as a page", "The spec", "All of it together"}),
        ("techniques", {"Table techniques as CSV", "Table steps-pruning as CSV", "Chart plane as a page", "All of it together"}),
    ],
)
def test_every_form_has_a_button(open_page: Open, page: str, labels: set[str]) -> None:
    app = open_page(page)
    assert not app.exception
    assert labels <= {button.proto.label for button in app.get("download_button")}
