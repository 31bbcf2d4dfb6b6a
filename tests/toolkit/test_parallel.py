"""Pairs of texts: where they may come from, what is refused, and how they are split."""

import io
import zipfile
from collections import Counter
from itertools import pairwise

import pytest

from toolkit.corpus import CorpusOptions, read_text
from toolkit.errors import OptionError, ToolkitError
from toolkit.parallel import BUILTIN_PAIRS, ParallelOptions, load_parallel

COUPLETS = "溪暖鱼苗动\t篱疏菜叶肥\n新泥沾燕嘴\t细雨润桑芽\n"
BUILT_INS = (
    "there are builtin:couplets-zh, builtin:antonyms, builtin:dates, "
    "and with --pairs lines builtin:lyrics-zh, builtin:lyrics-en"
)


@pytest.fixture
def write(tmp_path):
    """A function that writes a file of some content and gives its path as text."""

    def make(name, content):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return make


def load(source, **options):
    return load_parallel(source, ParallelOptions(**options))


def pairs_of(source, **options):
    """All pairs in their order."""
    return list(load(source, **options, valid_fraction=0.0).train)


def refusal(source, **options):
    """The one line that refuses a source."""
    with pytest.raises(ToolkitError) as caught:
        load(source, **options)
    message = str(caught.value)
    assert "\n" not in message
    return message


def numbered(count):
    """Columns of so many different pairs."""
    return "".join(f"s{i}\tt{i}\n" for i in range(count))


# Columns -----------------------------------------------------------------------------------------


def test_columns_are_stripped_and_empty_lines_are_left_out(write):
    path = write("a.tsv", "one two \t  eins zwei\r\n\r\n\u3000\n \t \nthree\tdrei")
    assert pairs_of(path) == [("one two", "eins zwei"), ("three", "drei")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\tb\n\nc d\n", "line 3: expected two columns with a tab between, found 1. A second file goes to --target"),
        ("a\tb\tc\n", "line 1: expected two columns with a tab between, found 3"),
        ("a\tb\nc\t \n", "line 2: expected a source, a tab and a target, found an empty target"),
        ("a\tb\n\tc\n", "line 2: expected a source, a tab and a target, found an empty source"),
        ("a\tb\n\t\tc\n", "line 2: expected two columns with a tab between, found 3"),
    ],
)
def test_a_line_that_is_no_pair_is_named(write, text, message):
    path = write("a.tsv", text)
    assert refusal(path).startswith(f"{path}, {message}")


def test_lines_are_counted_by_their_breaks_alone(write):
    path = write("a.tsv", "a\u2028\x0bb\tc\x0c\x85d\r\ne\n")
    assert refusal(path).startswith(f"{path}, line 2: expected two columns")


@pytest.mark.parametrize("text", ["", "\n\n", "\t\n", "\ufeff"])
def test_a_file_without_pairs_is_refused(write, text):
    path = write("a.tsv", text)
    assert refusal(path).startswith(f"{path}: expected a text, found nothing but blanks")


@pytest.mark.parametrize(
    ("encoding", "named"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("gb18030", "gb18030"), ("utf-16", "utf-16")],
)
def test_encodings_are_found_out_and_do_not_matter(write, encoding, named):
    data, plain = load(write("a.tsv", COUPLETS.encode(encoding))), load(write("b.tsv", COUPLETS))
    assert data.train == (("溪暖鱼苗动", "篱疏菜叶肥"), ("新泥沾燕嘴", "细雨润桑芽"))
    assert data.encodings == (named,)
    assert data.sha256 == plain.sha256


def test_an_encoding_is_used_when_told(write):
    path = write("a.tsv", COUPLETS.encode("utf-16-le"))
    for options in ({}, {"target": path}, {"pairs": "lines"}):
        assert "give --encoding utf-16-le" in refusal(path, **options)
        data = load(path, encoding="utf-16-le", valid_fraction=0.0, **options)
        assert data.encodings == ("utf-16-le",)
        assert len(data.train) == (1 if "pairs" in options else 2)


def test_the_option_encoding_is_that_of_a_corpus():
    first, second = (cls.__dataclass_fields__["encoding"] for cls in (CorpusOptions, ParallelOptions))
    assert first.metadata == second.metadata
    assert first.default is second.default is None


def test_files_of_a_folder_and_of_a_zip_are_read_one_by_one(write, tmp_path):
    write("pairs/a.txt", "a\tb")
    second = write("pairs/b.txt", "c\td\ne\n".encode("utf-16"))
    assert refusal(str(tmp_path / "pairs")).startswith(f"{second}, line 2: ")
    write("pairs/b.txt", "c\td\n".encode("utf-16"))
    data = load(str(tmp_path / "pairs"))
    assert data.train == (("a", "b"), ("c", "d"))
    assert data.encodings == ("utf-8", "utf-16")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("deep/only.tsv", "a\tb\nc\n")
    path = write("pairs.zip", packed.getvalue())
    assert refusal(path).startswith(f"{path}/deep/only.tsv, line 2: ")


