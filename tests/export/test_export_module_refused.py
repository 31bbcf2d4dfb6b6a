"""What `export_module` refuses: each with a sentence that says what to do, and nothing written."""

import logging
import re

import pytest
import torch
from torch import nn

import toolkit
from toolkit.errors import ParityError
from toolkit.export import export_checkpoint, export_module, parity, verify_module

N, D, H = 5, 3, 4


def module_of(forward, **parts):
    """An nn.Module with a linear layer and others, and the forward given."""

    class Theirs(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.linear = nn.Linear(D, H)
            for name, part in parts.items():
                if isinstance(part, torch.Tensor):
                    self.register_buffer(name, part)
                else:
                    setattr(self, name, part)

    Theirs.forward = forward
    return Theirs()


def plain(self, x, h):
    h = torch.tanh(self.linear(x) + 0.5 * h)
    return h, h


def export(module, folder, inputs=None, state=None, **options):
    return export_module(
        module,
        torch.ones(N, D) if inputs is None else inputs,
        [torch.zeros(N, H)] if state is None else state,
        folder / "theirs",
        **{"steps": 12, **options},
    )


def refused(folder, *args, **options):
    with pytest.raises(toolkit.ToolkitError) as error:
        export(*args[:1], folder, *args[1:], **options)
    message = str(error.value)
    assert message.strip() == message
    assert "\n" not in message
    assert list(folder.iterdir()) == []
    return message


# What torch cannot capture, or must not be exported ----------------------------------------------


def decides_by_values(self, x, h):
    h = torch.tanh(self.linear(x) + h) if h[:, 0].abs().max() > 10 else torch.tanh(self.linear(x))
    return h, h


def loops_over_rows(self, x, h):
    h = torch.stack([torch.tanh(self.linear(row)) for row in x]) + 0.5 * h
    return h, h


def fixes_the_batch(self, x, h):
    h = torch.tanh(self.linear(x)).reshape(int(x.shape[0]), H) + 0.5 * h
    return h, h


def has_no_counterpart(self, x, h):
    h = torch.special.bessel_j0(self.linear(x) + h)
    return h, h


def means_over_the_batch(self, x, h):
    h = torch.tanh(self.linear(x) + h - x.mean())
    return h, h


def remembers(self, x, h):
    self.last = torch.tanh(self.linear(x) + getattr(self, "last", 0.0))
    return self.last, h


def counts_in_a_buffer(self, x, h):
    self.calls += 1
    return plain(self, x, h)


def draws(self, x, h):
    return torch.rand_like(self.linear(x)), h


def divides_by_the_state(self, x, h):
    return self.linear(x) / h, h


def forgets_the_state(self, x, h):
    return torch.tanh(self.linear(x) + h)


def returns_another_shape(self, x, h):
    return self.linear(x), h[:, :2]


def returns_another_dtype(self, x, h):
    return self.linear(x), (h > 0)


def returns_a_number(self, x, h):
    return self.linear(x), 0.5, h


def returns_a_loss(self, x, h):
    return (self.linear(x) + h).sum(), h


def fails(self, x, h):
    return self.linear(x) + h[:, :3], h


def runs_out(self, x, h, place):
    table = torch.arange(6.0)
    return self.linear(x) + table[place][:, None], h, place + 1


@pytest.mark.parametrize(
    ("forward", "parts", "message"),
    [
        (decides_by_values, {}, r"torch\.export cannot capture Theirs: .*data-dependent.*torch\.where"),
        (loops_over_rows, {}, r"cannot capture Theirs: .*constant.* no loop over the sequences"),
        (fixes_the_batch, {}, r"cannot capture Theirs: .*constant.* no int\(x\.shape\[0\]\)"),
        (has_no_counterpart, {}, r"torch\.onnx\.export cannot capture Theirs: No ONNX function found .*bessel_j0"),
        (means_over_the_batch, {}, r"another result in a batch of 3 than alone\. .* no mean or norm"),
        (remembers, {}, r"keeps something on self .* gives? another result\. Take all that is remembered as a state"),
        (counts_in_a_buffer, {"calls": torch.zeros(1)}, "keeps something on self .* it writes into calls"),
        (draws, {}, "or draws random numbers in eval mode: the same inputs"),
        (divides_by_the_state, {}, "outputs is NaN or infinite after one step from a state of zeros"),
        (forgets_the_state, {}, r"returns 1 tensor\(s\): expected the outputs, then the next of h"),
        (returns_another_shape, {}, r"h float32 \[N, 4\] came back as float32 \[2, 2\] for a batch of 2"),
        (returns_another_dtype, {}, r"h float32 \[N, 4\] came back as bool \[2, 4\]"),
        (returns_a_number, {}, "value 2 that it returns is a float, no tensor"),
        (returns_a_loss, {}, r"output output: is \[\] for a batch of 2 .* exactly one axis should be the batch"),
        (fails, {}, r"fails for a batch of 2 made of the examples \(x \[2, 3\], h \[2, 4\]\): The size of tensor"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_forward_that_is_no_step_is_refused(forward, parts, message, tmp_path, capfd, caplog):
    with caplog.at_level(logging.WARNING):
        found = refused(tmp_path, module_of(forward, **parts))
    assert re.search(message, found), found
    assert capfd.readouterr() == ("", "")
    assert not caplog.records


@pytest.mark.slow
def test_a_module_that_runs_out_says_so_and_passes_with_fewer_steps(tmp_path):
    module, place = module_of(runs_out), torch.zeros(N, dtype=torch.int64)
    message = refused(tmp_path, module, state=[torch.zeros(N, H), place])
    assert message.startswith("forward itself fails in the trial runs: index 6 is out of bounds")
    assert "give steps=..." in message
    assert export(module, tmp_path, state=[torch.zeros(N, H), place], steps=6).report.steps == 6


def test_what_is_baked_in_while_capturing_never_passes_the_gate(tmp_path):
    """A number on self that changes only later: two calls in a row give the same result, and so it was captured."""

    def slow_clock(self, x, h):
        self.calls = getattr(self, "calls", 0) + 1
        h = torch.tanh(self.linear(x) + 0.5 * h + float(self.calls > 40))
        return h, h

    with pytest.raises(ParityError, match=r"differs from eager PyTorch by .* It does not repeat its own results: .*"):
        export(module_of(slow_clock), tmp_path, steps=parity.STEPS)
    assert list(tmp_path.iterdir()) == []


def test_whole_numbers_are_compared_exactly_and_without_allowance(tmp_path):
    """A counter that float64 rounds otherwise: the stray of the reference allows nothing to integers."""

    def counts(self, x, h, n):
        h = torch.tanh(self.linear(x) + 0.5 * h)
        return h, h, n + (h.double().sum(1) * 1e12).round().to(torch.int64)

    with pytest.raises(ParityError, match=r"output next_n differs from eager PyTorch by [\d.e+]+ at step"):
        export(module_of(counts), tmp_path, torch.randn(N, D), [torch.zeros(N, H), torch.zeros(N, dtype=torch.int64)])


def test_without_float64_nothing_is_allowed_for_rounding_and_the_message_says_so(tmp_path):
    def chaotic(self, x, h):
        weight = self.linear.weight.float()  # float32 even where the module is float64
        h = torch.sin(20 * h.float() + nn.functional.linear(x.float(), weight))
        return h, h

    with pytest.raises(ParityError, match=r"It does not run in float64: nothing is allowed for rounding\."):
        export(module_of(chaotic), tmp_path, torch.randn(N, D))


# Wrong arguments ---------------------------------------------------------------------------------


LSTM_STATE = [(torch.zeros(2, N, H), torch.zeros(2, N, H))]


class TheirLSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(D, H, 2, batch_first=True)

    def forward(self, x, hc):
        return self.lstm(x, hc)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"inputs": "text"}, "example_inputs: expected a tensor or a tuple of tensors, found str"),
        ({"inputs": ()}, "example_inputs: expected a tensor"),
        ({"inputs": torch.ones(N, 1, D, dtype=torch.float64)}, r"x: expected float32, int64, bool, found float64"),
        (
            {"inputs": torch.ones(N, 1, D, dtype=torch.int32)},
            "x: expected float32, int64, bool, found int32. Make it int64",
        ),
        ({"inputs": torch.ones(0, 1, D)}, r"x \[0, 1, 3\]: has no axis for the batch, or is empty"),
        ({"state": []}, "state: is empty"),
        ({"state": torch.zeros(2, N, H)}, "state: expected a list of examples, one for each argument, found Tensor"),
        (
            {"state": [{"h": torch.zeros(2, N, H)}]},
            "state hc: expected a tensor, or a tuple or list of tensors, found dict",
        ),
        ({"state": [(torch.zeros(2, N, H), None)]}, "state hc_1: expected a tensor, .* found NoneType"),
        ({"state": [(torch.zeros(2, N, H), torch.zeros(2, N, H, dtype=torch.complex64))]}, "hc_1: .* found complex64"),
        (
            {"state": [*LSTM_STATE[0]]},
            r"TheirLSTM\.forward takes 2 argument\(s\) \(x, hc\), and 1 input\(s\) and 2 state",
        ),
        (
            {"state": [(torch.zeros(2, 6, H),) * 2]},
            r"hc_0 \[2, 6, 4\]: its batch axis should have the size 5 .* none has it",
        ),
        (
            {"inputs": torch.ones(2, 1, D), "state": [(torch.zeros(2, 2, H),) * 2]},
            r"hc_0 \[2, 2, 4\]: .* axis 0 and axis 1 has it\. Give examples of a batch size that no other axis has",
        ),
        ({"batch_axes": {"hc_0": 5}}, r"hc_0 \[2, 5, 4\]: expected a batch axis from 0 to 2, found 5"),
        ({"batch_axes": {"hc_0": 0}}, r"hc_0 \[2, 5, 4\]: axis 0 should be the batch, which is 5 in x; found 2"),
        ({"batch_axes": {"h": 1}}, r"batch_axes: there is no 'h'; there are x, hc_0, hc_1"),
        ({"batch_axes": {"x": 1}}, r"hc_0 \[2, 5, 4\]: its batch axis should have the size 1 of x's axis 1"),
        ({"input_names": ["a", "b"]}, r"input_names: expected 1 name\(s\)"),
        ({"output_names": "y"}, r"output_names: expected 1 name\(s\), a sequence of them, found 'y'"),
        ({"state_names": ["a", "b", "c"]}, "state_names: expected 1 names, .* or 2, one for each tensor"),
        ({"state_names": ["h", "h"]}, "name 'h' stands for two"),
        ({"state_names": ["h", "h_c"]}, "state 'h': the name of state 'h_c' begins with it"),
        ({"state_names": ["h 1", "c"]}, "name 'h 1': expected letters, digits and _"),
        ({"input_names": ["next_x"]}, "name 'next_x': next_ is for the states that come out"),
        ({"output_names": ["next_hc_0"]}, "name 'next_hc_0' stands for two"),
        ({"steps": 0}, "steps: expected a whole number from 1 to 256, found 0"),
        ({"num_ids": {"y": 3}}, "num_ids: there is no 'y'; there are x"),
        ({"vocab": ["<unk>", "a"]}, r"over 2 tokens reads ids int64 \[N\] .* found x float32 \[N, 1, 3\] -> output"),
        ({"vocab": "aba"}, "vocab: expected a Tokenizer, or at least two different tokens"),
    ],
)
def test_wrong_arguments_are_named(options, message, tmp_path):
    inputs, state = options.pop("inputs", torch.ones(N, 1, D)), options.pop("state", LSTM_STATE)
    found = refused(tmp_path, TheirLSTM(), inputs, state, **options)
    assert re.search(message, found), found


