"""Decoders with smaller weights, and the gate that they must pass.

The encoder keeps float32: it runs once a source, and ONNX has no int8 of its recurrent operators that every host knows.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import onnx

from toolkit.bench import Case
from toolkit.bundle import DECODER, GRAPH_FILES, SOURCE, TARGET, TRANSLATE
from toolkit.corpus import source_name
from toolkit.decode_loop import Knobs
from toolkit.errors import ToolkitError
from toolkit.evaluation import pair_perplexity
from toolkit.models.checkpoint import Checkpoint
from toolkit.models.seq2seq_rnn import Seq2SeqRNN
from toolkit.onnx_seq2seq import OnnxSeq2Seq, OnnxTranslateLoop
from toolkit.onnx_session import open_session, session_device
from toolkit.parallel import Pair, ParallelOptions, load_parallel
from toolkit.seq2seq import batch_of
from toolkit.signature import Signature
from toolkit.step_model import Ids
from toolkit.translator import Translator

from .differences import ATOL
from .export_options import ExportOptions
from .quantize import FAST_ON, quantize
from .quantized import MAX_TOKENS, QuantizationReport, expect_little_cost, speedup_of
from .seq2seq_parity import check_translate
from .translate_graph import translate_graph

_TOKENS = 32
"""So many are written to measure speed."""


def evaluation_pairs(checkpoint: Checkpoint, options: ExportOptions) -> tuple[str, Sequence[Pair]]:
    """What to measure perplexity on: its name and the pairs.

    They are those asked for; else those that training held back, where its source is still the same; else the pairs
    that the checkpoint carries.
    """
    if options.eval is not None:
        return source_name(options.eval), load_parallel(options.eval, ParallelOptions(valid_fraction=0.0)).train
    corpus = checkpoint.corpus
    if "source" not in corpus:
        raise ToolkitError(
            f"--quantize {options.quantize}: what it costs is measured on pairs, and this checkpoint came with none. "
            "Give --eval PAIRS."
        )
    try:
        found = load_parallel(corpus["source"], ParallelOptions(**corpus["options"]))
    except (ToolkitError, TypeError, OSError):
        found = None
    if found is not None and found.sha256 == corpus["sha256"] and found.valid:
        return f"the pairs held back of {source_name(found.source)}", found.valid
    return "some pairs of the training", [(source, target) for source, target in corpus["sample"]]


def quantized_graphs(
    network: Seq2SeqRNN,
    graphs: Mapping[str, onnx.ModelProto],
    signatures: Mapping[str, Signature],
    checkpoint: Checkpoint,
    options: ExportOptions,
) -> tuple[dict[str, onnx.ModelProto], QuantizationReport, float]:
    """Quantise proven graphs.

    Args:
        network: gives the encoder.
        graphs: all three in float32.
        signatures: their contracts.
        checkpoint: gives the vocabularies and the pairs to measure on.
        options: kind, pairs, and what is allowed.

    Returns:
        The graphs, what they cost and gain, and the figure of the loop against its own steps.

    Raises:
        ParityError: the perplexity rises by more than is allowed, or the loop does not follow its steps.
    """
    kind, writes = options.quantize, checkpoint.tokenizers[TARGET]
    fast_on = FAST_ON[kind]
    decoder = quantize(graphs[DECODER], kind)
    contracts = signatures[DECODER], signatures[TRANSLATE]
    made = {**graphs, DECODER: decoder, TRANSLATE: translate_graph(network, decoder, contracts, writes, TRANSLATE)}
    device = "auto" if fast_on == "cuda" else "cpu"
    before, after = (_open(part, signatures, checkpoint, device) for part in (graphs, made))
    name, pairs = evaluation_pairs(checkpoint, options)
    pairs = pairs[: MAX_TOKENS[fast_on] // max(1, *(len(target) for _, target in pairs))]
    whole, tokens, _ = pair_perplexity(before, pairs, 1)  # one by one: a batch is rounded together
    rounded, _, _ = pair_perplexity(after, pairs, 1)
    batch = batch_of([before.source_tokenizer.encode(pairs[0][0])])
    report = QuantizationReport(
        kind=kind,
        fast_on=fast_on,
        text=name,
        tokens=tokens,
        perplexity_float32=whole,
        perplexity=rounded,
        max_ppl_increase=options.max_ppl_increase,
        graph=TRANSLATE,
        bytes_float32=graphs[TRANSLATE].ByteSize(),
        bytes=made[TRANSLATE].ByteSize(),
        speedup=speedup_of(_case("float32", before, batch), _case("quantised", after, batch)),
        device=after.device,
    )
    expect_little_cost(report)
    assert after.loop is not None
    return made, report, check_translate("onnx", after.backend, after.loop, batch, writes, ATOL)


def _open(
    graphs: Mapping[str, onnx.ModelProto], signatures: Mapping[str, Signature], checkpoint: Checkpoint, device: str
) -> Translator:
    """All three graphs."""
    sessions = {n: open_session(graph.SerializeToString(), GRAPH_FILES[n], device) for n, graph in graphs.items()}
    where = session_device(sessions[DECODER])
    loop = OnnxTranslateLoop(sessions[TRANSLATE], signatures[TRANSLATE], where)
    tokenizers = checkpoint.tokenizers[SOURCE], checkpoint.tokenizers[TARGET]
    return Translator(OnnxSeq2Seq(sessions.__getitem__, signatures, where), *tokenizers, loop)


def _case(name: str, model: Translator, batch: tuple[Ids, Ids]) -> Case:
    """Greedy, so many tokens without an end."""
    numbers = np.zeros((_TOKENS, 1), np.float32)
    fewest = np.array([_TOKENS])

    def run() -> None:
        assert model.loop is not None
        model.loop.translate(*batch, fewest, Knobs(temperature=0.0), numbers)

    return Case(name, run, tokens=_TOKENS)
