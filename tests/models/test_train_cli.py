import dataclasses
import json
import re
import sys
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from toolkit.corpus import CorpusOptions
from toolkit.models.checkpoint import load_checkpoint
from toolkit.models.commands import train
from toolkit.models.network_options import NetworkOptions
from toolkit.models.train_options import TrainOptions
from toolkit.options import spec_of
from toolkit.tokenizer import TokenizerOptions

SMALL = (
    "--hidden-size", 6, "--embedding-size", 4, "--batch-size", 4, "--num-steps", 16, "--epochs", 2, "--sample-every", 0,
    "--device", "cpu",
)  # fmt: skip
SONG = "the moon is up\nand I am down\n"


@pytest.fixture
def tree(tmp_path):
    """What lies in the folder of the test, with the content of each file."""

    def look():
        return {
            str(p.relative_to(tmp_path)): p.read_bytes() if p.is_file() else None for p in sorted(tmp_path.rglob("*"))
        }

    return look


def only_line(result):
    code, error = result
    assert code == 2
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert error.endswith("\n")
    return error.removeprefix("error: ").rstrip("\n")


def empty_zip(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("picture.png", b"\x89PNG")
        archive.writestr("readme.md", b"# none")


BAD_CORPORA = {
    "missing": (lambda p: None, ["corpus: expected a text file, a folder, a .zip", "found nothing there"]),
    "empty": (lambda p: p.write_bytes(b""), ["corpus: expected a text, found nothing but blanks"]),
    "blank": (lambda p: p.write_bytes(b" \n\n\t\n"), ["corpus: expected a text, found nothing but blanks"]),
    "one character": (
        lambda p: p.write_text("a", "utf-8"),
        ["need at least 68 tokens of training text, found 1. Use a longer text."],
    ),
    "two characters": (
        lambda p: p.write_text("ab", "utf-8"),
        ["found 2. Use --batch-size 1 --num-steps 1 or smaller, or a longer text."],
    ),
    "shorter than a batch": (
        lambda p: p.write_text(SONG * 2, "utf-8"),
        ["need at least 68 tokens of training text, found", "Use --batch-size 3 or smaller, or a longer text."],
    ),
    "binary": (lambda p: p.write_bytes(b"GIF89a\0\1\2\0"), ["corpus: expected a text, found a zero byte at offset 6"]),
    "no encoding": (lambda p: p.write_bytes(b"abc\xff\xfe\xff"), ["neither UTF-8 (byte 3 is 0xff) nor GB18030"]),
    "folder without text": (Path.mkdir, ["corpus: expected text files, found a folder without any *.txt"]),
    "zip without text": (empty_zip, ["corpus: expected a text file inside, found 2 files, none of them *.txt"]),
}


@pytest.mark.parametrize(("write", "words"), BAD_CORPORA.values(), ids=BAD_CORPORA)
def test_a_corpus_that_cannot_be_used_is_refused_with_the_reason(run_cli, tmp_path, tree, write, words):
    write(tmp_path / "corpus")
    before = tree()
    message = only_line(run_cli("train", "corpus", "-o", "run", *SMALL))
    for word in words:
        assert word in message
    assert tree() == before


@pytest.mark.parametrize(
    ("encoding", "words"),
    [
        ("ascii", ["song.txt: expected ascii, but byte 0 is 0xe6", "--encoding"]),
        ("utf-17", ["--encoding utf-17: Python knows no such encoding"]),
    ],
)
def test_a_wrong_encoding_is_refused_with_the_byte(run_cli, tmp_path, tree, encoding, words):
    (tmp_path / "song.txt").write_text("月亮升起\n" * 50, "utf-8")
    before = tree()
    message = only_line(run_cli("train", "song.txt", "-o", "run", "--encoding", encoding, *SMALL))
    for word in words:
        assert word in message
    assert tree() == before


def test_the_advice_for_a_short_corpus_works(run_cli, tmp_path):
    (tmp_path / "song.txt").write_text(SONG * 2, "utf-8")
    message = only_line(run_cli("train", "song.txt", "-o", "run", *SMALL))
    size = re.search(r"Use --batch-size (\d+) or smaller", message)[1]
    code, said = run_cli("train", "song.txt", "-o", "run", *SMALL, "--batch-size", size)
    assert code == 0, said
    assert load_checkpoint(tmp_path / "run" / "best.pt").training["options"]["batch_size"] == int(size)


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--epochs", -1], ["epochs must be at least 0 and at most 1,000,000, found -1"]),
        (["--lr", "nan"], ["lr must be above 0 and at most 1,000,000, found nan"]),
        (["--lr", -1], ["lr must be above 0 and at most 1,000,000, found -1.0"]),
        (["--dropout", 1], ["dropout must be at least 0 and at most 0.95, found 1.0"]),
        (["--clip-norm", "inf"], ["clip_norm must be at least 0 and at most 1,000,000,000, found inf"]),
        (["--valid-fraction", "nan"], ["valid_fraction must be at least 0 and at most 0.9, found nan"]),
        (["--seed", -1], ["seed must be at least 0"]),
        (["--hidden-size", "10**9"], ["'--hidden-size'", "'10**9' is not a valid integer"]),
        (["--cell", "elman"], ["'--cell'", "'elman' is not one of 'rnn', 'gru', 'lstm'"]),
        (["--nonlinearity", "relu"], ["nonlinearity relu belongs to cell rnn, found cell lstm"]),
        (["--tie-weights", "--embedding-size", 0], ["tie_weights needs an embedding, found embedding_size 0"]),
        (["--momentum", 0.5], ["momentum belongs to optimizer sgd, found adam"]),
        (["--patience", 2, "--valid-fraction", 0], ["patience 2 needs a validation text"]),
        (["--epochs", -1, "--lr", 0], ["epochs must be", "; lr must be"]),
        (["--layers", 2], ["No such option", "--layers"]),
    ],
)
def test_an_option_out_of_range_is_refused_with_its_range(run_cli, tree, args, words):
    message = only_line(run_cli("train", "builtin:lyrics-en", "-o", "run", *SMALL, "--max-chars", 1000, *args))
    for word in words:
        assert word in message
    assert tree() == {}


