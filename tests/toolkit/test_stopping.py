"""A stoppable model computes what the model does, until it is told to stop."""

import threading

import numpy as np
import pytest

from toolkit.language_model import LanguageModel
from toolkit.lyrics.edit import alternatives, put, reroll, reroll_line
from toolkit.lyrics.options import LyricOptions
from toolkit.lyrics.rules import LyricRules
from toolkit.lyrics.vocabulary import vocabulary_of
from toolkit.lyrics.write import write
from toolkit.scoring import choices, score
from toolkit.stopping import Stop, Stopped, stoppable
from toolkit.tokenizer import CharTokenizer

ZH = "光霜乡床心人春金来开台天边年风空东中声星月夜雪落水雨泪里你爱海去了的乐长重"
RULES = LyricRules(lines=4, length="3", rhyme="AABA")
OPTIONS = LyricOptions(seed=1, num_candidates=4)


@pytest.fixture(scope="module")
def model(moody):
    tokenizer = CharTokenizer(("<unk>", "\n", "，", *ZH))
    return LanguageModel(moody(len(tokenizer)), tokenizer)


@pytest.fixture(scope="module")
def song(model):
    return write(model, RULES, OPTIONS)[0]


class StopAt:
    """A step that sets a stop in the middle of a call, as another thread may."""

    def __init__(self, model, stop, call):
        self._model, self._stop, self._left = model, stop, call
        self.signature, self.device, self.init_state = model.signature, model.device, model.init_state

    def step(self, input_ids, state):
        self._left -= 1
        if not self._left:
            self._stop.set()
        return self._model.step(input_ids, state)


TASKS = {
    "write": lambda model, _song: write(model, RULES, OPTIONS),
    "reroll": lambda model, song: reroll(model, song, 2, seed=3),
    "reroll_line": lambda model, song: reroll_line(model, str(song), 2, OPTIONS),
    "put": lambda model, song: put(model, song, 3, 1, "心" if song.lines[2].text[0] != "心" else "人"),
    "alternatives": lambda model, song: alternatives(model, song, 4, 2),
    "generate": lambda model, _song: model.generate("月光", max_new_tokens=20, seed=1),
    "stream": lambda model, _song: list(model.stream("月光", max_new_tokens=20, seed=1)),
    "generate_batch": lambda model, _song: sorted(model.generate_batch(["月", "春风"], max_new_tokens=20, seed=1)),
    "score": lambda model, song: list(score(model, str(song))),
    "choices": lambda model, song: choices(model, str(song)),
}


@pytest.mark.parametrize("task", TASKS)
def test_unless_it_is_stopped_it_does_the_same(task, model, song):
    stop = Stop()
    assert TASKS[task](stoppable(model, stop), song) == TASKS[task](model, song)
    assert stop.tokens


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("call", [1, 5])
def test_it_stops_at_the_next_step(task, call, model, song):
    stop = Stop()
    watched = LanguageModel(StopAt(model.backend, stop, call), model.tokenizer)
    before = model.backend.calls
    with pytest.raises(Stopped):
        TASKS[task](stoppable(watched, stop), song)
    assert model.backend.calls - before == call


@pytest.mark.parametrize("task", TASKS)
def test_after_a_stop_the_model_itself_does_what_it_did(task, model, song):
    stop = Stop()
    expected = TASKS[task](model, song)
    with pytest.raises(Stopped):
        TASKS[task](stoppable(LanguageModel(StopAt(model.backend, stop, 3), model.tokenizer), stop), song)
    assert TASKS[task](model, song) == expected


def test_a_stop_that_is_set_before_computes_nothing(model, song):
    stop = Stop()
    stop.set()
    stop.set()
    before = model.backend.calls
    assert stop.is_set
    for task in TASKS.values():
        with pytest.raises(Stopped):
            task(stoppable(model, stop), song)
    assert (model.backend.calls, stop.tokens) == (before, 0)


def test_a_stop_from_another_thread_ends_an_endless_text(model):
    stop, found = Stop(), []

    def run():
        try:
            for piece in stoppable(model, stop).stream("月", max_new_tokens=100_000):
                found.append(piece.text)
                begun.set()
        except Stopped:
            found.append("stopped")

    begun = threading.Event()
    thread = threading.Thread(target=run)
    thread.start()
    assert begun.wait(30)
    stop.set()
    thread.join(30)
    assert not thread.is_alive()
    assert found[-1] == "stopped"


def test_what_is_known_of_the_vocabulary_serves_the_stoppable_model_too(model):
    found = stoppable(model, Stop())
    assert found.tokenizer is model.tokenizer
    assert vocabulary_of(found.tokenizer) is vocabulary_of(model.tokenizer)
    assert (found.device, found.signature) == (model.device, model.signature)
    assert all(map(np.array_equal, found.init_state(2), model.init_state(2)))


def test_it_counts_the_tokens_of_each_text_of_a_batch(model):
    stop = Stop()
    stoppable(model, stop).generate("月光", max_new_tokens=5, num_return_sequences=3)
    assert stop.tokens == 3 * (2 + 5 - 1)
