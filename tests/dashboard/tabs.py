"""Tabs of a real browser, with what the server sent to them."""

from __future__ import annotations

import base64
import re
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page


@dataclass
class Watched:
    """A tab of its own context, with everything that the server sent to it.

    Attributes:
        sent: Frames of its web sockets.
    """

    page: Page
    sent: list[bytes] = field(default_factory=list)

    def heard(self, text: str) -> bool:
        """Whether a text came over the wire, shown or not."""
        return any(text.encode() in frame for frame in self.sent)

    def heard_number(self, value: float) -> bool:
        """Whether a number did, as text with three digits, or as the eight bytes that tables and charts are made of, plain or in base 64."""
        raw = struct.pack("<d", value)
        coded = [base64.b64encode(b"\0" * shift + raw)[start : start + 10] for shift, start in ((0, 0), (1, 2), (2, 3))]
        forms = [re.escape(part) for part in (raw, *coded)]
        texts = [re.escape(repr(value)[:10].encode()), rb"(?<![\d.])" + re.escape(f"{value:.3g}".encode()) + rb"(?![\d])"]
        return any(re.search(rb"|".join([*forms, *texts]), frame) for frame in self.sent)


def focus(page: Page, selector: str) -> None:
    """Tab until that has the focus."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            return
    raise AssertionError(f"no way by Tab to {selector}")


def click_row(page: Page, key: str, *, row: int = 0, x: int = 100) -> None:
    """A row of a table at that distance from its left, once the page stands still: charts above it are drawn late."""
    table = page.locator(f".st-key-{key} canvas").first
    table.evaluate("table => table.scrollIntoView({block: 'center'})")
    before = None
    while (box := table.bounding_box()) != before or box is None:
        before = box
        page.wait_for_timeout(700)
    place = box["x"] + x, box["y"] + 35 + 17 + 35 * row
    page.mouse.move(*place)
    page.wait_for_timeout(200)  # the table finds out what lies under the pointer, and loses a click that comes sooner
    page.mouse.click(*place, delay=80)
