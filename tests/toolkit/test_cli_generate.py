import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import toolkit
from toolkit.cli import _run

SHORT = ("--max-new-tokens", 12, "--seed", 7)


@pytest.fixture(scope="module")
def bundle(make_bundle):
    return make_bundle()


@pytest.fixture(scope="module")
def model(bundle):
    return toolkit.load(bundle, "cpu")


def test_text_goes_to_standard_output_and_the_seed_to_standard_error(bundle, model, cli):
    done = cli("generate", bundle, "--prompt", "月光", *SHORT)
    assert done.returncode == 0
    assert done.stdout == f"{model.generate('月光', max_new_tokens=12, seed=7)[0]}\n"
    assert re.fullmatch(r"seed 7, 12 tokens, [\d,]+ a second on (cpu|cuda)\n", done.stderr)


def test_every_option_reaches_the_sampler(bundle, model, cli):
    options = {
        "max_new_tokens": 30,
        "temperature": 1.3,
        "top_k": 200,
        "top_p": 0.95,
        "min_p": 0.001,
        "repetition_penalty": 1.2,
        "presence_penalty": 0.3,
        "frequency_penalty": 0.2,
        "no_repeat_ngram_size": 2,
        "seed": 5,
    }
    words = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", value)]
    biases = ("--logit-bias", "月=2.5", "--logit-bias", "的=-100")
    done = cli("generate", bundle, "-p", "月", *words, *biases, "--stop-strings", "妖怪", "--stop-strings", "鬼神")
    expected = model.generate("月", **options, logit_bias={"月": 2.5, "的": -100.0}, stop_strings=("妖怪", "鬼神"))[0]
    assert done.stdout == f"{expected}\n"


def test_seed_on_standard_error_reproduces_the_text(bundle, cli):
    first = cli("generate", bundle, "-p", "月", "--max-new-tokens", 40)
    second = cli("generate", bundle, "-p", "月", "--max-new-tokens", 40)
    assert first.stdout != second.stdout
    seed = re.match(r"seed (\d+),", first.stderr)[1]
    assert cli("generate", bundle, "-p", "月", "--max-new-tokens", 40, "--seed", seed).stdout == first.stdout


def test_stream_prints_the_same_text(bundle, cli):
    options = ("--prompt", "月光", "--max-new-tokens", 60, "--seed", 3, "--stop-strings", "不可能")
    plain, streamed = cli("generate", bundle, *options), cli("generate", bundle, *options, "--stream")
    assert streamed.stdout == plain.stdout
    assert streamed.stderr.startswith("seed 3, 60 tokens, ")


def test_n_texts_are_numbered(bundle, model, cli):
    done = cli("generate", bundle, "-p", "月", *SHORT, "-n", 3)
    texts = model.generate("月", max_new_tokens=12, seed=7, num_return_sequences=3)
    assert len({text.text for text in texts}) == 3
    assert done.stdout == "".join(f"--- {i} of 3\n{text}\n" for i, text in enumerate(texts, start=1))


def test_json_is_one_object_on_standard_output_and_nothing_else(bundle, model, cli):
    done = cli("generate", bundle, "-p", "月☃", *SHORT, "-n", 2, "--json", "--temperature", 0.5)
    said = json.loads(done.stdout)
    assert done.stdout.count("\n") == 1
    assert (said["model"], said["prompt"]) == (str(bundle), "月☃")
    assert (said["options"]["seed"], said["options"]["temperature"], said["options"]["top_k"]) == (7, 0.5, 0)
    with pytest.warns(UserWarning, match="☃"):
        expected = model.generate("月☃", max_new_tokens=12, seed=7, num_return_sequences=2, temperature=0.5)
    for text, found in zip(expected, said["texts"], strict=True):
        assert found["text"] == text.text
        assert found["ids"] == list(text.ids)
        assert found["finish_reason"] == "length"
        assert found["log_prob"] == pytest.approx(sum(text.log_probs), rel=1e-5)
    assert done.stderr == "warning: not in the vocabulary, read as <unk>: ☃\n"


def test_characters_that_the_vocabulary_lacks_are_named_in_a_warning(bundle, cli):
    done = cli("generate", bundle, "-p", "月☃光☃𝄞", *SHORT)
    assert done.returncode == 0
    warning, note = done.stderr.splitlines()
    assert warning == "warning: not in the vocabulary, read as <unk>: ☃ 𝄞"
    assert note.startswith("seed 7, ")
    assert done.stdout.startswith("月☃光☃𝄞")
    assert "\ufffd" not in done.stdout


def test_stop_string_ends_the_text_and_is_left_out(bundle, model, cli):
    whole = model.generate("月", max_new_tokens=40, seed=7)[0].text
    stop = whole[20:22]
    done = cli("generate", bundle, "-p", "月", "--max-new-tokens", 40, "--seed", 7, "--stop-strings", stop, "--json")
    (text,) = json.loads(done.stdout)["texts"]
    assert text["text"] == whole[: whole.index(stop)]
    assert text["finish_reason"] == "stop"


