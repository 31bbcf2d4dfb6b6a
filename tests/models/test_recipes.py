import json

import pytest

import toolkit
from toolkit.cli import _run
from toolkit.models.recipe import Recipe, read_recipe, recipe_names

NAMES = recipe_names()

OWN = """
kind = "lm"
source = "builtin:lyrics-en"

[corpus]
max_chars = 1500

[network]
hidden_size = 8
"""


@pytest.mark.parametrize("name", NAMES)
def test_every_recipe_is_sound_and_says_what_it_should_reach(name):
    recipe = read_recipe(name)
    assert isinstance(recipe, Recipe)
    assert recipe.about
    assert recipe.figure is not None
    assert recipe.figure.at_most >= 0


SMALL = {
    "series": ("--epochs", 1, "--device", "cpu"),
    "seq2seq": ("--epochs", 1, "--max-pairs", 80, "--hidden-size", 24, "--device", "cpu"),
    "lm": ("--epochs", 1, "--max-chars", 1500, "--hidden-size", 24, "--sample-length", 5, "--device", "cpu"),
    "window": ("--epochs", 1, "--max-chars", 400, "--hidden-size", 12, "--device", "cpu"),
}


SELDOM = (
    *("d2l-scratch-random", "d2l-rnn", "min-char-rnn-char", "next-line", "srn-tanh"),
    *("dates", "min-char-rnn", "sine", "couplets", "d2l-lstm", "d2l-gru", "binary-addition"),
)
"""Each of the first has a sister that differs in data or in one option, the others take long: both are tried where slow
tests run."""


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow) if n in SELDOM else n for n in NAMES])
def test_every_recipe_trains_exports_and_runs_from_the_exported_file(name, tmp_path, run_cli, capsys):
    code, said = run_cli("train", "--recipe", name, "-o", "run", *SMALL[read_recipe(name).kind])
    assert code == 0, said
    assert f"recipe {name}: " in said
    assert _run(args=["export", str(tmp_path / "run" / "best.pt")]) == 0
    if read_recipe(name).kind == "series":
        model = toolkit.load_series(tmp_path / "run" / "best", "cpu")
        points = toolkit.series_data.read_points(read_recipe(name).source)
        assert model.run(points[None])[0].shape == (1, len(points), model.output_size)
        return
    if read_recipe(name).kind == "window":
        window = toolkit.load_window(tmp_path / "run" / "best", "cpu")
        assert len(window.next_tokens(window.tokenizer.vocab[1], 5)) == 5
        return
    if read_recipe(name).kind == "seq2seq":
        translator = toolkit.load_translator(tmp_path / "run" / "best", "cpu")
        source = translator.source_tokenizer.vocab[5]
        greedy, *_ = translator.translate(source, max_new_tokens=6)
        best, *others = translator.translate(source, max_new_tokens=6, num_beams=3, num_return_sequences=3)
        assert 1 <= len(greedy.ids) <= 6
        assert len(others) == 2
        assert best.score >= greedy.score - 1e-6
        return
    model = toolkit.load(tmp_path / "run" / "best", "cpu")
    text = model.generate(model.tokenizer.vocab[1], max_new_tokens=20, seed=1)[0]
    assert len(text.ids) == 20
    capsys.readouterr()


