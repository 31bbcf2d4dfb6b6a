"""text.onnx as a browser runs it fastest: what can be done before is done before, and the result is compared."""

import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort

from toolkit.bundle import TEXT_ONNX
from toolkit.decode_loop import Knobs
from toolkit.errors import ParityError
from toolkit.onnx_session import open_session
from toolkit.signature import Signature

from .differences import ATOL, relative_error
from .text_parity import TOKENS, TextGraph
from .wide_products import widened

_TRIED = (Knobs(temperature=0.0), Knobs(temperature=0.8), Knobs(temperature=1.2, top_k=9, repetition_penalty=1.2))


def web_graph(data: bytes, signature: Signature, example: str) -> bytes:
    """A graph with the same contract that writes the same texts.

    Constants are computed here, and ONNX Runtime's WebAssembly, which would need half a second for that, is told to
    take the graph as it is. Int8 matrices get widths that it reads fast; as products of whole numbers are exact, that
    changes no bit.

    Args:
        data: of text.onnx.
        signature: of it.
        example: something that the model reads.

    Raises:
        ParityError: it does not write what `data` does.
    """
    made = _folded(widened(data))
    graphs = [TextGraph(open_session(graph, TEXT_ONNX, "cpu"), signature) for graph in (data, made)]
    for knobs in _TRIED:
        for text in (example, ""):
            before, after = (graph.run(text.encode(), graph.init_state(), knobs, 1, TOKENS)[0] for graph in graphs)
            same = np.array_equal(before["output_ids"], after["output_ids"])
            if not same or not np.all(relative_error([before["log_probs"]], [after["log_probs"]]) <= ATOL):
                raise ParityError(f"{TEXT_ONNX}: made ready for a browser it writes another text than before.")
    return made


def _folded(data: bytes) -> bytes:
    """The graph after those optimisations of ONNX Runtime that fit every processor and every runtime."""
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.log_severity_level = 4  # it remarks on weights that nothing reads, and leaves them out
    with tempfile.TemporaryDirectory() as folder:
        options.optimized_model_filepath = str(Path(folder) / TEXT_ONNX)
        ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        model = onnx.load(options.optimized_model_filepath)
    # It names every set of operators that it knows; an older one in a browser would refuse those of a newer one.
    named = [opset for opset in model.opset_import if not opset.domain]
    del model.opset_import[:]
    model.opset_import.extend(named)
    onnx.checker.check_model(model)
    return model.SerializeToString(deterministic=True)  # type: ignore[no-any-return]
