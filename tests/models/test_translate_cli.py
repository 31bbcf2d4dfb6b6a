"""toolkit translate and toolkit train on pairs of texts, as a user calls them."""

import json
import struct

import numpy as np
import pytest

import toolkit
from toolkit.cli import _run


@pytest.fixture(scope="module")
def learnt(make_pairs_checkpoint):
    """A checkpoint that knows six words by heart."""
    return str(make_pairs_checkpoint("builtin:antonyms", epochs=150, embedding_size=32, bidirectional=True))


@pytest.fixture
def pairs(tmp_path):
    path = tmp_path / "pairs.tsv"
    path.write_text("".join(f"{a}\t{a[::-1]}\n" for a in ("ab", "bac", "cab", "abba", "ca", "bb")), encoding="utf-8")
    return path


def test_a_line_for_each_source(learnt, cli, tmp_path):
    done = cli("translate", learnt, "man", "king", "up")
    assert (done.returncode, done.stdout) == (0, "women\nqueen\ndown\n"), done.stderr
    assert "3 sources, 17 tokens" in done.stderr


def test_a_file_of_sources(learnt, tmp_path, capsys):
    path = tmp_path / "words.txt"
    path.write_text("girl\nhigh\n", encoding="utf-8")
    assert _run(args=["translate", learnt, "-i", str(path)]) == 0
    assert capsys.readouterr().out == "boy\nlow\n"
    path.write_text("girl\n\nhigh\n", encoding="utf-8")
    assert _run(args=["translate", learnt, "-i", str(path)]) == 2
    assert f"{path}, line 2: expected a source, found an empty line" in capsys.readouterr().err


def test_several_targets_with_their_scores(learnt, capsys):
    assert _run(args=["translate", learnt, "black", "--num-beams", "4", "-n", "3"]) == 0
    rows = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert rows[0][1] == "white"
    scores = [float(score) for score, _ in rows]
    assert len(rows) == 3
    assert scores == sorted(scores, reverse=True)


