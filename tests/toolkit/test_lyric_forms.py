import re
from itertools import pairwise
from pathlib import Path

import pytest

from toolkit.lyrics.forms import find_form, form_names
from toolkit.lyrics.rules import LyricRules
from toolkit.lyrics.template import parse_template
from toolkit.readings import read
from toolkit.rhymes import Rhymes

VERSE = [
    f"{kind}-{start}起{rhyme}韵"
    for kind in ("五绝", "五律", "七绝", "七律")
    for start in "平仄"
    for rhyme in ("入", "不入")
]
TUNES = {  # how many characters each has, by 《钦定词谱》
    "忆江南": 27, "渔歌子": 27, "如梦令": 33, "长相思": 36, "相见欢": 36, "生查子": 40, "点绛唇": 41, "浣溪沙": 42,
    "菩萨蛮": 44, "采桑子": 44, "卜算子": 44, "减字木兰花": 44, "清平乐": 46, "忆秦娥": 46, "阮郎归": 47, "西江月": 50,
    "浪淘沙": 54, "鹧鸪天": 55, "玉楼春": 56, "虞美人": 56, "南乡子": 56, "踏莎行": 58, "临江仙": 60, "蝶恋花": 60,
    "一剪梅": 60, "渔家傲": 62, "破阵子": 62, "江城子": 70, "满江红": 93, "水调歌头": 95, "念奴娇": 100, "沁园春": 114,
}  # fmt: skip
OF_ONE_STANZA = {"忆江南", "渔歌子", "如梦令"}
NEAR = Rhymes(near=True)
CORPUS = Path(__file__).parents[3] / "shared" / "data" / "songci-train.txt"


def plain(name):
    """The tones of each line and its letter, read without the toolkit's parser."""
    lines = [line for line in find_form(name).text.split("\n") if line]
    return [(re.sub(r"\{.\}", "", line), "".join(re.findall(r"\{(.)\}", line))) for line in lines]


def agreement(tones, line):
    """At each place whether the modern tone is as it should be; None where it may be either."""
    return [
        None if tone == "中" else said is not None and said.is_level == (tone == "平")
        for tone, said in zip(tones, read(line), strict=True)
    ]


# All of them --------------------------------------------------------------------------------------


def test_there_is_all_common_verse_and_the_common_tunes():
    assert sorted(form_names()) == sorted([*VERSE, *TUNES])


@pytest.mark.parametrize("name", [*VERSE, *TUNES])
def test_a_form_is_a_template_of_tones_and_letters(name):
    form = find_form(name)
    template = parse_template(form.text)
    assert [line.write("char") for line in template.lines] == [
        tones.replace("中", "_") + (f"{{{letter}}}" if letter else "") for tones, letter in plain(name)
    ]
    assert form.lines == len(template.lines)
    assert LyricRules(form=name).layout("char") == template
    assert form.source.startswith("王力《诗词格律》" if name in VERSE else "《钦定词谱》")


@pytest.mark.parametrize("name", [*VERSE, *TUNES])
def test_the_letters_of_a_form_come_in_order_and_each_at_least_twice(name):
    letters = [letter for _, letter in plain(name) if letter]
    assert list(dict.fromkeys(letters)) == list("ABCD")[: len(set(letters))]
    assert min(map(letters.count, letters)) >= 2


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("望江南", "忆江南"), ("渔父", "渔歌子"), ("丑奴儿", "采桑子"), ("减兰", "减字木兰花"), ("木兰花", "玉楼春"),
        ("鹊踏枝", "蝶恋花"), ("酹江月", "念奴娇"), ("乌夜啼", "相见欢"), ("五绝", "五绝-仄起不入韵"),
        ("五律", "五律-仄起不入韵"), ("七绝", "七绝-平起入韵"), ("七律", "七律-平起入韵"),
    ],
)  # fmt: skip
def test_an_alias_is_as_good_as_the_name(alias, name):
    assert find_form(alias) is find_form(name)
    assert alias in find_form(name).aliases


def test_no_alias_is_also_a_name_or_the_alias_of_another_form():
    every = [word for name in form_names() for word in (name, *find_form(name).aliases)]
    assert len(every) == len(set(every))


@pytest.mark.parametrize("name", ["", "七", "七言", "虞美人 ", "=", "忆江南 = 望江南"])
def test_what_no_form_is_called_finds_none(name):
    assert find_form(name) is None


