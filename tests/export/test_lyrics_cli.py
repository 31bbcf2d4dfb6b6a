"""``toolkit lyrics`` on small models that were really trained and exported: what it delivers keeps every rule."""

import json
import re

import pytest

from toolkit.cli import _run
from toolkit.corpus import read_text
from toolkit.lyrics.check import check
from toolkit.lyrics.rules import LyricRules
from toolkit.pronunciations import pronunciations
from toolkit.readings import read

ANG = set(
    "上像当放哐亮两向往窗阳张长黄光响场墙强房方旁箱让乡凉刚唱尝巷想扛晾样框橡汤浪相糖胖脏膀藏装账香仰仿养厢双嗓娘"
    "将常广忘忙慌扬挡掌晃望桩洋浆涨烊筐腔行讲趟"
)
EN = set(
    "人心进云今门很问认身音们拎新春盆粉信印文昏根沉深滚真神稳群肯跟蹲轮近阵亲任伸军准分勤吞尘尽怎晕晨枕林棍淋温盹笨筋"
    "紧荫衬裙训询邻金频饨馄"
)
NIGHT = {"light", "daylight", "midnight", "polite", "white"}
AY = {"day", "way", "bay", "grey", "say", "tray", "sunday", "they", "a"}
SEVEN = ["_平_仄仄平平", "_仄平平仄仄平", "_仄_平平仄仄", "_平_仄仄平平"]


@pytest.fixture(scope="module")
def models(make_bundle, make_checkpoint):
    """Chinese characters and English words as bundles, Chinese words and English letters as checkpoints."""
    english = {"corpus": "builtin:lyrics-en"}
    return {
        "zh": make_bundle(),
        "zh words": make_checkpoint(tokenizer="word"),
        "en": make_bundle(tokenizer="word", **english),
        "en letters": make_checkpoint(**english),
    }


@pytest.fixture
def lyrics(models, capsys):
    """Run the command in this process with a model by name, or none; gives its code and what it printed."""

    def run(model, *args):
        words = [*([models[model]] if model else []), *args]
        code = _run(args=["lyrics", *map(str, words)])
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def written(lyrics):
    """The lines of one text."""

    def write(model, *args):
        code, out, err = lyrics(model, *args, "--seed", 7)
        assert code == 0, err
        assert re.search(r"^seed 7, \d+\.\d\d s on (cpu|cuda)$", err, re.MULTILINE)
        return out.removesuffix("\n").split("\n")

    return write


def flags(options, folder):
    """Rules as words of the command line."""
    words = []
    for name, value in options.items():
        flag = "--" + name.replace("_", "-")
        if name == "template":
            (folder / "template.txt").write_text(value, encoding="utf-8")
            words += [flag, folder / "template.txt"]
        elif value is True:
            words.append(flag)
        else:
            words += [word for part in (value if isinstance(value, tuple) else (value,)) for word in (flag, part)]
    return words


def plain(line):
    """Its Chinese characters alone."""
    return "".join(re.findall(r"[一-龥]", line))


def words(line):
    """Its English words in small letters."""
    return re.findall(r"[a-z0-9]+(?:'[a-z]+)*", line.lower())


def ends(lines):
    return [plain(line)[-1] for line in lines]


def last_words(lines):
    return [words(line)[-1] for line in lines]


def sizes(lines, count=plain):
    return [len(count(line)) for line in lines]


def syllables(line):
    return [said for word in words(line) for said in range(pronunciations(word)[0].syllables)]


def unmarked(lines):
    return all(re.fullmatch(r"[\w' ]+", line) for line in lines)


# Each rule ----------------------------------------------------------------------------------------

