"""An .onnx file of ours: its version, its facts, and nothing of the machine it was made on. Needs no torch."""

import onnx

from toolkit.bundle import METADATA_KEY
from toolkit.version import __version__

OPSET = 18
"""The exporter's own opset; every ONNX Runtime since 1.14 reads it, in browsers too."""

_PRODUCER = "rnn-toolkit"


def with_metadata(model: onnx.ModelProto, facts: str) -> bytes:
    """The file's bytes with the facts in its metadata."""
    del model.metadata_props[:]
    model.metadata_props.add(key=METADATA_KEY, value=facts)
    data: bytes = model.SerializeToString(deterministic=True)
    return data


def strip(model: onnx.ModelProto, graph_name: str) -> None:
    """Remove stack traces, file names and the exporter's bookkeeping, in the graph and in the loops inside it."""
    model.producer_name, model.producer_version = _PRODUCER, __version__
    model.doc_string = ""
    model.graph.name = graph_name
    _strip_graph(model.graph)


def _strip_graph(graph: onnx.GraphProto) -> None:
    graph.doc_string = ""
    del graph.value_info[:]
    del graph.metadata_props[:]
    for part in (*graph.node, *graph.input, *graph.output, *graph.initializer):
        part.doc_string = ""
        del part.metadata_props[:]
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                _strip_graph(attribute.g)
