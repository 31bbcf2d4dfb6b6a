"""The gate for text graphs: what they write must be what the decode loop of the same model writes.

The loops were compared with their steps before (`loop_parity`, `seq2seq_parity`). Here texts are read as bytes and
written as bytes, with the numbers of a seed; the reference cuts the text itself, by other means than the graph.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from toolkit.decode_loop import DecodeLoop, Knobs
from toolkit.errors import ParityError
from toolkit.seq2seq import TranslateLoop
from toolkit.signature import KNOBS, NEXT, Signature
from toolkit.step_model import Ids, zero_state
from toolkit.tokenizer import Tokenizer, WordTokenizer
from toolkit.uniform import uniform

from .differences import relative_error

TOKENS = 64
"""Tokens that each text has at most."""

_CHUNKS = (1, 7, 0, 56)
_SEEDS = (0, 2**53 + 11)
_LONGEST_PROMPT = 40
_GREEDY, _DRAWN = Knobs(temperature=0.0), Knobs(temperature=0.9)

_ODD = (b"", b"\xff\xe4\xb8", "\U0001f468\u200d\U0001f469 \u200f\ufeff\n\t ".encode(), b"\xed\xa0\x80\xf4\x90\x80\x80a")
"""No text, no UTF-8, joiners and marks."""

Values = dict[str, npt.NDArray[Any]]


class TextGraph:
    """A text.onnx of either kind, called by name.

    Args:
        session: on the graph.
        signature: of the graph.
    """

    def __init__(self, session: Any, signature: Signature) -> None:  # noqa: ANN401 - ort is untyped
        self._session = session
        self._signature = signature

    def init_state(self) -> Values:
        """Zeros."""
        return dict(zip(self._signature.states, zero_state(self._signature, 1), strict=True))

    def run(self, text: bytes, state: Values, knobs: Knobs, seed: int, count: int) -> tuple[Values, Values]:
        """The results by name, and the next state."""
        choice = zip((spec.name for spec in KNOBS[1:-2]), knobs.arrays(), strict=False)  # without stop ids
        asked = {
            "input_text": np.frombuffer(text, np.uint8),
            "max_new_tokens": np.array(count),
            **dict(choice),
            "seed": np.array(seed),
        }
        others = {s.name: np.zeros((), s.dtype) for s in self._signature.inputs if s.name not in {*asked, *state}}
        found = self._session.run(None, {**asked, **others, **state})
        named = dict(zip((spec.name for spec in self._signature.outputs), found, strict=True))
        return named, {name: named[NEXT + name] for name in state}


def ids_read(tokenizer: Tokenizer, octets: bytes) -> Ids:
    """What a text graph reads: as the tokenizer does, but words of a running text by longest match.

    What is no UTF-8 is U+FFFD, and what the vocabulary has no token for, `<unk>` neither, is left out.
    """
    text = octets.decode("utf-8", errors="replace")
    if isinstance(tokenizer, WordTokenizer):
        tokens = _longest_match(tokenizer, text.replace("\n", " ") if tokenizer.newline == "space" else text)
    else:
        tokens = tokenizer.split(text)
    unknown = tokenizer.unk_id
    ids = [tokenizer.ids.get(token, unknown) for token in tokens]
    return np.array([i for i in ids if i is not None], np.int64)


def _longest_match(tokenizer: Tokenizer, text: str) -> list[str]:
    special = {tokenizer.vocab[i] for i in tokenizer.special_ids}
    longest, tokens, start = max(map(len, tokenizer.vocab)), [], 0
    while start < len(text):
        parts = (text[start : start + n] for n in range(longest, 0, -1))
        token = next((part for part in parts if part in tokenizer.ids and part not in special), text[start])
        tokens.append(token)
        start += len(token)
    return tokens


def check_text(
    name: str, graph: TextGraph, loop: DecodeLoop, tokenizer: Tokenizer, text: str, tolerance: float
) -> float:
    """Compare the text graph of a language model with its decode loop: whole texts, and the same in pieces.

    Args:
        name: of the graph, for errors.
        graph: what is to be proved equal.
        loop: the same model's.
        tokenizer: of its vocabulary.
        text: real text, to take prompts from.
        tolerance: of log-probabilities, relative to max(1, |x|).

    Returns:
        Their largest difference.

    Raises:
        ParityError: names the prompt and what differs.
    """

    def expected(ids: Ids, knobs: Knobs, seed: int) -> tuple[Ids, npt.NDArray[np.float32]]:
        ids = ids if len(ids) else np.array(tokenizer.opening(), np.int64)
        numbers = uniform(seed, 0, TOKENS, 1)
        written, log_probs, _ = loop.generate(ids[None], np.array([len(ids)]), loop.init_state(1), knobs, numbers)
        return written[0], log_probs[0]

    def pieces(prompt: bytes, knobs: Knobs, seed: int) -> bytes:
        state, octets = graph.init_state(), b""
        for count in _CHUNKS:
            found, state = graph.run(prompt, state, knobs, seed, count)
            octets, prompt = octets + found["output_text"].tobytes(), b""
        return octets

    return _check(name, graph, _prompts(tokenizer, text), (tokenizer, tokenizer), expected, tolerance, pieces)


def check_text_to_text(
    name: str,
    graph: TextGraph,
    loop: TranslateLoop,
    tokenizers: tuple[Tokenizer, Tokenizer],
    sources: Sequence[str],
    tolerance: float,
) -> float:
    """Compare the text graph of a sequence-to-sequence model with its loop; as `check_text`, of whole sources."""
    reads = tokenizers[0]

    def expected(ids: Ids, knobs: Knobs, seed: int) -> tuple[Ids, npt.NDArray[np.float32]]:
        filled = [reads.pad_id or 0] * max(0, reads.width - len(ids)) if reads.width else []
        ids = np.array([*reads.before, *ids, *filled, *reads.after], np.int64)
        numbers = uniform(seed, 0, TOKENS, 1)
        written, log_probs = loop.translate(ids[None], np.array([len(ids)]), np.array([0]), knobs, numbers)
        return written[0], log_probs[0]

    prompts = [*(source.encode() for source in sources), *_ODD]
    return _check(name, graph, prompts, tokenizers, expected, tolerance)


def _check(
    name: str,
    graph: TextGraph,
    prompts: Sequence[bytes],
    tokenizers: tuple[Tokenizer, Tokenizer],
    expected: Callable[[Ids, Knobs, int], tuple[Ids, npt.NDArray[np.float32]]],
    tolerance: float,
    pieces: Callable[[bytes, Knobs, int], bytes] | None = None,
) -> float:
    """The largest difference of a log-probability; ids and text must be the same."""
    reads, writes = tokenizers
    worst = 0.0
    for prompt in prompts:
        ids = ids_read(reads, prompt)
        before = None if reads is not writes else int((ids.tolist() or writes.opening())[-1])
        for knobs, seed in ((_GREEDY, 0), *((_DRAWN, seed) for seed in _SEEDS)):
            where = f"{name}: after {prompt[:40]!r}, {'drawn' if knobs is _DRAWN else 'greedy'}, seed {seed}"
            try:
                found, _ = graph.run(prompt, graph.init_state(), knobs, seed, TOKENS)
                again = None if pieces is None else pieces(prompt, knobs, seed)
            except Exception as fault:  # ort raises unrelated classes
                raise ParityError(f"{where}: does not run: {str(fault).partition(chr(10))[0]}.") from fault
            wanted, log_probs = expected(ids, knobs, seed)
            if not np.array_equal(found["output_ids"], wanted):
                raise ParityError(f"{where}: writes other tokens than the decode loop does.")
            octets = found["output_text"].tobytes()
            if octets != _text_of(writes, wanted, before):
                raise ParityError(f"{where}: writes another text than its tokens.")
            if again not in (None, octets):
                raise ParityError(f"{where}: writes another text in pieces.")
            error = float(relative_error([log_probs], [found["log_probs"]])[0]) if len(log_probs) else 0.0
            if not error <= tolerance:
                raise ParityError(
                    f"{where}: log-probabilities differ by {error:.3g} from those of the decode loop; at most "
                    f"{tolerance:.3g} relative to max(1, |x|) is allowed."
                )
            worst = max(worst, error)
    return worst


def _text_of(tokenizer: Tokenizer, ids: Ids, before: int | None) -> bytes:
    pieces = [tokenizer.piece(i, last) for last, i in zip([before, *ids.tolist()], ids.tolist(), strict=False)]
    return "".join(pieces).encode()


def _prompts(tokenizer: Tokenizer, text: str) -> list[bytes]:
    """Pieces of a text, the first token that can be seen, and what nobody means to write."""
    pieces = [text[start : start + _LONGEST_PROMPT] for start in range(0, min(len(text), 2000), 500)]
    return [piece.encode() for piece in (*pieces, tokenizer.example)] + list(_ODD)