# model, rules, and what anybody sees of the lines
CASES = {
    "lines": ("zh", {"lines": 3}, lambda t: len(t) == 3),
    "eight lines of five to nine": ("zh", {}, lambda t: len(t) == 8 and set(sizes(t)) <= set(range(5, 10))),
    "stanzas": (
        "zh", {"lines": 6, "stanzas": 3},
        lambda t: [not line for line in t] == [False, False, True] * 2 + [False] * 2,
    ),
    "length": ("zh", {"lines": 4, "length": "7"}, lambda t: sizes(t) == [7] * 4),
    "lengths from to": ("zh", {"lines": 6, "length": "3-5"}, lambda t: set(sizes(t)) <= {3, 4, 5}),
    "lengths in turn": (
        "zh", {"lines": 4, "length": "7,7,5-6,3"},
        lambda t: sizes(t) in ([7, 7, 5, 3], [7, 7, 6, 3]),
    ),
    "length of tokens": ("zh words", {"lines": 4, "length": "6"}, lambda t: sizes(t) == [6] * 4),
    "words": (
        "en", {"lines": 4, "length": "5,3-4"},
        lambda t: sizes(t, words) in ([5, a, 5, b] for a in (3, 4) for b in (3, 4)),
    ),
    "syllables": (
        "en", {"lines": 4, "length": "6,8", "unit": "syllable"},
        lambda t: sizes(t, syllables) == [6, 8, 6, 8],
    ),
    "letters": (
        "en letters", {"lines": 2, "length": "12"},
        lambda t: [sum(map(str.isalnum, x)) for x in t] == [12, 12],
    ),
    "rhyme": (
        "zh", {"rhyme": "AABA", "rhyme_with": "光", "length": "5"},
        lambda t: {ends(t)[i] for i in (0, 1, 3)} <= ANG and len(set(ends(t))) == 4 and ends(t)[2] not in ANG,
    ),
    "two rhymes": (
        "zh", {"rhyme": "ABAB BXBX", "rhyme_with": "A=光 B=心", "length": "4"},
        lambda t: {*ends([t[0], t[2]])} <= ANG and set(ends([t[1], t[3], t[5], t[7]])) <= EN and not t[4],
    ),
    "a scheme that begins anew": (
        "zh", {"rhyme": "AX", "lines": 6, "rhyme_with": "心", "length": "3"}, lambda t: set(ends(t[::2])) <= EN
    ),
    "rhyme of tokens": ("zh words", {"rhyme": "AXA", "rhyme_with": "光"}, lambda t: {ends(t)[0], ends(t)[2]} <= ANG),
    "English rhyme": ("en", {"rhyme": "AXA", "rhyme_with": "night"}, lambda t: {*last_words(t)[::2]} <= NIGHT),
    "English rhymes": (
        "en", {"rhyme": "ABAB", "rhyme_with": "A=night B=play", "length": "4"},
        lambda t: {*last_words(t)[::2]} <= NIGHT and {*last_words(t)[1::2]} <= AY,
    ),
    "near": (
        "zh", {"rhyme": "AAAAA", "near": True, "rhyme_with": "光", "length": "3"},
        lambda t: all(said.final.endswith(("ang", "an")) for line in t for said in read(plain(line))[-1:]),
    ),
    "near English": (
        "en", {"rhyme": "AAA", "near": True, "rhyme_with": "night"},
        lambda t: {*last_words(t)} <= NIGHT | {"like", "dried", "inside", "outside", "side", "sighed", "tried"},
    ),
    "double": (
        "zh", {"rhyme": "AA", "double": True, "rhyme_with": "心脏", "length": "4"},
        lambda t: set(ends(t)) <= ANG and {plain(line)[-2] for line in t} <= EN,
    ),
    "double of tokens": (
        "zh words", {"rhyme": "AA", "double": True, "rhyme_with": "心脏"},
        lambda t: set(ends(t)) <= ANG and {plain(line)[-2] for line in t} <= EN,
    ),
    "rhyme words once": ("en", {"rhyme": "AAAAA", "rhyme_with": "night"}, lambda t: set(last_words(t)) == NIGHT),
    "rhyme words again": (
        "en", {"rhyme": "AAAAAAA", "rhyme_with": "night", "repeat_rhymes": True},
        lambda t: set(last_words(t)) <= NIGHT,
    ),
    "acrostic": ("zh", {"acrostic": "春天来了"}, lambda t: [line[0] for line in t] == list("春天来了")),
    "acrostic of tokens": (
        "zh words", {"acrostic": "春天来了"},
        lambda t: [line[0] for line in t] == list("春天来了"),
    ),
    "last": ("zh", {"acrostic": "春天", "acrostic_at": "last", "lines": 3}, lambda t: ends(t)[:2] == ["春", "天"]),
    "at 3": ("zh", {"acrostic": "春天", "acrostic_at": "3"}, lambda t: [plain(x)[2] for x in t] == ["春", "天"]),
    "diagonal": (
        "zh words", {"acrostic": "春天来了", "acrostic_at": "diagonal", "length": "5"},
        lambda t: [plain(line)[i] for i, line in enumerate(t)] == list("春天来了"),
    ),
    "first letters": (
        "en", {"acrostic": "Stay", "length": "3-5"},
        lambda t: [x[0].lower() for x in t] == list("stay"),
    ),
    "last letters": (
        "en", {"acrostic": "day", "acrostic_at": "last", "length": "3"},
        lambda t: [w[-1] for w in last_words(t)] == list("day")
    ),
    "letters of syllables": (
        "en", {"acrostic": "tw", "acrostic_at": "1", "unit": "syllable"},
        lambda t: [x[0].lower() for x in t] == ["t", "w"]
    ),
    "letters of letters": (
        "en letters", {"acrostic": "moon", "length": "9"}, lambda t: [x[0].lower() for x in t] == list("moon")
    ),
    "fixed": ("zh", {"fixed": ("1:2=月光", "2:1=我"), "lines": 2}, lambda t: t[0][1:3] == "月光" and t[1][0] == "我"),
    "fixed words": ("en", {"fixed": ("2:2=the light",), "lines": 2}, lambda t: words(t[1])[1:3] == ["the", "light"]),
    "fixed in tokens": ("zh words", {"fixed": ("1:2=天晚",), "lines": 1}, lambda t: plain(t[0])[1:3] == "天晚"),
    "include": ("zh", {"include": ("月亮",), "lines": 3}, lambda t: "月亮" in "\n".join(t)),
    "include several": (
        "zh", {"include": ("月亮", "回家", "春"), "lines": 4, "rhyme": "AABA"},
        lambda t: all(word in "\n".join(t) for word in ("月亮", "回家", "春")),
    ),
    "include tokens": (
        "zh words", {"include": ("月亮", "我爱"), "lines": 3},
        lambda t: "月亮" in "".join(t) and "我爱" in "".join(t),
    ),
    "include words": (
        "en", {"include": ("the rain", "light"), "lines": 3},
        lambda t: any(" the rain " in f" {' '.join(words(x))} " for x in t) and any("light" in words(x) for x in t),
    ),
    "include a word of letters": (
        "en letters", {"include": ("moon",), "lines": 2, "length": "15"},
        lambda t: any("moon" in words(x) for x in t),
    ),
    "include in one line": (
        "en", {"include": ("snow", "rain"), "lines": 1, "length": "4"},
        lambda t: {"snow", "rain"} <= set(words(t[0])),
    ),
    "forbid": (
        "zh", {"forbid": ("的", "我", "一个"), "lines": 6},
        lambda t: not set("的我") & set("".join(t)) and "一个" not in "".join(t),
    ),
    "forbid words": (
        "en", {"forbid": ("the", "And", "on the"), "lines": 6},
        lambda t: not {"the", "and"} & {w for x in t for w in words(x)},
    ),
    "verse": (
        "zh", {"form": "七绝", "rhyme_with": "光"},
        lambda t: sizes(t) == [7] * 4 and {ends(t)[i] for i in (0, 1, 3)} <= ANG and tones(t, SEVEN),
    ),
    "verse of tokens": ("zh words", {"form": "七绝"}, lambda t: sizes(t) == [7] * 4 and tones(t, SEVEN)),
    "verse in syllables": ("zh", {"form": "七绝", "unit": "syllable"}, lambda t: tones(t, SEVEN)),
    "tune": (
        "zh", {"form": "忆江南", "near": True, "acrostic": "天一人"},
        lambda t: sizes(t) == [3, 5, 7, 7, 5] and [x[0] for x in t[:3]] == list("天一人")
        and tones(t, ["平_仄", "_仄仄平平", "_仄_平平仄仄", "_平_仄仄平平", "_仄仄平平"]),
    ),
    "tune of two stanzas": ("zh", {"form": "浣溪沙"}, lambda t: sizes(t) == [7, 7, 7, 0, 7, 7, 7]),
    "template": (
        "zh", {"template": "# 歌\n春_____光{A}\n中平仄_{X} # 三\n\n____~~{A}\n____，____。\n\\中_\\_{}\n___~~张{A}"},
        lambda t: t[0][0] == "春" and t[0][-1] == "光" and len(t[0]) == 7 and tones([t[1]], ["_平仄_"]) and t[2] == ""
        and ends([t[3]])[0] in ANG and len(plain(t[3])) in (4, 5, 6) and re.fullmatch(r".{4}，.{4}。", t[4])
        and re.fullmatch(r"中._", t[5]) and re.fullmatch(r".{3,5}张[，。！？]?", t[6]),
    ),
    "template of tokens": (
        "zh words", {"template": "春___天{}\n____，____。\n~平仄_"},
        lambda t: re.fullmatch(r"春.{3}天\W?", t[0]) and re.fullmatch(r"\w{4}，\w{4}。", t[1])
        and len(plain(t[2])) in (3, 4),
    ),
    "template of words": (
        "en", {"template": "_ _ the light _ {A}\ns* _ ~ ~ *n\n_ , _ _ !\n_ _ _{A}", "unit": "word"},
        lambda t: words(t[0])[2:4] == ["the", "light"] and len(words(t[0])) == 5 and words(t[1])[0][0] == "s"
        and words(t[1])[-1][-1] == "n" and len(words(t[1])) in (3, 4, 5)
        and re.fullmatch(r"[\w']+, [\w']+ [\w']+!", t[2]),
    ),
    "template of syllables": (
        "en", {"template": "_ _ harbour ~{A}\nw* _ _{A}", "unit": "syllable"},
        lambda t: sizes(t, syllables)[0] in (4, 5) and sizes(t, syllables)[1] == 3 and t[1][0] in "wW",
    ),
    "template and rules": (
        "zh", {"template": "_____\n_____", "rhyme": "AA", "rhyme_with": "光", "acrostic": "春天", "fixed": ("2:3=月",)},
        lambda t: set(ends(t)) <= ANG and [x[0] for x in t] == ["春", "天"] and t[1][2] == "月",
    ),
    "marks none": ("zh", {"lines": 6, "punctuation": "none"}, unmarked),
    "marks none in English": ("en", {"lines": 6, "punctuation": "none"}, unmarked),
    "marks at ends": (
        "en", {"lines": 8, "punctuation": "end"},
        lambda t: all(re.fullmatch(r"[\w' ]+ ?[^\w\s]*", x) for x in t) and not unmarked(t),
    ),
    "marks inside": (
        "en", {"lines": 16, "length": "9", "punctuation": "inside"},
        lambda t: any(re.search(r"\w, ?\w", x) for x in t),
    ),
    "lines once": ("zh", {"lines": 9, "length": "1"}, lambda t: len(set(map(plain, t))) == 9),
    "lines again": ("zh", {"template": "春天\n春天\n__", "repeat_lines": True}, lambda t: t[:2] == ["春天", "春天"]),
}  # fmt: skip