def test_bias_of_a_token_that_is_an_equals_sign_or_any_other(bundle, cli):
    done = cli("generate", bundle, "-p", "光", *SHORT, "--temperature", 0, "--logit-bias", "月=1000")
    assert done.stdout == "光" + "月" * 12 + "\n"


def test_single_file_and_checkpoint_write_the_text_of_the_bundle(bundle, make_checkpoint, cli):
    texts = {
        cli("generate", path, "-p", "月光", *SHORT, "--device", "cpu").stdout
        for path in (bundle, bundle / "step.onnx", make_checkpoint())
    }
    assert len(texts) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--temperature", "-1"], "temperature must be at least 0 and at most 100, found -1.0"),
        (["--temperature", "nan"], "temperature must be at least 0 and at most 100, found nan"),
        (["--temperature", "inf"], "temperature must be at least 0 and at most 100, found inf"),
        (["--temperature", "hot"], "'hot' is not a valid float"),
        (["--top-k", "-1"], "top_k must be at least 0, found -1"),
        (["--top-k", "1000000"], "top_k must be at most 7, the size of the vocabulary, found 1000000"),
        (["--top-p", "0"], "top_p must be above 0 and at most 1, found 0.0"),
        (["--top-p", "1.1"], "top_p must be above 0 and at most 1, found 1.1"),
        (["--top-p", "nan"], "top_p must be above 0 and at most 1, found nan"),
        (["--max-new-tokens", "0"], "max_new_tokens must be at least 1 and at most 100,000, found 0"),
        (["--max-new-tokens", "1000000"], "max_new_tokens must be at least 1 and at most 100,000, found 1000000"),
        (["--prompt", ""], "the prompt is empty"),
        (["--seed", "-1"], "seed must be at least 0"),
        (["-n", "0"], "num_return_sequences must be at least 1"),
        (["--stop-strings", ""], "stop_strings must be texts of at least one character"),
        (["--logit-bias", "月"], "expected TOKEN=NUMBER, found '月'"),
        (["--logit-bias", "月=nan"], "logit_bias must be numbers from -1e+30 to 1e+30, found nan for '月'"),
        (["--logit-bias", "☃=1"], "logit_bias names '☃', which the vocabulary does not have"),
        (["--stream", "--json"], "--stream prints one text"),
        (["--stream", "-n", "2"], "--stream prints one text"),
        (["--device", "gpu"], "'gpu' is not one of"),
        (["--threads", "0"], "threads must be from 1 to 256, found 0"),
        (["--temprature", "1"], "No such option '--temprature'"),
        (["--top-p", "0", "--min-p", "2"], "found 0.0; min_p must be at least 0 and at most 1, found 2.0"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_option_is_one_line_and_exit_code_2(options, message, bundle, model, capfd):
    assert _run(args=["generate", str(bundle), "--prompt", "月", *options]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    assert line.startswith("error: ")
    assert message.replace("at most 7,", f"at most {len(model.tokenizer)},") in line


def test_process_with_a_wrong_option_ends_with_exit_code_2_and_one_line(bundle, cli):
    done = cli("generate", bundle, "--prompt", "月", "--top-p", "nan")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: top_p must be above 0 and at most 1, found nan\n"


@pytest.mark.skipif(sys.platform == "win32", reason="pipes and /dev/full are POSIX")
@pytest.mark.parametrize("options", [[], ["--stream"], ["--json"]])
def test_reader_that_has_gone_ends_the_command_quietly(options, bundle):
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "toolkit", "generate", bundle, "-p", "月", *map(str, SHORT), *options]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, timeout=120, check=False)
    os.close(writer)
    assert done.returncode == 0
    assert b"Error" not in done.stderr
    assert b"error" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("options", [[], ["--stream"], ["--json"]])
def test_full_disk_under_the_output_is_one_line_and_exit_code_2(options, bundle):
    command = [sys.executable, "-m", "toolkit", "generate", bundle, "-p", "月", *map(str, SHORT), *options]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=120, check=False)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == "error: standard output: cannot write to it: No space left on device."
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="arguments are Unicode there")
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_prompt_that_is_no_utf8_is_warned_of_and_continued(options, bundle, cli):
    done = cli("generate", bundle, "-p", os.fsdecode(b"\xff"), *SHORT, *options)
    assert done.returncode == 0, done.stderr
    assert "warning: not in the vocabulary, read as <unk>: \\udcff" in done.stderr
    text = json.loads(done.stdout)["texts"][0]["text"] if options else done.stdout.removeprefix("\\udcff")[:-1]
    assert len(text) == 12


def test_text_is_utf8_whatever_the_locale_says(bundle, model, cli):
    done = cli("generate", bundle, "-p", "月", *SHORT, LC_ALL="C", PYTHONIOENCODING="ascii")
    assert done.stdout == f"{model.generate('月', max_new_tokens=12, seed=7)[0]}\n"
