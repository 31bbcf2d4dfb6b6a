"""What a GPU computes; skipped where ONNX Runtime or torch cannot use one, with the reason."""

import json

import pytest
import torch

import toolkit
from toolkit.devices import cuda_fault

pytestmark = [
    pytest.mark.skipif(cuda_fault() is not None, reason=f"ONNX Runtime has no CUDA here: {cuda_fault()}"),
    pytest.mark.skipif(not torch.cuda.is_available(), reason="torch has no CUDA here"),
]

PROMPTS = ["月", "月光照", "春"]


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("backend", ["onnx", "torchscript"])
@pytest.mark.parametrize("how", [{"temperature": 0}, {"top_k": 20, "seed": 3}, {"top_p": 0.9, "seed": 3}], ids=str)
def test_a_gpu_writes_what_the_cpu_writes(make_bundle, cell, backend, how):
    bundle = make_bundle(cell=cell, num_layers=2)
    cpu, gpu = (toolkit.load(bundle, device, backend=backend) for device in ("cpu", "cuda"))
    assert gpu.device == "cuda"
    written, expected = (model.generate("月", max_new_tokens=60, **how)[0] for model in (gpu, cpu))
    assert written.text == expected.text
    assert written.log_probs == pytest.approx(expected.log_probs, abs=1e-3)
    ours, theirs = (dict(model.generate_batch(PROMPTS, max_new_tokens=20, **how)) for model in (gpu, cpu))
    assert {n: text.text for n, text in ours.items()} == {n: text.text for n, text in theirs.items()}


def test_fp16_runs_on_a_gpu(make_bundle):
    exact = toolkit.load(make_bundle(), "cuda").generate("月", max_new_tokens=8, temperature=0)[0]
    half = toolkit.load(make_bundle("fp16"), "cuda").generate("月", max_new_tokens=8, temperature=0)[0]
    assert half.log_probs[0] == pytest.approx(exact.log_probs[0], abs=0.02)


def test_bench_runs_on_a_gpu(cli, make_bundle, make_checkpoint):
    done = cli(
        *("bench", make_bundle(), "--against", make_checkpoint(), "--device", "cuda"),
        *("--batch-sizes", "1,32", "--rounds", "2", "--json"),
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["device"] == "cuda"
    assert {"eager nn.* loop", "generate graph"} <= {case["name"] for case in found["cases"]}
