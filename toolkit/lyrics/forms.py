"""Classical forms as templates."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Form:
    """A classical form.

    Attributes:
        name: what it is called.
        text: its template.
    """

    name: str
    text: str


def form_names() -> tuple[str, ...]:
    """All names."""
    return ()


def find_form(name: str) -> Form | None:
    """The form of that name."""
    return None
