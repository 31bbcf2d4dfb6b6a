"""The parts of text.onnx by themselves: UTF-8, random numbers, tries and vocabularies, against Python's own."""

import numpy as np
import onnxruntime
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from toolkit.errors import ToolkitError
from toolkit.export.graph_model import graph_model
from toolkit.export.philox_graph import uniforms
from toolkit.export.text_parity import ids_read
from toolkit.export.trie import NOWHERE, build_trie
from toolkit.export.utf8_graph import code_points
from toolkit.export.vocabulary_graph import decode, encode, expect_readable
from toolkit.signature import Signature, TensorSpec
from toolkit.tokenizer import id_tokenizer
from toolkit.uniform import MAX_SEED, uniform

from .vocabularies import KINDS, WORDS


def runner(body, result, **inputs):
    """A function from the named inputs to the one result of a graph; each is told by dtype and axes."""
    specs = [TensorSpec(name, *spec) for name, spec in inputs.items()]
    signature = Signature(tuple(specs), (TensorSpec("result", *result),), ())
    proto = graph_model("part", signature, lambda op, values: [body(op, *values.values())])
    session = onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    return lambda *arrays: session.run(None, dict(zip(inputs, arrays, strict=True)))[0]


OCTETS, POINTS, IDS = ("uint8", ("B",)), ("int32", ("T",)), ("int64", ("R",))
NUMBER, LAST, NUMBERS = ("int64", ()), ("int64", (1,)), ("float32", ("M", 1))


def octets_of(data):
    """Bytes as a graph takes them."""
    return np.frombuffer(data, np.uint8)


# UTF-8 -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def points_of():
    return runner(code_points, POINTS, octets=OCTETS)


BROKEN = [
    b"",
    b"\x80",
    b"\xc0\x80\xc1\xbf",  # overlong
    b"\xe0\x9f\xbf\xe0\xa0\x80",
    b"\xed\x9f\xbf\xed\xa0\x80\xee\x80\x80",  # before, in and after the surrogates
    b"\xf0\x8f\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\xf4\x90\x80\x80",
    b"\xf5\xff\xfe",
    b"\xf0\x9f\x98",  # cut off, at each length
    b"\xf0\x9f",
    b"\xe6\x9c",
    b"\xe6",
    b"\xf0\x9f\x98a\xe6\x9cb\xc3c",  # cut off by something else
    b"\xf0\x9f\xe6\x9c\x88",
]


@pytest.mark.parametrize("data", BROKEN, ids=repr)
def test_broken_utf8_is_read_as_python_reads_it(points_of, data):
    assert points_of(octets_of(data)).tolist() == [ord(c) for c in data.decode("utf-8", errors="replace")]


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=24))
@example(bytes(range(256)))
def test_any_bytes_are_read_as_python_reads_them(points_of, data):
    assert points_of(octets_of(data)).tolist() == [ord(c) for c in data.decode("utf-8", errors="replace")]


@settings(deadline=None, max_examples=100)
@given(st.text())
def test_any_text_is_read(points_of, text):
    assert "".join(map(chr, points_of(octets_of(text.encode())))) == text


# Random numbers ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def numbers_of():
    return runner(uniforms, NUMBERS, seed=NUMBER, first=NUMBER, count=NUMBER)


@pytest.mark.parametrize("first", [0, 1, 1000, 2**32 - 5])
@pytest.mark.parametrize("seed", [0, 1, 2**31, 2**32 - 1, 2**32, 2**53 + 1, MAX_SEED])
def test_the_numbers_are_those_of_the_generator(numbers_of, seed, first):
    count = 4 if first > 2**31 else 200
    found = numbers_of(np.array(seed), np.array(first), np.array(count))
    np.testing.assert_array_equal(found, uniform(seed, first, count, 1))


def test_of_a_negative_seed_the_lowest_bits_count(numbers_of):
    found = numbers_of(np.array(-5), np.array(0), np.array(8))
    np.testing.assert_array_equal(found, uniform(2**63 - 5, 0, 8, 1))


def test_no_numbers_are_no_numbers(numbers_of):
    assert numbers_of(np.array(1), np.array(0), np.array(0)).shape == (0, 1)


# Tries -------------------------------------------------------------------------------------------


def walked(trie, word):
    """Where a word leads, in plain Python; None if nowhere."""
    node = 0
    for symbol in word:
        child = trie.base[node] + symbol
        if trie.parent[child] != node:
            return None
        node = child
    return int(trie.value[node])


words = st.dictionaries(
    st.lists(st.integers(1, 9), min_size=1, max_size=5).map(tuple), st.integers(0, 999), max_size=30
)


@given(words, st.lists(st.lists(st.integers(1, 9), max_size=6).map(tuple)))
def test_a_trie_holds_its_words_and_no_others(entries, others):
    trie = build_trie(entries)
    assert trie.longest == max(map(len, entries), default=0)
    for word in (*entries, *others):
        known = {symbol for entry in entries for symbol in entry}
        found = walked(trie, word) if known.issuperset(word) else None  # of others the graph makes 0, see `_look_up`
        assert found in ({entries[word]} if word in entries else {None, NOWHERE})


# Vocabularies ------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=KINDS.values(), ids=KINDS)
def vocabulary(request):
    """A tokenizer, and the two graphs of it."""
    tokenizer = request.param
    reads = runner(lambda op, octets: encode(op, tokenizer, code_points(op, octets)), IDS, octets=OCTETS)
    writes = runner(lambda op, ids, before: decode(op, tokenizer, ids, before), OCTETS, ids=IDS, before=LAST)
    return tokenizer, reads, writes


TEXTS = [
    "",
    "月光光照地",
    "the moon\nis a  the\tthem\n\n",
    " themoon, 月光\u3000月光\x85é😀\r\n",
    "\u200d\u200f<unk><eos> 月\ufffd",
    "aab",
]


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_cut_as_the_tokenizer_cuts_it(vocabulary, text):
    tokenizer, reads, _ = vocabulary
    assert reads(octets_of(text.encode())).tolist() == ids_read(tokenizer, text.encode()).tolist()


@settings(deadline=None, max_examples=60)
@given(st.text(st.sampled_from(" \nab月光照地theémon,😀\x1f\u2028"), max_size=30))
def test_any_text_is_cut_as_the_tokenizer_cuts_it(vocabulary, text):
    tokenizer, reads, _ = vocabulary
    assert reads(octets_of(text.encode())).tolist() == ids_read(tokenizer, text.encode()).tolist()


def test_longest_match_by_hand():
    assert [WORDS[i] for i in ids_read(KINDS["word"], "月光光照地themoon?".encode())] == [
        "月光光", "<unk>", "地", "them", "<unk>", "<unk>", "<unk>", "<unk>",
    ]  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_any_ids_are_written_as_the_tokenizer_writes_them(vocabulary, data):
    tokenizer, _, writes = vocabulary
    ids = data.draw(st.lists(st.integers(0, len(tokenizer) - 1), min_size=1, max_size=20))
    before, *written = ids
    pieces = [tokenizer.piece(i, last) for last, i in zip(ids, written, strict=False)]
    found = writes(np.array(written, np.int64), np.array([before]))
    assert found.tobytes() == "".join(pieces).encode()


def test_a_vocabulary_that_nobody_told_is_refused():
    with pytest.raises(ToolkitError, match=r"text\.onnx: reads ids whose tokens nobody told"):
        expect_readable(id_tokenizer(9), "text.onnx")
