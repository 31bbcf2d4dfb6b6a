"""text.onnx of an exported model: made from its decode loop, and checked against it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import onnx

from toolkit.bundle import (
    DECODER,
    ENCODER,
    GENERATE,
    GRAPH_FILES,
    LM,
    SEQ2SEQ,
    SEQUENCE,
    SERIES,
    SOURCE,
    STEP,
    TARGET,
    TEXT,
    TEXT_ONNX,
    TRANSLATE,
    WINDOW,
    ModelInfo,
)
from toolkit.errors import OptionError, ToolkitError
from toolkit.onnx_models import OnnxDecodeLoop
from toolkit.onnx_seq2seq import OnnxTranslateLoop
from toolkit.onnx_session import check_contract, open_session
from toolkit.signature import Signature, generate_signature, text_signature, text_to_text_signature

from .differences import ATOL
from .export_options import ExportOptions
from .generate_graph import generate_graph
from .onnx_proto import with_metadata
from .text_graph import text_graph, text_to_text_graph
from .text_parity import TextGraph, check_text, check_text_to_text

GRAPHS = {
    LM: (STEP, GENERATE),
    SEQ2SEQ: (ENCODER, DECODER, TRANSLATE),
    SERIES: (STEP,),
    WINDOW: (SEQUENCE,),
}
"""Kind -> the graphs that are always written."""

LOOPS = {LM: GENERATE, SEQ2SEQ: TRANSLATE}
"""Kind of a model that writes text -> the graph that text.onnx is made from."""

_TRIED = 40
"""Tokens of a vocabulary that are tried where no real text is known."""


def expect_graphs(kind: str, options: ExportOptions) -> None:
    """Raise OptionError if the graphs asked for are not those of a kind."""
    always, asked = GRAPHS[kind], options.graph_names
    possible = {*always, *((TEXT,) if kind in LOOPS else ())}
    if asked is not None and not set(always) <= asked <= possible:
        more = f", with or without {TEXT}" if kind in LOOPS else ""
        raise OptionError(
            f"graphs of a model of kind {kind} must be {','.join(always)}{more}; found {options.graphs!r}"
        )


def contract(info: ModelInfo) -> Signature:
    """The contract of text.onnx of a model that writes text."""
    return text_signature(info.signatures[STEP]) if info.kind == LM else text_to_text_signature()


def made_text(
    info: ModelInfo, loop: onnx.ModelProto, samples: Sequence[str], tolerance: float
) -> tuple[ModelInfo, onnx.ModelProto, float]:
    """Make the graph and check it.

    Args:
        info: the facts of the model.
        loop: the graph that `LOOPS` names, of any precision.
        samples: see `check_made`.
        tolerance: see `check_made`.

    Returns:
        The facts, text.onnx among the signatures; the graph; the figure of the check.

    Raises:
        ParityError: the graph does not write what the loop does.
        ToolkitError: see `text_graph`.
    """
    info = replace(info, signatures={**info.signatures, TEXT: contract(info)})
    text = make_text(loop, info)
    error = check_made(text.SerializeToString(), loop.SerializeToString(), info, samples, tolerance)
    return info, text, error


def make_text(loop: onnx.ModelProto, info: ModelInfo) -> onnx.ModelProto:
    """The graph, from the decode loop of a model of any precision; errors as of `text_graph`."""
    if info.kind == LM:
        return text_graph(loop, info.signatures[STEP], info.tokenizer, TEXT)
    return text_to_text_graph(loop, (info.tokenizers[SOURCE], info.tokenizers[TARGET]), TEXT)


def check_made(text: bytes, loop: bytes, info: ModelInfo, samples: Sequence[str], tolerance: float) -> float:
    """Compare the graph with the loop that it was made from; see `text_parity`.

    Args:
        text: of text.onnx.
        loop: of the graph that `LOOPS` names.
        info: the facts of both.
        samples: texts of the kind that the model reads.
        tolerance: of log-probabilities, relative to max(1, |x|).

    Returns:
        Their largest difference.

    Raises:
        ParityError: they differ.
    """
    session = open_session(text, TEXT_ONNX, "cpu")
    check_contract(session, info.signatures[TEXT], TEXT_ONNX, TEXT)
    graph = TextGraph(session, info.signatures[TEXT])
    name = LOOPS[info.kind]
    other = open_session(loop, GRAPH_FILES[name], "cpu"), info.signatures[name], "cpu"
    if info.kind == LM:
        return check_text(TEXT_ONNX, graph, OnnxDecodeLoop(*other), info.tokenizer, "\n".join(samples), tolerance)
    tokenizers = info.tokenizers[SOURCE], info.tokenizers[TARGET]
    return check_text_to_text(TEXT_ONNX, graph, OnnxTranslateLoop(*other), tokenizers, samples, tolerance)


def with_text(info: ModelInfo, graphs: Mapping[str, bytes], path: Path) -> tuple[ModelInfo, dict[str, bytes]]:
    """The facts and files of an exported model together with a text graph that was made of its decode loop.

    Args:
        info: the facts.
        graphs: the bytes of its .onnx files; a language model may have its step alone.
        path: where they are from, for errors.

    Raises:
        ParityError: the graph does not write what the loop does.
        ToolkitError: there is neither loop nor step, or nothing can be read as text.
    """
    made, name = dict(graphs), LOOPS[info.kind]
    if name == GENERATE and GENERATE not in made and STEP in made:
        signature = generate_signature(info.signatures[STEP])
        info = replace(info, signatures={**info.signatures, GENERATE: signature})
        loop = generate_graph(onnx.load_from_string(made[STEP]), signature, info.tokenizer.banned_ids, GENERATE)
        made[GENERATE] = with_metadata(loop, info.to_json(GENERATE))
    if name not in made:
        raise ToolkitError(f"{path}: holds the {next(iter(made))} alone. Give the bundle, or its {GRAPH_FILES[name]}.")
    tokenizer = info.tokenizers[SOURCE] if info.kind == SEQ2SEQ else info.tokenizer
    plain = [token for i, token in enumerate(tokenizer.vocab) if i not in tokenizer.special_ids]
    samples = ["".join(plain[:_TRIED]), tokenizer.example]
    info, text, _ = made_text(info, onnx.load_from_string(made[name]), samples, ATOL)
    return info, {**made, TEXT: with_metadata(text, info.to_json(TEXT))}
