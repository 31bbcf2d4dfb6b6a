"""model.h and what C and C++ make of its tables, against the tokenizers themselves."""

import shutil
import subprocess
from pathlib import Path

import pytest

from toolkit.bundle import LM, SEQ2SEQ, SOURCE, STEP, TARGET, TOKENIZER, ModelInfo
from toolkit.c_header import c_header, c_string
from toolkit.errors import ToolkitError
from toolkit.signature import Signature, TensorSpec, step_signature
from toolkit.tokenizer import CharTokenizer, SpaceTokenizer, WordTokenizer
from toolkit.uniform import uniform

from .native import COMPILERS, STANDARDS, WARNINGS, needs_compilers, quiet
from .test_host_vocabulary import SEEDS, TEXTS, formed
from .vocabularies import KINDS

EXAMPLES = Path(__file__).parents[2] / "examples"

ASK = r"""
#include <stdio.h>
#include <stdlib.h>

#include "vocabulary.h"

static void show(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        printf("%02x", (unsigned char)text[i]);
}

int main(int argc, char **argv)
{
    static char octets[100000], text[300000];
    static int64_t ids[200000];
    for (int i = 1; i < argc; i += 2) { /* seeds and tokens */
        double number = uniform(strtoll(argv[i], NULL, 10), strtoll(argv[i + 1], NULL, 10));
        printf("%.17g\n", number);
    }
    for (int64_t before = NONE; before < (int64_t)WRITES.count; before++) {
        for (size_t i = 0; i < WRITES.count; i++) {
            printf(parted((int64_t)i, before) ? " 20" : " ");
            show(WRITES.pieces[i].text, WRITES.pieces[i].size);
        }
        printf("\n");
        if (WRITES.count > 100)
            break; /* enough was seen */
    }
    for (int c, size; (c = getchar()) != EOF;) { /* texts in hexadecimal digits, a line each */
        for (size = 0; c != '\n'; c = getchar(), size++) {
            char digits[3] = {(char)c, (char)getchar(), 0};
            octets[size] = (char)strtol(digits, NULL, 16);
        }
        size_t count = ids_of(text, readable(octets, (size_t)size, text), ids);
        for (size_t i = 0; i < count; i++)
            printf(" %lld", (long long)ids[i]);
        printf("\n");
    }
    return 0;
}
"""

NASTY = (
    "<unk>", "\n", '"', "\\", "??/", "??=", "%s%n", "\0", "a\0b", "\x001", "\x7f", "\\x41", "\u202e", "\u2028",
    "\ufeff", "é\u0301", "\U0001f468\u200d\U0001f469", "*/", "//", "\r\n", "\t", "'", "{", "月光", "\U000e0041",
    "\x85", "7", "u8",
)  # fmt: skip
MANY = ("<unk>", "\n", *map(chr, range(0x4E00, 0x4E00 + 10_000)))


def _info(*tokenizers, kind=LM, names=(TOKENIZER,)):
    signatures = {STEP: step_signature("lstm", 1, 4, len(tokenizers[-1]))}
    return ModelInfo(kind=kind, network={}, signatures=signatures, tokenizers=dict(zip(names, tokenizers, strict=True)))


def _asked(info, folder, texts, target="c"):
    """What a program says of the tables: numbers, pieces by the token before them, and ids of texts."""
    for file in (EXAMPLES / "native").iterdir():
        shutil.copy(file, folder)
    (folder / "model.h").write_bytes(c_header(info, {STEP: b""}))
    (folder / f"ask.{target}").write_text(ASK, encoding="utf-8")
    flags = [*WARNINGS.split(), STANDARDS[target], "-fsanitize=undefined", "-fno-sanitize-recover=all"]
    quiet([COMPILERS[target], *flags, f"ask.{target}", "-o", "ask"], folder)
    arguments = [str(number) for pair in SEEDS for number in pair]
    lines = "".join(f"{text.hex()}\n" for text in texts).encode()
    done = subprocess.run([folder / "ask", *arguments], input=lines, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    said = done.stdout.decode().split("\n")[:-1]
    numbers, rows = said[: len(SEEDS)], said[len(SEEDS) :]
    pieces, ids = rows[: len(rows) - len(texts)], rows[len(rows) - len(texts) :]
    split = [[bytes.fromhex(piece).decode() for piece in row.split(" ")[1:]] for row in pieces]
    return [float(number) for number in numbers], split, [[int(i) for i in row.split()] for row in ids]


def _holds(tokenizer, said, texts):
    numbers, pieces, ids = said
    assert numbers == [float(uniform(seed, token, 1, 1)[0, 0]) for seed, token in SEEDS]
    for before, row in zip((None, *range(len(tokenizer))), pieces, strict=len(tokenizer) <= 100):
        assert row == ["" if i in tokenizer.special_ids else tokenizer.piece(i, before) for i in range(len(tokenizer))]
    assert ids == [formed(tokenizer, text) for text in texts]


@needs_compilers
@pytest.mark.parametrize("tokenizer", KINDS.values(), ids=KINDS)
def test_c_reads_and_writes_as_the_tokenizer(tokenizer, tmp_path):
    _holds(tokenizer, _asked(_info(tokenizer), tmp_path, TEXTS), TEXTS)


@needs_compilers
@pytest.mark.parametrize("target", ["c", "cpp"])
@pytest.mark.parametrize("kind", [CharTokenizer, WordTokenizer, SpaceTokenizer])
def test_no_token_is_too_nasty(kind, target, tmp_path):
    tokenizer = kind(NASTY)
    texts = [*TEXTS, *(token.encode() for token in NASTY), "".join(NASTY).encode(), " ".join(NASTY).encode()]
    _holds(tokenizer, _asked(_info(tokenizer), tmp_path, texts, target), texts)


@needs_compilers
def test_ten_thousand_tokens_are_not_too_many(tmp_path):
    texts = ["".join(MANY[5::7]).encode(), "一丁\n亐x龥".encode()]
    _holds(CharTokenizer(MANY), _asked(_info(CharTokenizer(MANY)), tmp_path, texts), texts)


@needs_compilers
def test_two_vocabularies_are_told_apart(tmp_path):
    marks = {"pad_id": 1, "bos_id": 2, "eos_id": 3}
    source, target = (SpaceTokenizer(("<unk>", "<pad>", "<bos>", "<eos>", *words), **marks) for words in ("abc", "cde"))
    info = _info(source, target, kind=SEQ2SEQ, names=(SOURCE, TARGET))
    _, pieces, ids = _asked(info, tmp_path, [b"a c d"])
    assert pieces[0] == ["", "", "", "", "c", "d", "e"]
    assert ids == [[4, 6, 0]]
    header = c_header(info, {STEP: b""}).decode()
    assert "2, /* bos_id */\n    3, /* eos_id */" in header


def test_a_string_of_c_is_plain_where_it_can_be_read():
    assert c_string('月"\\?\n\0007 é') == '"月\\"\\\\\\?\\012\\0007 é"'


@pytest.mark.parametrize("axes", [("N", "long"), ("N", "é"), tuple(range(1, 10))])
def test_an_axis_that_c_cannot_be_told_is_named(axes):
    info = _info(CharTokenizer(("<unk>", "\n", "a")))
    spec = TensorSpec("input_ids", "int64", axes)
    signature = Signature((spec,), (spec,), ())
    with pytest.raises(ToolkitError, match=r"step\.onnx: input_ids int64 \[.*cannot be told in C"):
        c_header(ModelInfo(LM, {}, {STEP: signature}, info.tokenizers), {STEP: b""})
