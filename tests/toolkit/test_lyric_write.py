import itertools
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.errors import OptionError, ToolkitError
from toolkit.language_model import LanguageModel
from toolkit.lyrics.check import check
from toolkit.lyrics.dice import Dice
from toolkit.lyrics.edit import alternatives, extend, read_song, reroll
from toolkit.lyrics.options import LyricOptions
from toolkit.lyrics.rhyme_slots import matching
from toolkit.lyrics.rules import LyricRules, RuleError
from toolkit.lyrics.template import TemplateError
from toolkit.lyrics.write import rewrite, write
from toolkit.tokenizer import CharTokenizer, SpaceTokenizer, WordTokenizer
from toolkit.uniform import uniform

ZH = "光霜乡床心人春金来开台天边年风空东中声星月夜雪落水雨泪里你爱海去了的乐长重"
ZH_WORDS = "月亮 月光 春风 故乡 夕阳 音乐 孤单单 love"
EN = "I you the a moon June soon light night 7 fight rain again train river giver heart art start fly my way never qzx"
EN_SPACED = "I you the a moon June, soon light. night rain river giver heart art start don't never ever moon-light qzx"
TOKENIZERS = {
    "zh": CharTokenizer(("<unk>", "\n", " ", "，", "。", "a", "7", *ZH)),
    "zh words": WordTokenizer(("<unk>", "\n", "，", *ZH_WORDS.split(), *ZH)),
    "zh spaced": SpaceTokenizer(("<unk>", "\n", "。", "月光。", "春风", "天，空", "love", "7", *ZH)),
    "en": WordTokenizer(("<unk>", "\n", " ", ",", "!", "'", "t", "s", "didn", *EN.split())),
    "en spaced": SpaceTokenizer(("<unk>", "<eos>", ",", *EN_SPACED.split())),
    "en letters": CharTokenizer(("<unk>", "\n", " ", ",", "'", *"abcdefghilmnorstuwyI1")),
}


@pytest.fixture(scope="module")
def models(moody):
    """A model of each tokenizer, whose every logit depends on all that it has read."""
    return {name: LanguageModel(moody(len(tokens)), tokens) for name, tokens in TOKENIZERS.items()}


def words_of(name):
    """What a vocabulary can be asked for."""
    plain = [token for token in TOKENIZERS[name].vocab[1:] if any(map(str.isalnum, token))]
    return [token for token in plain if token not in {"t", "s", "didn", "<eos>"}]


# Whatever is asked, it is kept --------------------------------------------------------------------


@st.composite
def random_rules(draw, name):
    """Rules that speak of a vocabulary's words, many of which contradict each other."""
    chinese = name.startswith("zh")
    units = ["char", "syllable"] if chinese else ["char"] if name == "en letters" else ["word", "syllable"]
    blank, word = "" if chinese else " ", st.sampled_from(words_of(name))
    words = st.one_of(word, st.tuples(word, word).map(blank.join))
    marks, tones = st.sampled_from(["，", "!", ""]), ["平", "仄", "中"] if chinese else []
    cell = st.one_of(st.just("_"), st.just("_"), word.map(lambda w: w if chinese else w.strip(",.")),
                     st.sampled_from([*tones, "_" if units == ["char"] else "s*", "_"]))  # fmt: skip
    line = st.tuples(st.lists(cell, min_size=1, max_size=5), marks, st.sampled_from(["", "{A}", "{B}", "~"]))
    unit = draw(st.sampled_from(units))
    parts = "" if unit == "char" else " "
    template = st.lists(line, min_size=1, max_size=4).map(
        lambda lines: "\n".join(
            parts.join(cells) + (parts + mark if mark else parts) + end for cells, mark, end in lines
        )
    )
    length = st.sampled_from(["2", "3", "5", "2-4", "3,4", "2-3,5", "7"])
    shape = draw(st.one_of(st.fixed_dictionaries({"length": length}), st.fixed_dictionaries({"template": template})))
    scheme = st.sampled_from(["AA", "AABA", "ABAB", "AX AX", "ABC", "AAAA"])
    place = st.tuples(st.integers(1, 3), st.integers(1, 3), words).map(lambda p: f"{p[0]}:{p[1]}={p[2]}")
    optional = {
        "lines": st.integers(1, 5),
        "near": st.booleans(),
        "double": st.booleans(),
        "rhyme_with": st.one_of(word, st.tuples(word, word).map(lambda pair: f"A={pair[0]} B={pair[1]}")),
        "repeat_rhymes": st.booleans(),
        "acrostic": st.lists(word, min_size=1, max_size=3).map(lambda found: "".join(w[0] for w in found)),
        "acrostic_at": st.sampled_from(["first", "last", "diagonal", "2"]),
        "fixed": st.lists(place, max_size=1).map(tuple),
        "include": st.lists(words, max_size=2).map(tuple),
        "forbid": st.lists(words, max_size=2).map(tuple),
        "punctuation": st.sampled_from(["none", "end", "inside"]),
        "repeat_lines": st.booleans(),
    }
    if name != "en letters":
        optional["rhyme"] = scheme
    chosen = draw(st.lists(st.sampled_from(sorted(optional)), max_size=4, unique=True))
    return {"unit": unit, **shape, **{key: draw(optional[key]) for key in chosen}}


