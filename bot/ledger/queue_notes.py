"""What waited when the detection last looked: one file beside the gate's notes, which every fetch brings (pure).

Only a detection reads feeds, so only it knows what fires; this is how `pow status` can tell. It decides nothing: a
note that is gone or forged is written anew by the next run that finds another queue, and proposes nothing by itself.
"""

import json
from collections.abc import Collection, Iterable, Mapping

from bot.model.clock import format_time, parse_time
from bot.model.json import Json, canonical
from bot.model.names import RecipeId
from bot.model.queue import Queued, WaitsFor
from bot.report.untrusted import visible

QUEUE_FILE = "queue.json"
_SCHEMA = "urn:pow-bot:queue:v1"
_LONGEST = 4_000_000
_SENTENCE = 300


def write_queue(queue: Iterable[Queued]) -> bytes:
    """Write what waits as a file, in order of the recipes."""
    waiting: Mapping[str, Json] = {
        each.recipe: {
            "waits_for": each.waits_for.value,
            "since": format_time(each.since),
            "sentence": visible(each.sentence, limit=_SENTENCE),
        }
        for each in queue
    }
    return canonical({"schema": _SCHEMA, "waiting": waiting})


def read_queue(content: bytes | None) -> tuple[Queued, ...]:
    """Read what waits, in order of the recipes; a file that is anything else says that nothing does."""
    if content is None or len(content) > _LONGEST:
        return ()
    try:
        document = json.loads(content)
        if document["schema"] != _SCHEMA:
            return ()
        return tuple(_queued(name, each) for name, each in sorted(document["waiting"].items()))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return ()


def continued(
    before: Iterable[Queued], now: Iterable[Queued], *, looked_at: Collection[RecipeId]
) -> tuple[Queued, ...]:
    """Return the queue after a run that looked at these recipes: what waits for the same keeps since when it does.

    What was not looked at waits as before: a run may be about one recipe, or about its share of them.
    """
    known = {each.recipe: each for each in before}
    kept = [each for name, each in known.items() if name not in looked_at]
    return tuple(
        sorted([*kept, *(_since(known.get(each.recipe), each) for each in now)], key=lambda each: each.recipe)
    )


def is_same(one: Iterable[Queued], other: Iterable[Queued]) -> bool:
    """Tell whether the same recipes wait for the same; the words may tell of other figures."""
    return {(each.recipe, each.waits_for) for each in one} == {(each.recipe, each.waits_for) for each in other}


def _since(before: Queued | None, now: Queued) -> Queued:
    return before if before is not None and before.waits_for is now.waits_for else now


def _queued(name: str, noted: Mapping[str, str]) -> Queued:
    return Queued(
        recipe=RecipeId(name),
        waits_for=WaitsFor(noted["waits_for"]),
        since=parse_time(noted["since"]),
        sentence=visible(noted["sentence"], limit=_SENTENCE),
    )