# Regulated verse ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", VERSE)
def test_verse_keeps_the_laws_of_regulated_verse(name):
    lines = plain(name)
    width = 5 if name[0] == "五" else 7
    assert len(lines) == (4 if name[1] == "绝" else 8)
    assert {len(tones) for tones, _ in lines} == {width}
    second, first_rhymes = name[3], name.endswith("起入韵")
    assert lines[0][0][1] == second
    for number, (tones, letter) in enumerate(lines, start=1):
        rhymes = number % 2 == 0 or (number == 1 and first_rhymes)
        assert letter == ("A" if rhymes else "")
        assert tones[-1] == ("平" if rhymes else "仄")
        even = tones[1::2]
        assert "中" not in even
        assert all(a != b for a, b in pairwise(even))  # 二四六分明
        assert "中" not in tones[-3:]
        assert tones[-3:] not in {"平平平", "仄仄仄"}
        if tones.endswith("仄平"):  # no lonely 平 (孤平) besides the rhyme
            assert "平平" in tones[:-1]
    for number, (above, below) in enumerate(pairwise(tones for tones, _ in lines), start=1):
        opposed = [a != b for a, b in zip(above[1::2], below[1::2], strict=True)]
        if number % 2:  # 对; where line 1 rhymes, the couplet still opposes
            assert all(opposed)
        else:  # 粘
            assert not any(opposed)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("五绝", "白日依山尽 黄河入海流 欲穷千里目 更上一层楼"),
        ("五绝-平起不入韵", "鸣筝金粟柱 素手玉房前 欲得周郎顾 时时误拂弦"),
        ("五律-平起不入韵", "空山新雨后 天气晚来秋 明月松间照 清泉石上流 竹喧归浣女 莲动下渔舟 随意春芳歇 王孙自可留"),
        ("五律", "国破山河在 城春草木深 感时花溅泪 恨别鸟惊心 烽火连三月 家书抵万金 白头搔更短 浑欲不胜簪"),
        ("七绝", "朝辞白帝彩云间 千里江陵一日还 两岸猿声啼不住 轻舟已过万重山"),
        ("七绝-仄起入韵", "月落乌啼霜满天 江枫渔火对愁眠 姑苏城外寒山寺 夜半钟声到客船"),
        ("七绝-仄起不入韵", "两个黄鹂鸣翠柳 一行白鹭上青天 窗含西岭千秋雪 门泊东吴万里船"),
        (
            "七律-仄起入韵",
            "风急天高猿啸哀 渚清沙白鸟飞回 无边落木萧萧下 不尽长江滚滚来 "
            "万里悲秋常作客 百年多病独登台 艰难苦恨繁霜鬓 潦倒新停浊酒杯",
        ),
        ("忆江南", "江南好 风景旧曾谙 日出江花红胜火 春来江水绿如蓝 能不忆江南"),
        ("渔歌子", "西塞山前白鹭飞 桃花流水鳜鱼肥 青箬笠 绿蓑衣 斜风细雨不须归"),
        ("相见欢", "无言独上西楼 月如钩 寂寞梧桐深院锁清秋 剪不断 理还乱 是离愁 别是一般滋味在心头"),
        (
            "虞美人",
            "春花秋月何时了 往事知多少 小楼昨夜又东风 故国不堪回首月明中 "
            "雕栏玉砌应犹在 只是朱颜改 问君能有几多愁 恰似一江春水向东流",
        ),
    ],
)
def test_famous_verse_fits_its_form(name, text):
    """By the modern tones: a few characters had another one."""
    found = [
        kept for (tones, _), line in zip(plain(name), text.split(), strict=True) for kept in agreement(tones, line)
    ]
    fixed = [kept for kept in found if kept is not None]
    assert sum(fixed) >= 0.85 * len(fixed)


# Tunes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TUNES)
def test_a_tune_has_its_characters_and_stanzas(name):
    form = find_form(name)
    assert sum(len(tones) for tones, _ in plain(name)) == TUNES[name]
    assert len(form.text.split("\n\n")) == (1 if name in OF_ONE_STANZA else 2)


@pytest.fixture(scope="module")
def songs_by_shape():
    """The Song ci, each a list of its 句, by their lengths."""
    if not CORPUS.exists():
        pytest.skip("needs the corpus of Song ci")
    found = {}
    for song in CORPUS.read_text(encoding="utf-8").split("\n\n"):
        parts = [part for part in re.split(r"[，。！？；：\n]", song.replace("、", "")) if part]
        found.setdefault(tuple(map(len, parts)), []).append(parts)
    return found


ENTERING = {"忆秦娥", "满江红", "念奴娇"}
"""Tunes whose rhymes mostly were in the entering tone, which is no more: they now read 平 or 仄, and rhyme less."""


@pytest.mark.parametrize("name", TUNES)
def test_song_ci_of_that_shape_keep_the_tones_and_rhymes_of_the_form(name, songs_by_shape):
    lines = plain(name)
    shape = tuple(len(tones) for tones, _ in lines)
    songs = list(songs_by_shape.get(shape, ()))
    if name in OF_ONE_STANZA:  # there are often two
        pairs = songs_by_shape.get(shape * 2, ())
        songs += [half for song in pairs for half in (song[: len(shape)], song[len(shape) :])]
    if name == "渔歌子":  # nearly as many begin otherwise
        songs = [song for song in songs if False not in agreement("中仄中平中中中", song[0])]
    assert len(songs) >= 15
    inner, ends = [], []
    for i, (tones, letter) in enumerate(lines):
        places = zip(*(agreement(tones, song[i]) for song in songs), strict=True)
        shares = [None if None in place else sum(place) / len(songs) for place in places]
        ends += [shares.pop()] if letter else []
        inner += [share for share in shares if share is not None]
    assert sum(inner + ends) / len(inner + ends) >= 0.82
    assert min(inner) >= 0.72
    assert min(ends) >= (0.45 if name in ENTERING else 0.72)

    classes = [[NEAR.read(line) for line in song] for song in songs]
    for i, (_, letter) in enumerate(lines):
        for other in sorted({there for _, there in lines} - {""}):
            others = [j for j, (_, there) in enumerate(lines) if there == other and j != i]
            rhyming = [not song[i].isdisjoint(song[j]) for song in classes for j in others]
            share = sum(rhyming) / len(rhyming)
            if letter == other:
                assert share >= (0.45 if name in ENTERING else 0.55)
            else:
                assert share <= (0.6 if name == "一剪梅" else 0.35)  # half of them rhyme more than they must
