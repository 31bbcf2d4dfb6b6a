"""Options are frozen dataclasses whose fields carry their own help and range.

The help, the range and the default stand in the field, once; the command line, the files and the
checks below all take them from there.

>>> @dataclass(frozen=True)
... class Example(Options):
...     top_k: int = option(0, "keep the k most probable", minimum=0)
>>> Example(top_k=-1)
Traceback (most recent call last):
toolkit.errors.OptionError: top_k must be at least 0, found -1
"""

import dataclasses
import functools
import math
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from .errors import OptionError


@dataclass(frozen=True)
class OptionSpec:
    """What is known of one option beside its type and default.

    Attributes:
        help: one line for people, without a full stop.
        minimum: the smallest value allowed.
        maximum: the largest value allowed.
        above: a bound that the value must exceed.
        choices: the values allowed, for words.
        metavar: the unit or kind of the value, as shown in ``--help``.
        short: a one-letter form on the command line.
    """

    help: str
    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    choices: tuple[str, ...] = ()
    metavar: str | None = None
    short: str | None = None

    def describe_range(self) -> str:
        """The range in words, as it stands in errors and in ``--help``; empty if there is none."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        low = f"above {self.above:g}" if self.above is not None else ""
        if self.minimum is not None:
            low = f"at least {self.minimum:g}"
        exact = "," if isinstance(self.maximum, int) else ",.12g"
        high = f"at most {self.maximum:{exact}}" if self.maximum is not None else ""
        return " and ".join(part for part in (low, high) if part)

    def fault(self, value: object) -> bool:
        """Whether a value of the right type lies outside the range."""
        if value is None:
            return False
        if self.choices:
            return value not in self.choices
        if not isinstance(value, int | float):
            return False
        if isinstance(value, float) and not math.isfinite(value):
            return True
        return (
            (self.minimum is not None and value < self.minimum)
            or (self.maximum is not None and value > self.maximum)
            or (self.above is not None and value <= self.above)
        )


def option(
    default: Any,  # noqa: ANN401 - the field's own annotation is the type that counts
    help: str,  # noqa: A002 - the word that click and argparse use
    **spec: Any,  # noqa: ANN401 - the fields of OptionSpec
) -> Any:  # noqa: ANN401 - dataclasses.field is typed the same way, so that the default fits any field
    """A dataclass field with an `OptionSpec`. Mutable mappings are copied for each instance."""
    return _field(default, OptionSpec(help, **spec))


def same_option(options: type, name: str, default: Any = dataclasses.MISSING) -> Any:  # noqa: ANN401 - as of `option`
    """The option of that name in another dataclass, so that one flag serves both; its default may be another."""
    (field,) = (part for part in dataclasses.fields(options) if part.name == name)
    if default is dataclasses.MISSING:
        default = field.default_factory() if callable(field.default_factory) else field.default
    return _field(default, spec_of(field))


def _field(default: Any, spec: OptionSpec) -> Any:  # noqa: ANN401 - as of `option`
    metadata = {"option": spec}
    if isinstance(default, Mapping):
        return dataclasses.field(default_factory=lambda: dict(default), metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def spec_of(field: "dataclasses.Field[Any]") -> OptionSpec:
    """The `OptionSpec` of a field made with `option`."""
    spec = field.metadata["option"]
    assert isinstance(spec, OptionSpec)
    return spec


def _type_fault(value: object, annotation: object) -> str | None:
    """The type expected, in words, if the value has another; int passes as float, bool never as int."""
    allowed = typing.get_args(annotation) if isinstance(annotation, types.UnionType) else (annotation,)
    for kind in allowed:
        plain = typing.get_origin(kind) or kind
        if plain is type(None):
            if value is None:
                return None
        elif isinstance(value, bool):
            if plain is bool:
                return None
        elif isinstance(value, (float, int) if plain is float else plain):
            return None
    names = {int: "a whole number", float: "a number", str: "text", bool: "true or false", type(None): "nothing"}
    return " or ".join(names.get(typing.get_origin(k) or k, str(k)) for k in allowed)


@functools.cache
def _hints(options: type) -> dict[str, Any]:
    """The fields' types; to read them anew for each text costs more than writing ten tokens."""
    return typing.get_type_hints(options)


class Options:
    """Base of all option dataclasses: checks every field and reports all faults together."""

    def __post_init__(self) -> None:
        hints = _hints(type(self))  # type: ignore[arg-type]  # mypy mistakes the class for an instance here
        faults, all_typed = [], True
        for field in dataclasses.fields(self):  # type: ignore[arg-type]  # subclasses are dataclasses
            value, spec = getattr(self, field.name), spec_of(field)
            expected = _type_fault(value, hints[field.name])
            if expected is not None:
                all_typed = False
                faults.append(f"{field.name} must be {expected}, found {value!r}")
            elif spec.fault(value):
                faults.append(f"{field.name} must be {spec.describe_range() or 'finite'}, found {value!r}")
        if all_typed:
            faults += self.conflicts()
        if faults:
            raise OptionError("; ".join(faults))

    def conflicts(self) -> Iterable[str]:
        """Faults that lie in two options together, a sentence each; for subclasses. The types are right."""
        return ()

    def to_dict(self) -> dict[str, Any]:
        """The options as plain JSON values, tuples as lists."""
        pairs = dataclasses.asdict(self)  # type: ignore[call-overload]  # subclasses are dataclasses
        return {name: list(value) if isinstance(value, tuple) else value for name, value in pairs.items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], where: str) -> Self:
        """The reverse of `to_dict`.

        Args:
            values: names and values; a missing name takes its default.
            where: the file or argument they came from, for the error.

        Raises:
            OptionError: a name is unknown, or a value has the wrong type or lies outside its range.
        """
        known = {field.name for field in dataclasses.fields(cls)}  # type: ignore[arg-type]  # as above
        unknown = sorted(set(values) - known)
        if unknown:
            raise OptionError(f"{where}: unknown option {', '.join(unknown)}; known are {', '.join(sorted(known))}")
        plain = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
        try:
            return cls(**plain)
        except OptionError as error:
            raise OptionError(f"{where}: {error}") from error
