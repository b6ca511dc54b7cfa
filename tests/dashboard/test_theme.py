"""Colours that can be told apart by everybody, on light and on dark, and that agree with the configuration."""

from __future__ import annotations

import itertools
import tomllib
from pathlib import Path

import numpy as np
import pytest

from dashboard import theme
from effcore.catalogue import TECHNIQUES

CONFIG = tomllib.loads((Path(__file__).resolve().parents[2] / ".streamlit" / "config.toml").read_text())
# Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB.
BLINDNESS = {
    "none": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}


def linear(color: str) -> np.ndarray:
    values = np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    matrix = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = matrix @ np.clip(rgb, 0, 1) / np.array([0.9505, 1.0, 1.089])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def contrast(first: str, second: str) -> float:
    light, dark = sorted((float(linear(c) @ [0.2126, 0.7152, 0.0722]) for c in (first, second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_every_technique_of_the_catalogue_has_a_mark_of_its_own() -> None:
    assert set(theme.MARKS) >= set(TECHNIQUES)


def test_no_two_techniques_share_a_shape() -> None:
    symbols = [theme.mark(name).symbol for name in TECHNIQUES]
    assert len(set(symbols)) == len(symbols)


@pytest.mark.parametrize("look", [theme.LIGHT, theme.DARK], ids=lambda look: look.name)
@pytest.mark.parametrize("kind", BLINDNESS)
def test_colours_differ_for_every_kind_of_sight(look: theme.Look, kind: str) -> None:
    seen = {name: lab(BLINDNESS[kind] @ linear(mark.color(look))) for name, mark in theme.MARKS.items()}
    closest = min((float(np.linalg.norm(seen[a] - seen[b])), a, b) for a, b in itertools.combinations(seen, 2))
    assert closest[0] > 15, closest


@pytest.mark.parametrize("look", [theme.LIGHT, theme.DARK], ids=lambda look: look.name)
def test_marks_and_text_stand_out_from_the_paper(look: theme.Look) -> None:
    assert min(contrast(mark.color(look), look.paper) for mark in theme.MARKS.values()) >= 3
    assert min(contrast(color, look.paper) for color in (look.ink, look.quiet, look.good, look.bad, look.accent)) >= 4.5


@pytest.mark.parametrize("look", [theme.LIGHT, theme.DARK], ids=lambda look: look.name)
def test_figures_and_pages_have_the_same_paper_and_ink(look: theme.Look) -> None:
    page = CONFIG["theme"][look.name]
    assert (page["backgroundColor"], page["textColor"]) == (look.paper, look.ink)
    assert contrast(page["primaryColor"], "#ffffff") >= 4.5  # the text of a button


@pytest.mark.parametrize("look", [theme.LIGHT, theme.DARK], ids=lambda look: look.name)
def test_text_stands_out_from_the_grounds_of_fields_tables_and_code_too(look: theme.Look) -> None:
    page = CONFIG["theme"][look.name]
    grounds = {page[name] for name in ("secondaryBackgroundColor", "dataframeHeaderBackgroundColor", "codeBackgroundColor")}
    assert min(contrast(color, ground) for color in (look.ink, look.quiet, look.good, look.bad, look.accent) for ground in grounds) >= 4.5


def test_a_technique_without_a_mark_gets_a_spare_one_that_stays() -> None:
    assert theme.mark("unheard of") == theme.mark("unheard of")
    assert theme.title("unheard of") == "unheard of"


def test_the_page_is_served_to_this_machine_only_and_tells_nobody() -> None:
    assert CONFIG["server"]["address"] == "127.0.0.1"
    assert CONFIG["server"]["enableCORS"] and CONFIG["server"]["enableXsrfProtection"]
    assert CONFIG["client"] == {
        "toolbarMode": "viewer", "showErrorDetails": "none", "showErrorLinks": False, "disableDataExport": True,
    }  # fmt: skip
    assert CONFIG["browser"]["gatherUsageStats"] is False
