"""Which order of steps makes sense, and why another is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from effcore.catalogue.record import Role, Technique
from effcore.catalogue.runtime import RUNTIMES

FOLLOWERS: dict[Role, tuple[Role, ...]] = {
    "architecture": ("phase",),
    "phase": ("contribute", "transform", "lower", "runtime"),
    "contribute": ("contribute", "transform", "lower", "runtime"),
    "transform": ("transform", "phase", "lower", "runtime"),
    "lower": ("runtime",),
    "runtime": (),
}
"""What may directly follow a step of each role."""

REASONS: dict[Role, str] = {
    "architecture": "it is what all other steps act on, so it comes first and once",
    "phase": "it trains a network, so it comes right after the architecture, or after a step that changed the network",
    "contribute": "it shapes a phase of training, so it comes after `training` and before any step that changes the network",
    "transform": "it changes a trained network, so it comes after `training` and before quantization and the runtime",
    "lower": "it acts while the file is made, so it comes once, right before the runtime; what it leaves can't be trained or pruned",
    "runtime": "it is the file that is deployed, so it comes last and once",
}


_ON_THE_WHOLE = ("weight_sharing", "subnetwork")
_WHOLE = "it acts on a whole network of the family elastic, so that it comes before any step that changed the network"


def order_problems(steps: Sequence[tuple[str, Role]], *, runtime: str) -> list[tuple[int, str]]:
    """What is wrong with an order of steps.

    Args:
        steps: Name and role of each step, in the order of the recipe.
        runtime: Name of the runtime at the end.

    Returns:
        Index of the step and the sentence that refuses it; empty where the order is allowed.
    """
    if not steps:
        return [(0, "must hold at least architecture, training and runtime. Got no step.")]
    problems = []
    if steps[0][1] != "architecture":
        problems.append((0, f"must be `architecture`. Got {steps[0][0]!r}: {REASONS['architecture']}."))
    for index, ((before, role_before), (name, role)) in enumerate(zip(steps, steps[1:], strict=False), start=1):
        if role not in FOLLOWERS[role_before]:
            problems.append((index, f"{name!r} can't follow {before!r}: {REASONS[role]}."))
    if steps[-1][1] != "runtime":
        problems.append((len(steps) - 1, f"must be `runtime`. Got {steps[-1][0]!r}: {REASONS['runtime']}."))
    changed = False
    contributed: set[str] = set()
    refuses = RUNTIMES[runtime].refuses if runtime in RUNTIMES else {}
    for index, (name, role) in enumerate(steps):
        if role == "phase":
            contributed.clear()
        if role == "contribute" and name in contributed:
            problems.append((index, f"{name!r} stands twice in one phase: give one step the parameters of both."))
        contributed.add(name)
        if changed and name in _ON_THE_WHOLE and role in FOLLOWERS[steps[index - 1][1]]:
            problems.append((index, f"{name!r} can't come here: {_WHOLE}."))
        changed |= role == "transform"
        if name in refuses:
            problems.append((index, f"{name!r} can't be had with the runtime {runtime!r}: {refuses[name]}"))
    return problems


def roles_of(techniques: Mapping[str, Technique]) -> dict[str, Role]:
    """The role of every technique by its name, and of its ways that have another one by theirs, as `pruning/gradual`."""
    return {
        name: role
        for t in techniques.values()
        for name, role in {t.name: t.role, **{f"{t.name}/{way}": role for way, role in t.roles.items()}}.items()
    }


def order_table(roles: Mapping[str, Role]) -> dict[str, dict[str, str]]:
    """For every two techniques, what is said of the second right after the first: empty where it is allowed, else why not.

    Args:
        roles: From `roles_of`.
    """
    return {first: {second: _pair(first, second, roles) for second in roles} for first in roles}


def _pair(first: str, second: str, roles: Mapping[str, Role]) -> str:
    if roles[second] not in FOLLOWERS[roles[first]]:
        return REASONS[roles[second]]
    if roles[first] == "transform" and second in _ON_THE_WHOLE:
        return _WHOLE
    if first.split("/")[0] == second.split("/")[0] and roles[first] == roles[second] == "contribute":
        return "it stands once in a phase of training: one step takes the parameters of both"
    return ""