def test_a_missing_file_is_refused_with_what_may_be_given():
    assert "one of builtin:{couplets-zh,antonyms,dates}, found nothing there" in refusal("no.tsv")
    assert "one of builtin:{lyrics-zh,lyrics-en}, found nothing there" in refusal("no.tsv", pairs="lines")


# Two files ---------------------------------------------------------------------------------------


def test_two_files_are_paired_line_by_line(write):
    source = write("a.txt", "one\n\ntwo\tand a tab \n \n\n".encode("utf-16"))
    target = write("b.txt", "eins\n\u3000\r\nzwei\n".encode("gb18030"))
    data = load(source, target=target)
    assert data.train == (("one", "eins"), ("two\tand a tab", "zwei"))
    assert data.source == source
    assert data.encodings == ("utf-16", "gb18030")


@pytest.mark.parametrize(("first", "second", "alone"), [(10, 9, 10), (9, 10, 10), (1, 5, 2)])
def test_unequal_counts_are_refused_with_the_first_line_that_is_alone(write, first, second, alone):
    source, target = write("a.txt", "x\n" * first), write("b.txt", "y\n" * second)
    expected = f"{source} has {first} lines, {target} {second}: line {alone} has no partner. "
    assert refusal(source, target=target).startswith(expected)


@pytest.mark.parametrize(
    ("first", "second", "empty", "full"), [("a\n \nc", "a\nb\nc", 0, 1), ("a\nb\nc", "a\n\nc", 1, 0)]
)
def test_a_line_opposite_an_empty_one_is_named(write, first, second, empty, full):
    paths = [write("a.txt", first), write("b.txt", second)]
    expected = f"{paths[empty]}, line 2: expected the partner of that line of {paths[full]}, found nothing"
    assert refusal(paths[0], target=paths[1]) == expected


def test_folders_are_paired_file_by_file(write, tmp_path):
    write("de/1.txt", "eins"), write("de/2.txt", "zwei")
    write("en/1.txt", "one")
    source, target = str(tmp_path / "en"), str(tmp_path / "de")
    assert refusal(source, target=target) == f"{source} holds 1 texts, {target} 2: expected as many"
    write("en/2.txt", "two")
    assert pairs_of(source, target=target) == [("one", "eins"), ("two", "zwei")]


def test_a_missing_target_is_named(write, tmp_path):
    missing = str(tmp_path / "b.txt")
    assert refusal(write("a.txt", "x"), target=missing).startswith(f"{missing}: expected a text file")


def test_a_target_goes_with_columns_only():
    with pytest.raises(OptionError, match="target goes with pairs columns only, found pairs lines"):
        ParallelOptions(target="b.txt", pairs="lines")


# Lines of a text ---------------------------------------------------------------------------------


def test_each_line_is_paired_with_the_next_one_and_never_across_an_empty_line(write):
    path = write("songs.txt", "a\nb\n c \n\nd\n \u3000\ne\nf\n")
    assert pairs_of(path, pairs="lines") == [("a", "b"), ("b", "c"), ("e", "f")]


def test_no_pair_goes_from_one_file_to_the_next(write, tmp_path):
    write("songs/a.txt", "a\nb")
    write("songs/b.txt", "c\nd")
    assert pairs_of(str(tmp_path / "songs"), pairs="lines") == [("a", "b"), ("c", "d")]


@pytest.mark.parametrize("name", ["builtin:lyrics-zh", "builtin:lyrics-en"])
def test_the_lines_of_the_built_in_songs(name):
    songs = [song.split("\n") for song in read_text(name).strip("\n").split("\n\n")]
    expected = [(song[i], song[i + 1]) for song in songs for i in range(len(song) - 1)]
    assert pairs_of(name, pairs="lines") == expected


def test_lines_that_all_stand_alone_are_refused(write):
    path = write("songs.txt", "a\n\nb\n")
    assert refusal(path, pairs="lines").startswith(f"{path}: expected lines that follow each other")


# Built in ----------------------------------------------------------------------------------------


def test_couplets_are_two_different_lines_of_equal_length():
    pairs = pairs_of("builtin:couplets-zh")
    assert len(pairs) == len(set(pairs)) == 614
    for first, second in pairs:
        assert first != second
        assert 4 <= len(first) == len(second) <= 9
        assert all("\u4e00" <= character <= "\u9fff" for character in first + second)


def test_opposites_are_learnt_and_tested_on_all_six():
    data = load("builtin:antonyms", valid_fraction=0.0)
    assert data.train == data.valid
    assert " ".join(f"{a}-{b}" for a, b in data.train) == ("man-women black-white king-queen girl-boy up-down high-low")
    assert load("builtin:antonyms", max_pairs=2).valid == data.train[:2]


