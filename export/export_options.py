"""How to export; apart from the exporter, so that ``--help`` needs no torch."""

from collections.abc import Iterable
from dataclasses import dataclass

from toolkit.bundle import TEXT
from toolkit.options import Options, option


@dataclass(frozen=True)
class ExportOptions(Options):
    """How to write the graphs."""

    max_table_mib: float = option(
        16.0,
        "fold the embedding into a look-up table of at most this size, which saves a product a step",
        minimum=0,
        maximum=2000,
        metavar="MIB",
    )
    graphs: str | None = option(
        None,
        "the graphs to write; by default all but text, which reads and writes UTF-8 and holds the weights once more",
        metavar="NAME,NAME…",
    )
    quantize: str = option(
        "none",
        "smaller weights: int8 for every host, int4 for native programs, fp16 for CUDA",
        choices=("none", "int8", "int4", "fp16"),
    )
    eval: str | None = option(
        None, "text to measure a quantised model on; by default the checkpoint's validation split", metavar="TEXT"
    )
    max_ppl_increase: float = option(
        1.0, "refuse a quantised model whose perplexity rises by more", minimum=0, maximum=1000, metavar="PERCENT"
    )

    @property
    def graph_names(self) -> frozenset[str] | None:
        """`graphs` by their names."""
        return None if self.graphs is None else frozenset(name.strip() for name in self.graphs.split(","))

    @property
    def with_text(self) -> bool:
        """Whether text.onnx is asked for."""
        return TEXT in (self.graph_names or ())

    @property
    def max_table_bytes(self) -> int:
        """`max_table_mib` in bytes."""
        return int(self.max_table_mib * 2**20)

    def conflicts(self) -> Iterable[str]:
        """A text to measure on needs something to measure."""
        if self.eval is not None and self.quantize == "none":
            yield "eval measures what quantisation costs; give quantize int8, int4 or fp16, too"
