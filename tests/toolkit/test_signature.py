"""The one table of names and axes, its way through JSON, and what differs between two of them."""

import copy
import json
from dataclasses import replace

import numpy as np
import pytest

from toolkit.errors import FileFormatError
from toolkit.signature import STATE_INPUTS, Signature, TensorSpec, signature_faults, step_signature
from toolkit.step_model import zero_state

CELLS = sorted(STATE_INPUTS)


def lines(specs):
    return [str(spec) for spec in specs]


@pytest.mark.parametrize(
    ("cell", "inputs", "outputs"),
    [
        ("rnn", ["h0"], ["next_h0"]),
        ("gru", ["h0"], ["next_h0"]),
        ("lstm", ["h0", "c0"], ["next_h0", "next_c0"]),
    ],
)
def test_the_contract_of_a_step(cell, inputs, outputs):
    signature = step_signature(cell, num_layers=2, hidden_size=48, vocab_size=100)
    assert lines(signature.inputs) == ["input_ids int64 [N]", *(f"{name} float32 [2, N, 48]" for name in inputs)]
    assert lines(signature.outputs) == [
        "logits float32 [N, 100]",
        *(f"{name} float32 [2, N, 48]" for name in outputs),
    ]
    assert signature.states == tuple(inputs)
    assert lines(signature.state_inputs) == lines(signature.inputs)[1:]


@pytest.mark.parametrize("cell", CELLS)
def test_no_name_is_the_beginning_of_another(cell):
    signature = step_signature(cell, 1, 8, 10)
    names = [spec.name for spec in (*signature.inputs, *signature.outputs)]
    assert not [(a, b) for a in names for b in names if a != b and b.startswith(a)]


@pytest.mark.parametrize("cell", CELLS)
def test_the_first_state_is_zeros_in_the_shape_of_the_signature(cell):
    state = zero_state(step_signature(cell, 3, 5, 10), batch_size=4)
    assert len(state) == len(STATE_INPUTS[cell])
    for part in state:
        assert part.shape == (3, 4, 5)
        assert part.dtype == np.float32
        assert not part.any()


def test_the_parts_of_the_first_state_share_no_memory():
    h, c = zero_state(step_signature("lstm", 1, 2, 10), 1)
    h += 1
    assert not c.any()


@pytest.mark.parametrize("cell", CELLS)
def test_a_signature_survives_json(cell):
    original = step_signature(cell, 2, 48, 100)
    assert Signature.from_dict(json.loads(json.dumps(original.to_dict())), "model.json") == original


def test_states_stand_in_json_with_their_next():
    assert step_signature("lstm", 1, 2, 3).to_dict()["states"] == {"h0": "next_h0", "c0": "next_c0"}


@pytest.mark.parametrize("missing", ["inputs", "outputs", "states", "name", "dtype", "axes"])
def test_an_incomplete_signature_is_refused_with_the_missing_word(missing):
    values = step_signature("gru", 1, 2, 3).to_dict()
    del (values if missing in values else values["outputs"][1])[missing]
    with pytest.raises(FileFormatError, match=f"^model.json: the signature is incomplete .*{missing}"):
        Signature.from_dict(values, "model.json")


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("inputs",), None),
        (("inputs",), 5),
        (("inputs",), ["h0"]),
        (("inputs", 0, "axes"), None),
        (("outputs", 1, "axes"), 3),
        (("states",), 5),
        (("states",), None),
        (("states",), ["longer than two"]),
    ],
)
def test_a_signature_of_another_shape_is_refused(place, value):
    values = step_signature("gru", 1, 2, 3).to_dict()
    *way, last = place
    part = values
    for key in way:
        part = part[key]
    part[last] = value
    with pytest.raises(
        FileFormatError, match=r"^model.json: the signature is incomplete .*\. Export the model again\.$"
    ):
        Signature.from_dict(values, "model.json")


@pytest.mark.parametrize("values", [None, [], "text", 5])
def test_what_is_no_mapping_is_no_signature(values):
    with pytest.raises(FileFormatError, match=r"^model.json: the signature is incomplete"):
        Signature.from_dict(values, "model.json")


@pytest.mark.parametrize(
    "states",
    [
        {"x0": "next_x0"},  # no input
        {"h0": "next_h0", "logits": "next_logits"},
        {"h0": "h1"},  # no output of the rule
        {"h0": "logits"},
        {"h0": None},
        ["h0"],
    ],
)
def test_states_that_are_no_inputs_and_outputs_are_refused(states):
    values = {**step_signature("gru", 1, 2, 3).to_dict(), "states": states}
    with pytest.raises(FileFormatError, match=r"^model.json: the signature's states are no inputs and outputs"):
        Signature.from_dict(values, "model.json")


# Differences -------------------------------------------------------------------------------------

EXPECTED = step_signature("lstm", 1, 8, 10)


def changed(group, position, **changes):
    specs = list(getattr(EXPECTED, group))
    specs[position] = replace(specs[position], **changes)
    return replace(EXPECTED, **{group: tuple(specs)})


def test_equal_signatures_differ_in_nothing_whatever_their_order():
    assert signature_faults(EXPECTED, copy.deepcopy(EXPECTED)) == []
    assert signature_faults(EXPECTED, replace(EXPECTED, inputs=EXPECTED.inputs[::-1])) == []


@pytest.mark.parametrize(
    ("found", "faults"),
    [
        (
            changed("inputs", 0, dtype="int32"),
            ["input should be input_ids int64 [N], is input_ids int32 [N]"],
        ),
        (
            changed("outputs", 0, axes=(1, 10)),
            ["output should be logits float32 [N, 10], is logits float32 [1, 10]"],
        ),
        (
            changed("inputs", 1, axes=(1, "batch", 8)),
            ["input should be h0 float32 [1, N, 8], is h0 float32 [1, batch, 8]"],
        ),
        (
            changed("outputs", 2, name="c1"),
            ["output next_c0 float32 [1, N, 8] is missing", "output c1 float32 [1, N, 8] is not expected"],
        ),
        (
            replace(EXPECTED, inputs=EXPECTED.inputs[:2]),
            ["input c0 float32 [1, N, 8] is missing"],
        ),
        (
            replace(EXPECTED, outputs=(*EXPECTED.outputs, TensorSpec("extra", "float32", ("N",)))),
            ["output extra float32 [N] is not expected"],
        ),
        (
            Signature((), (), ()),
            [f"input {spec} is missing" for spec in EXPECTED.inputs]
            + [f"output {spec} is missing" for spec in EXPECTED.outputs],
        ),
    ],
    ids=["dtype", "fixed batch", "other axis name", "renamed", "missing", "extra", "empty"],
)
def test_every_difference_is_a_sentence(found, faults):
    assert signature_faults(EXPECTED, found) == faults
