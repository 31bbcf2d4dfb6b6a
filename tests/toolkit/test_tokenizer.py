"""Texts to ids and back: exactly for characters, by jieba for words."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from toolkit.errors import FileFormatError, OptionError, ToolkitError
from toolkit.tokenizer import (
    UNK,
    CharTokenizer,
    TokenizerOptions,
    WordTokenizer,
    build_tokenizer,
    tokenizer_from_dict,
)

fixed = settings(deadline=None, derandomize=True, max_examples=100)
LYRICS = "窗外的麻雀，在电线杆上多嘴\n你说这一句，很有夏天的感觉\n我爱北京天安门 hello world 2024\n\n"

any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
not_chinese = st.text(st.sampled_from("aBzC+#&T09._%- \r\n\t,'’é、!\u0663\u3000\u2028ｗ"), max_size=16)
lyric_like = st.text(st.sampled_from("窗外麻雀电线杆夏天感觉北京天安门 ,，。!ab12\n\t"), max_size=60)


def chars(text, **options):
    return build_tokenizer(text, TokenizerOptions(**options))


def words(text, **options):
    return build_tokenizer(text, TokenizerOptions(tokenizer="word", **options))


def cut_by_jieba(text):
    words("北京")  # imports it, and keeps back the warnings of its sources
    import jieba

    return jieba.lcut(text)


# Characters --------------------------------------------------------------------------------------


@fixed
@given(text=any_text)
def test_characters_come_back_exactly(text):
    tokenizer = chars(text)
    ids = tokenizer.encode(text)
    assert ids.dtype == np.int64
    assert ids.shape == (len(text),)
    assert tokenizer.decode(ids) == text
    assert tokenizer.unknown(text) == []


@pytest.mark.parametrize(
    "text", ["e\u0301é", "a\u200db", "👩\u200d👩\u200d👧", "\r\n\u2028\x00\x1f", "𠮷野家", "\ufeff\ufffd"]
)
def test_what_looks_alike_or_like_nothing_stays_apart(text):
    tokenizer = chars(text)
    assert tokenizer.decode(tokenizer.encode(text)) == text
    assert len(tokenizer) == len(set(text)) + 1


def test_the_vocabulary_is_ordered_by_frequency_then_by_code_point():
    assert chars("cabbbaacd").vocab == (UNK, "a", "b", "c", "d")
    assert chars("ddca").vocab == (UNK, "d", "a", "c")


def test_the_order_of_the_text_does_not_change_the_vocabulary():
    assert chars("abcabd").vocab == chars("dbacba").vocab


@pytest.mark.parametrize(
    ("min_count", "vocab"), [(1, (UNK, "c", "b", "a")), (2, (UNK, "c", "b")), (3, (UNK, "c")), (4, (UNK,))]
)
def test_tokens_rarer_than_min_count_become_unk(min_count, vocab):
    tokenizer = chars("abbccc", min_count=min_count)
    assert tokenizer.vocab == vocab
    assert [tokenizer.vocab[i] for i in tokenizer.encode("abc")] == [t if t in vocab else UNK for t in "abc"]


def test_unknown_characters_are_unk_and_named_once_each_in_order():
    tokenizer = chars("ab")
    assert tokenizer.encode("zaybz").tolist() == [0, 1, 0, 2, 0]
    assert tokenizer.unknown("zaybz") == ["z", "y"]
    assert tokenizer.decode([0, 1, 0]) == "\ufffda\ufffd"


def test_the_name_of_unk_in_a_text_is_five_plain_characters():
    tokenizer = chars("<unk>")
    assert 0 not in tokenizer.encode("<unk>")
    assert tokenizer.decode(tokenizer.encode("<unk>")) == "<unk>"


def test_newlines_read_as_spaces_when_training_and_when_running():
    tokenizer = chars("a b\nc\n", newline="space")
    assert "\n" not in tokenizer.vocab
    assert tokenizer.decode(tokenizer.encode("a\nb c")) == "a b c"
    assert tokenizer.unknown("\n") == []


def test_newlines_are_kept_as_a_token_by_default():
    assert "\n" in chars("a\nb").vocab


def test_an_empty_text_has_no_ids():
    assert chars("ab").encode("").tolist() == []
    assert chars("ab").decode([]) == ""


@pytest.mark.parametrize("make", [list, tuple, np.array, iter], ids=["list", "tuple", "array", "iterator"])
def test_ids_are_decoded_from_any_iterable(make):
    assert chars("ab").decode(make([1, 2, 1])) == "aba"


@pytest.mark.parametrize("i", [3, -1, 10**12])
def test_an_id_outside_the_vocabulary_is_an_error_with_the_range(i):
    with pytest.raises(ToolkitError, match=rf"^expected token ids from 0 to 2, found {i}$"):
        chars("ab").decode([1, i])


@pytest.mark.parametrize("options", [{"tokenizer": "bpe"}, {"min_count": 0}, {"newline": "drop"}])
def test_options_out_of_range_are_refused(options):
    with pytest.raises(OptionError, match=next(iter(options))):
        TokenizerOptions(**options)


# Words -------------------------------------------------------------------------------------------


def test_words_are_those_of_jieba_with_blanks_and_punctuation():
    tokenizer = words(LYRICS)
    assert {"麻雀", "电线杆", "夏天", "北京", "天安门", "hello", "world", " ", "\n", "，"} <= set(tokenizer.vocab)
    assert [tokenizer.vocab[i] for i in tokenizer.encode(LYRICS)] == cut_by_jieba(LYRICS)
    assert tokenizer.decode(tokenizer.encode(LYRICS)) == LYRICS


@fixed
@given(text=st.one_of(not_chinese, any_text))
@example(text="AT&T writes c++ and C# at A.1.5%, 100%. of.2 --- x\r\n")
def test_text_without_chinese_is_cut_as_jieba_cuts_it(text):
    assert WordTokenizer.cut(text) == cut_by_jieba(text)


@fixed
@given(text=lyric_like)
def test_words_of_the_training_text_come_back_exactly(text):
    tokenizer = words(text)
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_an_unknown_word_is_read_character_by_character():
    tokenizer = words("天安门 天 门 雀 雀")
    assert cut_by_jieba("麻雀天安门") == ["麻雀", "天安门"]
    assert [tokenizer.vocab[i] for i in tokenizer.encode("麻雀天安门")] == [UNK, "雀", "天安门"]
    assert tokenizer.unknown("麻雀天安门") == ["麻"]


@fixed
@given(text=st.text(st.sampled_from("麻雀天安门abAT&C+# .1%\r\n，é😀"), max_size=30))
def test_a_vocabulary_without_chinese_reads_chinese_as_jieba_and_unknown_characters_would(text):
    tokenizer = words("a ab b AT & T C + # C++ , . 1 1.1% \r\n é 😀")
    by_jieba = [part for word in cut_by_jieba(text) for part in ([word] if word in tokenizer.ids else word)]
    assert tokenizer.encode(text).tolist() == [tokenizer.ids.get(token, 0) for token in by_jieba]


def test_words_rarer_than_min_count_are_read_by_character():
    tokenizer = words("麻雀 麻雀 电线杆 电 电 线 线", min_count=2)
    assert [tokenizer.vocab[i] for i in tokenizer.encode("麻雀电线杆")] == ["麻雀", "电", "线", UNK]


def test_newlines_read_as_spaces_in_word_models_too():
    tokenizer = words("麻雀\n电线杆", newline="space")
    assert "\n" not in tokenizer.vocab
    assert tokenizer.decode(tokenizer.encode("麻雀\n电线杆")) == "麻雀 电线杆"


FIRST_USE = """
import sys, tempfile
from toolkit.tokenizer import TokenizerOptions, build_tokenizer

