"""Texts that stand out from their ground, as the browser draws them, in both looks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser
CONTRAST = (Path(__file__).with_name("contrast.js")).read_text()
PAGES = ("/", "/techniques", "/compare?points={},{}", "/launch", "/point?run={}", "/lessons", "/experiments")


@pytest.mark.parametrize("visit", [{"color_scheme": look} for look in ("light", "dark")], indirect=True, ids=("light", "dark"))
@pytest.mark.slow  # a minute of pages beside other work
def test_every_text_stands_out_from_its_ground(site: Any, visit: Any) -> None:
    poor: dict[str, list[str]] = {}
    for path in PAGES:
        page = visit.open(site.url + path.format(site.logged[3], site.logged[4]))
        page.wait_for_timeout(1200)
        if found := page.evaluate(CONTRAST):
            poor[path] = found
    assert poor == {}
