"""The help of options in the language of the window; the core's dataclasses are where it is written."""

import dataclasses

from PySide6.QtCore import QCoreApplication

from toolkit.options import Options, spec_of

CONTEXT = "options"
"""Of these texts in the translation files; `gui/translations/update.py` puts them there."""


def field_of(options: type[Options], name: str) -> "dataclasses.Field[object]":
    """A field of an options dataclass."""
    return next(field for field in dataclasses.fields(options) if field.name == name)  # type: ignore[arg-type]  # subclasses are dataclasses


def help_of(options: type[Options], name: str) -> str:
    """The sentence of help of an option, translated."""
    return QCoreApplication.translate(CONTEXT, spec_of(field_of(options, name)).help)
