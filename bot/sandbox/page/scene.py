"""The state that the page shows, gathered from the town: what stands where, and which of the seven steps is on."""

from collections.abc import Mapping

import httpx

from bot.ledger.lifecycle import Stage, open_changes
from bot.model.clock import format_time
from bot.model.errors import BotError
from bot.model.json import Json
from bot.model.record import Record
from bot.sandbox.page.actions import SPANS
from bot.sandbox.page.charts import Charts
from bot.sandbox.page.history import LedgerReader, changes_json, commits_of, marks_of, records_json
from bot.sandbox.page.pulls import pulls_of
from bot.sandbox.town import PEOPLE, Town

STEPS = ("Collect", "Diagnose", "Propose", "Approve", "Deploy", "Sync", "Monitor")
_RUNNING = {
    "pow detect": (1, 2, 3),
    "pow gate": (4,),
    "pow deploy": (5, 6),
    "pow monitor": (7,),
}
_WAITING = {
    Stage.PROPOSED: 4,
    Stage.APPROVED: 4,
    Stage.RESTING: 1,
    Stage.MERGED: 5,
    Stage.DEPLOYED: 6,
    Stage.SYNCED: 7,
    Stage.WATCHING: 7,
    Stage.REVERTING: 7,
}


class Scene:
    """What there is to see; `look` reads it anew, the pull requests as the person whose client `reader` is."""

    def __init__(self, town: Town, reader: httpx.Client) -> None:
        self._town = town
        self._reader = reader
        self._charts = Charts(town.agency)
        self._ledger = LedgerReader(town)
        self._seen: Mapping[str, Json] = {}
        self._waiting: tuple[int, ...] = (1,)
        self._sentence = "Opening the passport office ..."

    def records(self) -> tuple[Record, ...]:
        """Return the ledger's records as they are now."""
        return self._ledger.records()

    def look(self) -> None:
        """Read the town; what cannot be read is said, and the rest stays as it was."""
        try:
            self._seen = self._gather()
        except BotError as error:
            self._seen = {**self._seen, "problem": f"{error.message} {error.hint}".strip()}
        except Exception as error:  # noqa: BLE001 -- the page must show its log whatever the town is like
            self._seen = {**self._seen, "problem": f"the town cannot be read: {type(error).__name__}: {error}"}

    def _gather(self) -> Mapping[str, Json]:
        town, records = self._town, self.records()
        stages = frozenset(each.stage for each in open_changes(records))
        self._waiting = tuple(sorted({_WAITING[stage] for stage in stages})) or (1,)
        self._sentence = sentence_of(stages)
        return {
            "problem": "",
            "now": format_time(town.clock.now()),
            "gauges": self._charts.gauges(),
            "charts": self._charts.charts(),
            "marks": marks_of(records),
            "pulls": pulls_of(town, self._reader),
            "changes": changes_json(records),
            "history": commits_of(town),
            "ledger": records_json(records),
        }

    def state(self, running: str | None) -> Mapping[str, Json]:
        """Return everything that was seen last, and what runs now."""
        lit = _RUNNING.get(running or "", self._waiting)
        people: list[Json] = [
            {"login": person.login, "role": person.role, "teams": list(person.teams)} for person in PEOPLE
        ]
        spans: list[Json] = [{"hours": hours, "label": label} for hours, label in SPANS.items()]
        return {
            **self._seen,
            "running": running,
            "steps": list(STEPS),
            "lit": list(lit),
            "sentence": self._sentence,
            "people": people,
            "spans": spans,
        }


def sentence_of(stages: frozenset[Stage]) -> str:
    """Say what a person can do now, by the stages of what is open."""
    if Stage.PROPOSED in stages:
        return "A pull request waits for a reviewer: read it, then approve, edit or reject it."
    if Stage.REVERTING in stages:
        return "A change is being taken back: let time pass, and the monitor says whether it helped."
    if stages & {Stage.SYNCED, Stage.WATCHING}:
        return "The change is live, and the monitor watches it: let time pass."
    if stages:
        return "Something is half done, and the next run goes on with it: let time pass."
    return "Nothing is open: let time pass, and the bot looks for the next bottleneck."
