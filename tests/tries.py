"""How often a property is tried: as often as it says by `make test-all`, a share of that in the quick run."""

from hypothesis import settings

QUICK_SHARE = 0.4
LEAST = 10
FULL = 100
"""What a property that says nothing is tried, which is Hypothesis's own number."""


def tries(count: int) -> int:
    """Return how many examples to try where `count` are due."""
    return max(round(count * settings().max_examples / FULL), min(count, LEAST))


def choose(*, is_quick: bool) -> None:
    """Decide for the whole run, before any test is read; no example has a deadline, however busy the machine is."""
    settings.register_profile("full", max_examples=FULL, deadline=None)
    settings.register_profile("quick", max_examples=round(FULL * QUICK_SHARE), deadline=None)
    settings.load_profile("quick" if is_quick else "full")
