"""Records what people took back by a pull request of their own, once those have approved it whose approval it needs.

The bot merges none of these. So the approval may come before the merge or after it: either way it counts on the very
head that was merged, and nothing goes live before it. The three records are written at once, or none of them is.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from bot.approve.by_hand import decide_by_hand, without_claims
from bot.approve.facts import GateFacts, RecordedProposal
from bot.approve.footprint import Files, values_changed
from bot.approve.gather import Gatherer
from bot.approve.going_back import OPENED_BY, GoingBack, going_back, taken_back_by
from bot.approve.merging import DEPLOY
from bot.approve.notebook import Notebook
from bot.approve.records import decided, merged
from bot.approve.settle import Irregular, verify_merge
from bot.approve.shown import show_gate
from bot.ledger.site import Site
from bot.model.decision import Authority, GateDecision, GateStatus
from bot.model.errors import BotError, ForgeError, WorkspaceError
from bot.model.event import Event, Mark, Step
from bot.model.forge import Commit, PullRequest
from bot.model.json import Json, digest_of
from bot.model.names import CommitSha, PullNumber
from bot.model.record import Draft, Phase, Record
from bot.model.settings import Policy
from bot.propose.desired import Unreadable, target_of
from bot.propose.evidence import impact_json
from bot.report.going_back import approved_comment, going_back_marker, unapproved_comment

_RECENT = 50
"""So many of the newest commits are looked at, as many as the deployment looks at."""
_BRANCHES = "pow/"
_INHERITED = ("recipe", "version", "recipe_digest", "threshold", "evidence_digest", "affected")


@dataclass(frozen=True, slots=True, kw_only=True)
class Returns:
    """One run's look at what people took back; the forge is asked only where such a merge stands without a record.

    `waiting` fills with the pull requests that are merged and not approved, whose notes are to be kept.
    """

    site: Site
    gatherer: Gatherer
    policy: Policy
    records: tuple[Record, ...]
    notebook: Notebook
    waiting: set[PullNumber] = field(default_factory=set)

    def events(self, only: PullNumber | None) -> Iterator[Event]:
        """Record what is approved, say how the rest goes live."""
        base = self.site.repository.head(self.gatherer.default_branch)
        for commit, paths in self._standing(base) if base is not None else ():
            try:
                yield from self._seen(commit, paths, only)
            except BotError as error:
                sentence = f"whether {commit.sha[:12]} takes a change back cannot be told: {error.message}"
                yield Event(step=Step.GATE, mark=Mark.FAILURE, sentence=sentence, hint=error.hint)

    def _standing(self, base: CommitSha) -> Iterator[tuple[Commit, frozenset[str]]]:
        """Yield the recent merges that no record knows and whose values stand, oldest first."""
        repository = self.site.repository
        known = {record.facts.get("merge") for record in self.records if record.phase is Phase.MERGED}
        history = repository.history(base, limit=_RECENT)
        merges = [each for each in history if len(each.parents) == 2 and each.sha not in known]
        traces = repository.traces([each.sha for each in merges], at=base) if merges else {}
        for commit in reversed(merges):
            files = traces.get(commit.sha, ())
            desired = [file for file in files if target_of(file.path) is not None]
            if desired and all(file.now == file.merged for file in desired):
                yield commit, frozenset(file.path for file in files)

    def _seen(self, commit: Commit, paths: frozenset[str], only: PullNumber | None) -> Iterator[Event]:
        base, head = commit.parents
        former = taken_back_by(self.site.repository, self.records, base=base, head=head, paths=paths)
        pull = self._pull_of(commit, since=former.merge) if former is not None else None
        if former is None or pull is None or only not in {None, pull.number}:
            return
        way = going_back(former, self.records, pull.number, from_here=pull.same_repository)
        if way.blocked:
            sentence = f"it takes change {former.change} back, and is not deployed: {way.blocked}"
            yield _event(Mark.WARNING, pull, way, sentence)
            return
        seen = self.notebook.seen(pull, self.records)
        self.waiting.add(pull.number)
        if only is None and self.notebook.spares(pull.number, seen):
            return
        self.notebook.void(pull.number)
        facts = self.gatherer.facts(pull, base=base, records=self.records)
        event = self._decided(facts, commit, way)
        if event.mark is Mark.WARNING:
            self.notebook.note(pull, seen)
        yield event

    def _pull_of(self, commit: Commit, *, since: CommitSha) -> PullRequest | None:
        """Find the pull request of a person that was merged as this commit, whatever it says of itself."""
        opened = self.site.repository.commit(since).committed_at
        return next(
            (
                pull
                for pull in self.site.forge.pulls(since=opened)
                if (pull.merge_commit, pull.head) == (commit.sha, commit.parents[1])
                and not (pull.same_repository and pull.head_branch.startswith(_BRANCHES))
            ),
            None,
        )

    def _decided(self, facts: GateFacts, commit: Commit, way: GoingBack) -> Event:
        """Decide, show it, and write it down where it is a yes; the records come last, so that all is said once."""
        forge, marker, pull = self.site.forge, going_back_marker(way.change), facts.pull
        decision = decide_by_hand(facts, self.policy, self.site.now, way)
        show_gate(forge, decision)
        if decision.status is not GateStatus.APPROVED or decision.authority is None:
            body = unapproved_comment(decision, way.former.change)
            forge.put_comment(pull.number, marker=marker, body=body)
            what = f"it takes change {way.former.change} back"
            hint = f"to make it live, approve pull request {pull.number} on the forge, merged as it is"
            sentence = f"{what} and was merged before its approval: {decision.sentence}"
            return _event(Mark.WARNING, pull, way, sentence, hint=hint)
        if self.policy.paused:
            return _event(Mark.WAIT, pull, way, "it takes a change back and is approved, and the policy is paused")
        drafts = self._drafts(decision, decision.authority, facts, commit, way)
        forge.put_comment(pull.number, marker=marker, body=approved_comment(way.former.change))
        self.site.ledger.append_all(drafts)
        return self._started(pull, way)

    def _started(self, pull: PullRequest, way: GoingBack) -> Event:
        sentence = f"it takes change {way.former.change} back, people approved that: recorded, and will be deployed"
        try:
            self.site.forge.dispatch(DEPLOY)
        except ForgeError as error:
            hint = "the schedule starts it, or run `pow deploy`"
            return _event(Mark.WARNING, pull, way, f"{sentence}; it could not be started: {error.message}", hint=hint)
        return _event(Mark.DONE, pull, way, sentence)

    def _drafts(
        self, decision: GateDecision, authority: Authority, facts: GateFacts, commit: Commit, way: GoingBack
    ) -> tuple[Draft, ...]:
        """Return the records that the bot's own rollback would have; WorkspaceError for what was not approved."""
        repository, base, at, pull = self.site.repository, commit.parents[0], self.site.now, facts.pull
        paths = sorted(file.path for file in repository.changed(base, commit.sha))
        before = {path: repository.read(path, base) for path in paths}
        after = {path: repository.read(path, commit.sha) for path in paths}
        proposed = RecordedProposal(
            change=way.change,
            head=pull.head,
            branch=pull.head_branch,
            pull=pull.number,
            evidence_digest=way.former.proposed.evidence_digest,
            before={path: _digest(content) for path, content in before.items()},
            rollback_of=way.former.change,
        )
        verified = verify_merge(repository, commit.sha, proposed, heads=frozenset({pull.head}))
        if isinstance(verified, Irregular):
            raise WorkspaceError(f"{commit.sha[:12]} is not what was approved: {verified.reason}")
        stands_for = _facts(decision, pull, way, before, after) | {"base": base}
        known = replace(without_claims(facts), proposed=proposed)
        return (
            Draft(change=way.change, phase=Phase.PROPOSED, at=at, facts=stands_for),
            decided(decision, known, self.policy, at=at, result=authority.value),
            merged(way.change, pull, merge=commit.sha, parent=verified.parent, at=at),
        )