OPTIONS = st.fixed_dictionaries(
    {"seed": st.integers(0, 99), "num_candidates": st.sampled_from([1, 4, 8])},
    optional={
        "temperature": st.sampled_from([0.0, 2.0]),
        "max_tries": st.sampled_from([1, 3]),
        "num_return_sequences": st.just(2),
        "top_k": st.sampled_from([1, 3]),
        "no_repeat_ngram_size": st.just(2),
        "repetition_penalty": st.just(1.3),
    },
)


def faults(song):
    """What a text does not keep of its rules."""
    return [finding for finding in check(str(song), song.recipe.rules).findings if not finding.kept]


def written(model, options, how):
    """The texts of some rules; none where they are refused, which names one of them."""
    try:
        return write(model, LyricRules(**options), LyricOptions(**how))
    except RuleError as caught:
        error = caught
    except (OptionError, TemplateError):
        return []
    always = {"tones", "length", "template", "rhyme", "punctuation", "repeat_rhymes", "repeat_lines"}
    assert error.rule in {*options} | always
    assert str(error).startswith(error.rule)
    return []


@pytest.mark.filterwarnings("ignore:one text less than asked for:UserWarning")
@pytest.mark.parametrize(("name", "examples"), [(name, 70 if name == "zh" else 40) for name in TOKENIZERS])
def test_what_is_delivered_keeps_every_rule(models, name, examples):
    count = 0

    @settings(max_examples=examples, deadline=None)
    @given(random_rules(name), OPTIONS)
    def run(options, how):
        nonlocal count
        songs = written(models[name], options, how)
        assert [found for song in songs for found in faults(song)] == []
        count += len(songs)

    run()
    assert count > examples / 8


@pytest.mark.parametrize(
    ("name", "options", "how"),
    [
        ("zh", {"lines": 3, "length": "2", "rhyme": "A"}, {"temperature": 0.0}),  # several ways from the first cell
        ("zh", {"acrostic": "春", "acrostic_at": "2", "length": "2"}, {"temperature": 0.0}),
        ("en spaced", {"lines": 4, "length": "5"}, {}),  # tokens with marks in them
        ("en spaced", {"lines": 4, "length": "5", "punctuation": "none"}, {}),
        ("zh spaced", {"lines": 4, "length": "5"}, {}),  # no blanks between Chinese characters
        ("zh words", {"template": "春风，月亮。\n春 风", "unit": "syllable"}, {}),
        ("en letters", {"include": ("the light", "a"), "lines": 4, "length": "20"}, {}),
        ("en letters", {"forbid": ("I", "a"), "lines": 2, "length": "9"}, {}),
        ("en", {"fixed": ("1:2=7",), "lines": 1, "length": "3"}, {}),
        ("zh", {"fixed": ("2:2=光",), "rhyme": "AA", "length": "2"}, {"logit_bias": {"光": 90.0}}),
        ("en", {"acrostic": "r", "acrostic_at": "last", "unit": "syllable", "length": "3"}, {}),
        ("zh", {"length": "5,5", "rhyme": "AA", "forbid": ("光", "春风")}, {"logit_bias": {"光": 40.0}}),
        ("zh", {"lines": 2, "length": "3"}, {"logit_bias": {"，": 90.0}}),
        ("zh", {"lines": 2, "length": "3", "punctuation": "none"}, {"logit_bias": {"，": 90.0, " ": 90.0}}),
        ("en", {"include": ("art", "my rain"), "lines": 2, "length": "3"}, {"logit_bias": {"'": 9.0}}),
        ("en", {"forbid": ("didn't",), "lines": 4, "length": "3"}, {"logit_bias": {"didn": 9.0}, "num_candidates": 64}),
    ],
)  # fmt: skip
def test_what_was_once_not_kept_is(models, name, options, how):
    (song,) = write(models[name], LyricRules(**options), LyricOptions(seed=1, **how))
    assert faults(song) == []


