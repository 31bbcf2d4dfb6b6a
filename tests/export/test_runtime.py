import re
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper

import toolkit
from toolkit.devices import CUDA_REFUSED
from toolkit.models.checkpoint import load_checkpoint

CELLS = ("rnn", "gru", "lstm")
SAMPLINGS = {
    "greedy": {"temperature": 0},
    "top-k": {"temperature": 0.8, "top_k": 40},
    "everything": {
        "temperature": 1.2,
        "top_p": 0.9,
        "min_p": 0.001,
        "repetition_penalty": 1.1,
        "presence_penalty": 0.2,
        "frequency_penalty": 0.1,
        "no_repeat_ngram_size": 3,
        "num_return_sequences": 3,
    },
}


def opened(made):
    """The same model on each backend."""
    return {
        "eager": toolkit.load(made.checkpoint, "cpu"),
        "torchscript": toolkit.load(made.bundle, "cpu", backend="torchscript"),
        "onnx": toolkit.load(made.bundle, "cpu"),
        "step file": toolkit.load(made.bundle / "step.onnx", "cpu"),
        "onnx, two threads": toolkit.load(made.bundle, "cpu", threads=2),
    }


@pytest.mark.parametrize(
    ("cell", "tokenizer"),
    [
        *((cell, "char") for cell in CELLS),
        ("lstm", "word"),
        *(pytest.param(cell, "word", marks=pytest.mark.slow) for cell in ("rnn", "gru")),
    ],
)
def test_same_seed_gives_the_same_tokens_on_every_backend(cell, tokenizer, trained_and_exported):
    models = opened(trained_and_exported(cell, tokenizer))
    eager = models.pop("eager")
    prompt = eager.tokenizer.vocab[7]
    for options in SAMPLINGS.values():
        expected = eager.generate(prompt, max_new_tokens=30, seed=2**40, **options)
        assert {len(text.ids) for text in expected} == {30}
        for model in models.values():
            found = model.generate(prompt, max_new_tokens=30, seed=2**40, **options)
            assert [(text.ids, text.text) for text in found] == [(text.ids, text.text) for text in expected]
            for x, y in zip(expected, found, strict=True):
                np.testing.assert_allclose(y.log_probs, x.log_probs, atol=1e-4)


def test_the_decode_loop_alone_writes_the_same_texts_and_says_what_it_cannot_do(trained_and_exported):
    bundle = trained_and_exported("lstm", "char").bundle
    whole, alone = (toolkit.load(path, "cpu") for path in (bundle, bundle / "generate.onnx"))
    for options in ({"temperature": 0}, {"top_k": 20, "num_return_sequences": 3}, {"stop_strings": ("\n",)}):
        assert alone.generate("月", seed=3, **options) == whole.generate("月", seed=3, **options)
    for fails in (lambda: alone.generate("月", presence_penalty=1.0), lambda: alone.step(*first_step(alone))):
        with pytest.raises(
            toolkit.ToolkitError, match=r"generate\.onnx: holds the decode loop alone, .* Open the bundle"
        ):
            fails()


def first_step(model):
    return np.array([1]), model.init_state(1)


def test_which_loop_ran_cannot_be_seen_from_the_text(trained_and_exported):
    model = toolkit.load(trained_and_exported("gru", "char").bundle, "cpu")
    step_by_step = toolkit.LanguageModel(model.backend, model.tokenizer)
    for options in SAMPLINGS.values():
        for pieces in zip(
            model.stream("月", seed=9, max_new_tokens=70, stop_strings=("的我",), **options),
            step_by_step.stream("月", seed=9, max_new_tokens=70, stop_strings=("的我",), **options),
            strict=True,
        ):
            assert pieces[0] == pieces[1]


def test_damaged_weights_are_named_whoever_runs_the_loop(trained_and_exported, tmp_path):
    made = trained_and_exported("rnn", "char")
    for name in ("step.onnx", "generate.onnx"):
        model = onnx.load(made.bundle / name)
        for tensor in model.graph.initializer:
            if tensor.name in ("output.weight", "layers.0.w_hh"):
                values = numpy_helper.to_array(tensor) * np.nan
                tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float32), tensor.name))
        onnx.save(model, tmp_path / name)
        damaged = toolkit.load(tmp_path / name, "cpu")
        with pytest.raises(toolkit.ToolkitError, match="returned NaN or infinity at token 1: its weights are damaged"):
            damaged.generate("月", temperature=0)


def test_seeds_and_sequences_differ(trained_and_exported):
    model = toolkit.load(trained_and_exported("gru", "char").bundle, "cpu")
    texts = [text.text for seed in (1, 2) for text in model.generate("月", num_return_sequences=3, seed=seed)]
    assert len(set(texts)) == 6


@torch.no_grad()
@pytest.mark.parametrize("batch_size", [1, 2, 7])
@pytest.mark.parametrize("cell", CELLS)
def test_step_equals_torchs_own_modules_for_every_batch_size(cell, batch_size, trained_and_exported):
    made = trained_and_exported(cell, "char")
    network = load_checkpoint(made.checkpoint).build()
    generator = np.random.default_rng(5)
    ids = generator.integers(0, network.vocab_size, batch_size)
    state = tuple(generator.normal(size=(1, batch_size, 32)).astype(np.float32) for _ in network.init_state(1))
    hx = tuple(map(torch.from_numpy, state))
    hidden, after = network.rnn(network.embedding(torch.from_numpy(ids))[None], hx if cell == "lstm" else hx[0])
    expected = (network.output(hidden[0]), *(after if cell == "lstm" else (after,)))
    for model in opened(made).values():
        logits, next_state = model.step(ids, state)
        for x, y in zip(expected, (logits, *next_state), strict=True):
            assert y.dtype == np.float32
            np.testing.assert_allclose(y, x.numpy(), atol=2e-6)


