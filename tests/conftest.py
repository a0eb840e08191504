"""What every test may rely on, however the tests were started."""

import os
import signal
import sys

import pytest
from tries import choose

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell that starts the tests in the background lets them, and every process they start, ignore an interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Hundreds of tests start the bot as a process of its own; without bytecode each of them compiles all of it anew.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_configure(config: pytest.Config) -> None:
    """Try properties as often as they say where all tests run, or where branches are counted."""
    counts_branches = bool(config.getoption("cov_source", default=None))
    choose(is_quick=config.getoption("markexpr") == "not slow" and not counts_branches)
