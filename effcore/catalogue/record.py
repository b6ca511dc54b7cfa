"""The form of an entry in the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo

if TYPE_CHECKING:
    from effcore.catalogue.tasks import Task

Category = Literal["architecture", "learning", "compression", "automation", "deployment"]
Role = Literal["architecture", "phase", "contribute", "transform", "lower", "runtime"]
"""What a technique acts on.

architecture: what is built; phase: opens a phase of training; contribute: shapes the phase it stands in;
transform: turns a trained model into another one; lower: acts while the model is turned into the deployable
file; runtime: the file and what runs it.
"""


class Parameters(BaseModel):
    """Parameters of a step: frozen, strict, unknown names refused, no NaN."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def parameter(default: Any = ..., *, help: str, unit: str = "", **bounds: Any) -> Any:
    """A field of `Parameters` with its help text, its unit and its bounds.

    Args:
        default: Value that is meant when the field is left out; none means it must be given.
        help: One sentence.
        unit: Standard symbol or word; empty where there is none.
        bounds: `ge`, `gt`, `le`, `lt`, `multiple_of` of pydantic.
    """
    return Field(default, description=help, json_schema_extra={"unit": unit} if unit else None, **bounds)


RECORDED: Final = {"recorded": True}
"""Context in which a recorded document is read: a value without a use, which was allowed when it was recorded, stays what it is."""


def is_recorded(info: ValidationInfo) -> bool:
    """Whether what is read was recorded, rather than asked for."""
    return bool((info.context or {}).get("recorded"))


def with_first(given: Any, field: str, *, by: str, choices: Mapping[str, Sequence[Any]]) -> Any:
    """What was given, with a field that is left out filled in, so that what is written out always says what is done.

    Args:
        given: Parameters before they are checked.
        field: That may be left out.
        by: Field that decides it.
        choices: For each value of that field what this one may be, the one that is meant first.
    """
    if isinstance(given, dict) and field not in given and given.get(by) in choices:
        return {**given, field: choices[given[by]][0]}
    return given


def require_use(cls: type[Parameters], value: Any, info: ValidationInfo, *, by: str, uses: Mapping[str, Sequence[str]]) -> None:
    """Refuses a field that was set although what another field chose has no use for it.

    Args:
        cls, value, info: As a validator of that field gets them.
        by: The field that chooses.
        uses: For each value of it the fields that it has a use for.

    Raises:
        ValueError: It is not at its default, and was not recorded so.
    """
    chosen: Any = info.data.get(by)
    name = info.field_name or ""
    if not is_recorded(info) and chosen in uses and name not in uses[chosen] and value != cls.model_fields[name].default:
        raise ValueError(f"left out with the {by} {chosen}, which has no use for it")


@dataclass(frozen=True, kw_only=True)
class Card:
    """What a student needs to know of a technique, of one of its ways, of a block or of a runtime.

    Attributes:
        name: As it stands in a spec; of a way the value of the field that chooses it, or the name of that field.
        summary: What it does, in at most three sentences.
        formula: The equation behind it, as text.
        cost: What it costs and what it gives, in one or two sentences.
        unhelpful: When it does not help.
        figure: What the paper reports, with the data; without a full stop at its end.
        source: Paper, with year.
        link: Where to read it.
    """

    name: str
    summary: str
    formula: str
    cost: str = ""
    unhelpful: str
    figure: str = ""
    source: str
    link: str


@dataclass(frozen=True, kw_only=True)
class Technique(Card):
    """One way to be more efficient.

    Attributes:
        title: As it stands on a page.
        category: One of the four of the field, or `deployment`.
        role: See `Role`.
        roles: By value of the field `role_by` the role of a step that has another one, as pruning that shapes a phase.
        role_by: That field; empty where every step has the same role.
        parameters: The model of its parameters.
        label: A few words that tell a step from its siblings, as `prune 50 %`.
        converts: Whether a step of role `lower` acts on the exported file; otherwise it acts on the model, before the export.
        trains: Whether a step of role `lower` trains the network before it acts on it.
        shorthand: Field that a bare value stands for: `runtime: torch` is `runtime: {name: torch}`.
        refusal: (config, task) -> the field that does not suit the task and the sentence that says so, or None.
        cards: Of its ways, where it has several.
        version: Raised when the meaning of the parameters changes, so that no old result is taken for a new one.
        origin: Where an operator's own technique is from; empty for what ships.
    """

    title: str
    category: Category
    role: Role
    parameters: type[Parameters]
    label: Callable[[Any], str]
    converts: Callable[[Any], bool] = lambda config: False
    trains: Callable[[Any], bool] = lambda config: False
    shorthand: str | None = None
    refusal: Callable[[Any, Task], tuple[str, str] | None] | None = None
    cards: tuple[Card, ...] = ()
    version: int = 1
    origin: str = ""
    roles: Mapping[str, Role] = field(default_factory=dict, hash=False)
    role_by: str = ""

    def role_of(self, config: Parameters) -> Role:
        """The role of a step with those parameters."""
        return self.roles.get(str(getattr(config, self.role_by)), self.role) if self.role_by else self.role

    @property
    def optional(self) -> bool:
        """Whether a recipe can do without it."""
        return self.role in ("contribute", "transform", "lower")


def number(value: float) -> str:
    """A number without needless digits: 0.5, 1, 1e-05."""
    return f"{value:g}"
