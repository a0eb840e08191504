"""What came of deciding again, as plain lines for the terminal."""

from collections.abc import Iterator

from bot.model.clock import format_time
from bot.model.record import Record
from bot.model.replay import Outcome, Replay, Replayed
from bot.report.untrusted import visible

_SAYS = {
    Outcome.FOLLOWS: ("✔", "follows from its facts"),
    Outcome.DIFFERS: ("✘", "does NOT follow from its facts"),
    Outcome.NOT_REPLAYABLE: ("?", "not replayable"),
}
_COUNTED = {
    Outcome.FOLLOWS: "as their facts say",
    Outcome.DIFFERS: "NOT as their facts say",
    Outcome.NOT_REPLAYABLE: "not replayable",
}


def lines_of(replay: Replay) -> tuple[str, ...]:
    """Return a line for each decision, with what differs or lacks below it, and how many there are of each."""
    lines = [line for each in replay.decisions for line in _lines(each)]
    lines += [line for each in replay.undecided for line in _undecided(each)]
    return (*lines, _total(replay))


def _lines(replayed: Replayed) -> Iterator[str]:
    record, (sign, said) = replayed.record, _SAYS[replayed.outcome]
    facts = [visible(str(record.facts.get(name, "unknown")), limit=80) for name in ("pull", "result")]
    yield f"{sign} {record.change} pull request {facts[0]}: {facts[1]} at {format_time(record.at)}: {said}"
    for each in replayed.differences:
        yield f"    {each.what}: recorded {each.recorded}; decided again {each.replayed}"
    if replayed.lacks:
        yield f"    lacks {', '.join(visible(each) for each in replayed.lacks)}"
    if replayed.hint:
        yield f"    hint: {replayed.hint}"


def _undecided(record: Record) -> Iterator[str]:
    merge, head = (visible(str(record.facts.get(name, "unknown")), limit=12) for name in ("merge", "head"))
    yield f"✘ {record.change} merge {merge}: no recorded decision let {head} merge"


def _total(replay: Replay) -> str:
    if not (replay.decisions or replay.undecided):
        return "no decision of the gate is recorded"
    total = len(replay.decisions)
    counts = [f"{replay.count(each)} {words}" for each, words in _COUNTED.items() if replay.count(each)]
    counts += [f"{len(replay.undecided)} merged without one"] if replay.undecided else []
    return f"{total} decision{'' if total == 1 else 's'}: {', '.join(counts)}"
