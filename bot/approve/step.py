"""`pow gate`: decide on every open proposal, merge what is approved, record what was merged, rejected or expired."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from bot.approve.aftermath import follow_up
from bot.approve.closing import conclude
from bot.approve.emergency import Outstanding, outstanding
from bot.approve.facts import GateFacts, RecordedProposal, recorded_proposal
from bot.approve.gate import decide, has_expired, proof_of
from bot.approve.gather import Gatherer
from bot.approve.incident import open_incident
from bot.approve.landing import Landing, landing_of
from bot.approve.notebook import Notebook
from bot.approve.people import look_at
from bot.approve.present import show_edit
from bot.approve.records import (
    EXPIRED,
    REJECTED,
    UNDONE,
    approved_heads,
    closed,
    decided,
    has_result,
    merged,
    message_of,
)
from bot.approve.rego import RegoProgram
from bot.approve.remind import remind
from bot.approve.retire import keep, retire, retirement, stands_by
from bot.approve.settle import Irregular, is_undone, stands_on, verify_merge
from bot.approve.shown import show_gate
from bot.ledger.lifecycle import open_changes
from bot.ledger.site import Site
from bot.model.decision import Approved, Authority, GateDecision, GateStatus
from bot.model.errors import BotError, ConflictError, ForgeError, WorkspaceError
from bot.model.event import Event, Mark, Step, StepReport
from bot.model.forge import PullRequest, PullState
from bot.model.names import ChangeId, CommitSha, Digest, PullNumber
from bot.model.record import Phase, Record
from bot.model.settings import Policy
from bot.model.switch import Stop
from bot.propose.desired import target_of
from bot.recipes.library import Library
from bot.report.gate import headline_of, lines_of, summary_of
from bot.report.incident import Incident, revert_command

_BRANCHES = "pow/"
_SETTINGS = "pow/"
_DEPLOY = "deploy.yml"
_MARKS = {
    GateStatus.APPROVED: Mark.NOTE,
    GateStatus.PENDING: Mark.WAIT,
    GateStatus.DISAPPROVED: Mark.NOTE,
    GateStatus.REFUSED: Mark.WARNING,
}


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
                yield _guarded(partial(self._over, proposed, records), change=proposed.change)
        for number in sorted(opened):
            if only not in {None, number}:
                continue
            seen = self._seen(opened[number], records)
            if only is None and self.notebook.spares(number, seen):
                continue
            self.notebook.void(number)
            yield _guarded(partial(self._open, opened[number], records, seen), subject=f"#{number}")
        yield from self._people(only, records)
        yield from self.notebook.close({pull.number for pull in self.gatherer.open_pulls()})
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
            seen = self._seen(pull, records)
            if only is None and self.notebook.spares(pull.number, seen):
                continue
            self.notebook.void(pull.number)
            yield from _if_any(partial(self._of_people, pull, records, seen), subject=f"#{pull.number}")

    def _emergencies(self, only: PullNumber | None, records: tuple[Record, ...]) -> Iterator[Event]:
        """See to the reviews of what was merged in an emergency, in this run or before."""
        if self.policy.emergency is None and not outstanding(records, self.policy):
            return
        for emergency in outstanding(self.site.ledger.records(), self.policy):
            if only in {None, emergency.pull}:
                yield _guarded(partial(self._afterwards, emergency), change=emergency.change)

    def _afterwards(self, emergency: Outstanding) -> Event:
        """See to the review of what was merged in an emergency."""
        pull, base = self.site.forge.pull(emergency.pull), self.site.repository.head(self.gatherer.default_branch)
        if base is None or pull.head != emergency.head:
            return _event(Mark.WARNING, pull, "the emergency's head is not the one that was merged")
        facts = self.gatherer.facts(pull, base=base, records=self.site.ledger.records())
        return follow_up(self.site, self.policy, emergency, facts)

    def _open(self, pull: PullRequest, records: tuple[Record, ...], seen: Digest | None) -> Event:
        """Decide on an open pull request, show the decision, and act on it, or note what was seen."""
        repository = self.site.repository
        if repository.head(pull.head_branch) != pull.head:
            repository.fetch()
        base = repository.head(self.gatherer.default_branch)
        if base is None or repository.head(pull.head_branch) != pull.head:
            return _event(Mark.WAIT, pull, "its branch moved while it was read", hint="the next run looks again")
        if any(file.path.startswith(_SETTINGS) for file in repository.changed(self.read_at, base)):
            return _event(Mark.WAIT, pull, "the settings changed meanwhile", hint="the next run reads them anew")
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
            return self._merge(approved, decision, facts, proposed)
        if proposed is None or proposed.pull != pull.number:
            return _told(decision, pull)
        if has_expired(decision):
            return self._expire(decision, pull, proposed)
        said = remind(self.site, decision, proposed.change)
        self.notebook.note(pull, seen)
        return _told(decision, pull, said=said)

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
        return _event(Mark.NOTE, pull, said, change=proposed.change)

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
            return _event(Mark.WARNING, pull, found)
        return None if found is None else _told(found, pull)

    def _merge(
        self, approved: Approved, decision: GateDecision, facts: GateFacts, proposed: RecordedProposal
    ) -> Event:
        """Record the decision, then merge exactly the head that it was made on."""
        title, message = message_of(decision, facts, self.policy)
        result = approved.authority.value
        self._write_down(decision, facts.pull, proposed, result)
        if (stop := self._stopped(facts, approved.authority)) is not None:
            return _event(Mark.WAIT, facts.pull, f"approved, but not merged: {stop.sentence}", change=proposed.change)
        try:
            merge = self.site.forge.merge(approved, title=title, message=message)
        except ConflictError as error:
            sentence = f"approved, but not merged: {error.message}"
            return _event(Mark.WAIT, facts.pull, sentence, change=proposed.change, hint="the next run decides anew")
        self.site.repository.fetch()
        return self._settle(facts.pull, merge, proposed, heads=frozenset({approved.head}), said=headline_of(decision))

    def _stopped(self, facts: GateFacts, authority: Authority) -> Stop | None:
        """Read the kill switch once more: it may have been pulled since the decision."""
        switch = self.site.kill_switch.anew()
        ask = switch.against_rollbacks if authority is Authority.ROLLBACK else switch.against
        return ask(facts.recipe_id, facts.targets)

    def _settle(
        self, pull: PullRequest, merge: CommitSha, proposed: RecordedProposal, *, heads: frozenset[str], said: str
    ) -> Event:
        """Record a merge if it is what was approved; the record comes after the clean-up, so that both happen."""
        verified = verify_merge(self.site.repository, merge, proposed, heads=heads)
        if isinstance(verified, Irregular):
            return self._irregular(pull, merge, proposed, verified)
        self.site.forge.delete_branch(pull.head_branch)
        draft = merged(proposed.change, pull, merge=merge, parent=verified.parent, at=self.site.now)
        self.site.ledger.append(draft)
        try:
            self.site.forge.dispatch(_DEPLOY)
        except ForgeError as error:
            sentence = f"merged, but the deployment could not be started: {error.message}"
            hint = "the schedule starts it, or run `pow deploy`"
            return _event(Mark.WARNING, pull, sentence, change=proposed.change, hint=hint)
        return _event(Mark.DONE, pull, f"merged. {said}", change=proposed.change)

    def _irregular(self, pull: PullRequest, merge: CommitSha, proposed: RecordedProposal, found: Irregular) -> Event:
        """Report a merge past the gate until its files are what they were before, which ends the change."""
        repository = self.site.repository
        base = repository.head(self.gatherer.default_branch)
        if base is not None and is_undone(repository, base, proposed):
            draft = closed(proposed.change, pull, outcome=REJECTED, at=self.site.now, why=UNDONE)
            self.site.ledger.append(draft)
            return _event(Mark.NOTE, pull, UNDONE, change=proposed.change)
        landing = self._landing(pull, merge)
        incident = Incident(
            commit=merge,
            is_merge=landing is None,
            first=landing.first if landing and landing.count > 1 else None,
            reason=landing.reason if landing else found.reason,
            change=proposed.change,
            pull=pull.number,
            merged_by=pull.merged_by.login if pull.merged_by else None,
            targets=tuple(target for path in proposed.before if (target := target_of(path)) is not None),
        )
        said = open_incident(self.site, incident)
        sentence = f"merged without a valid gate: {incident.reason}; it will not be deployed; {said}"
        hint = f"look at it, then undo it: {revert_command(incident)}"
        return _event(Mark.FAILURE, pull, sentence, change=proposed.change, hint=hint)

    def _landing(self, pull: PullRequest, merge: CommitSha) -> Landing | None:
        """Recognise what a person squashed or rebased; None for a merge of two."""
        if len(self.site.repository.commit(merge).parents) > 1:
            return None
        commits = self.site.forge.commits(pull.number)
        return landing_of(self.site.repository.history(merge, limit=max(len(commits), 1)), commits)

    def _over(self, proposed: RecordedProposal, records: tuple[Record, ...]) -> Event:
        """Catch up with a pull request that is no longer open."""
        pull = self.site.forge.pull(PullNumber(proposed.pull))
        own = tuple(record for record in records if record.change == proposed.change)
        if pull.merged and pull.merge_commit is not None:
            heads = approved_heads(own)
            return self._settle(pull, pull.merge_commit, proposed, heads=heads, said="Recorded afterwards")
        if pull.state is PullState.OPEN or pull.merged:
            return _event(Mark.WAIT, pull, "its state is not settled yet", change=proposed.change)
        said = conclude(self.site, pull, proposed, own, is_past=self._was_past(proposed, pull))
        return _event(Mark.NOTE, pull, said, change=proposed.change)

    def _was_past(self, proposed: RecordedProposal, pull: PullRequest) -> bool:
        """Tell whether somebody's own edit could not merge any more, because its base had moved: no rejection."""
        if pull.head == proposed.head:
            return False
        base = self.site.repository.head(self.gatherer.default_branch)
        return base is not None and not stands_on(self.site.repository, base, proposed)

    def _write_down(self, decision: GateDecision, pull: PullRequest, proposed: RecordedProposal, result: str) -> None:
        at, opened_at = self.site.now, pull.created_at
        self.site.ledger.append(decided(decision, proposed, self.policy, opened_at=opened_at, at=at, result=result))

    def _expire(self, decision: GateDecision, pull: PullRequest, proposed: RecordedProposal) -> Event:
        """Close what nobody decided on; the decision is recorded first, so that a dead run is not a rejection."""
        site = self.site
        if not has_result(site.ledger.of(proposed.change), EXPIRED):
            self._write_down(decision, pull, proposed, EXPIRED)
        site.forge.edit_pull(pull.number, state=PullState.CLOSED)
        site.ledger.append(closed(proposed.change, pull, outcome=EXPIRED, at=site.now))
        return _event(Mark.NOTE, pull, "closed: nobody decided in time", change=proposed.change)


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


