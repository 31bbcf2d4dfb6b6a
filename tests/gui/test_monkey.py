"""Random actions in the real window: nothing breaks, and nothing that was written is lost.

The monkey itself is benchmarks/gui_monkey.py, which runs for longer.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

MONKEY = Path(__file__).parents[2] / "benchmarks" / "gui_monkey.py"


def monkey(*arguments):
    """Its exit code, what it counted, and what it said."""
    done = subprocess.run(
        [sys.executable, str(MONKEY), *map(str, arguments)], capture_output=True, encoding="utf-8", check=False
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout), done.stderr


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_nothing_breaks_and_nothing_is_lost(seed):
    code, counts, said = monkey("--actions", 200, "--seed", seed)
    assert counts["actions"] == 200
    assert {kind: counts[kind] for kind in ("exceptions", "warnings", "lost", "left_over")} == {
        "exceptions": 0, "warnings": 0, "lost": 0, "left_over": 0,
    }, said  # fmt: skip
    assert code == 0


@pytest.mark.slow
def test_what_is_lost_is_found():
    code, counts, said = monkey("--actions", 150, "--seed", 1, "--without-autosave")
    assert counts["lost"] > 0
    assert "lost: action" in said
    assert code == 1
