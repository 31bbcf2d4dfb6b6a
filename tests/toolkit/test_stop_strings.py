"""Streaming: pieces, their order, and what is held back because a stop string may have begun."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.generation import generate, stream
from toolkit.sampling import SamplingOptions
from toolkit.tokenizer import UNK, CharTokenizer

fixed = settings(deadline=None, derandomize=True, max_examples=300)


def write(scripted, tokens, stops, prompt="p", extra=0):
    """Let a model write these tokens of one or more characters; the pieces and the finished text."""
    tokenizer = CharTokenizer((UNK, *dict.fromkeys([*prompt, *tokens])))
    ids = [tokenizer.ids[token] for token in tokens]
    options = SamplingOptions(temperature=0, max_new_tokens=len(tokens) + extra, stop_strings=tuple(stops))
    pieces = list(stream(scripted(ids, len(tokenizer)), tokenizer, prompt, options))
    (finished,) = generate(scripted(ids, len(tokenizer)), tokenizer, prompt, options)
    assert "".join(piece.text for piece in pieces) == finished.text
    assert [piece.finish_reason for piece in pieces[:-1]] == [None] * (len(pieces) - 1)
    assert pieces[-1].finish_reason == finished.finish_reason
    assert len(pieces) == len(finished.ids) == len(finished.log_probs)
    return [piece.text for piece in pieces], finished


@pytest.mark.parametrize(
    ("tokens", "stops", "pieces", "reason"),
    [
        # without stop strings each token is shown at once
        (["ab", "c", "d"], [], ["ab", "c", "d"], "length"),
        # inside one token: what follows it is dropped
        (["a", "bXc", "d"], ["X"], ["a", "b"], "stop"),
        # across the borders of tokens, of which nothing was shown too early
        (["a", "b", "c", "d"], ["bc"], ["a", "", ""], "stop"),
        (["ab", "cd", "ef"], ["bcde"], ["a", "", ""], "stop"),
        # at the very beginning and with the very last token
        (["a", "b"], ["a"], [""], "stop"),
        (["a", "b", "c"], ["c"], ["a", "b", ""], "stop"),
        # what was held back comes out once it cannot become a stop string
        (["a", "b", "d", "e"], ["bc"], ["a", "", "bd", "e"], "length"),
        # or with the end of the text
        (["a", "b", "c"], ["bcd"], ["a", "", "bc"], "length"),
        # a false start that overlaps the true one
        (["a", "a", "a", "b"], ["aab"], ["", "", "a", ""], "stop"),
        (["a", "b", "a", "b", "c"], ["abc"], ["", "", "ab", "", ""], "stop"),
        # of several the one that begins first, even if another ends first
        (["a", "bcd"], ["d", "bc"], ["a", ""], "stop"),
        (["xabcy"], ["c", "ab", "bc"], ["x"], "stop"),
        # the one that is complete first decides when another might still become longer
        (["a", "b", "c"], ["abc", "b"], ["", "a"], "stop"),
        # one that is the beginning of another
        (["a", "b", "c"], ["ab", "abc"], ["", ""], "stop"),
        # line breaks and Chinese are characters like any other
        (["窗", "外", "\n", "雨"], ["\n"], ["窗", "外", ""], "stop"),
        (["窗", "外", "\n", "\n"], ["\n\n"], ["窗", "外", "", ""], "stop"),
    ],
)
def test_stop_strings(scripted, tokens, stops, pieces, reason):
    found, finished = write(scripted, tokens, stops)
    assert found == pieces
    assert finished.finish_reason == reason
    assert len(finished.ids) == len(pieces)  # the stop string's tokens were generated, and are among the ids


@pytest.mark.parametrize("stop", ["p", "pa", "ppa"])
def test_the_prompt_neither_holds_nor_begins_a_stop_string(scripted, stop):
    pieces, finished = write(scripted, ["a", "b"], [stop])
    assert pieces == ["a", "b"]
    assert finished.finish_reason == "length"


def test_a_text_ends_at_max_new_tokens_without_holding_anything_back(scripted):
    assert write(scripted, ["a"], ["aa" * 50], extra=20)[1].text == "a" * 21


cut_texts = st.lists(st.text("ab", min_size=1, max_size=3), min_size=1, max_size=12)
stop_lists = st.lists(st.text("ab", min_size=1, max_size=4), max_size=3)


@fixed
@given(tokens=cut_texts, stops=stop_lists)
def test_each_piece_shows_all_that_no_stop_string_can_still_take_back(scripted, tokens, stops):
    pieces, finished = write(scripted, tokens, stops)
    written = shown = ""
    for token, piece in zip(tokens, pieces, strict=False):
        written += token
        shown += piece
        places = [written.find(stop) for stop in stops if stop in written]
        if places:
            assert shown == finished.text == written[: min(places)]
            assert finished.finish_reason == "stop"
            return
        pending = [n for n in range(len(written) + 1) for stop in stops if stop.startswith(written[n:])]
        if len(written) < len("".join(tokens)):
            assert shown == written[: min(pending, default=len(written))]
    assert shown == finished.text == "".join(tokens)
    assert finished.finish_reason == "length"


# Several texts -----------------------------------------------------------------------------------

TOKENIZER = CharTokenizer((UNK, *"abcdefg"))


def test_texts_of_one_batch_stop_each_in_its_own_time(moody):
    options = SamplingOptions(max_new_tokens=40, num_return_sequences=6, stop_strings=("c", "fg"), seed=9)
    pieces = list(stream(moody(8), TOKENIZER, "a", options))
    finished = generate(moody(8), TOKENIZER, "a", options)
    free = generate(moody(8), TOKENIZER, "a", SamplingOptions(max_new_tokens=40, num_return_sequences=6, seed=9))
    for n, (text, whole) in enumerate(zip(finished, free, strict=True)):
        own = [piece for piece in pieces if piece.index == n]
        assert "".join(piece.text for piece in own) == text.text
        assert [piece.finish_reason for piece in own[:-1]] == [None] * (len(own) - 1)
        assert own[-1].finish_reason == text.finish_reason
        assert len(own) == len(text.ids)
        # Until it stops, a text is what it is without stop strings, whatever the others do.
        assert whole.ids[: len(text.ids)] == text.ids
        stops = [whole.text.find(stop) for stop in ("c", "fg") if stop in whole.text]
        assert text.text == whole.text[: min(stops, default=40)]
    assert len({len(text.ids) for text in finished}) > 2


def test_pieces_come_token_by_token_with_the_texts_in_turn(moody):
    options = SamplingOptions(max_new_tokens=5, num_return_sequences=3, seed=9)
    model = moody(8)
    calls = []
    for piece in stream(model, TOKENIZER, "a", options):
        calls.append((piece.index, model.calls))
    assert calls == [(n, step) for step in range(1, 6) for n in range(3)]


def test_what_was_held_back_comes_out_when_no_ngram_is_left(scripted):
    tokenizer = CharTokenizer((UNK, "a", "b"))
    options = SamplingOptions(temperature=0, no_repeat_ngram_size=1, stop_strings=("b!",))
    pieces = list(stream(scripted([2], 3), tokenizer, "a", options))
    assert [(piece.text, piece.finish_reason) for piece in pieces] == [("", None), ("b", "exhausted")]
    (finished,) = generate(scripted([2], 3), tokenizer, "a", options)
    assert (finished.text, finished.ids, finished.finish_reason) == ("b", (2,), "exhausted")