def tones(lines, wanted):
    """Whether the characters of lines have the tones of a template; _ is any."""
    return all(
        tone == "_" or said.is_level == (tone == "平")
        for line, pattern in zip(lines, wanted, strict=True)
        for said, tone in zip(read(plain(line)), pattern, strict=True)
    )


@pytest.mark.parametrize("name", CASES)
def test_what_is_delivered_keeps_the_rule(written, tmp_path, name):
    model, options, seen = CASES[name]
    lines = written(model, *flags(options, tmp_path))
    assert seen(lines), lines
    unit = "char" if model in {"zh", "zh words", "en letters"} else "word"
    report = check("\n".join(lines), LyricRules(**options), unit)
    assert [found for found in report.findings if not found.kept] == []


def test_all_rules_hold_together(written, tmp_path):
    options = {
        "rhyme": "AABA AXAX", "rhyme_with": "光", "near": True, "length": "7,7,5,7", "acrostic": "春天来了",
        "include": ("月亮", "回家"), "fixed": ("6:3=我们",), "forbid": ("的", "一"), "punctuation": "inside",
    }  # fmt: skip
    lines = written("zh", *flags(options, tmp_path), "--num-candidates", 16)
    assert check("\n".join(lines), LyricRules(**options)).holds
    assert sizes(lines) == [7, 7, 5, 7, 0, 7, 7, 5, 7]
    assert [line[0] for line in lines[:4]] == list("春天来了")
    assert plain(lines[6])[2:4] == "我们"
    assert not set("的一") & set("".join(lines))