def test_letters_of_a_forbidden_word_are_written_in_others(models):
    rules = LyricRules(forbid=("a", "I"), lines=4, length="20")
    (song,) = write(models["en letters"], rules, LyricOptions(seed=1))
    assert {"a", "i"} <= set(str(song).lower())


FEW = "光霜乐"


@settings(max_examples=60, deadline=None, derandomize=True)  # a bounded search may miss the only text there is
@given(st.data())
def test_what_is_refused_before_writing_no_text_keeps(moody, data):
    tokens = CharTokenizer(("\n", "，", *FEW), unk_id=None)
    char, number = st.sampled_from(FEW), st.integers(1, 2)
    options = {"lines": 2, "length": "2", "punctuation": "none"}
    options |= data.draw(
        st.fixed_dictionaries(
            {"rhyme": st.sampled_from(["AA", "AB", "AX"])},
            optional={
                "double": st.booleans(),
                "near": st.booleans(),
                "rhyme_with": st.sampled_from(["霜", "乐", "年", "心", "A=唐"]),
                "acrostic": st.text(char, min_size=1, max_size=2),
                "acrostic_at": st.sampled_from(["last", "diagonal"]),
                "fixed": st.tuples(number, number, char).map(lambda p: (f"{p[0]}:{p[1]}={p[2]}",)),
                "include": st.tuples(st.text(char, min_size=1, max_size=2)),
                "forbid": st.tuples(st.text(char, min_size=1, max_size=2)),
            },
        )
    )
    rules = LyricRules(**options)
    try:
        write(LanguageModel(moody(len(tokens)), tokens), rules, LyricOptions(seed=0, max_tries=20))
    except RuleError as error:
        lines = ["".join(pair) for pair in itertools.product(FEW, repeat=2)]
        texts = ["\n".join(pair) for pair in itertools.product(lines, repeat=2)]
        late = "the search has come to its bound" in str(error)
        possible = [text for text in texts if check(text, rules).holds]
        assert len(possible) < (len(texts) / 100 if late else 1)


# The search looks ahead ---------------------------------------------------------------------------


@pytest.mark.parametrize("size", [2, 4, 7])
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_word_is_chosen_so_that_the_rhyme_is_likely(hand_made, size, temperature):
    tokens = CharTokenizer(("\n", "甲", "乙", "丙", "光", "霜"), unk_id=None)
    first, second, rhyme = tokens.ids["甲"], tokens.ids["乙"], tokens.ids["光"]

    def logits_of(_h, ids):
        logits = np.zeros((len(ids), len(tokens)))
        logits[:, first], logits[:, second] = 6, 4  # the most probable word
        logits[ids == first, rhyme] = logits[ids == first, rhyme + 1] = -15  # leads to no rhyme
        logits[ids == second, rhyme] = 12
        return logits

    model = LanguageModel(hand_made(len(tokens), logits_of), tokens)
    rules = LyricRules(lines=1, length=str(size), rhyme_with="唐")
    (song,) = write(model, rules, LyricOptions(seed=3, temperature=temperature, num_candidates=4))
    assert str(song)[-2:] == "乙光"
    greedy = write(model, LyricRules(lines=1, length=str(size)), LyricOptions(seed=3, temperature=0, num_candidates=1))
    assert str(greedy[0]) == "甲" * size