def _facts(decision: GateDecision, pull: PullRequest, way: GoingBack, before: Files, after: Files) -> dict[str, Json]:
    """Return what the merge really did to files, which stands for a proposal."""
    keys = values_changed(before, after)
    inherited: dict[str, Json] = {name: way.former.facts.get(name) for name in _INHERITED}
    return inherited | {
        "impact": impact_json(decision.impact) if decision.impact else None,
        "pull": pull.number,
        "branch": pull.head_branch,
        "head": pull.head,
        "episode": "rollback by people",
        "keys": [
            {"target": key.target, "key": key.key, "before": key.before, "after": key.after}
            for key in (() if isinstance(keys, Unreadable) else keys)
        ],
        "files": [
            {"path": path, "before": _digest(content), "after": _digest(after[path])}
            for path, content in before.items()
        ],
        "rollback_of": way.former.change,
        OPENED_BY: pull.author.login,
    }


def _digest(content: bytes | None) -> str | None:
    return None if content is None else digest_of(content)


def _event(mark: Mark, pull: PullRequest, way: GoingBack, sentence: str, *, hint: str = "") -> Event:
    return Event(
        step=Step.GATE,
        mark=mark,
        sentence=f"pull request {pull.number}: {sentence}",
        change=way.former.change,
        subject=f"#{pull.number}",
        hint=hint,
        data={"pull": pull.number},
    )
