"""Vocabularies of checkpoints from elsewhere: where they are found, how they are counted, what they read and write."""

import codecs
import collections
import json

import pytest
import torch
from torch import nn

from toolkit.errors import ToolkitError
from toolkit.export.exporter import open_checkpoint
from toolkit.export.foreign_options import ForeignOptions

LETTERS = list("abcdefghijk")
CAPITALS = list("ABCDEFGHIJK")
IDS = {letter: i for i, letter in enumerate(LETTERS)}


def network(size, cell=nn.GRU):
    torch.manual_seed(size)
    parts = {"embedding": nn.Embedding(size, 4), "rnn": cell(4, 6), "fc": nn.Linear(6, size)}
    return nn.ModuleDict(parts).state_dict()


def opened(tmp_path, size=11, extras=None, **options):
    path = tmp_path / "their.pt"
    torch.save({"state_dict": network(size), **(extras or {})}, path)
    return open_checkpoint(path, ForeignOptions(**options))


def refused(*expected, **call):
    with pytest.raises(ToolkitError) as caught:
        opened(**call)
    for part in expected:
        assert part in str(caught.value), str(caught.value)
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize(
    "extras",
    [
        {"tokens": tuple(LETTERS)},
        {"chars": LETTERS},
        {"chars": "".join(LETTERS)},
        {"stoi": IDS},
        {"idx_to_char": dict(enumerate(LETTERS))},
        {"int2char": {str(i): letter for i, letter in enumerate(LETTERS)}},
        {"char2int": IDS, "int2char": dict(enumerate(LETTERS)), "epoch": 3, "name": "abcdefghijk"},
        {"hparams": {"data": {"itos": LETTERS}, "layers": ["x", "y"]}},
        {"vocab": dict(reversed(IDS.items()))},
    ],
    ids="-".join,
)
def test_a_vocabulary_in_the_checkpoint_is_found(extras, tmp_path):
    tokenizer = opened(tmp_path, extras=extras).tokenizer
    assert tokenizer.vocab == tuple(LETTERS)
    assert tokenizer.kind == "char"
    assert tokenizer.unk_id is None


def test_two_vocabularies_of_the_right_size_are_asked_about(tmp_path):
    two = {"old": {"chars": CAPITALS}, "chars": LETTERS}
    refused(
        "each of old.chars, chars may be the vocabulary. Say which with --set vocab=", tmp_path=tmp_path, extras=two
    )
    for name, vocab in (("old.chars", CAPITALS), ("chars", LETTERS)):
        assert opened(tmp_path, extras=two, set=(f"vocab={name}",)).tokenizer.vocab == tuple(vocab)
    refused("--set vocab=epoch: expected a list", tmp_path=tmp_path, extras={"epoch": 3}, set=("vocab=epoch",))
    refused("vocabularies in it: chars", tmp_path=tmp_path, extras={"chars": LETTERS}, set=("vocab=words",))


@pytest.mark.parametrize(("name", "said"), [("chars", ()), ("things", ("vocab=things",))])
def test_a_vocabulary_of_another_size_is_refused_with_both_numbers(name, said, tmp_path):
    expected = f"the network has 11 tokens, the vocabulary (the checkpoint's {name}) 9"
    refused(expected, "--vocab FILE", tmp_path=tmp_path, extras={name: LETTERS[:9]}, set=said)


@pytest.mark.parametrize(
    "odd",
    [
        set(LETTERS),
        {c: i + 1 for c, i in IDS.items()},
        ["a", *LETTERS[:10]],
        list(range(11)),
        ["", *LETTERS[1:]],
        ["\ud800", "b"],
    ],
    ids=["a set", "ids from 1", "doubled", "numbers", "an empty token", "half a surrogate"],
)
def test_what_cannot_be_a_vocabulary_is_said_and_ids_remain(odd, tmp_path):
    checkpoint = opened(tmp_path, extras={"chars": odd})
    assert checkpoint.tokenizer.kind == "ids"
    assert "chars in the checkpoint is no vocabulary: expected a list" in " ".join(checkpoint.recognised["assumed"])