def test_recipes_are_listed_and_printed(capsys):
    assert _run(args=["recipes"]) == 0
    printed = capsys.readouterr().out
    assert all(f"{name} " in printed for name in NAMES)
    assert _run(args=["recipes", "--json"]) == 0
    assert [part["name"] for part in json.loads(capsys.readouterr().out)["recipes"]] == NAMES
    assert _run(args=["recipes", "d2l-gru", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["network"]["cell"] == "gru"


def test_a_printed_recipe_is_one_s_own(tmp_path, capsys):
    assert _run(args=["recipes", "d2l-gru"]) == 0
    path = tmp_path / "mine.toml"
    path.write_text(capsys.readouterr().out, encoding="utf-8")
    own, given = read_recipe(str(path)), read_recipe("d2l-gru")
    assert own.name == "mine"
    assert (own.kind, own.source, own.sections, own.figure) == (given.kind, given.source, given.sections, given.figure)


def test_the_command_line_goes_before_the_recipe_and_the_recipe_before_the_defaults(tmp_path, run_cli):
    (tmp_path / "own.toml").write_text(OWN, encoding="utf-8")
    arguments = ("--recipe", "own.toml", "--epochs", 1, "--sample-every", 0, "--cell", "gru", "--embedding-size", 4)
    code, said = run_cli("train", *arguments, "-o", "run")
    assert code == 0, said
    assert "gru, 1 x 8, embedding 4" in said
    assert "builtin:lyrics-en" in said
    (tmp_path / "song.txt").write_text("the moon is up\n" * 100, encoding="gbk")
    code, said = run_cli("train", "song.txt", *arguments, "-o", "other", "--batch-size", 2)
    assert code == 0, said
    assert "song.txt" in said


def test_a_gbk_file_of_words_serves_min_char_rnn(tmp_path, run_cli):
    text = toolkit.corpus.read_text("builtin:lyrics-zh")[:1500]
    (tmp_path / "歌.txt").write_text(text, encoding="gbk")
    code, said = run_cli("train", "歌.txt", "--recipe", "min-char-rnn", *SMALL["lm"], "-o", "run")
    assert code == 0, said
    assert "gb18030" in said
    assert "words" in said


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("d2l-gro", "recipe d2l-gro: there is none of that name. Did you mean d2l-gru?"),
        ("zzz", f"There are {', '.join(NAMES)}."),
        ("none.toml", "none.toml: expected a recipe, found nothing there"),
    ],
)
def test_a_wrong_name_is_refused_in_words(name, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for command in (["recipes", name], ["train", "--recipe", name, "-o", "run"]):
        assert _run(args=command) == 2
        assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kind = lm", "expected a recipe in TOML: "),
        (b"kind = \"\xff\"", "expected a recipe in TOML: "),
        ('kind = "gpt"', "kind must be one of lm, series, seq2seq, window, found 'gpt'"),
        ("", "kind must be one of lm, series, seq2seq, window, found None"),
        ('kind = "lm"', "source and about must be texts"),
        (OWN.replace("[network]", "[networks]"), "unknown entry networks; known are about, kind, source, figure"),
        (OWN.replace("hidden_size", "hidden"), "[network]: unknown option hidden; known are cell"),
        (OWN.replace("1500", "-1"), "[corpus]: max_chars must be at least 0, found -1"),
        (OWN.replace("1500", '"a"'), "[corpus]: max_chars must be a whole number, found 'a'"),
        ('training = 3\n' + OWN, "training must be sections: [training] on a line of its own"),
        (OWN + "\n[figure]\nmetric = 'perplexity'", "[figure] needs metric and at_most"),
        (OWN + "\n[figure]\nbest = 3", "[figure] takes at_most, metric, tutorial"),
    ],
)  # fmt: skip
def test_a_wrong_recipe_is_refused_in_words_and_nothing_is_begun(text, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    data = text if isinstance(text, bytes) else text.encode()
    (tmp_path / "own.toml").write_bytes(data)
    assert _run(args=["train", "--recipe", "own.toml", "-o", "run"]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["own.toml"]


def test_an_option_of_another_kind_of_model_is_refused(tmp_path, run_cli):
    code, said = run_cli("train", "--recipe", "sine", "-o", "run", "--tie-weights", "--epochs", 1)
    assert code == 2
    assert "recipe sine: a model of kind series has no --tie-weights" in said
    assert not list(tmp_path.iterdir())


def test_a_run_on_numbers_goes_on_with_more_epochs(tmp_path, run_cli):
    assert run_cli("train", "--recipe", "sine", "-o", "run", "--epochs", 1, "--device", "cpu")[0] == 0
    code, said = run_cli("train", "--resume", "run", "--epochs", 2)
    assert code == 0, said
    records = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert [record["epoch"] for record in records] == [1, 2]
    assert records[1]["valid_loss"] < records[0]["valid_loss"]


def test_a_run_that_goes_on_takes_no_recipe(tmp_path, capsys):
    assert _run(args=["train", "--resume", str(tmp_path), "--recipe", "d2l-gru"]) == 2
    assert "leave --recipe out" in capsys.readouterr().err