SONG = "春风吹过小巷，\n我想起你的模样。\n\n桥下流水，静静\n带走了所有的光！"


def test_a_song_gives_its_lengths_and_rhymes(written, tmp_path):
    (tmp_path / "song.txt").write_text(SONG, encoding="utf-8")
    lines = written("zh", "--like", tmp_path / "song.txt", "--rhyme-with", "唐")
    assert sizes(lines) == [6, 7, 0, 6, 7]
    assert {ends(lines[:2])[0], *ends([lines[1], lines[4]])} <= ANG
    lines = written("zh words", "--like", tmp_path / "song.txt", "--rhyme", "XAXA", "--rhyme-with", "心")
    assert sizes(lines) == [6, 7, 0, 6, 7]
    assert set(ends([lines[1], lines[4]])) <= EN


def test_an_english_song_gives_its_words_or_syllables(written, tmp_path):
    (tmp_path / "song.txt").write_text("I walk along the river\nThe moon is white", encoding="utf-8")
    assert sizes(written("en", "--like", tmp_path / "song.txt"), words) == [5, 4]
    assert sizes(written("en", "--like", tmp_path / "song.txt", "--unit", "syllable"), syllables) == [7, 4]


# What cannot be done is said before anything is written -------------------------------------------

REFUSED = [
    ("zh", ["--acrostic", "春鱻"], "acrostic, line 2: '鱻' is not in the model's vocabulary"),
    ("en", ["--acrostic", "s春"], "acrostic, line 2: no word of the model's vocabulary begins with '春'"),
    ("zh", ["--rhyme-with", "嗯"], "rhyme_with: expected a word with a known sound, found '嗯'"),
    ("zh", ["--rhyme-with", "moonq"], "rhyme_with: expected a word with a known sound, found 'moonq'"),
    ("zh", ["--rhyme-with", "光", "--double"], "rhyme_with: expected a word of two syllables with a known sound"),
    ("zh", ["--rhyme-with", "light"], "rhyme_with: the vocabulary has no 8 different words that rhyme with 'light'"),
    ("zh", ["--rhyme-with", "B=光", "--rhyme", "AA"], "rhyme_with: no line has the letter B"),
    ("zh", ["--rhyme", "ABCDEFGHIJKLMNOPQRSTUVWYZ"], "rhyme: 25 letters need as many different rhymes"),
    ("en", ["--rhyme", "AAAAAA", "--rhyme-with", "night"], "rhyme_with: the vocabulary has no 6 different words"),
    ("en letters", ["--rhyme", "AA"], "rhyme: this model writes letter by letter"),
    ("en", ["--form", "七绝"], "form 七绝, line 1: .* is a tone, and words have none"),
    ("en", ["--form", "七绝", "--unit", "syllable"], "template, line 1: [平仄] is a tone of Chinese"),
    ("en letters", ["--form", "七绝"], "template, line 1: [平仄] is a tone of Chinese"),
    ("zh", ["--acrostic", "春", "--fixed", "1:1=天"], "fixed, line 1: cell 1 should be '天', .* makes it '春'"),
    ("zh", ["--form", "七绝", "--acrostic", "春天来", "--acrostic-at", "last"], "(tones|length), line 3"),
    ("zh", ["--include", "一" * 6, "--length", "5"], "include: no line has room for '一一一一一一'"),
    ("zh", ["--include", "鱻"], "include: '鱻' is not in the model's vocabulary"),
    ("zh", ["--include", "月", "--forbid", "月"], "forbid: '月' stands in '月', which is to be included"),
    ("zh", ["--fixed", "9:1=月"], "fixed: '9:1=月' speaks of line 9, and there are 8"),
    ("zh", ["--fixed", "1:5=月亮", "--length", "5"], "fixed, line 1: cell 6 was asked for"),
    ("zh", ["--unit", "word"], "unit: Chinese is written without blanks"),
    ("en letters", ["--unit", "syllable"], "unit: this model writes letter by letter"),
    ("zh", ["--lines", "5", "--stanzas", "2"], "lines, stanzas: 5 lines do not make 2 stanzas"),
    ("zh", ["--length", "5-", "--rhyme", "A1"], "length must be .*; rhyme must be letters"),
    ("zh", ["--form", "九绝"], "form must be one of"),
    ("zh", ["--top-k", "100000"], "top_k must be at most"),
    ("zh", ["--logit-bias", "鱻=1"], "鱻"),
    ("zh", ["--reroll", "1"], "--song goes with --reroll, --alternatives or --put"),
    ("zh", ["--forms", "--show-template"], "--forms, --show-template are different things to do"),
    (None, [], "Missing argument 'MODEL'"),
    (None, ["--lines", "four"], "'four' is not a valid integer"),
]