def test_a_line_before_a_given_one_leads_to_it(hand_made):
    tokens = CharTokenizer(("\n", "甲", "乙", "光"), unk_id=None)

    def logits_of(h, ids):
        logits = np.zeros((len(ids), len(tokens)))
        logits[:, 3] = np.where(h > 50, 20, -5)  # a given 光 is likely after a line with 乙
        return logits

    model = LanguageModel(hand_made(4, logits_of, lambda h, ids: h + 1 + 100 * (ids == 2)), tokens)
    for seed in range(3):
        (song,) = write(model, LyricRules(lines=2, length="1"), LyricOptions(seed=seed), given={2: "光"})
        assert str(song) == "乙\n光"


# Chance -------------------------------------------------------------------------------------------


@given(st.integers(0, 2**63 - 1), st.integers(0, 9), st.lists(st.integers(0, 5000), max_size=4))
@settings(max_examples=20, deadline=None)
def test_dice_roll_the_numbers_of_their_seed_and_take(seed, take, counts):
    dice = Dice(seed, take)
    rolled = np.concatenate([np.empty(0, np.float32), *(dice.roll(count) for count in counts)])
    np.testing.assert_array_equal(rolled, uniform(seed, 0, sum(counts), 1, take)[:, 0])


@given(st.integers(1, 40), st.integers(0, 99))
def test_spread_numbers_lie_one_in_each_part(count, seed):
    numbers = Dice(seed, 0).spread(count)
    assert sorted((numbers.astype(np.float64) * count).astype(int)) == list(range(count))
    assert numbers.max() < 1


def test_shuffling_is_fair_and_the_same_for_a_seed():
    dice = Dice(5, 0)
    orders = Counter(tuple(dice.shuffled("abc")) for _ in range(1200))
    assert set(orders) == set(itertools.permutations("abc"))
    assert min(orders.values()) > 140
    assert Dice(5, 1).shuffled(range(50)) == Dice(5, 1).shuffled(range(50)) != Dice(5, 2).shuffled(range(50))
    assert Dice(0, 0).shuffled([]) == []


@given(st.lists(st.sampled_from([0.0, 1e-9, 0.5, 1.0, 3.0]), min_size=1, max_size=9), st.integers(1, 12))
def test_resampling_is_in_proportion_to_the_weights(weights, count):
    if not sum(weights):
        weights = [*weights, 1.0]
    found = Counter(Dice(1, 0).resample(np.array(weights), count))
    assert sum(found.values()) == count
    for i, weight in enumerate(weights):
        share = count * weight / sum(weights)
        assert np.floor(share - 1e-6) <= found[i] <= np.ceil(share + 1e-6)
        assert weight or not found[i]


@given(st.lists(st.frozensets(st.sampled_from("abcd")), max_size=5))
def test_matching_finds_as_many_as_can_choose(choices):
    def most(left, taken):
        if not left:
            return 0
        with_it = [1 + most(left[1:], taken | {choice}) for choice in left[0] - taken]
        return max([most(left[1:], taken), *with_it])

    assert matching(choices) == most(choices, frozenset())


# The same text again, and others ------------------------------------------------------------------

RHYMED = LyricRules(lines=4, length="3-5", rhyme="AABA", near=True)


def test_a_text_depends_on_seed_and_take_alone(models):
    options = LyricOptions(seed=5, num_return_sequences=3)
    songs = write(models["zh"], RHYMED, options, prompt="月光")
    assert songs == write(models["zh"], RHYMED, options, prompt="月光")
    assert len({str(song) for song in songs}) == 3
    assert [rewrite(models["zh"], song.recipe) for song in songs] == songs
    assert str(write(models["zh"], RHYMED, LyricOptions(seed=5), prompt="月光")[0]) == str(songs[0])
    assert str(write(models["zh"], RHYMED, LyricOptions(seed=6), prompt="月光")[0]) != str(songs[0])
    assert str(write(models["zh"], RHYMED, LyricOptions(seed=5), prompt="春")[0]) != str(songs[0])


