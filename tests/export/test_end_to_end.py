import pytest

import toolkit

PROMPT = "分开"


@pytest.mark.parametrize(
    ("cell", "tokenizer"),
    [
        ("lstm", "word"),
        ("gru", "char"),
        *(pytest.param(*pair, marks=pytest.mark.slow) for pair in (("rnn", "char"), ("rnn", "word"), ("lstm", "char"))),
    ],
)
def test_train_export_and_generate_write_the_same_text_twice(cell, tokenizer, trained_and_exported, cli):
    bundle = trained_and_exported(cell, tokenizer).bundle
    sampling = ["--max-new-tokens", "50", "--temperature", "0.8", "--top-k", "40", "--seed", "1"]
    first, second = (cli("generate", bundle, "--prompt", PROMPT, *sampling) for _ in range(2))
    assert (first.returncode, second.returncode) == (0, 0), first.stderr
    assert first.stdout == second.stdout
    assert first.stdout.startswith(PROMPT)
    text = first.stdout.removeprefix(PROMPT).removesuffix("\n")
    model = toolkit.load(bundle)
    if tokenizer == "char":
        assert len(text) == 50
    assert len(set(text)) > 10
    assert set(text) <= set("".join(model.tokenizer.vocab[1:]))