@pytest.mark.parametrize("batch_size", [1, 2, 7])
@pytest.mark.parametrize(("cell", "states"), [("rnn", 1), ("gru", 1), ("lstm", 2)])
def test_first_state_is_zeros_in_the_shape_of_the_batch(cell, states, batch_size, trained_and_exported):
    for model in opened(trained_and_exported(cell, "char")).values():
        state = model.init_state(batch_size)
        assert len(state) == states
        for part in state:
            assert part.dtype == np.float32
            assert part.shape == (1, batch_size, 32)
            assert not part.any()


def test_step_changes_neither_its_arguments_nor_earlier_results(trained_and_exported):
    for model in opened(trained_and_exported("lstm", "char")).values():
        ids = np.array([3, 4])
        state = tuple(np.full_like(part, 0.5) for part in model.init_state(2))
        logits, after = model.step(ids, state)
        kept = [part.copy() for part in (logits, *after)]
        model.step(np.array([5, 6]), after)
        assert ids.tolist() == [3, 4]
        assert all((part == 0.5).all() for part in state)
        for x, y in zip(kept, (logits, *after), strict=True):
            np.testing.assert_array_equal(y, x)


@pytest.mark.parametrize("backend", ["eager", "torchscript", "onnx"])
def test_step_refuses_wrong_arguments_before_anything_runs(backend, trained_and_exported):
    model = opened(trained_and_exported("lstm", "char"))[backend]
    ids, (h, c) = np.array([1, 2]), model.init_state(2)
    vocab_size = len(model.tokenizer)
    for wrong in (ids.astype(np.int32), ids.astype(np.float64), ids[:, None], np.array(1), ids[:0]):
        with pytest.raises(toolkit.ToolkitError, match=r"^input_ids must be int64 \[N\], found"):
            model.step(wrong, (h, c))
    for outside in (-1, vocab_size):
        with pytest.raises(toolkit.ToolkitError, match=rf"^input_ids must lie in 0\.\.{vocab_size - 1}, found"):
            model.step(np.array([1, outside]), (h, c))
    narrow = np.zeros((1, 2, 31), np.float32)
    for state in ((h,), (), (h, c, c), (h, c.astype(np.float64)), (h, c[0]), (h[:, :1], c), (h, narrow)):
        with pytest.raises(toolkit.ToolkitError, match=r"^state must be \(h0, c0\) float32 .* init_state\(2\)\.$"):
            model.step(ids, state)


def test_threads_that_share_one_model_write_what_each_writes_alone(trained_and_exported):
    model = toolkit.load(trained_and_exported("lstm", "char").bundle, "cpu")

    def write(seed):
        return [text.ids for text in model.generate("月光", max_new_tokens=200, seed=seed, num_return_sequences=2)]

    alone = [write(seed) for seed in range(8)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(write, range(8)))
    assert together == alone


def test_two_streams_may_be_read_in_turns(trained_and_exported):
    model = toolkit.load(trained_and_exported("gru", "char").bundle, "cpu")
    options = {"max_new_tokens": 30, "seed": 4}
    streams = [model.stream(prompt, **options) for prompt in ("月", "光")]
    texts = ["", ""]
    for pieces in zip(*streams, strict=True):
        texts = [text + piece.text for text, piece in zip(texts, pieces, strict=True)]
    assert texts == [model.generate(prompt, **options)[0].text for prompt in ("月", "光")]


# Devices -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", ["onnx", "torchscript", "eager"])
def test_cuda_is_had_or_refused_with_the_reason_but_never_silently_the_cpu(backend, trained_and_exported):
    made = trained_and_exported("lstm", "char")
    path = made.checkpoint if backend == "eager" else made.bundle
    try:
        device = toolkit.load(path, "cuda", backend=backend).device
    except toolkit.ToolkitError as error:
        device, message = "none", str(error)
    if device != "none":
        assert device == "cuda"
        return
    assert re.fullmatch(rf"{CUDA_REFUSED}: .{{10,}}\. Use --device cpu, or see `toolkit doctor`\.", message)
    assert toolkit.load(path, "auto", backend=backend).device == "cpu"


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
def test_without_a_gpu_cuda_is_refused_and_auto_runs_on_the_cpu(trained_and_exported):
    bundle = trained_and_exported("lstm", "char").bundle
    with pytest.raises(toolkit.ToolkitError, match=CUDA_REFUSED):
        toolkit.load(bundle, device="cuda")
    auto, cpu = toolkit.load(bundle), toolkit.load(bundle, "cpu")
    assert (auto.device, cpu.device) == ("cpu", "cpu")
    assert auto.generate("月", seed=3) == cpu.generate("月", seed=3)


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"device": "gpu"}, "device must be one of auto, cpu, cuda, found 'gpu'"),
        ({"device": "CUDA"}, "device must be one of auto, cpu, cuda, found 'CUDA'"),
        ({"backend": "tensorflow"}, "backend must be one of onnx, torchscript, eager, found 'tensorflow'"),
        ({"threads": 0}, "threads must be from 1 to 256, found 0"),
    ],
)
@pytest.mark.parametrize("backend", ["onnx", "torchscript"])
def test_unknown_device_backend_or_thread_count_is_refused(choice, message, backend, trained_and_exported):
    bundle = trained_and_exported("lstm", "char").bundle
    with pytest.raises(toolkit.ToolkitError, match=f"^{message}"):
        toolkit.load(bundle, **{"backend": backend, **choice})
