"""Command-line options made from option dataclasses: help, range and default stand in the fields only."""

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from toolkit.devices import BACKENDS, DEVICES
from toolkit.options import Options, spec_of

Command = TypeVar("Command", bound=Callable[..., Any])
OptionsT = TypeVar("OptionsT", bound=Options)


device_option = click.option("--device", default="auto", show_default=True, type=click.Choice(DEVICES))

backend_option = click.option("--backend", type=click.Choice(BACKENDS), help="What computes the step.")


class TokenNumber(click.ParamType[tuple[str, float]]):
    """TOKEN=NUMBER, the form of --logit-bias."""

    name = "TOKEN=NUMBER"

    def convert(
        self,
        value: object,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> tuple[str, float]:
        """Split at the last equals sign, so that "=" itself can be a token."""
        token, equals, number = str(value).rpartition("=")
        try:
            assert token
            assert equals
            return token, float(number)
        except (AssertionError, ValueError):
            self.fail(f"expected TOKEN=NUMBER, found {value!r}", param, ctx)


_PLAIN: Mapping[type, click.ParamType[Any]] = {int: click.INT, float: click.FLOAT, str: click.STRING}


def dataclass_options(*classes: type[Options], but: str = "") -> Callable[[Command], Command]:
    """A decorator that adds an option for each field of some option dataclasses; of two of one name, the first.

    One field may be left out, `but`, for the command to ask for in another way.
    """
    found: dict[str, tuple[dataclasses.Field[Any], Any]] = {}
    for cls in classes:
        hints = typing.get_type_hints(cls)
        for field in dataclasses.fields(cls):  # type: ignore[arg-type]  # subclasses are dataclasses
            found.setdefault(field.name, (field, hints[field.name]))

    def decorate(command: Command) -> Command:
        for field, hint in reversed([pair for name, pair in found.items() if name != but]):
            command = _click_option(field, hint)(command)
        return command

    return decorate


def _click_option(field: "dataclasses.Field[Any]", annotation: Any) -> Callable[[Command], Command]:  # noqa: ANN401
    """One click option from one field."""
    spec = spec_of(field)
    flag = "--" + field.name.replace("_", "-")
    names = [flag, *([f"-{spec.short}"] if spec.short else [])]
    range_text = spec.describe_range() if not spec.choices else ""
    text = f"{spec.help} ({range_text})" if range_text else spec.help
    kinds = typing.get_args(annotation) if isinstance(annotation, types.UnionType) else (annotation,)
    kind = typing.get_origin(kinds[0]) or kinds[0]
    if kind is bool:
        return click.option(f"{flag}/--no-{flag[2:]}", field.name, default=field.default, show_default=True, help=text)
    if kind is tuple:
        return click.option(*names, field.name, multiple=True, metavar=spec.metavar, help=text)
    if field.default is dataclasses.MISSING:  # a mapping
        return click.option(*names, field.name, multiple=True, type=TokenNumber(), help=text)
    plain = click.Choice(spec.choices) if spec.choices else _PLAIN[kind]
    shown = field.default not in (None, "")
    return click.option(
        *names, field.name, default=field.default, show_default=shown, type=plain, metavar=spec.metavar, help=text
    )


def collect(cls: type[OptionsT], values: Mapping[str, Any]) -> OptionsT:
    """The options of one class out of a command's parameters.

    Raises:
        OptionError: a value is out of range.
    """
    names = [field.name for field in dataclasses.fields(cls)]  # type: ignore[arg-type]  # as above
    picked = {name: values[name] for name in names}
    hints = typing.get_type_hints(cls)
    for name in names:
        if typing.get_origin(hints[name]) is Mapping:
            picked[name] = dict(picked[name])
    return cls(**picked)


def given(ctx: click.Context) -> list[str]:
    """The names of the parameters that the user gave, as opposed to defaults."""
    source = click.core.ParameterSource.DEFAULT
    return [name for name in ctx.params if ctx.get_parameter_source(name) is not source]
