"""The state that the page shows, gathered from the town: what stands where, and which of the seven steps is on."""

from collections.abc import Mapping

from bot.ledger.lifecycle import Stage, open_changes
from bot.model.clock import format_time
from bot.model.errors import BotError
from bot.model.json import Json
from bot.model.record import Record
from bot.sandbox.page.actions import SPANS
from bot.sandbox.page.charts import charts_of, gauges_of
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
    Stage.MERGED: 5,
    Stage.DEPLOYED: 6,
    Stage.SYNCED: 7,
    Stage.WATCHING: 7,
    Stage.REVERTING: 7,
}


class Scene:
    """What there is to see; `look` reads it anew."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self._ledger = LedgerReader(town)
        self._seen: Mapping[str, Json] = {}
        self._waiting: tuple[int, ...] = (1,)

    def records(self) -> tuple[Record, ...]:
        """Return the ledger's records as they are now."""
        return self._ledger.records()

    def look(self) -> None:
        """Read the town; a ledger that cannot be read is shown as a problem, the rest goes on."""
        town, problem = self._town, ""
        try:
            records = self.records()
        except BotError as error:
            records, problem = (), f"{error.message} ({error.hint})"
        self._waiting = tuple(sorted({_WAITING[each.stage] for each in open_changes(records)})) or (1,)
        self._seen = {
            "now": format_time(town.clock.now()),
            "problem": problem,
            "gauges": gauges_of(town.agency),
            "charts": charts_of(town.agency),
            "marks": marks_of(records),
            "pulls": pulls_of(town),
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
            "people": people,
            "spans": spans,
        }