@pytest.mark.parametrize(("model", "args", "message"), REFUSED)
def test_what_cannot_be_met_is_named_before_anything_is_written(lyrics, model, args, message):
    code, out, err = lyrics(model, *args)
    assert (code, out) == (2, "")
    assert re.match(f"error: .*{message}", err)
    assert err.count("\n") == 1
    assert "the search has come to its bound" not in err


def test_a_search_that_leads_nowhere_names_the_rule_and_its_line(lyrics):
    code, out, err = lyrics(
        "zh", "--lines", 12, "--length", 1, "--acrostic", "春", "--top-k", 1, "--max-tries", 1, "--seed", 1
    )
    assert (code, out) == (2, "")
    assert re.match(r"error: repeat_lines, line \d+: no line was found .* Raise --max-tries or --num-candidates", err)


# The same text, another text ----------------------------------------------------------------------

FOUR = ("--lines", 4, "--length", "4-6", "--rhyme", "AABA", "--rhyme-with", "光")


def test_a_seed_gives_one_text_and_another_seed_another(lyrics):
    first, again, other = (lyrics("zh", *FOUR, "--seed", seed)[1] for seed in (3, 3, 4))
    assert first == again != other
    code, out, err = lyrics("zh", *FOUR)
    assert code == 0
    assert lyrics("zh", *FOUR, "--seed", re.search(r"seed (\d+)", err)[1])[1] == out
    assert lyrics("zh", *FOUR, "--seed", 3, "--prompt", "月光")[1] != first


def test_several_texts_are_numbered_and_differ(lyrics):
    code, out, err = lyrics("zh", *FOUR, "--seed", 3, "-n", 3)
    parts = re.split(r"--- \d of 3\n", out)
    assert code == 0
    assert re.findall(r"--- (\d) of 3", out) == ["1", "2", "3"]
    assert len(set(parts[1:])) == 3
    assert all(
        check(text, LyricRules(lines=4, length="4-6", rhyme="AABA", rhyme_with="光")).holds for text in parts[1:]
    )
    assert parts[1] == lyrics("zh", *FOUR, "--seed", 3)[1]
    assert "A 唐 (ang iang uang)" in err


def test_a_real_process_writes_the_same_text(models, lyrics, cli):
    done = cli("lyrics", models["zh"], *FOUR, "--seed", 3)
    assert done.returncode == 0
    assert done.stdout == lyrics("zh", *FOUR, "--seed", 3)[1]
    assert "Traceback" not in done.stderr
    refused = cli("lyrics", models["zh"], "--acrostic", "鱻")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith("error: acrostic, line 1: '鱻' is not in the model's vocabulary")


# Recipes, and texts that are there ----------------------------------------------------------------


@pytest.fixture(scope="module")
def saved(models, tmp_path_factory):
    """Three texts as --json writes them, in a file; and what it holds."""
    import contextlib
    import io

    path, out = tmp_path_factory.mktemp("songs") / "songs.json", io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        assert (
            _run(args=["lyrics", *map(str, [models["zh"], *FOUR, "--seed", 5, "-n", 3, "--json", "-p", "月光"])]) == 0
        )
    path.write_text(out.getvalue(), encoding="utf-8")
    return path, json.loads(out.getvalue())


