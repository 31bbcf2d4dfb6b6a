import math

import pytest

from toolkit.errors import OptionError
from toolkit.models.train_options import CHANGEABLE_ON_RESUME, TrainOptions


@pytest.mark.parametrize(
    ("schedule", "warmup", "expected"),
    [
        ("constant", 0, [0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8]),
        ("constant", 4, [0.2, 0.4, 0.6, 0.8, 0.8, 0.8, 0.8, 0.8]),
        ("linear", 0, [0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1]),
        ("linear", 4, [0.2, 0.4, 0.6, 0.8, 0.8, 0.6, 0.4, 0.2]),
        # 0.4 (1 + cos(pi k / 8)), then 0.4 (1 + cos(pi k / 4)); cos(pi / 8) = sqrt(2 + sqrt(2)) / 2
        (
            "cosine",
            0,
            [
                0.8,
                0.4 + 0.2 * math.sqrt(2 + math.sqrt(2)),
                0.4 + 0.2 * math.sqrt(2),
                0.4 + 0.2 * math.sqrt(2 - math.sqrt(2)),
                0.4,
                0.4 - 0.2 * math.sqrt(2 - math.sqrt(2)),
                0.4 - 0.2 * math.sqrt(2),
                0.4 - 0.2 * math.sqrt(2 + math.sqrt(2)),
            ],
        ),
        ("cosine", 4, [0.2, 0.4, 0.6, 0.8, 0.8, 0.4 + 0.2 * math.sqrt(2), 0.4, 0.4 - 0.2 * math.sqrt(2)]),
    ],
)
def test_the_learning_rate_follows_the_numbers_worked_out_by_hand(schedule, warmup, expected):
    options = TrainOptions(lr=0.8, lr_schedule=schedule, warmup_steps=warmup)
    assert [options.learning_rate(update, 8) for update in range(8)] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("schedule", ["constant", "linear", "cosine"])
@pytest.mark.parametrize("warmup", [0, 3, 10, 15])
def test_every_update_has_a_learning_rate_above_zero_and_at_most_lr(schedule, warmup):
    options = TrainOptions(lr=0.5, lr_schedule=schedule, warmup_steps=warmup)
    rates = [options.learning_rate(update, 10) for update in range(10)]
    assert all(0 < rate <= 0.5 for rate in rates)
    peak = max(0, min(warmup, 10) - 1)
    assert rates[: peak + 1] == sorted(rates[: peak + 1])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"epochs": -1}, "epochs must be at least 0 and at most 1,000,000, found -1"),
        ({"batch_size": 0}, "batch_size must be at least 1 and at most 65,536, found 0"),
        ({"lr": 0.0}, "lr must be above 0 and at most 1,000,000, found 0.0"),
        ({"lr": math.nan}, "lr must be above 0 and at most 1,000,000, found nan"),
        ({"clip_norm": math.inf}, "clip_norm must be at least 0 and at most 1,000,000,000, found inf"),
        ({"warmup_steps": -1}, "warmup_steps must be at least 0, found -1"),
        ({"sampling": "shuffled"}, "sampling must be one of consecutive, random, found 'shuffled'"),
        ({"momentum": 0.9}, "momentum belongs to optimizer sgd, found adam"),
        ({"prefix": ("天", "")}, "prefix must be texts of at least one character, found ('天', '')"),
        ({"momentum": 1.0, "optimizer": "sgd"}, "momentum must be at least 0 and at most 0.9999, found 1.0"),
        ({"seed": 2**63}, f"seed must be at least 0 and at most 9,223,372,036,854,775,807, found {2**63}"),
    ],
)
def test_a_value_out_of_range_is_named_with_its_range(values, message):
    with pytest.raises(OptionError) as caught:
        TrainOptions(**values)
    assert str(caught.value) == message


def test_all_faults_are_reported_together():
    with pytest.raises(OptionError) as caught:
        TrainOptions(epochs=-1, lr=math.nan, patience=-1)
    assert [part.split()[0] for part in str(caught.value).split("; ")] == ["epochs", "lr", "patience"]


def test_the_arithmetic_of_an_update_cannot_change_on_resume():
    assert set(CHANGEABLE_ON_RESUME) <= set(TrainOptions.__dataclass_fields__)
    arithmetic = {"sampling", "batch_size", "num_steps", "optimizer", "lr", "momentum", "weight_decay", "clip_norm"}
    assert not (arithmetic | {"lr_schedule", "warmup_steps", "seed"}) & set(CHANGEABLE_ON_RESUME)
