"""What waits to be proposed, as the last detection found it, for `pow status`."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import click

from bot.cli.show import one_line, wants_colour
from bot.ledger.looks import LOOKS_BRANCH
from bot.ledger.queue_notes import QUEUE_FILE, read_queue
from bot.ledger.site import Site
from bot.model.clock import format_time
from bot.model.json import Json
from bot.model.queue import Queued, WaitsFor
from bot.model.record import Record
from bot.model.settings import Policy
from bot.propose.plan import lengths

_MOST = 50
_WORDS = {
    WaitsFor.AUTOMATIC: "for room among those that need no approval",
    WaitsFor.PEOPLE: "for room among those that wait for people",
    WaitsFor.URGENT: "for room among urgent ones",
    WaitsFor.NEXT_RUN: "for the next run",
    WaitsFor.CALENDAR: "until the calendar is open",
    WaitsFor.TARGET: "until another change of the same target is closed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """Firing recipes that wait, the longest first, and the sentences in which a detection tells how many."""

    waiting: tuple[Queued, ...]
    lengths: tuple[str, ...]


def queue_of(site: Site, records: tuple[Record, ...], policy: Policy | None) -> Queue:
    """Read what the last detection noted; its figures are those of its run and of its job's summary."""
    head = site.repository.head(LOOKS_BRANCH)
    noted = read_queue(site.repository.read(QUEUE_FILE, head)) if head is not None else ()
    waiting = tuple(sorted(noted, key=lambda each: (each.since, each.recipe)))
    told = lengths([each.waits_for for each in waiting], records, policy, site.now) if policy else ()
    return Queue(waiting=waiting, lengths=told)


def queue_json(queue: Queue) -> Mapping[str, Json]:
    """Return the queue as JSON."""
    counts = Counter(each.waits_for for each in queue.waiting)
    return {
        "counts": {each.value: counts[each] for each in WaitsFor},
        "sentences": list(queue.lengths),
        "waiting": [
            {
                "recipe": each.recipe,
                "waits_for": each.waits_for.value,
                "since": format_time(each.since),
                "sentence": each.sentence,
            }
            for each in queue.waiting
        ],
    }


def show_queue(queue: Queue) -> None:
    """Print how many wait, for what, and each of them with the time since when."""
    for sentence in queue.lengths:
        click.echo(click.style(f"! the queue: {one_line(sentence)}", fg="yellow"), color=wants_colour())
    for each in queue.waiting[:_MOST]:
        line = f"… {each.recipe} waits {_WORDS[each.waits_for]} since {format_time(each.since)}"
        click.echo(one_line(line))
    if len(queue.waiting) > _MOST:
        click.echo(f"… and {len(queue.waiting) - _MOST:,} more; `pow status --json` has them all")