with tempfile.TemporaryDirectory() as sys.pycache_prefix:  # as after an installation that compiles nothing
    print(build_tokenizer("我爱北京天安门", TokenizerOptions(tokenizer="word")).vocab[1:])
"""


def python(code, *flags):
    return subprocess.run(
        [sys.executable, *flags, "-c", code],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )


def test_the_first_use_of_jieba_prints_nothing_and_warns_of_nothing():
    done = python(FIRST_USE, "-W", "error")
    assert (done.stdout, done.stderr) == ("('北京', '天安门', '我', '爱')\n", "")


NO_JIEBA = """
import sys

class NoJieba:
    def find_spec(self, name, path=None, target=None):
        if name == "jieba":
            raise ModuleNotFoundError("No module named 'jieba'", name="jieba")

sys.meta_path.insert(0, NoJieba())
from toolkit.errors import ToolkitError
from toolkit.tokenizer import TokenizerOptions, build_tokenizer, tokenizer_from_dict

print(build_tokenizer("ab", TokenizerOptions()).decode([1, 2]))
values = {"kind": "word", "newline": "keep", "unk_id": 0, "vocab": ["<unk>", "a"]}
word = tokenizer_from_dict(values, "model.json")
try:
    print(word.encode("a a啊"), word.cut("It's 3.5% of A-ha..."))
    tokenizer_from_dict({**values, "vocab": ["<unk>", "a", "啊"]}, "model.json").encode("啊")
