"""`pow detect`: read the feeds, see which recipes fire, and propose what they ask for, each once."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import assert_never

from bot.collect.gather import Collector, Gathered, uses_of
from bot.collect.scan import Conditions, screen
from bot.diagnose.decide import NotFiring, diagnose, needs_of, remains
from bot.diagnose.process import rank
from bot.ledger.lifecycle import Standing
from bot.ledger.site import Site
from bot.model.change import Change, Proposal
from bot.model.errors import BotError
from bot.model.event import Event, Mark, Step, StepReport
from bot.model.finding import ComplaintCount, Finding, Ranking
from bot.model.names import CommitSha, FeedName, RecipeId
from bot.model.recipe import Recipe
from bot.model.series import Reading
from bot.model.settings import FeedSpec, Settings
from bot.model.verdict import Measurement, RuleOutcome
from bot.propose import messages
from bot.propose.askers import Askers
from bot.propose.desk import Desk, Rehearse
from bot.propose.figures import Texts
from bot.propose.impact import affected_in
from bot.propose.life import (
    Renewal,
    Replace,
    Retire,
    Revive,
    decide,
    fading,
    instants,
    orphaned,
    waiting,
)
from bot.propose.note_queue import note_queue
from bot.propose.pace import paced, slowed
from bot.propose.plan import Held, Situation, queue
from bot.propose.proposal import proposal_of
from bot.propose.publish import Publisher, edited, landed
from bot.propose.upkeep import refigured, retire, retire_gone, revive, supersede
from bot.recipes.library import CompiledRecipe, Library
from bot.report.pull_request import Case, redline_of, title_of
from bot.rules.scan import Question


def run(
    site: Site,
    *,
    library: Library,
    base: CommitSha,
    collector: Collector,
    dry_run: bool = False,
    rehearse: Rehearse | None = None,
) -> StepReport:
    """Go through all recipes of a library that was read at `base`; a dry run only says what it would propose.

    `rehearse` replays a recipe on what was read, for the text of its proposal.
    """
    if library.settings is None:
        sentence = "the settings cannot be read, so nothing is detected"
        event = Event(step=Step.DETECT, mark=Mark.FAILURE, sentence=sentence, hint="run `pow lint`")
        return StepReport(step=Step.DETECT, events=(*messages.broken(library), event))
    detector = _Detector(
        site=site,
        library=library,
        settings=library.settings,
        base=base,
        collector=collector,
        dry_run=dry_run,
        rehearse=rehearse,
    )
    return StepReport(step=Step.DETECT, events=tuple(detector.events()))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Detector:
    """One run of the step."""

    site: Site
    library: Library
    settings: Settings
    base: CommitSha
    collector: Collector
    dry_run: bool
    rehearse: Rehearse | None

    def events(self) -> Iterator[Event]:
        """Screen the rules where that pays, read each feed once, then decide on all firing recipes together."""
        yield from messages.broken(self.library)
        opened = waiting(self.site.ledger.records())
        screened = self._screened(opened)
        gathered = self.collector.gather(self._specs(screened.keys(), opened), now=self.site.now)
        yield from messages.unread(gathered)
        findings: dict[RecipeId, Finding] = {}
        fading: list[Retire] = [*orphaned(self.site.ledger.records(), self.library)]
        for compiled in self.library.recipes:
            measurement = screened.get(compiled.recipe.id)
            found = NotFiring(measurement=measurement) if measurement else self._diagnosed(compiled, gathered)
            if isinstance(found, NotFiring):
                yield messages.quiet(compiled, found)
                if (old := opened.get(compiled.recipe.id)) is not None:
                    fading += self._fading(compiled, old, found, gathered)
            else:
                findings[compiled.recipe.id] = found
        yield from self._proposals(findings, fading, gathered.readings)

    def _fading(
        self, compiled: CompiledRecipe, old: Standing, found: NotFiring, gathered: Gathered
    ) -> Iterator[Retire]:
        """Look back whether a bottleneck has been gone for as long as the policy asks."""
        span, now = self.settings.policy.close_after, self.site.now
        looks = (remains(compiled, gathered.readings, now=moment) for moment in (now, *instants(now, span)))
        is_there = found.measurement.outcome is not RuleOutcome.DOES_NOT_HOLD
        retired = None if is_there else fading(old, looks, span)
        if retired is not None:
            yield retired

    def _screened(self, opened: Collection[RecipeId]) -> dict[RecipeId, Measurement]:
        """Measure the rules that clearly do not fire, by one scan of each table that many of them share."""
        asked = [each for each in self.library.recipes if each.recipe.id not in opened]
        questions = [Question(rule=each.bottleneck, needs=needs_of(each)) for each in asked]
        found = screen(questions, self._feeds(opened), Conditions(access=self.collector.access), now=self.site.now)
        measured = [each.measurement(self.site.now) for each in found]
        pairs = zip(asked, measured, strict=True)
        return {compiled.recipe.id: measurement for compiled, measurement in pairs if measurement}

    def _specs(self, screened: Collection[RecipeId], opened: Collection[RecipeId]) -> tuple[FeedSpec, ...]:
        """Name every feed that is still to be read."""
        needed: dict[FeedName, FeedSpec] = {}
        known = self._feeds(opened)
        for compiled in self.library.recipes:
            is_screened = compiled.recipe.id in screened
            for name in _feeds_of(compiled):
                reads = name in compiled.bottleneck.feeds
                if name in known and not (reads and is_screened):
                    needed[name] = known[name]
        return tuple(needed.values())

    def _feeds(self, opened: Collection[RecipeId]) -> dict[FeedName, FeedSpec]:
        """Return every feed with enough history for all rules, so that screening some changes nothing for others."""
        feeds = {spec.name: spec for spec in self.settings.feeds}
        for compiled in self.library.recipes:
            further = self.settings.policy.close_after if compiled.recipe.id in opened else timedelta(0)
            rules = [rule for rule in (compiled.bottleneck, compiled.clear) if rule is not None]
            needed = max(rule.lookback for rule in rules) + further
            for name in compiled.bottleneck.feeds:
                if name in feeds and feeds[name].history < needed:
                    feeds[name] = replace(feeds[name], history=needed)
        return feeds

    def _diagnosed(self, compiled: CompiledRecipe, gathered: Gathered) -> Finding | NotFiring:
        return diagnose(
            compiled,
            gathered.readings,
            now=self.site.now,
            complaints=_complaints_of(compiled, gathered),
            ranking=_ranking_of(compiled, gathered),
            sources=uses_of(gathered, _feeds_of(compiled)),
        )

    def _proposals(
        self, findings: Mapping[RecipeId, Finding], fading: list[Retire], readings: Mapping[FeedName, Reading]
    ) -> Iterator[Event]:
        """Plan all firing recipes at once, and handle each apart."""
        firing = [compiled for compiled in self.library.recipes if compiled.recipe.id in findings]
        situation = self._situation(findings)
        yield from slowed(situation.policy, self.settings.policy) if firing else ()
        situation, decided = self._decided([compiled.recipe for compiled in firing], situation, fading)
        desk = self._desk(readings)
        for compiled, each in zip(firing, decided, strict=True):
            finding = findings[compiled.recipe.id]
            match each:
                case Held():
                    yield messages.waits(each)
                    yield from refigured(desk, compiled, finding, situation)
                case Retire():
                    yield from retire(desk, each, situation)
                case Revive():
                    yield from revive(desk, each, situation.records)
                case Replace():
                    yield from self._propose(each.change, compiled, finding, desk)
                    yield from supersede(desk, each)
                case Change():
                    yield from self._propose(each, compiled, finding, desk)
                case _:
                    assert_never(each)
        yield from retire_gone(desk, fading, situation)
        later = replace(situation, policy=paced(self.settings.policy, (), self.site.now))
        held = tuple(each for each in decided if isinstance(each, Held))
        yield from messages.queued(queue(held, later))
        if desk.drafts:
            yield from desk.record()
        if not self.dry_run:
            yield from note_queue(self.site, held, self.library)

    def _desk(self, readings: Mapping[FeedName, Reading]) -> Desk:
        return Desk(
            site=self.site,
            policy=self.settings.policy,
            readings=readings,
            dry_run=self.dry_run,
            rehearse=self.rehearse,
            publisher=Publisher(site=self.site),
            texts=Texts(site=self.site),
            askers=Askers(forge=self.site.forge, logins=self.site.started_by, known=self.site.askers),
        )

    def _decided(
        self, recipes: list[Recipe], situation: Situation, gone: list[Retire]
    ) -> tuple[Situation, tuple[Renewal | Change, ...]]:
        """Decide on all firing recipes; the kill switch and merges are looked up only where something is to be done.

        The base was read before the records: of a merge in between neither tells, of one before it the base does.
        """
        touched = edited(self.site, situation.records)
        decided = decide(recipes, situation, touched)
        if not gone and all(isinstance(each, Held) for each in decided):
            return situation, decided
        moved = (each.old for each in decided if isinstance(each, Replace | Retire))
        settled = landed(self.site, situation.records, moved, self.base)
        known = replace(situation, switch=self.site.kill_switch.state(), landed=settled)
        return known, decide(recipes, known, touched)

    def _situation(self, findings: Mapping[RecipeId, Finding]) -> Situation:
        """Gather what the plan depends on, save the kill switch."""
        return Situation(
            files=self.site.repository.read_many("patches/", self.base),
            records=self.site.ledger.records(),
            policy=paced(self.settings.policy, self.site.ledger.records(), self.site.now),
            muted=self.settings.muted,
            now=self.site.now,
            affected=affected_in(findings),
        )

    def _proposal(self, case: Case, askers: tuple[int, ...]) -> Proposal:
        return proposal_of(case, base=self.base, started_by=self.site.started_by, accounts=askers)

    def _propose(
        self,
        change: Change,
        compiled: CompiledRecipe,
        finding: Finding,
        desk: Desk,
    ) -> Iterator[Event]:
        """Publish one change; the desk takes the record of it."""
        try:
            case = desk.case(change, compiled, finding)
            if self.dry_run:
                yield from messages.firing(case)
                yield messages.would(case, self.base)
                return
            asked = (team for each in case.approvers for team in each.teams) if case.needs_people else ()
            teams = tuple(dict.fromkeys(asked))
            published = desk.publisher.publish(self._proposal(case, desk.askers.numbers()), teams)
        except BotError as error:
            yield messages.about(change.recipe, Mark.FAILURE, error.message, change=change, hint=error.hint)
            return
        desk.drafts.append(published.draft)
        number = published.pull.number
        yield from messages.firing(case)
        data: dict[str, str | int] = {"pull": number, "url": published.pull.url}
        data["redline"] = redline_of(case.change.edits)
        said = f"proposed in pull request {number}: {title_of(case).removeprefix(f'{case.recipe.id}: ')}"
        yield messages.about(change.recipe, Mark.DONE, said, change=change, data=data)
        for warning in published.warnings:
            sentence = f"pull request {number}: {warning}"
            yield messages.about(
                change.recipe, Mark.WARNING, sentence, change=change, hint="check the token's permissions"
            )


def _feeds_of(compiled: CompiledRecipe) -> tuple[FeedName, ...]:
    """Name a recipe's feeds, the rule's own first, each once."""
    recipe = compiled.recipe
    log = (recipe.process_log,) if recipe.process_log else ()
    return tuple(dict.fromkeys((*compiled.bottleneck.feeds, *recipe.watch_feeds, *log)))


def _complaints_of(compiled: CompiledRecipe, gathered: Gathered) -> ComplaintCount | None:
    return next((gathered.complaints[name] for name in _feeds_of(compiled) if name in gathered.complaints), None)


def _ranking_of(compiled: CompiledRecipe, gathered: Gathered) -> Ranking | None:
    log = gathered.logs.get(compiled.recipe.process_log) if compiled.recipe.process_log else None
    return rank(log) if log is not None else None
