"""Microseconds a target token: translate.onnx, its parts step by step, and eager PyTorch, in turns in one process.

usage: python benchmarks/translate.py CHECKPOINT BUNDLE SOURCES [--rounds 5]

SOURCES are pairs, as `toolkit eval` takes them; greedy, one thread, one source at a time and 64 at once.
"""

import argparse
import statistics
import time
from pathlib import Path

import torch

import toolkit
from toolkit.parallel import ParallelOptions, load_parallel

_COUNTS = {1: 64, 64: 256}
"""Sources at once -> so many are translated."""


def microseconds(translator: toolkit.Translator, sources: list[str], batch_size: int) -> float:
    """The mean over the tokens of all targets."""
    start = time.perf_counter()
    targets = list(translator.translate_batch(sources, batch_size=batch_size))
    seconds = time.perf_counter() - start
    return 1e6 * seconds / sum(len(found.ids) for (found,) in targets)


def main() -> None:
    """Print a line for each number of sources at once."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("sources")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    sources = [source for source, _ in load_parallel(arguments.sources, ParallelOptions()).valid]
    whole = toolkit.load_translator(arguments.bundle, "cpu")
    peers = {
        "translate.onnx": whole,
        "decoder.onnx step by step": toolkit.Translator(whole.backend, whole.source_tokenizer, whole.target_tokenizer),
        "eager PyTorch": toolkit.load_translator(arguments.checkpoint, "cpu"),
    }
    for batch_size, count in _COUNTS.items():
        found: dict[str, list[float]] = {name: [] for name in peers}
        for _ in range(arguments.rounds):
            for name, translator in peers.items():
                found[name].append(microseconds(translator, sources[:count], batch_size))
        medians = {name: statistics.median(values) for name, values in found.items()}
        said = ", ".join(f"{name} {value:.1f} us" for name, value in medians.items())
        print(f"{batch_size} at once: {said}; {medians['eager PyTorch'] / medians['translate.onnx']:.1f} x eager")


if __name__ == "__main__":
    main()
