"""toolkit bench: what it measures and says; how fast anything is belongs to benchmarks/."""

import itertools
import json
import shutil

import onnx
import pytest

from toolkit.bench import TOKENS, Case, matrices, measure
from toolkit.cli import _run
from toolkit.loading import read_info

SHAPES = {
    "lstm": {},
    "gru, 2 layers, tied": {"cell": "gru", "num_layers": 2, "tie_weights": True},
    "rnn, one-hot": {"cell": "rnn", "embedding_size": 0},
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_the_floor_multiplies_with_the_matrices_of_the_step_graph(make_bundle, shape):
    bundle = make_bundle(**shape)
    graph = onnx.load(bundle / "step.onnx").graph
    sizes = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    expected = [sizes[node.input[1]] for node in graph.node if node.op_type in ("MatMul", "Gemm")]
    assert sorted(matrices(read_info(bundle))) == sorted(expected)


def test_cases_run_in_turns_and_times_are_per_token_and_sequence():
    order = []
    cases = [Case("a", lambda: order.append("a"), tokens=4), Case("b", lambda: order.append("b"), 2, tokens=4)]
    rounds = []
    a, b = measure(cases, 3, rounds.append)
    assert rounds == [1, 2, 3]
    assert (a.name, b.name, b.batch_size) == ("a", "b", 2)
    assert len(a.microseconds) == len(b.microseconds) == 3
    changes = sum(x != y for x, y in itertools.pairwise(order))
    assert changes == 7  # a warms up, b warms up, then a b, a b, a b
    low, high = a.quartiles
    assert min(a.microseconds) <= low <= a.median <= high <= max(a.microseconds)


@pytest.mark.slow
def test_bench_compares_models_and_peers_in_one_json_object(cli, make_bundle, make_checkpoint, tmp_path):
    chart = tmp_path / "chart.png"
    done = cli(
        *("bench", make_bundle(), "--also", make_bundle("int8"), "--against", make_checkpoint()),
        *("--batch-sizes", "3", "--rounds", "2", "--chart", chart, "--json"),
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    times = {(case["name"], case["batch_size"], case["threads"]): case for case in found["cases"]}
    names = {name for name, *_ in times}
    assert {"floor: products alone", "eager nn.* loop", "torch.onnx.export + Python loop"} <= names
    assert {"TorchScript step + Python loop", "TorchScript generate", "torch.export + Python loop"} <= names
    assert "AOTInductor + Python loop" not in names
    assert {"generate graph", "step + Python loop", "model.generate(), text", "int8 generate graph"} <= names
    assert {(n, threads) for name, n, threads in times if name == "generate graph"} == {(1, 1), (3, 1), (1, 2), (3, 2)}
    floor, eager = (
        times[name, 1, 1]["microseconds_per_token"] for name in ("floor: products alone", "eager nn.* loop")
    )
    for case in found["cases"]:
        mine = case["microseconds_per_token"]
        assert 0 < case["quartiles"][0] <= mine <= case["quartiles"][1]
        assert case["tokens_per_second"] == pytest.approx(1e6 / mine)
        if case["batch_size"] == 1:
            assert case["times_floor"] == pytest.approx(mine / floor)
            assert case["faster_than_eager"] == pytest.approx(eager / mine)
        else:
            assert case["times_floor"] is None
    assert [start["name"] for start in found["cold_starts"]] == [
        "toolkit generate",
        "toolkit generate, int8",
        "plain torch script",
    ]
    assert all(start["seconds"] > 0 for start in found["cold_starts"])
    assert found["first_token_microseconds"] > 0
    assert chart.read_bytes().startswith(b"\x89PNG")
    assert TOKENS > 16  # or the chunks would be no chunks


@pytest.mark.slow
@pytest.mark.skipif(not any(map(shutil.which, ("c++", "g++", "clang++"))), reason="AOTInductor needs a C++ compiler")
def test_bench_compiles_with_aotinductor_where_it_is_asked_to(cli, make_bundle, make_checkpoint):
    done = cli(
        *("bench", make_bundle(), "--against", make_checkpoint(), "--aot"),
        *("--batch-sizes", "1", "--rounds", "2", "--json"),
    )
    assert done.returncode == 0, done.stderr
    times = {case["name"]: case["microseconds_per_token"] for case in json.loads(done.stdout)["cases"]}
    assert times["AOTInductor + Python loop"] > 0


@pytest.mark.slow
def test_without_a_compiler_aotinductor_is_refused_in_words(cli, make_bundle, make_checkpoint, tmp_path):
    done = cli(
        *("bench", make_bundle(), "--against", make_checkpoint(), "--aot", "--batch-sizes", "1", "--rounds", "2"),
        CXX=str(tmp_path / "none"),
        TORCHINDUCTOR_CACHE_DIR=str(tmp_path / "cache"),
    )
    assert done.returncode == 2
    assert "--aot: AOTInductor cannot compile here: " in done.stderr
    assert done.stderr.count("\n") == 1


def test_bench_prints_a_table_that_fits(cli, make_bundle):
    done = cli("bench", make_bundle(), "--batch-sizes", "1", "--rounds", "2")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    rows = [line for line in lines if line.startswith(("generate graph", "step + Python loop"))]
    assert len(rows) == 5
    assert not any("…" in line for line in lines)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--batch-sizes", "0"], "--batch-sizes must be whole numbers from 1 to 1024"),
        (["--batch-sizes", "1;2"], "--batch-sizes must be whole numbers from 1 to 1024"),
        (["--batch-sizes", "5000"], "--batch-sizes must be whole numbers from 1 to 1024"),
        (["--also", "nothing"], "nothing: expected a bundle folder"),
        (["--rounds", "1"], "--rounds"),
        (["--aot"], "--aot compiles the checkpoint's step; give --against CKPT, too"),
    ],
)
def test_bad_arguments_are_refused_in_words(make_bundle, arguments, message, monkeypatch, capsys):
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
        monkeypatch.setenv(name, "1")
    assert _run(args=["bench", str(make_bundle()), *arguments]) == 2
    assert message in capsys.readouterr().err