def _guarded(handle: Callable[[], Event], *, change: ChangeId | None = None, subject: str = "") -> Event:
    try:
        return handle()
    except BotError as error:
        return Event(
            step=Step.GATE,
            mark=Mark.FAILURE,
            sentence=error.message,
            change=change,
            subject=subject,
            hint=error.hint,
        )


def _if_any(handle: Callable[[], Event | None], *, subject: str) -> Iterator[Event]:
    """Yield what there is to say, if anything; a failure is something to say."""
    try:
        event = handle()
    except BotError as error:
        event = Event(step=Step.GATE, mark=Mark.FAILURE, sentence=error.message, subject=subject, hint=error.hint)
    if event is not None:
        yield event


def _told(decision: GateDecision, pull: PullRequest, *, said: str = "") -> Event:
    return Event(
        step=Step.GATE,
        mark=_MARKS[decision.status],
        sentence=f"pull request {pull.number}: {headline_of(decision)}{f'; {said}' if said else ''}",
        change=decision.change,
        subject=f"#{pull.number}",
        data={
            "pull": pull.number,
            "status": decision.status.value,
            "waiting_for": list(decision.waiting_for),
            "lines": list(lines_of(decision)),
        },
    )


def _event(mark: Mark, pull: PullRequest, sentence: str, *, change: ChangeId | None = None, hint: str = "") -> Event:
    return Event(
        step=Step.GATE,
        mark=mark,
        sentence=f"pull request {pull.number}: {sentence}",
        change=change,
        subject=f"#{pull.number}",
        hint=hint,
        data={"pull": pull.number},
    )
