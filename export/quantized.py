"""What quantisation costs and gains: the graphs of a quantised bundle, and the gate that they must pass."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import onnx

from toolkit.bench import Case, loop_case, measure
from toolkit.bundle import GENERATE, GENERATE_ONNX, STEP, STEP_ONNX
from toolkit.corpus import CorpusOptions, load_corpus, read_text, source_name
from toolkit.errors import ParityError, ToolkitError
from toolkit.evaluation import perplexity
from toolkit.language_model import LanguageModel
from toolkit.models.checkpoint import Checkpoint
from toolkit.onnx_models import OnnxDecodeLoop, OnnxStepModel
from toolkit.onnx_session import open_session, session_device
from toolkit.signature import Signature
from toolkit.tokenizer import Tokenizer

from .differences import ATOL
from .export_options import ExportOptions
from .generate_graph import generate_graph
from .loop_parity import check_loops
from .quantize import FAST_ON, quantize

MAX_TOKENS = {"any": 20_000, "native": 20_000, "cuda": 2_000}
"""Where it is fast -> more of a text is not read. The perplexity has settled, and a large model reads some hundred
tokens a second; what is made for CUDA some ten, where there is none."""

_ROUNDS = 5


@dataclass(frozen=True)
class QuantizationReport:
    """What was measured when a quantised model passed.

    Attributes:
        kind: see `toolkit.export.quantize.FAST_ON`.
        fast_on: from there.
        text: what the perplexities were measured on.
        tokens: how many of its tokens were predicted.
        perplexity_float32: before.
        perplexity: after.
        max_ppl_increase: what was allowed, in percent.
        graph: the one with the decode loop.
        bytes_float32: of that before.
        bytes: after.
        speedup: how many times as fast it is, greedy, one sequence, on the machine that exported.
        device: where that was measured; CUDA for what is made for it, if there is one, else the CPU.
    """

    kind: str
    fast_on: str
    text: str
    tokens: int
    perplexity_float32: float
    perplexity: float
    max_ppl_increase: float
    graph: str
    bytes_float32: int
    bytes: int
    speedup: float
    device: str

    @property
    def increase(self) -> float:
        """Of the perplexity, in percent."""
        return 100 * (self.perplexity / self.perplexity_float32 - 1)

    def to_dict(self) -> dict[str, Any]:
        """As it stands in model.json."""
        return asdict(self)


def expect_little_cost(report: QuantizationReport) -> None:
    """Raise ParityError if the perplexity rises by more than is allowed."""
    if not report.increase <= report.max_ppl_increase:  # NaN, too
        raise ParityError(
            f"{report.kind}: the perplexity on {report.text} rises from {report.perplexity_float32:.4g} to "
            f"{report.perplexity:.4g}, by {report.increase:.3g} %; --max-ppl-increase allows "
            f"{report.max_ppl_increase:g} %."
        )


def evaluation_text(checkpoint: Checkpoint, options: ExportOptions) -> tuple[str, str]:
    """What to measure perplexity on: its name and the text.

    It is the text asked for; else the validation split that the checkpoint names, where its corpus is still the
    same; else the beginning of the training text, which the checkpoint carries.
    """
    if options.eval is not None:
        return source_name(options.eval), read_text(options.eval)
    corpus = checkpoint.corpus
    if not corpus:
        raise ToolkitError(
            f"--quantize {options.quantize}: what it costs is measured on a text, and this checkpoint came with none. "
            "Give --eval TEXT, or the --corpus it was trained on."
        )
    if "options" not in corpus:
        return source_name(corpus["source"]), read_text(corpus["source"], corpus["encoding"])
    try:
        found = load_corpus(corpus["source"], CorpusOptions(**corpus["options"]))
    except (ToolkitError, TypeError, OSError):
        found = None
    if found is not None and found.sha256 == corpus["sha256"] and len(found.valid) > 1:
        return f"the validation split of {source_name(found.source)}", found.valid
    return "the beginning of the training text", corpus["sample"]


def quantized_graphs(
    protos: Mapping[str, onnx.ModelProto],
    signatures: Mapping[str, Signature],
    checkpoint: Checkpoint,
    options: ExportOptions,
) -> tuple[dict[str, onnx.ModelProto], QuantizationReport, dict[str, float]]:
    """Quantise proven graphs.

    Args:
        protos: step and generate in float32.
        signatures: their contracts.
        checkpoint: gives the vocabulary and the text to measure on.
        options: kind, text, and what is allowed.

    Returns:
        The quantised graphs, what they cost and gain, and the figure of the decode loop against its own step.

    Raises:
        ParityError: the perplexity rises by more than is allowed, or the loop does not follow its step.
    """
    tokenizer, kind = checkpoint.tokenizer, options.quantize
    banned = tokenizer.banned_ids
    fast_on = FAST_ON[kind]
    device = "auto" if fast_on == "cuda" else "cpu"
    step = quantize(protos[STEP], kind)
    made = {STEP: step, GENERATE: generate_graph(step, signatures[GENERATE], banned, GENERATE)}
    name, text = evaluation_text(checkpoint, options)
    most = MAX_TOKENS[fast_on]
    text = tokenizer.decode(tokenizer.encode(text)[:most]) if len(text) > most else text
    before, after = (_open(graphs, signatures, tokenizer, device) for graphs in (protos, made))
    whole, rounded = perplexity(before, text), perplexity(after, text)
    report = QuantizationReport(
        kind=kind,
        fast_on=fast_on,
        text=name,
        tokens=whole.tokens,
        perplexity_float32=whole.perplexity,
        perplexity=rounded.perplexity,
        max_ppl_increase=options.max_ppl_increase,
        graph=GENERATE,
        bytes_float32=protos[GENERATE].ByteSize(),
        bytes=made[GENERATE].ByteSize(),
        speedup=_speedup(before, after),
        device=after.device,
    )
    expect_little_cost(report)
    assert after.loop is not None
    sample = tokenizer.encode(text)
    loops = check_loops({"onnx": (after.backend, after.loop)}, banned, sample, ATOL, lengths=(12,))
    return made, report, loops


def _open(
    graphs: Mapping[str, onnx.ModelProto], signatures: Mapping[str, Signature], tokenizer: Tokenizer, device: str
) -> LanguageModel:
    """Step and decode loop."""
    sessions = {
        graph: open_session(graphs[graph].SerializeToString(), name, device)
        for graph, name in ((STEP, STEP_ONNX), (GENERATE, GENERATE_ONNX))
    }
    where = session_device(sessions[STEP])
    return LanguageModel(
        OnnxStepModel(lambda: sessions[STEP], signatures[STEP], where),
        tokenizer,
        OnnxDecodeLoop(sessions[GENERATE], signatures[GENERATE], where),
    )


def _speedup(before: LanguageModel, after: LanguageModel) -> float:
    """Of the decode loop."""
    assert before.loop is not None
    assert after.loop is not None
    return speedup_of(loop_case("float32", before.loop), loop_case("quantised", after.loop))


def speedup_of(before: Case, after: Case) -> float:
    """The ratio of the medians of alternating runs."""
    slow, fast = measure([before, after], _ROUNDS)
    return slow.median / fast.median
