"""`pow gate`: decide on every open proposal, merge what is approved, record what was merged, rejected or expired."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from bot.approve.aftermath import follow_up
from bot.approve.closing import expire
from bot.approve.emergency import Outstanding, outstanding
from bot.approve.events import about, guarded, if_any, told
from bot.approve.facts import GateFacts, RecordedProposal, recorded_proposal
from bot.approve.gate import decide, has_expired, proof_of
from bot.approve.gather import Gatherer
from bot.approve.merging import Merging
from bot.approve.notebook import Notebook
from bot.approve.people import look_at
from bot.approve.present import show_edit
from bot.approve.rego import RegoProgram
from bot.approve.remind import remind
from bot.approve.retire import keep, retire, retirement, stands_by
from bot.approve.returned import Returns
from bot.approve.shown import show_gate
from bot.ledger.lifecycle import open_changes
from bot.ledger.site import Site
from bot.model.decision import GateDecision
from bot.model.errors import WorkspaceError
from bot.model.event import Event, Mark, Step, StepReport
from bot.model.forge import PullRequest
from bot.model.names import ChangeId, CommitSha, Digest, PullNumber
from bot.model.record import Phase, Record
from bot.model.settings import Policy
from bot.recipes.library import Library
from bot.report.gate import summary_of

_BRANCHES = "pow/"
_SETTINGS = "pow/"


def run(
    site: Site,
    *,
    library: Library,
    base: CommitSha,
    only: PullNumber | None = None,
    rego: RegoProgram | None = None,
) -> StepReport:
    """Look at every proposal that is not settled, or at one; `base` is the commit that the library was read from.

    `rego` runs the agency's own policies, where it has some; without it such a policy refuses everything.
    """
    if library.settings is None:
        sentence = "the settings cannot be read, so nothing can be approved"
        event = Event(step=Step.GATE, mark=Mark.FAILURE, sentence=sentence, hint="run `pow lint`")
        return StepReport(step=Step.GATE, events=(event,))
    site.repository.fetch()
    gatherer = Gatherer(
        site=site,
        policy=library.settings.policy,
        recipes={compiled.recipe.id: compiled.recipe for compiled in library.recipes},
        default_branch=site.repository.default_branch(),
        rego=rego,
    )
    gate = _Gate(
        site=site,
        gatherer=gatherer,
        policy=library.settings.policy,
        read_at=base,
        notebook=Notebook.open(site, library.settings.policy),
        merging=Merging(site=site, policy=library.settings.policy, default_branch=gatherer.default_branch),
    )
    return StepReport(step=Step.GATE, events=tuple(gate.events(only)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gate:
    """One run of the step; every pull request is handled apart, so that one failure stops no other."""

    site: Site
    gatherer: Gatherer
    policy: Policy
    read_at: CommitSha
    notebook: Notebook
    merging: Merging

    def events(self, only: PullNumber | None) -> Iterator[Event]:
        """Settle first what is over: a merge that was not recorded has moved the base."""
        records = self.site.ledger.records()
        opened = {pull.number: pull for pull in self.gatherer.open_pulls() if _is_proposal(pull)}
        unsettled = [each for each in _unsettled(records) if only in {None, PullNumber(each.pull)}]
        asleep = {each.change for each in open_changes(records) if each.may_return(self.site.now)}
        for proposed in unsettled:
            if proposed.change in asleep and not self._is_in(proposed):
                continue
            if PullNumber(proposed.pull) not in opened:
                yield guarded(partial(self.merging.over, proposed, records), change=proposed.change)
        for number in sorted(opened):
            if only not in {None, number}:
                continue
            if (holder := self.gatherer.holder(opened[number], records)) is not None:
                yield self._held_elsewhere(opened[number], holder)
                continue
            seen = self._seen(opened[number], records)
            if only is None and self.notebook.spares(number, seen):
                continue
            self.notebook.void(number)
            yield guarded(partial(self._open, opened[number], records, seen), subject=f"#{number}")
        yield from self._people(only, records)
        returns = self._returns()
        yield from returns.events(only)
        yield from self.notebook.close({*(pull.number for pull in self.gatherer.open_pulls()), *returns.waiting})
        yield from self._emergencies(only, records)

    def _seen(self, pull: PullRequest, records: tuple[Record, ...]) -> Digest | None:
        """Digest what shows of a pull request without asking for it, with what else is open beside it."""
        base = self.site.repository.head(self.gatherer.default_branch)
        return self.notebook.seen(pull, records, self.gatherer.others(pull, base, records) if base else ())

    def _people(self, only: PullNumber | None, records: tuple[Record, ...]) -> Iterator[Event]:
        """Publish the checks on what the bot did not open, so that they can be required ones for everybody."""
        for pull in self.gatherer.open_pulls():
            for_us = pull.base_branch == self.gatherer.default_branch and not _is_proposal(pull)
            if not for_us or only not in {None, pull.number}:
                continue
            if (holder := self.gatherer.holder(pull, records)) is not None:
                yield self._held_elsewhere(pull, holder)
                continue
            seen = self._seen(pull, records)
            if only is None and self.notebook.spares(pull.number, seen):
                continue
            self.notebook.void(pull.number)
            yield from if_any(partial(self._of_people, pull, records, seen), subject=f"#{pull.number}")

    def _held_elsewhere(self, pull: PullRequest, holder: PullNumber) -> Event:
        """Show nothing on a commit whose checks are another pull request's, and look again when that is over."""
        self.notebook.void(pull.number)
        sentence = f"its commit is that of pull request {holder}, whose checks stand there"
        return about(Mark.WARNING, pull, sentence, hint="decide on that one, or close it")

    def _returns(self) -> Returns:
        """Look at what people took back, by records of now: this run may have merged."""
        return Returns(
            site=self.site,
            gatherer=self.gatherer,
            policy=self.policy,
            records=self.site.ledger.records(),
            notebook=self.notebook,
        )

    def _emergencies(self, only: PullNumber | None, records: tuple[Record, ...]) -> Iterator[Event]:
        """See to the reviews of what was merged in an emergency, in this run or before."""
        if self.policy.emergency is None and not outstanding(records, self.policy):
            return
        for emergency in outstanding(self.site.ledger.records(), self.policy):
            if only in {None, emergency.pull}:
                yield guarded(partial(self._afterwards, emergency), change=emergency.change)

    def _afterwards(self, emergency: Outstanding) -> Event:
        """See to the review of what was merged in an emergency."""
        pull, base = self.site.forge.pull(emergency.pull), self.site.repository.head(self.gatherer.default_branch)
        if base is None or pull.head != emergency.head:
            return about(Mark.WARNING, pull, "the emergency's head is not the one that was merged")
        facts = self.gatherer.facts(pull, base=base, records=self.site.ledger.records())
        return follow_up(self.site, self.policy, emergency, facts)

    def _open(self, pull: PullRequest, records: tuple[Record, ...], seen: Digest | None) -> Event:
        """Decide on an open pull request, show the decision, and act on it, or note what was seen."""
        repository = self.site.repository
        if repository.head(pull.head_branch) != pull.head:
            repository.fetch()
        base = repository.head(self.gatherer.default_branch)
        if base is None or repository.head(pull.head_branch) != pull.head:
            return about(Mark.WAIT, pull, "its branch moved while it was read", hint="the next run looks again")
        if any(file.path.startswith(_SETTINGS) for file in repository.changed(self.read_at, base)):
            return about(Mark.WAIT, pull, "the settings changed meanwhile", hint="the next run reads them anew")
        facts = self.gatherer.facts(pull, base=base, records=records)
        return self._retired(pull, facts, records) or self._decided(pull, facts, seen)

    def _is_in(self, proposed: RecordedProposal) -> bool:
        """Tell whether what the bot closed was merged all the same; a commit that no clone has is on no base."""
        repository = self.site.repository
        base, head = repository.head(self.gatherer.default_branch), CommitSha(proposed.head)
        try:
            return base is not None and repository.is_ancestor(head, base)
        except WorkspaceError:
            return False

    def _decided(self, pull: PullRequest, facts: GateFacts, seen: Digest | None) -> Event:
        decision = decide(facts, self.policy, self.site.now)
        self._show(decision, facts)
        approved, proposed = proof_of(decision), facts.proposed
        if proposed is not None and approved is not None:
            return self.merging.merge(approved, decision, facts, proposed)
        if proposed is None or proposed.pull != pull.number:
            return told(decision, pull)
        if has_expired(decision):
            said = expire(self.site, self.policy, decision, facts, proposed)
            return about(Mark.NOTE, pull, said, change=proposed.change)
        said = remind(self.site, decision, proposed.change)
        self.notebook.note(pull, seen)
        return told(decision, pull, said=said)

    def _retired(self, pull: PullRequest, facts: GateFacts, records: tuple[Record, ...]) -> Event | None:
        """Close what the detector found to be of no use any more, unless people stand by it or it is stopped."""
        proposed, retiring = facts.proposed, retirement(records, facts.proposed)
        if proposed is None or retiring is None or proposed.pull != pull.number or proposed.closed is not None:
            return None
        if self.policy.paused or facts.switch.against(facts.recipe_id, facts.targets):
            return None
        if why := stands_by(facts, retiring):
            keep(self.site, pull, proposed, retiring, why)
            return None
        said = retire(self.site, pull, proposed, retiring)
        return about(Mark.NOTE, pull, said, change=proposed.change)

    def _show(self, decision: GateDecision, facts: GateFacts) -> None:
        """Publish the check, and keep our one comment on a recorded proposal up to date."""
        show_gate(self.site.forge, decision)
        if facts.proposed is not None and facts.proposed.pull == decision.pull:
            marker = f"<!-- pow:gate:{facts.proposed.change} -->"
            self.site.forge.put_comment(decision.pull, marker=marker, body=summary_of(decision))
            show_edit(self.site, facts)

    def _of_people(self, pull: PullRequest, records: tuple[Record, ...], seen: Digest | None) -> Event | None:
        """Publish the checks on a pull request that the bot did not open."""
        base = self.site.repository.head(self.gatherer.default_branch)
        if base is None or (pull.same_repository and self.gatherer.touched(pull, base) is None):
            return None
        found = look_at(self.site, self.gatherer, self.policy, pull, base=base, records=records)
        self.notebook.note(pull, seen)
        if isinstance(found, str):
            return about(Mark.WARNING, pull, found)
        return None if found is None else told(found, pull)


def _is_proposal(pull: PullRequest) -> bool:
    """Tell whether the gate has a say; a fork's branch is never merged by the bot, whatever its name."""
    return pull.same_repository and pull.head_branch.startswith(_BRANCHES)


def _unsettled(records: tuple[Record, ...]) -> tuple[RecordedProposal, ...]:
    """Return the recorded proposals that neither merged nor ended."""
    by_change: dict[ChangeId, list[Record]] = {}
    for record in records:
        by_change.setdefault(record.change, []).append(record)
    waiting = (
        recorded_proposal(tuple(own))
        for own in by_change.values()
        if not any(record.phase in {Phase.MERGED, Phase.CLOSED} for record in own)
    )
    return tuple(proposed for proposed in waiting if proposed is not None)
