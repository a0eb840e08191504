"""Merges exactly the head that was approved, and records what was merged, if it is that and nothing else.

What people merged themselves, or closed, is caught up with here, too: a run may have died between any two writes.
"""

from dataclasses import dataclass

from bot.approve.closing import conclude
from bot.approve.events import about
from bot.approve.facts import GateFacts, RecordedProposal
from bot.approve.incident import open_incident
from bot.approve.landing import Landing, landing_of
from bot.approve.records import REJECTED, UNDONE, approved_heads, closed, decided, merged, message_of
from bot.approve.settle import Irregular, is_undone, stands_on, verify_merge
from bot.ledger.site import Site
from bot.model.decision import Approved, Authority, GateDecision
from bot.model.errors import ConflictError, ForgeError
from bot.model.event import Event, Mark
from bot.model.forge import PullRequest, PullState
from bot.model.names import BranchName, CommitSha, PullNumber
from bot.model.record import Record
from bot.model.settings import Policy
from bot.model.switch import Stop
from bot.propose.desired import target_of
from bot.report.gate import headline_of
from bot.report.incident import Incident, revert_command

DEPLOY = "deploy.yml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Merging:
    """What a merge is made on, and held against."""

    site: Site
    policy: Policy
    default_branch: BranchName

    def merge(
        self, approved: Approved, decision: GateDecision, facts: GateFacts, proposed: RecordedProposal
    ) -> Event:
        """Record the decision, then merge exactly the head that it was made on."""
        title, message = message_of(decision, facts, self.policy)
        result = approved.authority.value
        self.site.ledger.append(decided(decision, facts, self.policy, at=self.site.now, result=result))
        if (stop := self._stopped(facts, approved.authority)) is not None:
            return about(Mark.WAIT, facts.pull, f"approved, but not merged: {stop.sentence}", change=proposed.change)
        try:
            merge = self.site.forge.merge(approved, title=title, message=message)
        except ConflictError as error:
            sentence = f"approved, but not merged: {error.message}"
            return about(Mark.WAIT, facts.pull, sentence, change=proposed.change, hint="the next run decides anew")
        self.site.repository.fetch()
        return self._settle(facts.pull, merge, proposed, heads=frozenset({approved.head}), said=headline_of(decision))

    def over(self, proposed: RecordedProposal, records: tuple[Record, ...]) -> Event:
        """Catch up with a pull request that is no longer open."""
        pull = self.site.forge.pull(PullNumber(proposed.pull))
        own = tuple(record for record in records if record.change == proposed.change)
        if pull.merged and pull.merge_commit is not None:
            heads = approved_heads(own)
            return self._settle(pull, pull.merge_commit, proposed, heads=heads, said="Recorded afterwards")
        if pull.state is PullState.OPEN or pull.merged:
            return about(Mark.WAIT, pull, "its state is not settled yet", change=proposed.change)
        said = conclude(self.site, pull, proposed, own, is_past=self._was_past(proposed, pull))
        return about(Mark.NOTE, pull, said, change=proposed.change)

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
            self.site.forge.dispatch(DEPLOY)
        except ForgeError as error:
            sentence = f"merged, but the deployment could not be started: {error.message}"
            hint = "the schedule starts it, or run `pow deploy`"
            return about(Mark.WARNING, pull, sentence, change=proposed.change, hint=hint)
        return about(Mark.DONE, pull, f"merged. {said}", change=proposed.change)

    def _irregular(self, pull: PullRequest, merge: CommitSha, proposed: RecordedProposal, found: Irregular) -> Event:
        """Report a merge past the gate until its files are what they were before, which ends the change."""
        repository = self.site.repository
        base = repository.head(self.default_branch)
        if base is not None and is_undone(repository, base, proposed):
            draft = closed(proposed.change, pull, outcome=REJECTED, at=self.site.now, why=UNDONE)
            self.site.ledger.append(draft)
            return about(Mark.NOTE, pull, UNDONE, change=proposed.change)
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
        return about(Mark.FAILURE, pull, sentence, change=proposed.change, hint=hint)

    def _landing(self, pull: PullRequest, merge: CommitSha) -> Landing | None:
        """Recognise what a person squashed or rebased; None for a merge of two."""
        if len(self.site.repository.commit(merge).parents) > 1:
            return None
        commits = self.site.forge.commits(pull.number)
        return landing_of(self.site.repository.history(merge, limit=max(len(commits), 1)), commits)

    def _was_past(self, proposed: RecordedProposal, pull: PullRequest) -> bool:
        """Tell whether somebody's own edit could not merge any more, because its base had moved: no rejection."""
        if pull.head == proposed.head:
            return False
        base = self.site.repository.head(self.default_branch)
        return base is not None and not stands_on(self.site.repository, base, proposed)