def test_takes_that_lead_nowhere_are_missed_with_a_warning(models):
    options = LyricOptions(seed=1, num_return_sequences=8, num_candidates=1, max_tries=1)
    with pytest.warns(UserWarning, match=r"one text less than asked for: rhyme, line \d: no line was found") as caught:
        songs = write(models["zh"], LyricRules(lines=4, length="2", rhyme="AABB"), options)
    assert len(songs) + len(caught) == 8
    assert songs
    with pytest.warns(UserWarning, match="one text less"):
        assert rewrite(models["zh"], songs[-1].recipe) == songs[-1]


def test_a_damaged_model_is_said(hand_made):
    tokens = CharTokenizer(("\n", "月"), unk_id=None)
    model = LanguageModel(hand_made(2, lambda _h, ids: np.full((len(ids), 2), np.nan)), tokens)
    with pytest.raises(ToolkitError, match="NaN"):
        write(model, LyricRules(lines=1, length="2"))


def test_more_than_the_vocabulary_cannot_be_kept(models):
    with pytest.raises(OptionError, match="top_k must be at most"):
        write(models["zh"], RHYMED, LyricOptions(top_k=1000))


# Changing a text ----------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["zh", "zh words", "en"])
def song(models, request):
    options = {"length": "3-5", "rhyme": "AABA", "near": True, "forbid": ("水", "the")}
    return request.param, write(models[request.param], LyricRules(**options), LyricOptions(seed=2))[0]


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_line_written_anew_is_another_and_keeps_the_rules(models, song, number):
    name, before = song
    after = reroll(models[name], before, number, seed=9)
    changed = [a.text != b.text for a, b in zip(before.lines, after.lines, strict=True)]
    assert changed == [i == number for i in range(1, 5)]
    assert faults(after) == []
    assert rewrite(models[name], after.recipe) == after
    assert set(after.rhymes) == set(before.rhymes)


@pytest.mark.parametrize("count", [1, 3])
def test_a_text_goes_on_from_its_first_lines(models, song, count):
    name, before = song
    begun = "\n".join(line.text for line in before.lines[:count])
    (after,) = extend(models[name], begun, before.recipe.rules, LyricOptions(seed=9))
    assert str(after).split("\n")[:count] == begun.split("\n")
    assert [line.given for line in after.lines] == [i < count for i in range(4)]
    assert faults(after) == []


def test_a_text_is_read_as_it_was_written(models, song):
    name, before = song
    again = read_song(models[name], str(before), before.recipe.rules)
    assert str(again) == str(before)
    assert again.rhymes == before.rhymes
    with pytest.raises(RuleError, match="lines: expected 4, found 3"):
        read_song(models[name], str(before).rpartition("\n")[0], replace(before.recipe.rules, lines=4))


@pytest.mark.parametrize("place", [(1, 1), (2, 3), (3, 2), (4, 3)])
def test_alternatives_are_the_tokens_with_which_every_rule_is_kept(models, place):
    rules = LyricRules(length="3", rhyme="AABA", repeat_lines=True, forbid=("春风", "雨"))
    (song,) = write(models["zh"], rules, LyricOptions(seed=4))
    vocab, lines = models["zh"].tokenizer.vocab, str(song).split("\n")
    found = alternatives(models["zh"], song, *place, count=len(vocab))
    number, cell = place

    def holds(token):
        line = lines[number - 1]
        changed = [*lines[: number - 1], line[: cell - 1] + token + line[cell:], *lines[number:]]
        return token.isalnum() and check("\n".join(changed), rules).holds

    assert {a.text for a in found.after} == {token for token in vocab[1:] if holds(token)}
    assert lines[number - 1][cell - 1] in {a.text for a in found.after}
    assert sum(a.prob for a in found.before) == pytest.approx(1)
    for listed in (found.before, found.after):
        assert [a.prob for a in listed] == sorted((a.prob for a in listed), reverse=True)
    assert {a.broken for a in found.before} - {""} <= {"length", "forbid", "rhyme", "repeat_rhymes"}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda model, song: reroll(model, song, 5), "line: expected 1 to 4, found 5"),
        (lambda model, song: reroll(model, song, 0), "line: expected 1 to 4, found 0"),
        (lambda model, song: alternatives(model, song, 1, 9), "cell: expected 1 to [345] in line 1, found 9"),
        (lambda model, song: extend(model, str(song), song.recipe.rules), "lines: expected more lines than the 4"),
        (lambda model, song: extend(model, " \n", song.recipe.rules), "lines: expected more lines than the 0"),
    ],
)
def test_a_place_that_is_not_there_is_refused(models, song, call, message):
    name, before = song
    with pytest.raises(OptionError, match=message):
        call(models[name], before)


