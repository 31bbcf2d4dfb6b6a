"""What the model panel says of a model: the rows of `toolkit info` that a writer wants, and where it runs."""

from collections.abc import Iterator, Mapping
from typing import Any

from PySide6.QtCore import QCoreApplication

from toolkit.bundle import ModelInfo
from toolkit.facts import GROUPS, Fact
from toolkit.loading import Opened

CONTEXT = "facts"
"""Of the names and sentences of `toolkit.facts` in the translation files."""

_SHOWN = ("network", "vocabularies", "parity", "weights")
_NETWORK = (
    *("module", "cell", "num_layers", "hidden_size", "embedding_size", "encoder_layers", "encoder_hidden_size"),
    *("bidirectional", "attention", "tie_weights", "parameters"),
)


def _spelt(name: str) -> str:
    """An option of a network for people."""
    return name.replace("num_", "").replace("_", " ")


_DEVICES = {"cpu": "the processor (CPUExecutionProvider)", "cuda": "the graphics card (CUDAExecutionProvider)"}
TEXTS = (
    *("runs on", "speed", "{rate:,.0f} tokens a second", "file", "fingerprint", "note", "incomplete in the file", ", "),
    *_DEVICES.values(),
    *_SHOWN,
    *map(_spelt, _NETWORK),
)
"""What is translated beside the names and sentences of `toolkit.facts`."""

_FAULTS = (KeyError, TypeError, ValueError, AttributeError, IndexError)
"""What facts that nothing but people read may raise."""


def said(text: str) -> str:
    """A name or sentence of the facts in the language of the window."""
    return QCoreApplication.translate(CONTEXT, text)


def rows_of(model: Opened, tokens_per_second: float | None) -> list[tuple[str, str]]:
    """Name and value of each fact; a fact that the file holds no sound figures for says so."""
    rows = [*_rows(model.info)]
    rows.append((said("runs on"), said(_DEVICES.get(model.model.device, "{device}")).format(device=model.model.device)))
    if tokens_per_second is not None:
        rows.append((said("speed"), said("{rate:,.0f} tokens a second").format(rate=tokens_per_second)))
    rows.append((said("file"), str(model.path)))
    rows.append((said("fingerprint"), f"{model.fingerprint[:16]}…"))
    rows += [(said("note"), warning) for warning in model.warnings]
    return [(name[:1].upper() + name[1:], value) for name, value in rows]


def _rows(info: ModelInfo) -> Iterator[tuple[str, str]]:
    facts = info.to_dict()
    for group in _SHOWN:
        try:
            for fact in GROUPS[group](facts):
                yield said(fact.name), _sizes(info.network) if fact.name == "network" else _text(fact)
        except _FAULTS:
            yield said(group), said("incomplete in the file")


def _text(fact: Fact) -> str:
    try:
        return said(fact.sentence).format(**fact.values)
    except _FAULTS:  # in the translation alone, or else in both
        return fact.text


def _sizes(network: Mapping[str, Any]) -> str:
    """What a writer may want to know of the network; what is 0, no or none is left out."""
    known = {name: network.get(name) for name in _NETWORK}
    told = {said(_spelt(name)): value for name, value in known.items() if value and value != "none"}
    words = (name if value is True else f"{name} {str(value).replace('_', ' ')}" for name, value in told.items())
    return said(", ").join(words)
