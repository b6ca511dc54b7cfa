"""Plotly's script with only the kinds of traces that the pages draw: a third of the whole, cut out of the one in the pinned package.

A browser spends about a second on the whole script before it can draw anything, most of it on maps and solids that no page has. Plotly
publishes smaller bundles, none of which has every kind that is drawn here, and only to npm; this makes the one that
`npm run custom-bundle` would make of the same version, from what pip has installed.

The script is what esbuild makes of modules: a module is `var name=W((exports,module)=>{...});` and runs when `name()` is called for the
first time, and the last of them registers a list of modules for traces. The list is cut, and so is what nothing then calls. What
looks like a call anywhere in a module counts as one: rather too much is kept than too little.
"""

from __future__ import annotations

import itertools
import logging
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache

from plotly.offline import get_plotlyjs

TRACES = frozenset({"bar", "box", "heatmap", "scattergl"})
"""Kinds that the pages draw; `scatter` belongs to the core. `tests/dashboard/test_plotly_script.py` holds it to the sources."""

_MODULE = re.compile(r"var ([\w$]+)=W\((?:\(|[\w$]+=>)")
_REGISTERED = re.compile(r"\.register\(\[((?:[\w$]+\(\),?)+)\]\)")
_FIRST_CALLED = re.compile(r"=([\w$]+)\(\)")
_TRACE = re.compile(r'moduleType:"trace",name:"(\w+)"')
_CALL = re.compile(r"([\w$]+)\(\)")
_SECOND = re.compile(r"([\w$]+)=Ea\(")


class UnknownScript(Exception):
    """The script is not made as this module expects it; another version of Plotly was pinned."""


@dataclass(frozen=True)
class _Modules:
    """What stands before the modules, the modules by name, each with all that stands behind it up to the next one, and the last of them."""

    before: str
    texts: Mapping[str, str]
    last: str


@cache
def script() -> str:
    """What the pages and the files that are taken away need of Plotly; the whole of it, and a warning, where it can't be cut."""
    whole = str(get_plotlyjs())
    try:
        return only(whole, TRACES)
    except UnknownScript as problem:
        logging.getLogger(__name__).warning("%s Pages load the whole script, which is slower.", problem)
        return whole


def only(whole: str, traces: Collection[str]) -> str:
    """The script without the kinds of traces that are not asked for.

    Args:
        whole: Plotly's minified script.
        traces: Names of the kinds to keep beside `scatter`.

    Raises:
        UnknownScript: It is made in another way, or does not know a kind.
    """
    modules = _modules(whole)
    last = _with_register_of(modules.last, _registered(modules, traces))
    kept = _reached(modules, last)
    return "".join((modules.before, *(text for name, text in modules.texts.items() if name in kept), last))


def _modules(whole: str) -> _Modules:
    found = list(_MODULE.finditer(whole))
    if not found:
        raise UnknownScript("Plotly's script has no modules as esbuild makes them: see dashboard/plotly_script.py.")
    texts = {match.group(1): whole[match.start() : following.start()] for match, following in itertools.pairwise(found)}
    return _Modules(whole[: found[0].start()], texts, whole[found[-1].start() :])


def _registered(modules: _Modules, traces: Collection[str]) -> list[str]:
    """Names of the modules to register."""
    match = _REGISTERED.search(modules.last)
    if match is None:
        raise UnknownScript("Plotly's script does not end with a list of traces: see dashboard/plotly_script.py.")
    named = {trace: name for name in _CALL.findall(match.group(1)) if (trace := _trace_of(name, modules.texts))}
    missing = sorted(set(traces) - set(named))
    if missing:
        raise UnknownScript(f"Plotly's script has no traces named {', '.join(missing)}; it has {', '.join(sorted(named))}.")
    return [named[trace] for trace in sorted(traces)]


def _trace_of(name: str, texts: Mapping[str, str]) -> str:
    """Which kind of trace a module is, or the first one that it calls, or the first one that that calls; empty where none says."""
    for _ in range(3):
        text = texts.get(name, "")
        if said := _TRACE.search(text):
            return said.group(1)
        called = _FIRST_CALLED.search(text)
        name = called.group(1) if called else ""
    return ""


def _with_register_of(text: str, names: Collection[str]) -> str:
    return _REGISTERED.sub(lambda _: f".register([{','.join(f'{name}()' for name in names)}])", text, count=1)


def _reached(modules: _Modules, last: str) -> set[str]:
    """Names of the modules that the last one calls, or one that it calls does, and so on."""
    home = {name: name for name in modules.texts}
    for name, text in modules.texts.items():
        home |= dict.fromkeys(_SECOND.findall(text), name)
    kept, left = set[str](), [modules.before, last]
    while left:
        called = {home[name] for name in set(_CALL.findall(left.pop())) & home.keys()} - kept
        kept |= called
        left += [modules.texts[name] for name in called]
    return kept
