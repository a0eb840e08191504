"""Writes how the gate decides by the rules of its present number, as `test_replay.py` expects it.

Usage: python tests/approve/rules_golden.py, then look at the difference: records of the same number must be decided
alike for ever, so whatever differs wants a higher `RULES` in bot/approve/inputs.py, and with it a file of its own.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from approve.situations import NOW, a_policy
from approve.test_replay import EVERY

from bot.approve.gate import decide
from bot.approve.inputs import RULES
from bot.model.decision import Reason

FILE = Path(__file__).parent / "rules" / f"{RULES}.txt"


def decisions() -> str:
    """Say of every situation how it is decided, and why."""
    return "\n".join(line for name in EVERY for line in _lines(name)) + "\n"


def _lines(name: str) -> Iterator[str]:
    decision = decide(EVERY[name], a_policy(), NOW)
    yield f"{name}: {decision.status}, by {decision.authority}"
    for reason in decision.reasons:
        yield from _reasons(reason, "  ")
    yield from (f"  review {each.id} counts: {each.counts}, {each.reason}" for each in decision.reviews)


def _reasons(reason: Reason, indent: str) -> Iterator[str]:
    yield f"{indent}{reason.name} {reason.status}: {reason.sentence}"
    for child in reason.children:
        yield from _reasons(child, indent + "  ")


if __name__ == "__main__":
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(decisions(), encoding="utf-8")
