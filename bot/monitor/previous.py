"""The run before: the last change of a recipe and its targets that ended in success, as the ledger has it (pure).

It is a baseline only while nothing else was live on its targets; a change whose records are damaged is none.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from bot.model.clock import format_time
from bot.model.errors import LedgerError
from bot.model.names import ChangeId
from bot.model.record import Phase, Record
from bot.model.series import FeedFailure, Reading, Series, Window
from bot.monitor.watched import SUCCESS, Watched, ever_live


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A change that took effect at `effective_at`; from `until` on something else was live on one of its targets."""

    change: ChangeId
    effective_at: datetime
    until: datetime

    def aligned(self, window: Window, live: datetime) -> Window:
        """Return the window that lies as long after this run as the given one after a change that is live."""
        shift = live - self.effective_at
        return Window(start=window.start - shift, end=window.end - shift)


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviousRun:
    """What a feed holds of a window of the run before; `reading` is None where that run was over by then."""

    run: Run
    window: Window
    reading: Reading | None

    @property
    def who(self) -> str:
        """Say which run it is."""
        return f"the run before, change {self.run.change}"

    @property
    def in_words(self) -> str:
        """Say what is compared with it."""
        return f"as long after the deployment of {self.who} ({format_time(self.run.effective_at)})"

    @property
    def kept(self) -> Series | str:
        """What can be read of it, or why nothing can."""
        if self.reading is None:
            return f"{self.who}: something else was live from {format_time(self.run.until)} on"
        if isinstance(self.reading, FeedFailure):
            return f"{self.who}: {self.reading.feed} cannot be read: {self.reading.message}"
        return self.reading

    def is_gone(self, series: Series) -> str:
        """Say that a feed holds nothing of it."""
        return f"{self.who}: {series.feed} holds nothing from {format_time(self.window.start)} on any more"


NO_RUN = "no run before it that ended in success is known"
"""Why there is no previous run."""


class Runs:
    """The runs that ended in success, sought out of the records once, when the first of them is asked for."""

    def __init__(self, records: Callable[[], Iterable[Record]]) -> None:
        self._records = records
        self._lives: tuple[Watched, ...] | None = None

    def before(self, watched: Watched) -> Run | None:
        """Return the newest run before a change."""
        if self._lives is None:
            self._lives = ever_live(self._records())
        live, targets = watched.effective_at, frozenset(watched.targets)
        found = [(at, each) for each in self._lives for at in _begun(each, watched.recipe, targets) if at < live]
        if not found:
            return None
        at, run = max(found, key=lambda pair: (pair[0], pair[1].id))
        others = (each for each in self._lives if each.id != run.id and targets.intersection(each.targets))
        until = min((begun for other in others if (begun := _begun_by(other)) >= at), default=live)
        return Run(change=run.id, effective_at=at, until=min(until, live))


def _begun(life: Watched, recipe: str, targets: frozenset[str]) -> Iterator[datetime]:
    """Yield when a change went live, if it is a run of this recipe on these targets that ended in success."""
    if life.latest.get(Phase.CLOSED, {}).get("outcome") != SUCCESS or life.rollback_of is not None:
        return
    try:
        if life.recipe == recipe and frozenset(life.targets) == targets:
            yield life.effective_at
    except LedgerError:
        return


def _begun_by(life: Watched) -> datetime:
    """Return by when a change was live: at the latest when that was written down."""
    try:
        return life.effective_at
    except LedgerError:
        return next(record.at for record in life.records if record.phase is Phase.DEPLOYED)
