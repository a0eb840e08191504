"""One pass of the monitor: what all changes under watch have in common is read once for all of them."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field

from bot.approve.footprint import Footprint, footprint_of, footprints_of
from bot.ledger.site import Site
from bot.model.errors import BotError
from bot.model.json import Json
from bot.model.names import ChangeId, CommitSha
from bot.model.record import Record
from bot.model.settings import Settings
from bot.model.verdict import Verdict
from bot.monitor.approved import ApprovedRecipes
from bot.monitor.feeds import Feeds, Need, PassFeeds
from bot.monitor.observe import Observer, needs_of
from bot.monitor.previous import Runs
from bot.monitor.watched import Watched
from bot.recipes.library import CompiledRecipe


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One change measured in this pass, which neither is nor will be taken back by it."""

    watched: Watched
    recipe: CompiledRecipe
    verdict: Verdict
    facts: Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One run of the monitor; `seen` fills as it goes through the changes."""

    site: Site
    settings: Settings
    base: CommitSha
    observer: Observer
    footprints: Mapping[CommitSha, Footprint]
    seen: list[Seen] = field(default_factory=list)
    _records: dict[ChangeId, list[Record]] = field(default_factory=dict, repr=False)

    def records_of(self, change: ChangeId) -> Sequence[Record]:
        """Return one change's records as this pass found them first; all of them are gone through once."""
        if not self._records:
            for record in self.site.ledger.records():
                self._records.setdefault(record.change, []).append(record)
        return self._records.get(change, ())

    def footprint(self, watched: Watched) -> Footprint:
        """Return what a change's merge did; what could not be read with the others is read again, and says why."""
        found = self.footprints.get(watched.merge)
        return found or footprint_of(self.site.repository, watched.merge, self.base)


def begin(site: Site, settings: Settings, base: CommitSha, feeds: Feeds, watches: Sequence[Watched]) -> Round:
    """Read for all changes together: their merges, the recipes at these, and every feed once.

    Git works on the merges while recipes and feeds are read.
    """
    merges = [merge for watched in watches if (merge := watched.merged) is not None]
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="git") as beside:
        footprints = beside.submit(footprints_of, site.repository, merges, base)
        recipes = ApprovedRecipes(site.repository, settings, merges)
        specs = {spec.name: spec for spec in settings.feeds}
        needs = _needs(recipes, watches, settings, site)
        observer = Observer(
            settings=settings,
            specs=specs,
            recipes=recipes,
            feeds=PassFeeds(feeds, specs, needs, now=site.now),
            runs=Runs(site.ledger.records),
            now=site.now,
        )
    return Round(site=site, settings=settings, base=base, observer=observer, footprints=footprints.result())


def _needs(recipes: ApprovedRecipes, watches: Sequence[Watched], settings: Settings, site: Site) -> Iterator[Need]:
    """Foresee what will be measured; what is wrong with a change is told when it is looked at."""
    for watched in watches:
        if watched.intent is None:
            with suppress(BotError):
                yield from needs_of(watched, recipes.of(watched), settings.policy.rollback, site.now)
