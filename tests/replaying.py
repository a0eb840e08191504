"""What every gate run of a test ends with: each decision that its world holds must follow from its own record."""

from bot.approve.replay import replay
from bot.forge.port import Repository
from bot.model.record import Phase, Record


def must_replay(repository: Repository, records: tuple[Record, ...]) -> None:
    """Decide again on everything that was decided; where nothing was, nothing is asked."""
    if not any(record.phase in {Phase.DECIDED, Phase.MERGED} for record in records):
        return
    found = replay(repository, records)
    assert found.all_follow, [
        (each.record.facts.get("result"), each.differences, each.lacks)
        for each in found.decisions
        if each.differences or each.lacks
    ] or found.undecided
