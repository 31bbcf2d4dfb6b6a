"""How to export; apart from the exporter, so that ``--help`` needs no torch."""

from dataclasses import dataclass

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