def test_json_and_the_picture_of_the_attention(learnt, tmp_path, capsys):
    picture = tmp_path / "attention.png"
    assert _run(args=["translate", learnt, "king", "--json", "--attention", str(picture)]) == 0
    said = json.loads(capsys.readouterr().out)
    (source,) = said["sources"]
    (target,) = source["targets"]
    assert (source["source"], target["text"], target["finish_reason"]) == ("king", "queen", "stop")
    assert np.array(target["attention"]).shape == (6, 4)
    assert target["score"] == pytest.approx(target["log_prob"] / 6)
    data = picture.read_bytes()
    assert data.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", data[16:24])
    assert width > 200 < height


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give TEXTS, or a file of them with -i"),
        (["man", "-i", "x.txt"], "give TEXTS, or a file of them with -i"),
        (["man", ""], "expected a source of at least one token, found ''"),
        (["man", "--num-beams", "3", "--temperature", "1"], "num_beams 3 searches"),
        (["man", "-n", "3"], "num_return_sequences must be at most num_beams (1)"),
        (["man", "king", "--attention", "a.png"], "--attention draws one source, found 2"),
        (["man", "--top-k", "999", "--temperature", "1"], "top_k must be at most"),
        (["-i", "none.txt"], "none.txt: expected a text file"),
    ],
)
def test_wrong_input_is_refused_in_words(learnt, arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert _run(args=["translate", learnt, *arguments]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert "Traceback" not in said
    assert not list(tmp_path.iterdir())


def test_unknown_and_long_sources_are_named(learnt, capsys):
    assert _run(args=["translate", learnt, "mansion!"]) == 0
    said = capsys.readouterr().err
    assert "not in the vocabulary, read as <unk>: s o !" in said
    assert "a source has 8 characters, the longest in training had 5" in said


def test_a_model_without_attention_says_so(make_pairs_checkpoint, capsys):
    plain = str(make_pairs_checkpoint("builtin:antonyms", epochs=1, attention="none"))
    assert _run(args=["translate", plain, "man", "--attention", "a.png"]) == 2
    assert "this model was trained without attention" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["generate", "window"])
def test_other_commands_say_what_to_use(learnt, command, capsys):
    arguments = ["--prompt", "man"] if command == "generate" else ["man"]
    assert _run(args=[command, learnt, *arguments]) == 2
    assert "is a model from text to text: open it with toolkit.load_translator, or use `toolkit translate`" in (
        capsys.readouterr().err
    )


def test_a_language_model_is_no_translator(make_checkpoint, capsys):
    assert _run(args=["translate", str(make_checkpoint()), "man"]) == 2
    assert "is a language model: open it with toolkit.load, or use `toolkit generate`" in capsys.readouterr().err


def test_info_tells_what_a_checkpoint_holds(learnt, capsys):
    assert _run(args=["info", learnt]) == 0
    said = capsys.readouterr().out
    assert "seq2seq" in said
    assert "builtin:antonyms, 6 pairs" in said


# Training on one's own pairs -------------------------------------------------------------------------


SMALL = ("--epochs", 1, "--hidden-size", 8, "--device", "cpu")


def test_a_table_of_pairs_is_trained_and_gone_on_with(pairs, run_cli, tmp_path):
    code, said = run_cli("train", pairs, "--recipe", "couplets", "-o", "run", *SMALL, "--attention", "additive")
    assert code == 0, said
    assert "attention additive" in said
    assert "5 to learn, 1 to validate" in said
    code, said = run_cli("train", "--resume", "run", "--epochs", 2)
    assert code == 0, said
    assert "in epoch 2" in said
    found = toolkit.load_translator(tmp_path / "run" / "last.pt", "cpu").translate("ab", max_new_tokens=3)
    assert len(found[0].ids) <= 3


def test_two_files_line_by_line(run_cli, tmp_path):
    (tmp_path / "a.txt").write_text("one\ntwo\nthree\n", encoding="utf-8")
    (tmp_path / "b.txt").write_text("eins\nzwei\ndrei\n", encoding="utf-8")
    words = ("--tokenizer", "word", "--valid-fraction", 0)
    code, said = run_cli("train", "a.txt", "--target", "b.txt", "--recipe", "dates", "-o", "run", *SMALL, *words)
    assert code == 0, said
    assert "3 to learn, 0 to validate" in said
    assert "7 and 7 words" in said  # three of them and four markers
    (tmp_path / "b.txt").write_text("eins\nzwei\n", encoding="utf-8")
    code, said = run_cli("train", "a.txt", "--target", "b.txt", "--recipe", "dates", "-o", "other", *SMALL)
    assert code == 2
    assert "a.txt has 3 lines, b.txt 2: line 3 has no partner" in said


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\tb\nc\n", "line 2: expected two columns with a tab between, found 1"),
        ("a\tb\n\nc\td\te\n", "line 3: expected two columns with a tab between, found 3"),
        ("a\t\n", "line 1: expected a source, a tab and a target, found an empty target"),
    ],
)
def test_a_line_that_is_no_pair_is_named_and_nothing_is_begun(text, message, run_cli, tmp_path):
    (tmp_path / "pairs.tsv").write_text(text, encoding="utf-8")
    code, said = run_cli("train", "pairs.tsv", "--recipe", "dates", "-o", "run", *SMALL)
    assert code == 2
    assert f"pairs.tsv, {message}" in said
    assert not (tmp_path / "run").exists()


def test_options_of_another_kind_of_model_are_refused(run_cli, tmp_path):
    code, said = run_cli("train", "builtin:lyrics-en", "-o", "run", "--attention", "dot")
    assert code == 2
    assert "a language model has no --attention" in said
    code, said = run_cli("train", "--recipe", "couplets", "-o", "run", "--max-chars", 10)
    assert code == 2
    assert "recipe couplets: a model of kind seq2seq has no --max-chars" in said
    assert not (tmp_path / "run").exists()