except ToolkitError as error:
    print(type(error).__name__, isinstance(error, ImportError), error)
print("jieba" in sys.modules)
"""


def test_without_jieba_only_chinese_word_models_fail_and_say_what_to_install():
    done = python(NO_JIEBA, "-W", "error")
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "ab",
        """[1 0 1 0] ['It', "'", 's', ' ', '3.5%', ' ', 'of', ' ', 'A', '-', 'ha', '...']""",
        "MissingDependencyError True Chinese in a word model needs jieba, which is not installed. "
        "Run: pip install 'rnn-toolkit[words]'",
        "False",
    ]


# Files -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [chars, words])
@pytest.mark.parametrize("newline", ["keep", "space"])
def test_a_tokenizer_survives_json(make, newline):
    original = make(LYRICS, newline=newline)
    restored = tokenizer_from_dict(json.loads(json.dumps(original.to_dict())), "model.json")
    assert type(restored) is type(original)
    assert restored == original
    assert restored.encode(LYRICS).tolist() == original.encode(LYRICS).tolist()


def test_char_and_word_tokenizers_with_the_same_vocabulary_are_not_equal():
    assert CharTokenizer((UNK, "a")) != WordTokenizer((UNK, "a"))


GOOD = {"kind": "char", "newline": "keep", "unk_id": 0, "vocab": [UNK, "a", "b"]}


@pytest.mark.parametrize("name", sorted(GOOD))
def test_a_tokenizer_with_a_missing_entry_is_refused(name):
    assert tokenizer_from_dict(GOOD, "x").decode([1, 2]) == "ab"
    with pytest.raises(FileFormatError, match=r"^model.json: the tokenizer is incomplete or contradictory\. "):
        tokenizer_from_dict({key: value for key, value in GOOD.items() if key != name}, "model.json")


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "bpe"},
        {"kind": ["char"]},
        {"kind": None},
        {"newline": "drop"},
        {"newline": ["keep"]},
        {"unk_id": 1},
        {"unk_id": None},
        {"vocab": []},
        {"vocab": [UNK]},
        {"unk_id": 3},
        {"unk_id": -1},
        {"unk_id": True},
        {"pad_id": 0},
        {"eos_id": 3},
        {"eos_id": "b"},
        {"before": [3]},
        {"after": 1},
        {"width": -1},
        {"width": 4},
        {"vocab": ["a", UNK]},
        {"vocab": [UNK, "a", "a"]},
        {"vocab": [UNK, UNK]},
        {"vocab": [UNK, ""]},
        {"vocab": [UNK, 5]},
        {"vocab": [UNK, ["a"]]},
        {"vocab": [UNK, None]},
        {"vocab": UNK + "ab"},
        {"vocab": {UNK: 0, "a": 1}},
        {"vocab": 5},
        {"vocab": None},
    ],
)
def test_a_contradictory_tokenizer_is_refused(change):
    with pytest.raises(FileFormatError, match=r"^model.json: the tokenizer is incomplete or contradictory\. "):
        tokenizer_from_dict({**GOOD, **change}, "model.json")


@pytest.mark.parametrize("values", [None, [], "char", 5, [["kind", "char"]]])
def test_what_is_no_mapping_is_no_tokenizer(values):
    with pytest.raises(FileFormatError, match=r"^model.json: the tokenizer is incomplete"):
        tokenizer_from_dict(values, "model.json")


def test_a_contradiction_is_found_even_by_an_optimising_interpreter():
    code = (
        "from toolkit.tokenizer import tokenizer_from_dict\n"
        f"try:\n    tokenizer_from_dict({ {**GOOD, 'unk_id': 1}!r}, 'model.json')\n"
        "except Exception as error:\n    print(type(error).__name__)\n"
    )
    assert python(code, "-O").stdout.strip() == "FileFormatError"
