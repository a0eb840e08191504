"""Decides again on what the gate decided, from the facts of its record and from a clone, and compares the two.

What stands in Git is read from Git: policy, recipe, governance and bytes at the recorded commits, trailers and the
proof of a rollback. What earlier records tell is read from them. Only what the forge, the kill switch or a program
said at that moment is taken from the record, for nothing else kept it. The very function that decided decides again.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from bot.approve.by_hand import decide_by_hand, without_claims
from bot.approve.emergency import overdue
from bot.approve.facts import GateFacts, NoProof, RollbackProof, recorded_proposal
from bot.approve.from_git import Claimed, files_of, governance_of, records_of, rollback_of
from bot.approve.gate import decide, has_expired, proof_of
from bot.approve.going_back import OPENED_BY, going_back, taken_back_by
from bot.approve.inputs import RULES, Inputs, Lacking
from bot.approve.read_inputs import read_inputs
from bot.approve.records import EXPIRED, approved_heads, decided
from bot.approve.unlike import unlike
from bot.forge.port import Repository
from bot.ledger.triggers import accounts_asking, asked_for
from bot.model.decision import Authority, GateDecision
from bot.model.errors import WorkspaceError
from bot.model.forge import PullCommit
from bot.model.names import BranchName, ChangeId, CommitSha, RecipeId
from bot.model.record import Phase, Record
from bot.model.replay import Difference, Replay, Replayed
from bot.model.settings import Policy
from bot.propose.desired import evidence_path
from bot.propose.trailers import read_proposal
from bot.recipes.library import Library, load_library
from bot.recipes.settings import load_settings
from bot.report.untrusted import visible

_RESULTS = frozenset({*(each.value for each in Authority), EXPIRED})
"""What the gate itself decides; other results of phase `decided` are written by those who found them."""
_DEPTH = 500
_FETCH = "git fetch origin 'refs/heads/*:refs/remotes/origin/*' 'refs/pull/*/head:refs/pow/pulls/*'"


def replay(repository: Repository, records: tuple[Record, ...], *, change: ChangeId | None = None) -> Replay:
    """Decide again on every recorded decision of the gate, or on those about one change; nothing is written."""
    branch = repository.default_branch()
    tip = repository.head(branch)
    line = frozenset(commit.sha for commit in repository.history(tip)) if tip is not None else frozenset()
    again = _Again(repository=repository, records=records, branch=branch, tip=tip, line=line)
    asked = [each for each in records if change in {None, each.change}]
    return Replay(
        decisions=tuple(again.replayed(each) for each in asked if _is_of_the_gate(each)),
        undecided=tuple(each for each in asked if each.phase is Phase.MERGED and not _was_decided(each, records)),
    )


def _is_of_the_gate(record: Record) -> bool:
    """Tell whether the gate made a decision, by its result or by the facts that only the gate writes down."""
    return record.phase is Phase.DECIDED and (record.facts.get("result") in _RESULTS or "inputs" in record.facts)


def _is_by_people(record: Record, records: tuple[Record, ...]) -> bool:
    """Tell whether a decision is about a person's own way back, which has no trailers of the bot's."""
    return any(OPENED_BY in each.facts for each in records_of(records, record.change) if each.phase is Phase.PROPOSED)


def _was_decided(merged: Record, records: tuple[Record, ...]) -> bool:
    """Tell whether a decision before a merge's record let its head merge."""
    before = tuple(each for each in records_of(records, merged.change) if each.index < merged.index)
    return merged.facts.get("head") in approved_heads(before)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Again:
    """What all decisions are read from: the base branch's head is `tip`, and `line` what it went through."""

    repository: Repository
    records: tuple[Record, ...]
    branch: BranchName
    tip: CommitSha | None
    line: frozenset[CommitSha]
    _rules: dict[CommitSha, tuple[Policy | None, Library]] = field(default_factory=dict)

    def replayed(self, record: Record) -> Replayed:
        """Decide again on one record, or say what that lacks."""
        inputs = read_inputs(record.facts)
        if isinstance(inputs, Lacking):
            return Replayed(record=record, lacks=inputs.names)
        if inputs.rules != RULES:
            lacks = f"the gate's rules number {inputs.rules}: this bot decides by number {RULES}"
            return Replayed(record=record, lacks=(lacks,), hint="replay it with the bot of that time")
        foreign: list[Difference] = []
        try:
            foreign += self._foreign(inputs.facts)
            return self._decided_again(record, inputs, tuple(foreign))
        except WorkspaceError as error:
            return Replayed(record=record, differences=tuple(foreign), lacks=(error.message,), hint=_FETCH)

    def _decided_again(self, record: Record, inputs: Inputs, foreign: tuple[Difference, ...]) -> Replayed:
        policy, library = self._rules_at(inputs.facts.base)
        if policy is None:
            return Replayed(record=record, differences=foreign, lacks=("a policy that can be read, on its base",))
        facts = self._reread(record, inputs, policy, library)
        if _is_by_people(record, self.records):
            return self._way_back_again(record, facts, policy, foreign)
        decision = decide(facts, policy, record.at)
        if facts.proposed is None:
            return Replayed(record=record, differences=foreign, lacks=("the record of what was proposed",))
        again = decided(decision, facts, policy, at=record.at, result=_result(decision))
        return Replayed(record=record, differences=(*foreign, *unlike(record.facts, again.facts)))

    def _way_back_again(
        self, record: Record, facts: GateFacts, policy: Policy, foreign: tuple[Difference, ...]
    ) -> Replayed:
        """Decide again on what people took back: which change that is, is read off the bytes once more."""
        known = tuple(each for each in self.records if each.index <= facts.ledger and each.index < record.index)
        pull, paths = facts.pull, [file.path for file in facts.files]
        former = taken_back_by(self.repository, known, base=facts.base, head=pull.head, paths=paths)
        way = going_back(former, known, pull.number, from_here=pull.same_repository) if former else None
        if way is None or way.blocked or way.change != record.change:
            said = f"it is no way back of change {record.change}"
            other = Difference(what="change", recorded=record.change, replayed=said)
            return Replayed(record=record, differences=(*foreign, other))
        decision = decide_by_hand(facts, policy, record.at, way)
        held = replace(without_claims(facts), proposed=replace(way.former.proposed, change=record.change))
        again = decided(decision, held, policy, at=record.at, result=_result(decision))
        return Replayed(record=record, differences=(*foreign, *unlike(record.facts, again.facts)))

    def _foreign(self, facts: GateFacts) -> Iterator[Difference]:
        """Tell where a record speaks of another branch, or of a base that the branch does not hold."""
        if facts.default_branch != self.branch:
            recorded = visible(facts.default_branch)
            yield Difference(what="inputs.default_branch", recorded=recorded, replayed=self.branch)
        if self.tip is None or not self.repository.is_ancestor(facts.base, self.tip):
            said = f"{self.branch} does not hold this commit"
            yield Difference(what="base", recorded=visible(facts.base), replayed=said)

    def _rules_at(self, base: CommitSha) -> tuple[Policy | None, Library]:
        """Read policy and recipes as they stood at a commit; no environment has a say."""
        if base not in self._rules:
            files = self.repository.read_many("pow/", base)
            policy = load_settings(files, endpoints={}).policy
            self._rules[base] = policy, load_library(files, endpoints={})
        return self._rules[base]

    def _reread(self, record: Record, inputs: Inputs, policy: Policy, library: Library) -> GateFacts:
        """Put the facts together as the gate gathers them, from Git wherever Git has them."""
        repository, seen = self.repository, inputs.facts
        known = tuple(each for each in self.records if each.index <= seen.ledger and each.index < record.index)
        head, base = seen.pull.head, seen.base
        commits = self._commits(seen)
        trailers = read_proposal(repository.commit(commits[0].sha).trailers) if commits else None
        proposed = recorded_proposal(records_of(known, trailers.change)) if trailers else None
        recipe = library.find(RecipeId(trailers.recipe.partition("@")[0])) if trailers else None
        files = files_of(repository, inputs.files, head, commits, base)
        claimed = Claimed(trailers=trailers, proposed=proposed, head=head, base=base)
        return replace(
            seen,
            commits=commits,
            trailers=trailers,
            proposed=proposed,
            files=files,
            evidence=repository.read(evidence_path(trailers.change), head) if trailers else None,
            recipe=recipe.recipe if recipe else None,
            asked_by=asked_for(known, trailers.change, policy.expire_after) if trailers else (),
            accounts_asking=accounts_asking(known, trailers.change, policy.expire_after) if trailers else frozenset(),
            governance=governance_of(repository, files, base),
            overdue=overdue(known, policy, record.at),
            rollback=self._rollback(seen, claimed, known),
        )

    def _commits(self, seen: GateFacts) -> tuple[PullCommit, ...]:
        """Return the commits of the record, and those on the branch that it leaves out, which nobody knows."""
        named = {commit.sha for commit in seen.commits}
        first = seen.commits[0].sha if seen.commits else None
        left_out: list[PullCommit] = []
        for commit in self.repository.history(seen.pull.head, limit=_DEPTH):
            if commit.sha == first or commit.sha in self.line:
                break
            if commit.sha not in named:
                left_out.append(PullCommit(sha=commit.sha, message="", author=None, committer=None))
        return (*seen.commits[:1], *left_out, *seen.commits[1:])

    def _rollback(
        self, seen: GateFacts, claimed: Claimed, known: tuple[Record, ...]
    ) -> RollbackProof | NoProof | None:
        """Prove a rollback again that was proved; people's veto against one is the forge's to tell."""
        found = rollback_of(self.repository, claimed, known)
        return seen.rollback if isinstance(seen.rollback, NoProof) and found is not None else found


def _result(decision: GateDecision) -> str:
    """Say what is written down of a decision: by whose right it may merge, that it expired, or neither."""
    approved = proof_of(decision)
    if approved is not None:
        return approved.authority.value
    return EXPIRED if has_expired(decision) else decision.status.value
