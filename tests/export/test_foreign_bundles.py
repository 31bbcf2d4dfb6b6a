"""Bundles made from checkpoints from elsewhere, each with another kind of vocabulary, under every command."""

import json
import re
import subprocess
import sys
from typing import NamedTuple

import pytest
import torch
from torch import nn

import toolkit
from toolkit.bundle import read_bundle
from toolkit.cli import _run
from toolkit.errors import ToolkitError
from toolkit.export import parity, seq2seq_parity
from toolkit.export.export_options import ExportOptions
from toolkit.export.exporter import export_checkpoint, verify_bundle
from toolkit.export.foreign_options import ForeignOptions

LINES = "the cat saw\nthe dog sat\n" * 300  # longer than the sample that a checkpoint carries
MARKS = ["<pad>", "<sos>", "<eos>", "<unk>"]


def language_model(size):
    torch.manual_seed(1)
    parts = {"embedding": nn.Embedding(size, 8), "rnn": nn.GRU(8, 16), "fc": nn.Linear(16, size)}
    model = nn.ModuleDict(parts)
    with torch.no_grad():
        model["fc"].weight.mul_(8)  # texts that are not one token all along
    return model.state_dict()


def translator():
    torch.manual_seed(1)

    def half(**output):
        return nn.ModuleDict({"embedding": nn.Embedding(9, 8), "rnn": nn.GRU(8, 16), **output})

    return nn.ModuleDict({"encoder": half(), "decoder": half(fc_out=nn.Linear(16, 9))}).state_dict()


class Case(NamedTuple):
    """What is in a checkpoint, and what is said of it."""

    content: dict
    options: dict
    prompt: str


