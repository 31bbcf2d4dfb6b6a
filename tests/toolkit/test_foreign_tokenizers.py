import json

import numpy as np
import pytest

from toolkit.errors import ToolkitError
from toolkit.tokenizer import CharTokenizer, IdTokenizer, SpaceTokenizer, id_tokenizer, tokenizer_from_dict

LINES = SpaceTokenizer(("the", "<unk>", "cat", "<eos>", "sat"), unk_id=1)
NAMES = CharTokenizer(("b", "a", "?", "E", "S"), unk_id=None, pad_id=2, bos_id=4, eos_id=3, after=(3,), width=4)


def again(tokenizer):
    return tokenizer_from_dict(json.loads(json.dumps(tokenizer.to_dict())), "model.json")


@pytest.mark.parametrize("tokenizer", [LINES, NAMES, id_tokenizer(3), CharTokenizer(("a",), unk_id=None)])
def test_a_vocabulary_of_any_order_survives_json(tokenizer):
    assert again(tokenizer) == tokenizer
    assert type(again(tokenizer)) is type(tokenizer)


def test_words_are_split_at_white_space_and_lines_end_with_their_token():
    ids = LINES.encode("the  cat\nsat\tthere\n")
    assert ids.tolist() == [0, 2, 3, 4, 1, 3]
    assert ids.dtype == np.int64
    assert LINES.decode(ids) == "the cat\nsat \ufffd\n"


def test_a_text_written_piece_by_piece_goes_on_where_the_prompt_ended():
    assert [LINES.piece(i, after) for i, after in ((2, 0), (3, 2), (0, 3), (0, None))] == [" cat", "\n", "the", "the"]


def test_without_a_token_for_them_line_breaks_are_no_token():
    assert SpaceTokenizer(("a", "b"), unk_id=None).encode("a\n\nb\n").tolist() == [0, 1]
    assert SpaceTokenizer(("a", "\n", "b"), unk_id=None).encode("a\nb").tolist() == [0, 1, 2]


def test_unknown_tokens_are_an_error_where_nothing_stands_for_them():
    with pytest.raises(ToolkitError, match=r"the text holds 'x' '9', which the vocabulary has not"):
        NAMES.encode("abx9x")


def test_ids_are_read_and_written_as_numbers():
    tokenizer = id_tokenizer(12)
    assert isinstance(tokenizer, IdTokenizer)
    assert tokenizer.encode(" 3 11\n0 ").tolist() == [3, 11, 0]
    assert tokenizer.decode([3, 11, 0]) == "3 11 0"
    assert not tokenizer.special_ids
    with pytest.raises(ToolkitError, match="the text holds '12'"):
        tokenizer.encode("12")


def test_a_text_is_filled_up_and_closed_as_the_network_was_trained():
    assert NAMES.encode("ab").tolist() == [1, 0, 2, 2, 3]
    assert NAMES.encode("ababa").tolist() == [1, 0, 1, 0, 1, 3]
    assert NAMES.marked("a").tolist() == [4, 1, 2, 2, 2, 3, 3]
    assert NAMES.decode([4, 1, 0, 2, 3]) == "ab"


@pytest.mark.parametrize("unk_id", [0, 2])
def test_the_token_for_unknown_ones_may_stand_anywhere(unk_id):
    vocab = ["a", "b"]
    vocab.insert(unk_id, "[UNK]")
    tokenizer = CharTokenizer(tuple(vocab), unk_id=unk_id)
    assert tokenizer.encode("xb")[0] == unk_id
    assert tokenizer.banned_ids == (unk_id,)
    assert tokenizer.known(np.array([unk_id, 1 - unk_id // 2])).tolist() == [False, True]
    assert tokenizer.example == "a"
