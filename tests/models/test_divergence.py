import contextlib
import json
import math

import pytest
import torch

from toolkit.errors import ToolkitError
from toolkit.models.checkpoint import load_checkpoint

WILD = {
    "a huge step": {"lr": 1e6, "optimizer": "sgd", "clip_norm": 1e9},
    "a huge step, clipped": {"lr": 1e6},
    "a huge step without clipping": {"lr": 1e6, "optimizer": "sgd", "clip_norm": 0},
    "relu": {"cell": "rnn", "nonlinearity": "relu", "lr": 100, "clip_norm": 0, "optimizer": "sgd"},
    "relu on one-hot": {"cell": "rnn", "nonlinearity": "relu", "lr": 1e4, "embedding_size": 0, "clip_norm": 0},
    "decay past zero": {"weight_decay": 1e3, "lr": 1e3, "optimizer": "adamw"},
}


@pytest.mark.parametrize("options", WILD.values(), ids=WILD)
@pytest.mark.parametrize("valid_fraction", [0, 0.2])
def test_however_wild_a_run_gets_its_files_stay_readable(start, recorder, options, valid_fraction):
    trainer = start(save_every=0, epochs=4, valid_fraction=valid_fraction, **options)
    with contextlib.suppress(ToolkitError):  # some of these diverge, some go on; both are right
        trainer.run(recorder())
    for path in (trainer.folder.last, trainer.folder.best):
        if path == trainer.folder.last or path.exists():
            network = load_checkpoint(path).build()
            assert all(weight.isfinite().all() for weight in network.parameters())
    if trainer.folder.metrics.exists():
        for line in trainer.folder.metrics.read_text("utf-8").splitlines():
            json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


def test_a_loss_that_is_not_a_number_ends_the_run_with_what_to_do(start, recorder):
    trainer = start(**WILD["relu"], save_every=0, epochs=50)
    with pytest.raises(ToolkitError) as caught:
        trainer.run(recorder())
    message = str(caught.value)
    assert message.startswith("training diverged: NaN or infinity in the ")
    assert f"{trainer.folder.last} is from before. Start again with a smaller --lr" in message
    load_checkpoint(trainer.folder.last)


@pytest.mark.parametrize("save_every", [0, 1000])
def test_an_infinite_gradient_under_a_finite_loss_is_not_saved(start, recorder, save_every):
    trainer = start(save_every=save_every, epochs=1, valid_fraction=0)
    last = len(trainer.task.batches)
    seen = recorder()

    def poison(gradient):
        return gradient * (math.nan if len(seen.batches) == last - 1 else 1.0)

    trainer.network.output.bias.register_hook(poison)
    with pytest.raises(ToolkitError, match="NaN or infinity in the weights in epoch 1"):
        trainer.run(seen)
    assert not trainer.folder.best.exists()
    assert len(seen.batches) == last
    saved = load_checkpoint(trainer.folder.last)
    assert saved.training["progress"]["batch"] == (last - 1 if save_every == 0 else 0)


def test_a_perplexity_beyond_all_numbers_is_written_as_a_number(start, recorder):
    trainer = start(epochs=1, valid_fraction=0.2)
    with torch.no_grad():
        trainer.network.output.bias[1] = 1e6  # a million nats for every other token
    trainer.run(recorder())
    (record,) = map(json.loads, trainer.folder.metrics.read_text("utf-8").splitlines())
    assert record["loss"] > 1e5
    assert record["perplexity"] == record["valid_perplexity"] == 1e100