def test_json_has_texts_tokens_and_recipes(saved, models):
    _, values = saved
    assert set(values) == {"model", "device", "seconds", "texts"}
    assert values["model"] == str(models["zh"])
    assert len(values["texts"]) == 3
    for take, text in enumerate(values["texts"]):
        assert set(text) == {"text", "lines", "stanzas", "rhymes", "log_prob", "recipe"}
        assert text["text"].split("\n") == [line["text"] for line in text["lines"]]
        assert text["stanzas"] == [4]
        assert text["rhymes"] == {"A": "唐", "B": text["rhymes"]["B"]}
        assert [line["letter"] for line in text["lines"]] == ["A", "A", "B", "A"]
        for line in text["lines"]:
            assert set(line) == {"text", "letter", "given", "tokens"}
            assert "".join(piece for _, piece, _ in line["tokens"]) == line["text"]
            assert all(log_prob <= 0 for *_, log_prob in line["tokens"])
        found = [log_prob for line in text["lines"] for *_, log_prob in line["tokens"]]
        assert text["log_prob"] == pytest.approx(sum(found) / len(found))
        recipe = text["recipe"]
        assert set(recipe) == {"format", "model", "rules", "options", "take", "prompt", "given", "avoid"}
        assert (recipe["take"], recipe["prompt"], recipe["options"]["seed"]) == (take, "月光", 5)
        assert LyricRules.from_dict(recipe["rules"], "here") == LyricRules(
            lines=4, length="4-6", unit="char", rhyme="AABA", rhyme_with="光"
        )


@pytest.mark.parametrize("take", [1, 2, 3])
def test_a_recipe_writes_the_text_again(lyrics, saved, tmp_path, take):
    path, values = saved
    text = values["texts"][take - 1]
    assert lyrics("zh", "--recipe", path, "--take", take)[1] == text["text"] + "\n"
    (tmp_path / "recipe.json").write_text(json.dumps(text["recipe"]), encoding="utf-8")
    assert lyrics("zh", "--recipe", tmp_path / "recipe.json")[1] == text["text"] + "\n"


def test_the_rules_of_a_recipe_serve_for_other_texts(lyrics, saved, tmp_path):
    path, values = saved
    (tmp_path / "text.json").write_text(json.dumps(values["texts"][0]), encoding="utf-8")
    code, out, _ = lyrics("zh", "--rules", tmp_path / "text.json", "--seed", 1)
    assert code == 0
    assert check(out, LyricRules(lines=4, length="4-6", rhyme="AABA", rhyme_with="光")).holds
    assert path.exists()


def test_another_model_is_refused(lyrics, saved):
    path, _ = saved
    for args in (["--recipe", path], ["--song", path, "--reroll", 1], ["--song", path, "--alternatives", "1:1"]):
        code, out, err = lyrics("zh words", *args)
        assert (code, out) == (2, "")
        assert re.match(r"error: .*songs.json: was written with another model \(SHA-256 \w{12}…\), this one is", err)


@pytest.mark.parametrize(("take", "number"), [(1, 1), (2, 2), (1, 3), (3, 4)])
def test_a_line_written_anew_leaves_the_others(lyrics, saved, take, number):
    path, values = saved
    before = values["texts"][take - 1]["text"].split("\n")
    code, out, _ = lyrics("zh", "--song", path, "--take", take, "--reroll", number, "--seed", 1)
    after = out.removesuffix("\n").split("\n")
    assert code == 0
    assert [a != b for a, b in zip(before, after, strict=True)] == [i == number for i in range(1, 5)]
    assert {ends(after)[i] for i in (0, 1, 3)} <= ANG
    assert lyrics("zh", "--song", path, "--take", take, "--reroll", number, "--seed", 1)[1] == out


def test_a_line_written_anew_can_be_written_anew(lyrics, saved, tmp_path):
    path, values = saved
    _, out, _ = lyrics("zh", "--song", path, "--reroll", 2, "--seed", 1, "--json")
    (tmp_path / "next.json").write_text(out, encoding="utf-8")
    text = json.loads(out)["texts"][0]
    assert text["recipe"]["avoid"] == [values["texts"][0]["lines"][1]["text"]]
    assert [line["given"] for line in text["lines"]] == [True, False, True, True]
    assert lyrics("zh", "--recipe", tmp_path / "next.json")[1] == text["text"] + "\n"
    code, again, _ = lyrics("zh", "--song", tmp_path / "next.json", "--reroll", 3, "--seed", 1)
    assert code == 0
    assert again.split("\n")[:2] == text["text"].split("\n")[:2]


def test_alternatives_are_listed_before_and_after_the_rules(lyrics, saved):
    path, values = saved
    line = values["texts"][0]["lines"][0]["text"]
    place = f"1:{len(plain(line))}"
    code, out, _ = lyrics("zh", "--song", path, "--alternatives", place, "--json")
    found = json.loads(out)
    assert code == 0
    assert set(found) == {"before", "after"}
    assert len(found["before"]) == 8
    assert {a["text"] for a in found["after"]} <= ANG
    assert all(a["broken"] == "" for a in found["after"])
    probs = [a["prob"] for a in found["before"]]
    assert probs == sorted(probs, reverse=True)
    code, out, _ = lyrics("zh", "--song", path, "--alternatives", place)
    assert code == 0
    first, second = out.split("with every rule kept\n")
    assert first.startswith("whatever the rules\n")
    assert [part.split()[1] for part in second.splitlines()] == [a["text"] for a in found["after"]]
    assert "  breaks rhyme" in first


