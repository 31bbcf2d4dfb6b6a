import io
import re

import pytest
from rich.console import Console

from toolkit.models.progress import ConsoleReporter

RECORD = {
    "epoch": 250,
    "perplexity": 1234.5678,
    "valid_perplexity": 987.654,
    "lr": 0.00123456,
    "tokens_per_second": 12345.6,
}


def watch(width, *, terminal, epochs=1000, unit="characters"):
    """What a console shows of a run at its 250th epoch: everything written, control codes included."""
    screen = io.StringIO()
    environ = {"TERM": "xterm"}  # not that of the tests: on a dumb terminal rich draws no bar
    console = Console(file=screen, force_terminal=terminal, width=width, color_system=None, _environ=environ)
    with ConsoleReporter(console, epochs, 10, 2490, unit) as reporter:
        reporter.batch(250, 1, 10, 1234.5678, 1120)
        reporter.batch(250, 2, 10, 1234.5678, 1120)
        reporter._progress.refresh()
        reporter.epoch(RECORD)
        reporter.sample("one\n\n[bold]two[/bold]\n")
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.getvalue()).replace("\r", "\n").splitlines()


def test_the_bar_shows_epoch_perplexity_characters_a_second_and_the_time_left():
    bar = next(line for line in watch(100, terminal=True) if "perplexity 1235 " in line)
    assert re.match(r"epoch 250/1000 [━╸╺ ]+ perplexity 1235 [\d,]+ characters/s, ", bar)
    assert bar.rstrip().endswith(" left")


@pytest.mark.parametrize("width", [80, 100, 200])
def test_bar_and_lines_leave_room_at_the_right_of_the_terminal(width):
    lines = watch(width, terminal=True)
    assert any("━" in line for line in lines)
    assert max(len(line.rstrip()) for line in lines) < width


def test_an_epoch_is_a_line_with_its_figures():
    line = "epoch 250  perplexity   1235  validation  987.7  lr 0.0012  12,346 characters/s"
    assert line in watch(80, terminal=False)


def test_in_a_log_file_there_is_no_bar():
    lines = watch(80, terminal=False)
    assert not any("━" in line for line in lines)
    assert sum("epoch" in line for line in lines) == 1


def test_a_sample_is_printed_as_it_is_with_a_bar_before_each_line():
    assert watch(80, terminal=False)[-3:] == ["  │ one", "  │ ", "  │ [bold]two[/bold]"]


def test_a_log_gets_the_first_epoch_and_the_last_but_not_every_one():
    screen = io.StringIO()
    with ConsoleReporter(Console(file=screen, width=80), 1000, 10) as reporter:
        for epoch in range(1, 1001):
            reporter.epoch({**RECORD, "epoch": epoch, "valid_perplexity": None})
    lines = screen.getvalue().splitlines()
    assert lines[0].startswith("epoch   1  perplexity")
    assert lines[-1].startswith("epoch 1000  perplexity")
    assert len(lines) < 500
    assert "validation" not in screen.getvalue()