def test_dates_have_a_split_of_their_own():
    data = load("builtin:dates", valid_fraction=0.9)
    assert (len(data.train), len(data.valid)) == (20_000, 2_000)
    few = load("builtin:dates", max_pairs=100)
    assert (few.train, few.valid) == (data.train[:100], data.valid[:100])
    assert few.sha256 != data.sha256


@pytest.mark.parametrize("name", [f"builtin:{name}" for name in BUILTIN_PAIRS])
def test_built_in_pairs_are_the_same_each_time(name):
    assert load(name) == load(name)
    assert refusal(name, target="b.txt") == f"{name}: has targets of its own, found --target b.txt. Leave that out."


@pytest.mark.parametrize(
    ("source", "pairs"),
    [
        ("builtin:", "columns"),
        ("builtin:couplets", "columns"),
        ("builtin:../version", "lines"),
        ("builtin:lyrics-zh", "columns"),
        ("builtin:couplets-zh", "lines"),
    ],
)
def test_an_unknown_built_in_name_is_refused_with_the_known_ones(source, pairs):
    assert refusal(source, pairs=pairs) == f"{source}: no such built-in pairs; {BUILT_INS}"


# Split -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "fraction", "held_back"),
    [
        (10, 0.1, {5}),
        (10, 0.2, {2, 7}),
        (6, 0.5, {1, 3, 5}),
        (10, 0.0, set()),
        (2, 0.1, set()),  # a tenth of two is none
        (1, 0.9, set()),  # something must be left to learn from
        (3, 0.9, {0, 2}),
    ],
)
def test_split_places(write, count, fraction, held_back):
    data = load(write("a.tsv", numbered(count)), valid_fraction=fraction)
    assert {int(source[1:]) for source, _ in data.valid} == held_back
    assert [int(source[1:]) for source, _ in data.train] == [i for i in range(count) if i not in held_back]


@pytest.mark.parametrize("fraction", [0.01, 0.1, 1 / 3, 0.5, 0.9])
def test_the_share_is_exact_and_spread_evenly(write, fraction):
    data = load(write("a.tsv", numbered(1000)), valid_fraction=fraction)
    places = [int(source[1:]) for source, _ in data.valid]
    assert len(places) == round(1000 * fraction)
    assert sorted({*data.train, *data.valid}, key=lambda pair: int(pair[0][1:])) == [
        (f"s{i}", f"t{i}") for i in range(1000)
    ]
    steps = {after - before for before, after in pairwise(places)}
    assert max(steps) - min(steps) <= 1


@pytest.mark.parametrize("fraction", [0.1, 0.5, 0.9])
def test_what_is_held_back_has_never_been_seen_though_songs_repeat_lines(fraction):
    data = load("builtin:lyrics-zh", pairs="lines", valid_fraction=fraction)
    everything = pairs_of("builtin:lyrics-zh", pairs="lines")
    assert not {source for source, _ in data.train} & {source for source, _ in data.valid}
    assert sorted(data.train + data.valid) == sorted(everything)
    alone = sum(count == 1 for count in Counter(source for source, _ in everything).values())
    assert alone < len(everything)
    assert len(data.valid) == min(round(len(everything) * fraction), alone)


def test_sources_that_come_again_are_learnt_from(write):
    data = load(write("a.tsv", "a\t1\nb\t2\na\t3\na\t1\nc\t4\n"), valid_fraction=0.9)
    assert data.train == (("a", "1"), ("a", "3"), ("a", "1"))
    assert data.valid == (("b", "2"), ("c", "4"))


def test_the_hash_is_of_the_pairs_whatever_the_split(write):
    path = write("a.tsv", numbered(10))
    assert len({load(path, valid_fraction=fraction).sha256 for fraction in (0.0, 0.1, 0.5)}) == 1
    assert load(path, max_pairs=9).sha256 == load(write("b.tsv", numbered(9))).sha256 != load(path).sha256
    assert load(write("c.tsv", numbered(9) + "t9\ts9\n")).sha256 != load(path).sha256


def test_max_pairs_takes_the_first_ones(write):
    path = write("a.tsv", numbered(5))
    assert [len(pairs_of(path, max_pairs=count)) for count in (0, 1, 4, 99)] == [5, 1, 4, 5]
    assert pairs_of(path, max_pairs=1) == [("s0", "t0")]


@pytest.mark.parametrize("options", [{"max_pairs": -1}, {"valid_fraction": 0.95}, {"pairs": "rows"}])
def test_options_out_of_range_are_refused(options):
    with pytest.raises(OptionError, match=next(iter(options))):
        ParallelOptions(**options)