def test_a_text_goes_on_from_its_first_lines(lyrics, tmp_path):
    (tmp_path / "begun.txt").write_text("我在路上\n想你的模样，\n", encoding="utf-8")
    args = ("--continue", tmp_path / "begun.txt", "--length", "4-6", "--seed", 1)
    code, out, _ = lyrics("zh", *args, "--lines", 4, "--rhyme", "AAXA")
    lines = out.removesuffix("\n").split("\n")
    assert code == 0
    assert lines[:2] == ["我在路上", "想你的模样，"]
    assert len(lines) == 4
    assert ends(lines)[3] in ANG - {"上", "样"}
    code, out, err = lyrics("zh", *args, "--lines", 2)
    assert (code, out) == (2, "")
    assert "lines: expected more lines than the 2 of the text that is there" in err
    code, out, err = lyrics("zh", *args, "--lines", 4, "--rhyme", "AABB", "--rhyme-with", "心")
    assert (code, out) == (2, "")
    assert err.startswith("error: rhyme_with: the vocabulary has no 2 different words that rhyme with '心'")


# Checking -----------------------------------------------------------------------------------------


def test_a_text_is_checked_without_a_model(lyrics, tmp_path):
    path = tmp_path / "song.txt"
    path.write_text("床前明月光\n疑是地上霜\n举头望明月\n低头思故乡\n", encoding="utf-8")
    code, out, err = lyrics(None, "--check", path, "--length", 5, "--rhyme", "AABA")
    assert code == 0
    assert "broken" not in out
    assert re.fullmatch(r"\d+ kept, 0 broken\n", err)
    code, out, err = lyrics(None, "--check", path, "--length", 5, "--rhyme", "AAAA", "--forbid", "故乡")
    assert code == 1
    assert re.findall(r"broken (\w+) +line (\d): ", out) == [("rhyme", "3"), ("forbid", "4")]
    assert err.endswith(" kept, 2 broken\n")
    code, out, _ = lyrics(None, "--check", path, "--rhyme", "AAAA", "--json")
    values = json.loads(out)
    assert (code, values["holds"], values["unit"]) == (1, False, "char")
    assert [f["line"] for f in values["findings"] if not f["kept"]] == [3]


def test_what_stands_in_the_corpus_is_counted(lyrics, tmp_path):
    corpus = read_text("builtin:lyrics-zh")
    path = tmp_path / "song.txt"
    path.write_text("\n".join(corpus.split("\n")[:3]) + "\n一二三四五六七八九\n", encoding="utf-8")
    code, out, _ = lyrics(None, "--check", path, "--novelty", "builtin:lyrics-zh", "--json")
    counted = "".join(filter(str.isalnum, path.read_text(encoding="utf-8")))
    known = "".join(filter(str.isalnum, corpus))
    spans = [counted[i : i + 8] for i in range(len(counted) - 7)]
    found = sum(span in known for span in spans)
    assert code == 0
    assert json.loads(out)["novelty"] == {
        "corpus": "builtin:lyrics-zh", "spans": len(spans), "found": found, "share_found": found / len(spans),
    }  # fmt: skip
    assert 0 < found < len(spans)
    _, out, err = lyrics("zh", *FOUR, "--seed", 1, "--novelty", "builtin:lyrics-zh")
    assert re.search(r"seed 1, .*, \d+ of \d+ spans of 8 stand in builtin:lyrics-zh \(\d+\.\d%\)\n", err)
    _, out, _ = lyrics("zh", *FOUR, "--seed", 1, "--novelty", "builtin:lyrics-zh", "--json")
    assert set(json.loads(out)["novelty"]) == {"corpus", "spans", "found", "share_found"}


def test_a_template_is_shown_with_and_without_a_model(lyrics):
    args = ["--show-template", "--lines", 2, "--length", 4, "--rhyme", "AA", "--acrostic", "春天"]
    assert lyrics(None, *args)[:2] == (0, "春___{A}\n天___{A}\n")
    assert lyrics("zh", *args)[:2] == (0, "春___{A}\n天___{A}\n")
    assert lyrics("en", "--show-template", "--lines", 1, "--length", 2, "--acrostic", "s")[1] == "s* _\n"


def test_the_forms_are_listed(lyrics):
    code, out, _ = lyrics(None, "--forms")
    assert code == 0
    assert "忆江南 = 望江南" in out
    code, out, _ = lyrics(None, "--forms", "--json")
    assert {"name", "aliases", "text", "source"} == set(json.loads(out)["forms"][0])


# Files that are not what they should be -----------------------------------------------------------


@pytest.mark.parametrize("flag", ["--rules", "--recipe", "--template", "--like", "--continue", "--check", "--reroll"])
def test_a_missing_file_is_said_in_one_line(lyrics, tmp_path, flag):
    path = tmp_path / "nothing.txt"
    args = ["--song", path, "--reroll", 1] if flag == "--reroll" else [flag, path]
    code, out, err = lyrics(None if flag == "--check" else "zh", *args)
    assert (code, out) == (2, "")
    assert re.fullmatch(r"error: .*nothing\.txt.*\n", err)


