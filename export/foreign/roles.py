"""What each module of a checkpoint is for: by its size, and by its name where sizes do not tell."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import torch

from toolkit.bundle import LM, SEQ2SEQ, SERIES, WINDOW
from toolkit.errors import FileFormatError

from .layout import EXPORT_IT, OWN_MODULE, Layout, Matrix, Recurrent
from .names import listed

_ENCODERS, _DECODERS = ("enc", "src", "source"), ("dec", "trg", "tgt", "target")
_EMBEDDINGS = ("emb", "wte", "lookup", "encoder")
_OUTPUTS = ("out", "fc", "lin", "dense", "dec", "proj", "head", "logit", "h2o", "classif", "generator")

_ALL_ASSUME = "the modules compute what torch's of that name do, with nothing but dropout between them"

_CHAINS = ("rnn", "encoder", "decoder")
_SINGLE = ("rnn", "embedding", "output")
_PAIR = ("encoder", "decoder", "source_embedding", "target_embedding", "output")
_ROLES = tuple(dict.fromkeys((*_SINGLE, *_PAIR)))
"""What the user can name a module for: those of one network, and of encoder and decoder."""

_NUMBERS = 1
"""A network that reads and writes so many is one over real numbers, not over a vocabulary."""


@dataclass(frozen=True)
class Part:
    """An input and what reads it.

    Attributes:
        embedding: None where one-hot vectors or numbers go in.
        chain: the recurrent modules, one after the other.
    """

    embedding: Matrix | None
    chain: tuple[Recurrent, ...]

    @property
    def first(self) -> Recurrent:
        """The first module; cell and sizes of all are the same."""
        return self.chain[0]

    @property
    def num_layers(self) -> int:
        """L, of all modules."""
        return sum(module.num_layers for module in self.chain)

    @property
    def vocab_size(self) -> int:
        """Tokens that can be read."""
        return self.embedding.rows if self.embedding is not None else self.first.input_size


@dataclass(frozen=True)
class Seen:
    """What a checkpoint was recognised as.

    Attributes:
        kind: as in `toolkit.bundle`.
        part: input and recurrent layers; of text to text the decoder's.
        encoder: of text to text.
        output: the last linear layer.
        assumed: what the weights do not tell and was taken for granted, a sentence each.
    """

    kind: str
    part: Part
    output: Matrix
    encoder: Part | None = None
    assumed: tuple[str, ...] = ()

    @property
    def tied(self) -> bool:
        """Whether embedding and output are one matrix."""
        embedding = self.part.embedding
        return embedding is not None and torch.equal(embedding.weight, self.output.weight)


def recognise(
    layout: Layout,
    settings: Mapping[str, Sequence[str]],
    reads: str | None,
    has_vocabulary: Callable[[int], bool],
    path: Path,
) -> Seen:
    """Give every module its role.

    Args:
        layout: of the checkpoint.
        settings: role -> names, said by the user.
        reads: "ids" or "numbers", said by the user.
        has_vocabulary: whether one of so many tokens was found or given.
        path: for messages.

    Raises:
        FileFormatError: no such network, or more than one way to see it.
    """
    roles = _Roles(layout, settings, path)
    if "encoder" in settings or "decoder" in settings or roles.encoder_and_decoder():
        roles.allow(_PAIR)
        return _text_to_text(roles)
    roles.allow(_SINGLE)
    chain = roles.chain(list(layout.recurrent))
    return _one_network(roles, chain, reads, has_vocabulary)


class _Roles:
    """The modules that are not placed yet."""

    def __init__(self, layout: Layout, settings: Mapping[str, Sequence[str]], path: Path) -> None:
        self.path = path
        self.settings = settings
        self.recurrent = dict(layout.recurrent)
        self.matrices = dict(layout.matrices)
        modules = (*self.recurrent, *self.matrices)
        self._said = {role: [self._module(role, name, modules) for name in settings.get(role, ())] for role in _ROLES}
        self._taken: dict[str, str] = {}
        for role, names in self._said.items():
            if len(names) > 1 and role not in _CHAINS:
                raise self.fault(f"--set {role}: expected one module, found {listed(names)}")
            for name in names:
                if (other := self._taken.get(name)) is not None:
                    raise self.fault(f"--set names {name} twice, as {other} and as {role}. Name it once.")
                self._taken[name] = role

    def fault(self, text: str) -> FileFormatError:
        return FileFormatError(f"{self.path}: {text}")

    def _module(self, role: str, name: str, modules: Sequence[str]) -> str:
        """The module that the user named for a role."""
        found = [m for m in modules if name in {m, f"{m}.weight"} or name.startswith(f"{m}.weight_")]
        if len(found) != 1:
            raise self.fault(f"--set {role}={name}: there is no such module; found {listed(modules, 12)}")
        if (found[0] in self.recurrent) != (role in _CHAINS):
            kind, known = ("a recurrent", self.recurrent) if role in _CHAINS else ("a linear", self.matrices)
            raise self.fault(f"--set {role}={name}: expected {kind} module, one of {listed(known)}")
        return found[0]

    def allow(self, roles: Sequence[str]) -> None:
        """Refuse what was said of roles that this network has not."""
        for role, names in self._said.items():
            if names and role not in roles:
                raise self.fault(
                    f"--set {role}={names[0]}: this network has no such part; what it has is {', '.join(roles)}"
                )

    def _free(self) -> list[tuple[str, Matrix]]:
        """Matrices that the user named for nothing."""
        return [(name, matrix) for name, matrix in self.matrices.items() if name not in self._taken]

    def said(self, role: str) -> list[str]:
        """The modules that the user named for a role."""
        return self._said[role]

    def encoder_and_decoder(self) -> bool:
        """Whether recurrent modules are named so."""
        return any(_named(n, _ENCODERS) for n in self.recurrent) and any(_named(n, _DECODERS) for n in self.recurrent)

    def chain(self, names: Sequence[str], role: str = "rnn") -> tuple[Recurrent, ...]:
        """Recurrent modules in the order in which they feed each other: by name, numbers by size."""
        names = self.said(role) or sorted((name for name in names if name in self.recurrent), key=_natural)
        chain = tuple(self.recurrent.pop(name) for name in names)
        shown = listed(f"{module.name} ({module})" for module in chain)
        for below, above in pairwise(chain):
            if above.input_size != below.width:
                raise self.fault(
                    f"the recurrent modules {shown} do not feed each other: {above.name} reads {above.input_size} "
                    f"numbers, {below.name} gives {below.width}. Say the order with --set {role}=FIRST,SECOND. "
                    f"{OWN_MODULE}"
                )
        if len({(module.cell, module.hidden_size, module.bidirectional) for module in chain}) > 1:
            raise self.fault(
                f"the recurrent modules {shown} differ in cell or size, and a step has one state [L, N, H] of all "
                f"layers. {EXPORT_IT}"
            )
        return chain

    def output(self, width: int, reads: str = "the recurrent layers") -> Matrix:
        """The linear layer that reads so many numbers."""
        said = self.said("output")
        fitting = said or [name for name, matrix in self._free() if matrix.columns == width]
        if len(fitting) > 1:
            with_bias = [name for name in fitting if self.matrices[name].bias is not None]
            fitting = with_bias if len(with_bias) == 1 else _by_name(fitting, _OUTPUTS, self.matrices)
        if len(fitting) != 1:
            found = listed(f"{name} {matrix}" for name, matrix in self.matrices.items()) or "no linear layer"
            which = f"Say which with --set output={fitting[0]}." if fitting else EXPORT_IT
            expected = f"expected one linear layer [K, {width}] behind {reads}"
            raise self.fault(f"{expected}, found {found}. {which}")
        if self.matrices[fitting[0]].columns != width:
            raise self.fault(
                f"{fitting[0]} {self.matrices[fitting[0]]} reads {self.matrices[fitting[0]].columns} numbers, {reads} "
                f"give {width}. {OWN_MODULE}"
            )
        return self.matrices.pop(fitting[0])

    def embedding(self, width: int, role: str, hints: Sequence[str]) -> Matrix | None:
        """The embedding [V, width]: a matrix without bias; None where there is none."""
        said = self.said(role)
        if said and (self.matrices[said[0]].columns != width or self.matrices[said[0]].bias is not None):
            raise self.fault(
                f"--set {role}={said[0]}: {self.matrices[said[0]]} is no embedding of {width} numbers, which is what "
                f"the recurrent layers read. {OWN_MODULE}"
            )
        fitting = said or [n for n, matrix in self._free() if matrix.columns == width and matrix.bias is None]
        if len(fitting) > 1:
            fitting = _by_name(fitting, hints, self.matrices)
        if len(fitting) > 1:
            raise self.fault(
                f"each of {listed(fitting)} may be the embedding of {width} numbers. Say which with "
                f"--set {role}={fitting[0]}."
            )
        return self.matrices.pop(fitting[0]) if fitting else None

    def finish(self) -> None:
        """Nothing may be left."""
        left = [f"{name} ({module})" for name, module in self.recurrent.items()]
        left += [f"{name} {matrix}" for name, matrix in self.matrices.items()]
        if left:
            raise self.fault(
                f"cannot place {listed(left)}. What the forward does not use is left out with "
                f"--set ignore=NAME. {OWN_MODULE}"
            )


def _named(name: str, hints: Sequence[str]) -> bool:
    return any(part.lower().startswith(tuple(hints)) for part in name.split("."))


def _by_name(names: Sequence[str], hints: Sequence[str], matrices: Mapping[str, Matrix]) -> list[str]:
    """Those whose names tell; all where none or several do, or where all are the same numbers the first."""
    telling = [name for name in names if any(hint in name.lower() for hint in hints)]
    if len(telling) != 1 and all(torch.equal(matrices[name].weight, matrices[names[0]].weight) for name in names[1:]):
        return [names[0]]
    return telling if len(telling) == 1 else list(names)


def _natural(name: str) -> list[tuple[int, int, str]]:
    """lstm2 before lstm10."""
    parts, number = [], ""
    for character in f"{name}.":
        if character.isdigit():
            number += character
            continue
        if number:
            parts.append((0, int(number), ""))
            number = ""
        parts.append((1, 0, character))
    return parts


def _one_network(
    roles: _Roles, chain: tuple[Recurrent, ...], reads: str | None, has_vocabulary: Callable[[int], bool]
) -> Seen:
    """A language model, a network over numbers, or one that reads a window."""
    first, last = chain[0], chain[-1]
    embedding, output = _ends(roles, first.input_size, last.width)
    roles.finish()
    part = Part(embedding, chain)
    assumed = [_ALL_ASSUME]
    if len(chain) > 1:
        assumed.append(f"the recurrent modules feed each other in this order: {', '.join(m.name for m in chain)}")
    if output.bias is None and first.bias:
        assumed.append(f"{output.name} has no bias")
    if embedding is None:
        over_ids = first.input_size == output.rows and output.rows > _NUMBERS
        forecast = output.rows == _NUMBERS and not has_vocabulary(output.rows)
        wanted = reads or ("ids" if over_ids else "numbers" if forecast else None)
        if wanted is None:
            raise roles.fault(
                f"{first.name} reads {first.input_size} numbers at a step, {output.name} writes {output.rows}: that is "
                "no embedding, nor one-hot ids, of which there are as many. If they are real numbers, say --input "
                "numbers; if the embedding is missing, save all of model.state_dict()."
            )
        if wanted == "ids" and not over_ids:
            raise roles.fault(
                f"reads {first.input_size} numbers, writes {output.rows}: no one-hot ids, those are as many. Leave "
                "--input ids out, or say --input numbers."
            )
        if over_ids and reads is None and not has_vocabulary(output.rows):
            assumed.append(f"the {output.rows} inputs are one-hot ids (--input numbers if they are not)")
        if wanted == "numbers":
            if first.bidirectional:
                raise roles.fault(f"{first.name} reads from both ends, and numbers do not come in windows. {EXPORT_IT}")
            assumed.append("the outputs go through no further function")
            return Seen(SERIES, part, output, assumed=tuple(assumed))
    elif reads == "numbers":
        raise roles.fault(
            f"--input numbers: it has an embedding, {embedding.name} {embedding}, and reads ids. Leave that out."
        )
    if output.rows != part.vocab_size:
        raise roles.fault(
            f"reads {part.vocab_size} tokens, and {output.name} {output} writes another number: it predicts no tokens. "
            f"A classifier or a tagger does not write text. {EXPORT_IT}"
        )
    if first.bidirectional:
        assumed.append("the output layer reads the last position of a window: out[:, -1]")
        return Seen(WINDOW, part, output, assumed=tuple(assumed))
    return Seen(LM, part, output, assumed=tuple(assumed))


def _ends(roles: _Roles, input_size: int, width: int) -> tuple[Matrix | None, Matrix]:
    """Embedding and output; where two matrices would do for both, names decide."""
    both = [n for n, m in roles.matrices.items() if m.bias is None and m.columns == input_size == width]
    if len(both) > 1 and "output" not in roles.settings and "embedding" not in roles.settings:
        embedding = roles.embedding(input_size, "embedding", _EMBEDDINGS)
        return embedding, roles.output(width)
    output = roles.output(width)
    return roles.embedding(input_size, "embedding", _EMBEDDINGS), output


def _text_to_text(roles: _Roles) -> Seen:
    """An encoder whose last states are the first ones of a decoder."""
    layout_names = list(roles.recurrent)
    encoders = [name for name in roles.recurrent if _named(name, _ENCODERS)]
    decoders = [name for name in roles.recurrent if _named(name, _DECODERS)]
    encoder, decoder = roles.chain(encoders, "encoder"), roles.chain(decoders, "decoder")
    if not encoder or not decoder:
        raise roles.fault(
            f"expected recurrent modules of an encoder and of a decoder, found {listed(layout_names)}. Name both: "
            "--set encoder=NAME --set decoder=NAME"
        )
    if encoder[0].bidirectional or decoder[0].bidirectional:
        raise roles.fault(
            f"{encoder[0].name} reads from both ends; how its states become those of the decoder, weights do not "
            f"tell. {EXPORT_IT}"
        )
    shape = encoder[0].cell, encoder[0].hidden_size, sum(module.num_layers for module in encoder)
    other = decoder[0].cell, decoder[0].hidden_size, sum(module.num_layers for module in decoder)
    if shape != other:
        raise roles.fault(
            f"the encoder {encoder[0].name} ({encoder[0]}) and the decoder {decoder[0].name} ({decoder[0]}) differ in "
            f"cell, size or layers, so that the states of one are not those of the other. {EXPORT_IT}"
        )
    _check_fed_by_tokens(roles, decoder[0])
    output = roles.output(decoder[-1].width, "the decoder")
    target = roles.embedding(decoder[0].input_size, "target_embedding", _DECODERS)
    source = roles.embedding(encoder[0].input_size, "source_embedding", _ENCODERS)
    if target is not None and source is None and target.columns == encoder[0].input_size:
        source = target  # shared, where a one-hot source of that size would be a coincidence
    if target is None and decoder[0].input_size != output.rows:
        raise _joined(roles, decoder[0])
    roles.finish()
    if target is not None and target.rows != output.rows:
        raise roles.fault(f"{target.name} reads {target.rows} tokens, {output.name} writes {output.rows}. {OWN_MODULE}")
    if (source is None) != (target is None) or (source and target and source.columns != target.columns):
        raise roles.fault(f"the inputs of encoder and decoder differ in width or kind. {EXPORT_IT}")
    assumed = (
        _ALL_ASSUME,
        "the decoder starts from the encoder's last states",
    )
    return Seen(SEQ2SEQ, Part(target, decoder), output, Part(source, encoder), assumed)


def _check_fed_by_tokens(roles: _Roles, decoder: Recurrent) -> None:
    """Neither attention nor a context goes into the decoder, as far as names and sizes tell."""
    if attention := [name for name in roles.matrices if _named(name, ("att",))]:
        raise roles.fault(
            f"{listed(attention)} look like attention; how the decoder uses it, weights do not tell. {EXPORT_IT}"
        )
    if not any(decoder.input_size in {matrix.columns, matrix.rows} for matrix in roles.matrices.values()):
        raise _joined(roles, decoder)


def _joined(roles: _Roles, decoder: Recurrent) -> FileFormatError:
    return roles.fault(
        f"the decoder {decoder.name} reads {decoder.input_size} numbers at a step, which is neither the width of an "
        f"embedding nor a number of tokens: a context joins them; how, weights do not tell. {EXPORT_IT}"
    )
