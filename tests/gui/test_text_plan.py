import pytest

from toolkit.errors import ToolkitError
from toolkit.gui.text_plan import lyric_numbers, numbered, places_of, plan_anew, plan_of
from toolkit.lyrics.rules import LyricRules

RULES = LyricRules(lines=4, length="5")


@pytest.mark.parametrize(
    ("text", "given", "begun"),
    [
        ("", {}, ()),
        ("\n\n", {}, ()),
        ("春眠不觉晓", {1: "春眠不觉晓"}, ()),
        ("春眠不觉晓，\n", {1: "春眠不觉晓，"}, ()),
        ("春眠", {}, ("1:1=春眠",)),
        ("春眠不觉晓\n\n  处处 ", {1: "春眠不觉晓"}, ("2:1=处处",)),
        ("春眠\n", {1: "春眠"}, ()),  # whoever breaks the line has ended it
        ("春眠\n处处", {1: "春眠"}, ("2:1=处处",)),
        ("春眠不觉晓呀", {1: "春眠不觉晓呀"}, ()),
        ("，", {1: "，"}, ()),
        ("一\n二\n三\n四\n五", {1: "一", 2: "二", 3: "三", 4: "四", 5: "五"}, ()),
    ],
)
def test_whole_lines_stay_and_a_short_last_one_is_a_beginning(text, given, begun):
    plan = plan_of(text, RULES, "char")
    assert plan.given == given
    assert plan.rules.fixed == begun
    assert plan.complete == (len(given) >= 4)


def test_words_are_counted_where_the_model_has_words():
    rules = LyricRules(lines=2, length="4")
    assert plan_of("the moon", rules, "word").rules.fixed == ("1:1=the moon",)
    assert plan_of("the moon is down", rules, "word").given == {1: "the moon is down"}


def test_the_rules_own_words_stay_beside_the_beginning():
    rules = LyricRules(lines=2, length="5", fixed=("2:1=月",))
    assert plan_of("春", rules, "char").rules.fixed == ("2:1=月", "1:1=春")


def test_only_locked_lines_stay_when_a_text_is_written_anew():
    text = "一一一一一\n\n二二二二二\n三三三三三"
    plan = plan_anew(text, RULES, "char", {3, 2})  # the second line of the editor is empty
    assert plan.given == {2: "二二二二二"}
    assert not plan.complete
    assert plan_anew(text, LyricRules(lines=3, length="5"), "char", {1, 3, 4}).complete


def test_numbers_and_places_are_each_others_reverse():
    text = "\n一\n\n二\n  \n三"
    assert numbered(text) == [(2, "一"), (4, "二"), (6, "三")]
    assert lyric_numbers(text, [6, 2, 3, 99]) == [1, 3]
    assert places_of(text, [1, 3, 7]) == [2, 6]


def test_rules_without_a_layout_are_refused_in_words():
    with pytest.raises(ToolkitError, match="acrostic"):
        plan_of("春", LyricRules(lines=1, length="5", acrostic="春夏秋"), "char")