LINES = "\n".join(LETTERS)
FILES = {
    "list.json": json.dumps(LETTERS).encode(),
    "to ids.json": json.dumps(IDS).encode(),
    "from ids.json": json.dumps(dict(enumerate(LETTERS))).encode(),
    "with a mark.json": codecs.BOM_UTF8 + json.dumps(LETTERS).encode(),
    "json in.txt": json.dumps(LETTERS).encode(),
    "lines.txt": LINES.encode(),
    "last line ended.txt": f"{LINES}\n".encode(),
    "windows.txt": LINES.replace("\n", "\r\n").encode(),
    "marked.txt": codecs.BOM_UTF8 + LINES.encode(),
    "utf-16.txt": LINES.encode("utf-16"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_vocabulary_file_is_read(name, tmp_path):
    (tmp_path / name).write_bytes(FILES[name])
    assert opened(tmp_path, vocab=str(tmp_path / name)).tokenizer.vocab == tuple(LETTERS)


WRONG = {
    "empty line.txt": (LINES.replace("c", ""), "line 3 is empty; expected a token in each line"),
    "twice.txt": (LINES.replace("c", "a"), "the token 'a' stands there twice"),
    "twice.json": (json.dumps(["a", *LETTERS[:10]]), "found 'a' twice"),
    "short.txt": ("a\nb", "the network has 11 tokens, the vocabulary ("),
    "cut.json": ('["a", "b', "expected JSON: Unterminated string"),
    "lines.json": (
        LINES,
        "expected JSON: Expecting value: line 1 column 1 (char 0). Tokens in lines belong in a .txt file",
    ),
    "deep.json": ("[" * 100_000, "expected JSON: maximum recursion depth"),
    "nested.json": (json.dumps({"model": {"vocab": IDS}}), "found dict with the keys model"),
    "gaps.json": (json.dumps({"a": 0, "b": 2}), "between tokens and all ids from 0 on; found dict with the keys a, b"),
    "numbers.json": ("[1, 2]", "expected a list of different tokens"),
    "surrogate.json": ('["\\ud800", "b"]', "expected a list of different tokens"),
    "binary.txt": ("\0\1\2", "expected a text, found a zero byte"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_vocabulary_file_is_told_by_what_is_wrong(name, tmp_path):
    text, expected = WRONG[name]
    (tmp_path / name).write_text(text)
    refused(name, expected, tmp_path=tmp_path, vocab=str(tmp_path / name))
    refused("expected a vocabulary", "found nothing there", tmp_path=tmp_path, vocab=str(tmp_path / "missing.json"))


CHARACTERS = "kbb aaa\ncdefghij"  # counted by hand: a 3, b 2, and one each of k, space, line break, c … j
WORDS = "the cat saw\nthe dog\n\na cat sat the end"  # the 3, line break 3, cat 2; one each of saw dog a sat end
COUNTED = [
    ("sorted", "char", {}, "\n abcdefghijk"),
    ("first-seen", "char", {}, "kb a\ncdefghij"),
    ("frequency", "char", {}, "abk \ncdefghij"),
    ("sorted", "char", {"newline": "space"}, " abcdefghijk"),
    ("frequency", "char", {"newline": "space"}, "ab kcdefghij"),
    ("first-seen", "char", {"special": ("<pad>", "<unk>")}, ["<pad>", "<unk>", *"kb a\ncdefghij"]),
    ("sorted", "char", {"special": ("k", "a")}, ["k", "a", *"\n bcdefghij"]),
    ("sorted", "space", {}, "a cat dog end sat saw the"),
    ("sorted", "space", {}, "<eos> a cat dog end sat saw the"),
    ("first-seen", "space", {}, "the cat saw dog a sat end"),
    ("first-seen", "space", {}, "the cat saw <eos> dog a sat end"),
    ("frequency", "space", {}, "the cat saw dog a sat end"),
    ("frequency", "space", {}, "the <eos> cat saw dog a sat end"),
    ("frequency", "space", {"special": ("<unk>", "<eos>")}, "<unk> <eos> the cat saw dog a sat end"),
]


@pytest.mark.parametrize(("order", "tokenizer", "options", "expected"), COUNTED)
def test_the_tokens_of_a_corpus_are_numbered_as_asked(order, tokenizer, options, expected, tmp_path):
    text = CHARACTERS if tokenizer == "char" else WORDS
    vocab = tuple(expected.split() if isinstance(expected, str) and tokenizer == "space" else expected)
    (tmp_path / "corpus.txt").write_text(text)
    asked = {"corpus": (str(tmp_path / "corpus.txt"),), "vocab_order": order, "tokenizer": tokenizer, **options}
    made = opened(tmp_path, len(vocab), **asked).tokenizer
    assert made.vocab == vocab
    assert made.unk_id == (vocab.index("<unk>") if "<unk>" in vocab else None)


def test_counts_of_words_are_those_of_jieba(tmp_path):
    jieba = pytest.importorskip("jieba")
    (tmp_path / "corpus.txt").write_text(text := "我爱北京天安门\n天安门上太阳升\n", encoding="utf-8")
    expected = tuple(token for token, _ in collections.Counter(jieba.lcut(text)).most_common())
    asked = {"corpus": (str(tmp_path / "corpus.txt"),), "vocab_order": "frequency", "tokenizer": "word"}
    assert opened(tmp_path, len(expected), **asked).tokenizer.vocab == expected


def test_several_corpora_are_read_in_their_order(tmp_path):
    for name, text in (("b.txt", "ca"), ("a.txt", "dab")):
        (tmp_path / name).write_text(text)
    corpus = (str(tmp_path / "b.txt"), str(tmp_path / "a.txt"))
    assert opened(tmp_path, 4, corpus=corpus, vocab_order="first-seen").tokenizer.vocab == tuple("cadb")
    refused("the network has 9 tokens, the corpus", "a.txt 4 characters", "--special, --tokenizer and --newline",
            tmp_path=tmp_path, size=9, corpus=corpus, vocab_order="first-seen")  # fmt: skip
    refused(
        "5 characters, special ones included", tmp_path=tmp_path, corpus=corpus, vocab_order="sorted", special=("<u>",)
    )
    refused(
        "has 7 tokens, the corpus",
        "2 words",
        tmp_path=tmp_path,
        size=7,
        corpus=corpus,
        vocab_order="sorted",
        tokenizer="space",
    )
    refused("a corpus was given, and nothing says which token has which id", tmp_path=tmp_path, corpus=corpus)


def test_options_that_need_each_other_are_named(tmp_path):
    refused("vocab_order and special make a vocabulary from a corpus", tmp_path=tmp_path, vocab_order="sorted")
    refused("vocab is the vocabulary, and vocab_order makes one", tmp_path=tmp_path, vocab="v", vocab_order="sorted")
    refused("width fills up with pad; give pad, too", tmp_path=tmp_path, width=3)


@pytest.mark.parametrize("spelling", ["<unk>", "<UNK>", "[UNK]", "UNK", "<oov>"])
def test_unknown_tokens_are_known_by_their_usual_spellings(spelling, tmp_path):
    assert opened(tmp_path, extras={"chars": [*LETTERS[:10], spelling]}).tokenizer.unk_id == 10


def test_special_tokens_must_be_there_and_be_different(tmp_path):
    extras = {"chars": ["<unk>", "UNK", *LETTERS[2:]]}
    assert opened(tmp_path, extras={"chars": LETTERS}, unk="k").tokenizer.unk_id == 10
    refused(
        "'zz' (unk) is no token of the vocabulary, which begins with '<unk>'",
        tmp_path=tmp_path,
        extras=extras,
        unk="zz",
    )
    refused("the vocabulary has <unk>, which is that", tmp_path=tmp_path, extras=extras, unk="UNK")


def test_words_with_blanks_in_them_are_said(tmp_path):
    extras = {"vocab": ["new york", "cat", *LETTERS[2:]]}
    assert "hold white space and are never read: 'new york'" in " ".join(
        opened(tmp_path, extras=extras).recognised["assumed"]
    )