CASES = {
    "char": Case({"state_dict": language_model(5), "chars": list("abc \n")}, {}, "ab"),
    "unk": Case({"state_dict": language_model(5), "chars": ["[UNK]", *"abc "]}, {}, "ab"),
    "ids": Case({"model": language_model(12)}, {}, "3 11"),
    "space": Case(
        {"model": language_model(6)},
        {"corpus": ("corpus.txt",), "vocab_order": "frequency", "tokenizer": "space"},
        "the cat",
    ),
    "translator": Case(
        {"model": translator(), "vocab": [*MARKS, *"abcde"]}, {"width": 5, "pad": "<pad>", "source_end": "<eos>"}, "abc"
    ),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A function (name) -> a checkpoint and, beside it, the bundle; made once. The gate's rollouts are shorter."""
    root = tmp_path_factory.mktemp("made")

    def make(name):
        folder = root / name
        if not folder.exists():
            folder.mkdir()
            content, options, _ = CASES[name]
            torch.save(content, folder / "their.pt")
            (folder / "corpus.txt").write_text(LINES)
            if "corpus" in options:
                options = options | {"corpus": (str(folder / "corpus.txt"),)}
            with pytest.MonkeyPatch.context() as patch:
                for module in (parity, seq2seq_parity):
                    patch.setattr(module, "STEPS", 48)
                patch.setattr(parity, "GREEDY_TOKENS", 16)
                export_checkpoint(folder / "their.pt", foreign=ForeignOptions(**options))
        return folder

    return make


MODELS = [name for name in CASES if name != "translator"]


@pytest.mark.parametrize("name", ["char", "ids", "space", "translator"])
def test_the_code_of_the_card_runs_without_the_toolkit(name, made):
    folder = made(name) / "their"
    codes = re.findall(r"```python\n(.*?)```", (folder / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert len(codes) == 3
    assert not any("import toolkit" in code for code in codes[1:])
    code = "\nprint('----')\n".join(codes)
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, encoding="utf-8", check=True)
    texts = [text.removesuffix("\n") for text in done.stdout.split("----\n")]
    if name == "translator":
        expected = toolkit.load_translator(folder).translate(toolkit.load_translator(folder).source_tokenizer.example)
        assert texts[0] == expected[0].text
        assert texts[1] == texts[2]
        assert texts[0].startswith(texts[1])
    else:
        model = toolkit.load(folder)
        assert texts[2] == str(model.generate(model.tokenizer.example, max_new_tokens=50, temperature=0)[0])


@pytest.mark.parametrize("name", MODELS)
def test_pieces_are_the_whole_text_and_its_ids(name, made):
    model, prompt = toolkit.load(made(name) / "their"), CASES[name].prompt
    for seed in range(3):
        options = {"max_new_tokens": 40, "seed": seed}
        whole = model.generate(prompt, **options)[0]
        assert "".join(piece.text for piece in model.stream(prompt, **options)) == whole.text
        ids = [*model.tokenizer.encode(prompt).tolist(), *whole.ids]
        assert model.tokenizer.decode(ids) == str(whole)
        assert len(whole.ids) == 40


def test_stop_strings_and_biases_are_those_of_words(made):
    model = toolkit.load(made("space") / "their")
    options = {"max_new_tokens": 200, "seed": 1, "temperature": 1.5}
    plain = model.generate("the cat", **options)[0]
    assert {"the", "cat", "saw", "dog", "sat"} == set(plain.text.split())
    assert "\n" in plain.text
    stopped = model.generate("the cat", stop_strings=("dog sat",), **options)[0]
    place = plain.text.find("dog sat")
    assert stopped.text == (plain.text if place < 0 else plain.text[:place])
    stopped = model.generate("the cat", stop_strings=("dog",), **options)[0]
    assert stopped.text == plain.text[: plain.text.index("dog")]
    assert stopped.finish_reason == "stop"
    without = model.generate("the cat", logit_bias={"dog": -100.0}, **options)[0]
    assert "dog" not in without.text
    assert set(model.generate("the", logit_bias={"<eos>": 100.0}, max_new_tokens=5)[0].text) == {"\n"}


def run(capsys, *args):
    code = _run(args=[str(arg) for arg in args])
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    assert code in (0, 2), err
    return code, out, err


@pytest.mark.parametrize("name", MODELS)
def test_generate_writes_in_the_vocabulary(name, made, capsys):
    prompt = CASES[name].prompt
    code, out, _ = run(
        capsys, "generate", made(name) / "their", "--prompt", prompt, "--max-new-tokens", "6", "--seed", "1"
    )
    assert code == 0
    assert out == f"{toolkit.load(made(name) / 'their').generate(prompt, max_new_tokens=6, seed=1)[0]}\n"


UNKNOWN = {
    "char": ("azb", "the text holds 'z', which the vocabulary has not, nor a token for unknown ones"),
    "ids": ("3 12", "the text holds '12', and this model's vocabulary is not known: expected ids from 0 to 11"),
    "space": ("the cow", "the text holds 'cow', which the vocabulary has not"),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_the_vocabulary_lacks_is_named(name, made, capsys, tmp_path):
    prompt, expected = UNKNOWN[name]
    code, out, err = run(capsys, "generate", made(name) / "their", "--prompt", prompt)
    assert (code, out) == (2, "")
    assert expected in err
    (tmp_path / "text.txt").write_text(prompt)
    code, _, err = run(capsys, "eval", made(name) / "their", tmp_path / "text.txt")
    assert code == 2
    assert expected in err


def test_unknown_characters_are_read_where_something_stands_for_them(made, capsys):
    code, out, err = run(capsys, "generate", made("unk") / "their", "--prompt", "azb", "--max-new-tokens", "3")
    assert code == 0
    assert out.startswith("azb")
    assert "not in the vocabulary" in err
    code, out, err = run(capsys, "translate", made("translator") / "their", "azb")
    assert code == 0
    assert "not in the vocabulary" in err


@pytest.mark.parametrize("name", MODELS)
def test_eval_info_and_bench_know_such_a_bundle(name, made, capsys, tmp_path):
    folder = made(name) / "their"
    (tmp_path / "text.txt").write_text(f"{CASES[name].prompt} {CASES[name].prompt}")
    code, out, _ = run(capsys, "eval", folder, tmp_path / "text.txt", "--json")
    assert code == 0
    assert json.loads(out)["perplexity"] > 1
    assert run(capsys, "info", folder)[0] == 0
    if name == "space":
        command = [sys.executable, "-m", "toolkit", "bench", folder, "--batch-sizes", "1", "--rounds", "2", "--json"]
        assert json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["cases"]


def test_a_translator_s_pairs_are_evaluated(made, capsys, tmp_path):
    (tmp_path / "pairs.tsv").write_text("abc\tcba\nad\tda\n")
    code, out, _ = run(capsys, "eval", made("translator") / "their", tmp_path / "pairs.tsv", "--json")
    assert code == 0
    assert json.loads(out)


@pytest.mark.usefixtures("short_rollouts")
@pytest.mark.slow
@pytest.mark.parametrize("name", ["space", "translator"])
def test_quantised_bundles_are_verified_without_their_text(name, made, tmp_path):
    folder, options = made(name), CASES[name].options
    (tmp_path / "eval.txt").write_text("the cat saw\nthe dog\n" if name == "space" else "abc\tcba\n")
    how = ExportOptions(quantize="int8", eval=str(tmp_path / "eval.txt"), max_ppl_increase=1000.0)
    if name == "space":
        options = {"tokenizer": "space", "vocab": str(tmp_path / "vocab.json")}
        vocab = read_bundle(folder / "their").info.tokenizer.vocab
        (tmp_path / "vocab.json").write_text(json.dumps(vocab))
    export_checkpoint(folder / "their.pt", tmp_path / "int8", how, foreign=ForeignOptions(**options))
    assert verify_bundle(tmp_path / "int8", folder / "their.pt").rollouts


def test_a_corpus_that_the_vocabulary_cannot_read_is_named(made, tmp_path):
    (tmp_path / "corpus.txt").write_text("abq")
    foreign = ForeignOptions(corpus=(str(tmp_path / "corpus.txt"),))
    with pytest.raises(ToolkitError, match=r"corpus\.txt: the text holds 'q'"):
        export_checkpoint(made("char") / "their.pt", tmp_path / "bundle", foreign=foreign)
    assert [path.name for path in tmp_path.iterdir()] == ["corpus.txt"]