@pytest.mark.parametrize("args", [[], ["builtin:lyrics-en"], ["-o", "run"]])
def test_without_corpus_and_folder_the_command_says_what_it_needs(run_cli, tree, args):
    assert only_line(run_cli("train", *args)) == (
        "give a CORPUS or a --recipe and a run folder (-o RUN), or --resume RUN. See: toolkit train --help"
    )
    assert tree() == {}


def test_cuda_asked_for_and_not_there_is_refused(run_cli, tree, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    message = only_line(run_cli("train", "builtin:lyrics-en", "-o", "run", *SMALL, "--device", "cuda"))
    assert message.startswith("device cuda was asked for but cannot be used: ")
    assert tree() == {}


def small_run(run_cli, folder="run"):
    code, said = run_cli("train", "builtin:lyrics-en", "-o", folder, "--max-chars", 1000, *SMALL)
    assert code == 0, said


def test_a_folder_that_holds_a_run_is_not_overwritten(run_cli, tree):
    small_run(run_cli)
    before = tree()
    message = only_line(run_cli("train", "builtin:lyrics-zh", "-o", "run", *SMALL))
    assert message.startswith("run: holds a run already. Go on with it: toolkit train --resume run;")
    assert tree() == before


@pytest.mark.parametrize("make", ["folder", "file"])
def test_what_is_there_and_not_ours_is_not_touched(run_cli, tmp_path, tree, make):
    if make == "folder":
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / "thesis.tex").write_text("years of work", "utf-8")
    else:
        (tmp_path / "run").write_text("years of work", "utf-8")
    before = tree()
    message = only_line(run_cli("train", "builtin:lyrics-en", "-o", "run", *SMALL))
    assert message == "run: exists and is not an empty folder. Choose another one with -o."
    assert tree() == before


@pytest.mark.parametrize("left", [[], [".last.pt.tmp"]], ids=["empty", "killed in its first moment"])
def test_an_empty_folder_is_used(run_cli, tmp_path, left):
    (tmp_path / "run").mkdir()
    for name in left:
        (tmp_path / "run" / name).write_bytes(b"PK")
    small_run(run_cli)
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == ["best.pt", "last.pt", "loss.png", "metrics.jsonl"]


PLACES = {
    "below a file": ("file/run", "Not a directory"),
    "name too long": ("x" * 300, "File name too long"),
    "not writable": ("/proc/run", ""),
}