def test_what_is_no_module_or_in_another_precision_is_refused(tmp_path):
    assert "expected an nn.Module, found function" in refused(tmp_path, plain)
    assert "expected float32, found float64 in linear.weight" in refused(tmp_path, module_of(plain).double())
    assert "expected float32, found bfloat16" in refused(tmp_path, module_of(plain).bfloat16())
    held = module_of(plain)
    held.last = held.linear(torch.ones(1, D))
    assert "Theirs cannot be copied to the CPU: " in refused(tmp_path, held)


def test_ids_beyond_what_the_module_knows_are_named(tmp_path):
    class Embedded(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(9, H)

        def forward(self, token, h):
            h = torch.tanh(self.embedding(token) + h)
            return h, h

    tokens = torch.arange(N)
    found = refused(tmp_path, Embedded(), tokens + 5, num_ids=8)
    assert found.startswith("token: expected ids from 0 to 8 - 1, found 5 to 9 in the example")
    assert "give steps=..." in refused(tmp_path, Embedded(), tokens, num_ids=10)
    export(Embedded(), tmp_path, tokens, num_ids={"token": 9})
    facts = toolkit.load_module(tmp_path / "theirs", "cpu").info.provenance
    assert facts["random_inputs"] == {"token": 9}


def test_a_vocabulary_s_loop_leaves_names_to_itself(tmp_path):
    class Clash(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(3, 3)

        def forward(self, token, used):
            used = torch.tanh(self.embedding(token) + used)
            return used, used

    letters = ["<unk>", "a", "b"]
    found = refused(tmp_path, Clash(), torch.ones(N, dtype=torch.int64), [torch.zeros(N, 3)], vocab=letters)
    assert found == "state 'used': the decode loop has an input of that name. Choose another by state_names."
    found = refused(
        tmp_path, Clash(), torch.ones(N, dtype=torch.int64), [torch.zeros(N, 3)], vocab=letters, input_names=["token"]
    )
    assert "a language model reads input_ids and gives logits" in found


# Folders -----------------------------------------------------------------------------------------


def test_only_force_replaces_and_only_a_bundle(tmp_path):
    export(module_of(plain), tmp_path)
    before = (tmp_path / "theirs" / "step.onnx").read_bytes()
    with pytest.raises(toolkit.ToolkitError, match="already exists"):
        export(module_of(plain), tmp_path)
    with pytest.raises(toolkit.ToolkitError, match="x: the example holds NaN"):
        export(module_of(plain), tmp_path, torch.full((N, D), torch.nan), force=True)
    with pytest.raises(toolkit.ToolkitError, match="keeps something on self"):
        export(module_of(draws), tmp_path, force=True)
    assert (tmp_path / "theirs" / "step.onnx").read_bytes() == before
    export(module_of(plain), tmp_path, input_names=["x"], force=True)
    assert toolkit.load_module(tmp_path / "theirs", "cpu").signature.inputs[0].name == "x"
    other = tmp_path / "other"
    (other / "theirs").mkdir(parents=True)
    with pytest.raises(toolkit.ToolkitError, match="is no bundle"):
        export(module_of(plain), other, force=True)


def test_verify_module_says_what_does_not_fit(tmp_path, make_checkpoint):
    export(module_of(plain), tmp_path)
    folder = tmp_path / "theirs"
    with pytest.raises(
        toolkit.ToolkitError, match=r"reads inputs float32 \[N, 3\]; the examples are inputs float32 \[N, 2\]"
    ):
        verify_module(folder, module_of(plain), torch.ones(4, 2))
    with pytest.raises(toolkit.ToolkitError, match="forward returns 1 tensors, expected 2"):
        verify_module(folder, module_of(forgets_the_state))
    made = export_checkpoint(make_checkpoint(), tmp_path / "ours").folder
    with pytest.raises(toolkit.ToolkitError, match=r"use `toolkit verify .* --against CHECKPOINT`"):
        verify_module(made, module_of(plain))
