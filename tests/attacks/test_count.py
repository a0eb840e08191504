"""What the threat model says of the attack suite is so."""

import re
from pathlib import Path

from attacks import beside, emergencies, merges, pushes, reminders, reviews, test_switch, texts

PAGE = Path(__file__).parents[2] / "docs" / "threat-model.md"
TABLES = (
    reviews.ATTACKS,
    pushes.ATTACKS,
    emergencies.ATTACKS,
    merges.BYPASSES,
    beside.BESIDE,
    reminders.SILENCINGS,
    test_switch.CASES,
    texts.TEXTS,
)


def test_the_threat_model_counts_the_attacks_that_are_played() -> None:
    said = re.search(r"\*\*(\d+) attacks\*\*", PAGE.read_text(encoding="utf-8"))
    assert said is not None
    assert int(said[1]) == sum(map(len, TABLES))