SPOILT = {
    "no JSON": "春天",
    "a list": "[1, 2]",
    "nothing": "{}",
    "an unknown rule": '{"rules": {"metre": 5}}',
    "a rule of another kind": '{"lines": "four"}',
    "a text of numbers": '{"texts": [1]}',
    "no texts": '{"texts": []}',
    "half a recipe": '{"texts": [{"text": "", "recipe": {"format": 1}}]}',
    "too deep": "[" * 100_000,
    "a place that is none": '{"rules": {"fixed": [3]}}',
    "another format": '{"recipe": {"format": 2}}',
}


@pytest.mark.parametrize("name", SPOILT)
@pytest.mark.parametrize("flag", ["--rules", "--recipe", "--reroll"])
def test_a_file_that_is_no_recipe_is_said_in_one_line(lyrics, tmp_path, flag, name):
    path = tmp_path / "spoilt.json"
    path.write_text(SPOILT[name], encoding="utf-8")
    args = ["--song", path, "--reroll", 1] if flag == "--reroll" else [flag, path]
    if flag == "--rules" and name in {"nothing"}:
        return  # no rule at all is eight lines
    code, out, err = lyrics("zh", *args)
    assert (code, out) == (2, "")
    assert re.fullmatch(r"error: .*spoilt\.json: .*\n", err)


@pytest.mark.parametrize(
    "change", ["text", "lines", "stanzas", "rhymes", "recipe", "tokens", "seed", "take", "rules", "ids", "count"]
)
def test_a_text_with_a_part_spoilt_is_said_in_one_line(lyrics, saved, tmp_path, change):
    text = json.loads(json.dumps(saved[1]["texts"][0]))
    if change in {"lines", "stanzas", "rhymes", "recipe"}:
        text[change] = [7]
    elif change == "text":
        text["lines"][0] = "月"
    elif change == "tokens":
        text["lines"][0]["tokens"][0] = [1]
    elif change == "seed":
        text["recipe"]["options"]["seed"] = -1
    elif change == "take":
        text["recipe"]["take"] = 3
    elif change == "ids":
        text["lines"][0]["tokens"][0][0] = 9999
    else:
        text["recipe"]["rules"] = {"lines": 5 if change == "count" else -1}
    path = tmp_path / "spoilt.json"
    path.write_text(json.dumps(text), encoding="utf-8")
    for args in (["--reroll", 1], ["--alternatives", "1:1"]):
        code, out, err = lyrics("zh", "--song", path, *args)
        assert (code, out) == (2, "")
        assert re.fullmatch(r"error: (.*spoilt\.json|tokens|lines): .*\n", err)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--reroll", 9], "line: expected 1 to 4, found 9"),
        (["--alternatives", "1:99"], r"cell: expected 1 to \d in line 1, found 99"),
        (["--alternatives", "one"], "alternatives must be LINE:CELL, counted from 1, found 'one'"),
        (["--reroll", 1, "--take", 4], r".*expected text 4 of `toolkit lyrics --json`, found 3 of them"),
        (["--reroll", 1, "--lines", 4], "--song has its rules and options in it: leave out --lines"),
    ],
)
def test_a_place_that_is_not_there_is_said(lyrics, saved, args, message):
    code, out, err = lyrics("zh", "--song", saved[0], *args)
    assert (code, out) == (2, "")
    assert re.match(f"error: {message}", err)


# Changing a place ---------------------------------------------------------------------------------


def test_another_word_is_put_in_its_place_if_the_rules_allow(lyrics, tmp_path):
    path, template = tmp_path / "song.json", tmp_path / "template.txt"
    template.write_text("_____光\n______\n", encoding="utf-8")
    path.write_text(lyrics("zh", "--template", template, "--seed", 1, "--json")[1], encoding="utf-8")
    before = json.loads(path.read_text(encoding="utf-8"))["texts"][0]["text"].splitlines()
    args = ["--song", path, "--put"]
    code, out, _ = lyrics("zh", *args, "2:3=月")
    assert code == 0
    changed = before[1][:2] + "月" + before[1][3:]
    assert out.splitlines() == [before[0], changed]
    code, out, err = lyrics("zh", *args, "1:6=月")
    assert (code, out) == (2, "")
    assert err.startswith("error: template, line 1: ")
    for place, message in [
        ("1:7=月", "cell: expected 1 to 6 in line 1, found 7"),
        ("1:6", "put must be LINE:CELL=TEXT"),
        ("1:1=月光", "length, line 1: is given with 7 characters, 6 expected"),
    ]:
        code, out, err = lyrics("zh", *args, place)
        assert (code, out) == (2, "")
        assert message in err


def test_a_text_kept_by_a_shell_that_writes_utf_16_is_read(lyrics, tmp_path):
    path = tmp_path / "song.json"
    out = lyrics("zh", "--lines", 2, "--length", 4, "--seed", 1, "--json")[1]
    path.write_text(out, encoding="utf-16")
    assert lyrics("zh", "--recipe", path)[1] == json.loads(out)["texts"][0]["text"] + "\n"
    path.write_text(json.dumps(json.loads(out)), encoding="utf-8")
    assert lyrics("zh", "--rules", path, "--seed", 1)[1] == json.loads(out)["texts"][0]["text"] + "\n"