def test_a_line_that_the_rules_give_has_no_other(models):
    (song,) = write(models["zh"], LyricRules(lines=2, length="1", acrostic="春"), LyricOptions(seed=1))
    with pytest.raises(RuleError, match="fixed, line 1: all of it is given by the rules"):
        reroll(models["zh"], song, 1)


@pytest.mark.parametrize(
    ("begun", "rule"),
    [
        ("春风", "length, line 1: is given with 2 characters, 3 expected"),
        ("春月泪", "forbid, line 1: '泪' stands in a line that is given"),
        ("春月风\n春月光", "rhyme, line 1: letter A: no rhyme has 4 different words"),
        ("夜月光\n春月光", "repeat_rhymes, line 2: is given, and ends in '光' as line 1"),
        ("夜月光\n夜月光！", "repeat_lines, line 2: is given, and the same as line 1"),
        ("夜月光\n夜月，光", "punctuation, line 2: is given, and breaks this rule"),
        ("夜 月光", "punctuation, line 1: is given, and breaks this rule"),
        ("夜光\n\n月", "length, line 1"),
        ("雪夜光", "template, line 1: is given, and breaks this rule"),
    ],
)
def test_lines_that_are_there_and_break_a_rule_are_named(models, begun, rule):
    rules = LyricRules(lines=4, length="3", rhyme="AAAA", forbid=("泪",), fixed=("1:2=月",))
    with pytest.raises(RuleError, match=rule):
        extend(models["zh"], begun, rules)


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"template": "平_", "acrostic": "月"}, "tones, line 1"),
        ({"template": "平", "acrostic": "月"}, "tones, line 1"),
        ({"template": "__\n月光", "forbid": ("月",)}, "forbid, line 2: '月' stands in a line that is given"),
        (
            {"template": "__\n月光{A}", "rhyme_with": "心"},
            "rhyme_with: the vocabulary has no words that rhyme with '心'",
        ),
        ({"template": "月光\n_\n月光"}, "repeat_lines, line 3: is given, and the same as line 1"),
        ({"template": "月光{A}\n_\n春光{A}"}, "repeat_rhymes, line 3: is given, and ends in '光' as line 1"),
    ],
)
def test_lines_that_the_rules_give_whole_keep_them_too(models, options, rule):
    with pytest.raises(RuleError, match=rule):
        write(models["zh"], LyricRules(**options))


@pytest.mark.parametrize(
    ("name", "template", "begun", "kept"),
    [
        ("zh", "__，__。", "春风，明月。", True), ("zh", "__，__。", "春风， 明月。", True),
        ("zh", "__，__。", "春风明月。", False), ("zh", "__，__。", "春风，明月", False),
        ("zh", "__，__。", "春，风明月。", False), ("zh", "____", "春风明月！", True),
        ("zh", "____", "春风 明月", False), ("zh", "__a_", "春风 a 月", True),
        ("en", "_ , _ !", "moon , light.", False), ("en", "_ , _ !", "moon, light!", True),
        ("en", "_ _", "lovin’ you .", True), ("en", "_ _", "'moon light", False),
    ],
)  # fmt: skip
def test_lines_that_are_there_have_the_marks_of_their_template(models, name, template, begun, kept):
    rules = LyricRules(template=f"{template}\n_")
    assert check(f"{begun}\n春" if name == "zh" else f"{begun}\nand", rules).holds is kept
    if not kept:
        with pytest.raises(RuleError, match=r"(template|punctuation), line 1: is given, and breaks this rule"):
            extend(models[name], begun, rules)
        return
    (song,) = extend(models[name], begun, rules, LyricOptions(seed=1))
    assert faults(song) == []
