"""The settings of the from-scratch tutorials against loops written without torch's modules, or without torch."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional

SCRATCH = {"cell": "rnn", "embedding_size": 0, "init": "normal"}


def raw(network):
    """W_xh, W_hh, b_h, W_hq, b_q of a network, laid out for ``x @ w``; b_h is the sum of torch's two."""
    w = {name: weight.detach().clone() for name, weight in network.state_dict().items()}
    assert not w["rnn.bias_hh_l0"].any()
    biases = w["rnn.bias_ih_l0"], w["output.bias"]
    return [w["rnn.weight_ih_l0"].T, w["rnn.weight_hh_l0"].T, biases[0], w["output.weight"].T, biases[1]]


def test_first_weights_are_small_and_normal_and_the_second_bias_is_never_learnt(start, recorder):
    trainer = start(**SCRATCH, hidden_size=200, epochs=1)
    drawn = torch.cat([weight.flatten() for weight in raw(trainer.network)[:4:3]])
    assert float(drawn.std()) == pytest.approx(0.01, rel=0.05)
    assert float(drawn.abs().max()) > 0.03  # uniform numbers of this deviation would end at 0.017
    assert not any(bool(weight.any()) for name, weight in trainer.network.named_parameters() if "bias" in name)
    trainer.run(recorder())
    after = trainer.network.state_dict()
    assert not after["rnn.bias_hh_l0"].any()
    assert after["rnn.bias_ih_l0"].any()


@pytest.mark.parametrize("sampling", ["consecutive", "random"])
def test_training_equals_the_tutorial_s_loop_over_raw_parameters(start, recorder, sampling):
    trainer = start(**SCRATCH, sampling=sampling, optimizer="sgd", lr=100.0, clip_norm=0.01, epochs=2)
    vocab_size = trainer.network.vocab_size
    params = [weight.requires_grad_() for weight in raw(trainer.network)]
    for epoch in range(2):
        state = None
        for inputs, targets in trainer.task.batches.epoch(epoch):
            if state is None or sampling == "random":
                state = torch.zeros(len(inputs), 12)
            w_xh, w_hh, b_h, w_hq, b_q = params
            h, outputs = state.detach(), []
            for x in functional.one_hot(inputs.T, vocab_size).float():
                h = torch.tanh(x @ w_xh + h @ w_hh + b_h)
                outputs.append(h @ w_hq + b_q)
            state = h
            loss = functional.cross_entropy(torch.cat(outputs), targets.T.flatten())
            grads = torch.autograd.grad(loss, params)
            norm = math.sqrt(sum(float((grad**2).sum()) for grad in grads))
            scale = min(1.0, 0.01 / norm)
            params = [
                (w - 100.0 * scale * grad).detach().requires_grad_() for w, grad in zip(params, grads, strict=True)
            ]
    trainer.run(recorder())
    for expected, found in zip(params, raw(trainer.network), strict=True):
        torch.testing.assert_close(found, expected.detach(), rtol=1e-3, atol=1e-4)


def test_training_equals_min_char_rnn_in_numpy(start, recorder):
    """Forward, backward through time, clipping by value and Adagrad, written out after Karpathy's gist."""
    steps, clip = 25, 0.05  # so small that it clips
    options = {"batch_size": 1, "num_steps": steps, "loss": "sum", "clip_value": clip, "clip_norm": 0.0}
    trainer = start(**SCRATCH, **options, optimizer="adagrad", lr=0.1, epochs=1, max_chars=400)
    vocab_size = trainer.network.vocab_size
    params = [weight.double().numpy() for weight in raw(trainer.network)]
    memory = [np.zeros_like(weight) for weight in params]
    h = np.zeros(12)
    smooth = steps * math.log(vocab_size)
    clipped = 0
    for inputs, targets in trainer.task.batches.epoch(0):
        w_xh, w_hh, b_h, w_hq, b_q = params
        hs, probs, loss = [h], [], 0.0
        for x, y in zip(inputs[0].tolist(), targets[0].tolist(), strict=True):
            hs.append(np.tanh(w_xh[x] + hs[-1] @ w_hh + b_h))
            scores = np.exp(hs[-1] @ w_hq + b_q)
            probs.append(scores / scores.sum())
            loss -= math.log(probs[-1][y])
        grads = [np.zeros_like(weight) for weight in params]
        back = np.zeros_like(h)
        for t in reversed(range(steps)):
            error = probs[t].copy()
            error[int(targets[0, t])] -= 1
            grads[3] += np.outer(hs[t + 1], error)
            grads[4] += error
            raw_error = (1 - hs[t + 1] ** 2) * (w_hq @ error + back)
            grads[0][int(inputs[0, t])] += raw_error
            grads[1] += np.outer(hs[t], raw_error)
            grads[2] += raw_error
            back = w_hh @ raw_error
        clipped += sum(int((np.abs(grad) > clip).sum()) for grad in grads)
        grads = [np.clip(grad, -clip, clip) for grad in grads]
        memory = [old + grad**2 for old, grad in zip(memory, grads, strict=True)]
        params = [
            weight - 0.1 * grad / (np.sqrt(past) + 1e-10)
            for weight, grad, past in zip(params, grads, memory, strict=True)
        ]
        h = hs[-1]
        smooth = 0.999 * smooth + 0.001 * loss
    assert clipped > 100
    seen = recorder()
    trainer.run(seen)
    assert seen.epochs[0]["smooth_loss"] == pytest.approx(smooth, rel=1e-4)
    assert seen.epochs[0]["smooth_loss_ratio"] == pytest.approx(smooth / (steps * math.log(vocab_size)), rel=1e-4)
    for expected, found in zip(params, raw(trainer.network), strict=True):
        np.testing.assert_allclose(found, expected, rtol=0.02, atol=2e-3)


def test_sample_texts_come_every_so_many_minibatches(start, recorder):
    seen = recorder()
    trainer = start(**SCRATCH, epochs=3, sample_every_batches=4, sample_length=7, prefix=("a", "th"))
    trainer.run(seen)
    total = 3 * len(trainer.task.batches)
    assert [batches for batches, _ in seen.milestones] == list(range(4, total + 1, 4))
    assert len(seen.samples) == 2 * len(seen.milestones)
    assert all(len(text) in (8, 9) for text in seen.samples)