@pytest.mark.skipif(sys.platform != "linux", reason="the reasons are worded by the system")
@pytest.mark.parametrize(("place", "reason"), PLACES.values(), ids=PLACES)
def test_a_place_where_nothing_can_be_written_is_refused(run_cli, tmp_path, tree, place, reason):
    (tmp_path / "file").write_text("a file", "utf-8")
    before = tree()
    message = only_line(run_cli("train", "builtin:lyrics-en", "-o", place, *SMALL))
    assert message.startswith(f"{place}: cannot write here: {reason}")
    assert tree() == before


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--lr", 0.1], ["--resume keeps --lr as the run began; only --epochs, --device,"]),
        (["--cell", "gru", "--seed", 3], ["--resume keeps --cell, --seed as the run began"]),
        (["--max-chars", 10], ["--resume keeps --max-chars as the run began"]),
        (["-o", "other"], ["--resume keeps --output as the run began"]),
        (["--epochs", -1], ["epochs must be at least 0 and at most 1,000,000, found -1"]),
        (["--patience", 1, "builtin:lyrics-zh"], ["builtin:lyrics-zh: expected the text that the run began with"]),
    ],
)
def test_resume_refuses_what_would_make_it_another_run(run_cli, tree, args, words):
    small_run(run_cli)
    before = tree()
    message = only_line(run_cli("train", "--resume", "run", *args))
    for word in words:
        assert word in message
    assert tree() == before


def test_resume_of_a_finished_run_says_how_to_go_on_and_goes_on_with_more_epochs(run_cli, tmp_path):
    small_run(run_cli)
    code, said = run_cli("train", "--resume", "run")
    assert code == 0
    assert "all 2 epochs are done; for more: toolkit train --resume run --epochs N" in said
    assert "next: toolkit export run/best.pt" in said.replace("\\", "/")
    code, said = run_cli("train", "--resume", "run", "--epochs", 3)
    assert code == 0
    assert "are done" not in said
    lines = (tmp_path / "run" / "metrics.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["epoch"] for line in lines] == [1, 2, 3]


def test_resume_finds_the_text_where_it_was_moved_to(run_cli, tmp_path):
    (tmp_path / "a.txt").write_text(SONG * 30, "utf-8")
    assert run_cli("train", "a.txt", "-o", "run", *SMALL)[0] == 0
    (tmp_path / "a.txt").rename(tmp_path / "b.txt")
    message = only_line(run_cli("train", "--resume", "run", "--epochs", 3))
    assert message.startswith("a.txt: expected a text file")
    assert run_cli("train", "--resume", "run", "--epochs", 3, "b.txt")[0] == 0


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda p: p.unlink(), ["run: expected the folder of a run, found no last.pt in it"]),
        (lambda p: p.write_bytes(p.read_bytes()[:-500]), ["last.pt: expected a checkpoint, but torch cannot read it"]),
        (lambda p: p.write_bytes(b""), ["last.pt: expected a checkpoint"]),
    ],
    ids=["gone", "truncated", "empty"],
)
def test_resume_refuses_a_damaged_run_and_changes_nothing(run_cli, tmp_path, tree, damage, words):
    small_run(run_cli)
    damage(tmp_path / "run" / "last.pt")
    before = tree()
    message = only_line(run_cli("train", "--resume", "run"))
    for word in words:
        assert word in message
    assert tree() == before


def test_help_lists_every_option_with_its_range_default_and_choices():
    text = CliRunner().invoke(train, ["--help"], terminal_width=100, max_content_width=100).output
    _, _, listed = text.partition("Options:")
    words = " ".join(listed.split())
    for kind in (CorpusOptions, TokenizerOptions, NetworkOptions, TrainOptions):
        for field in dataclasses.fields(kind):
            spec = spec_of(field)
            place = words.index(f"--{field.name.replace('_', '-')}")
            following = words[place : place + 250]
            assert spec.help in following
            if spec.choices:
                assert f"[{'|'.join(spec.choices)}]" in following
            else:
                assert spec.describe_range() in following
            if field.default not in (None, ()) and not isinstance(field.default, bool):
                assert f"[default: {field.default}]" in following
    for example in (
        "toolkit train builtin:lyrics-zh -o runs/a --cell lstm",
        "toolkit train --resume runs/a --epochs 60",
    ):
        assert f"\n  {example}\n" in text
