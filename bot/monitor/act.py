"""Takes a change back: the intent first, then branch, pull request and record, each looked up before it is made.

A run that died in between is continued: what its branch holds is checked and recorded, never written anew.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from bot.approve.attempts import find_precedent
from bot.approve.footprint import Footprint, footprint_of, values_changed
from bot.approve.precedent import Subject
from bot.ledger.site import Site
from bot.model.change import PROPOSAL_LABEL, Change
from bot.model.errors import (
    BotError,
    ForgeError,
    LedgerError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    UnavailableError,
    WorkspaceError,
)
from bot.model.forge import Comment, Commit, Permission, PullRequest, PullState
from bot.model.json import Json, digest_of
from bot.model.level import Level, highest
from bot.model.names import CommitSha, Digest, Login, PullNumber
from bot.model.recipe import Recipe, RollbackMode
from bot.model.record import Draft, Phase
from bot.model.settings import Policy
from bot.model.verdict import Verdict
from bot.monitor.answer import answers, asked_since, renewals, reservations
from bot.monitor.caution import Surroundings, begun_within_a_day, cautions, drafted
from bot.monitor.edited import recipe_since
from bot.monitor.inverse import inverse_of
from bot.monitor.observe import measurement_json
from bot.monitor.opt_out import is_ask_first, movers, reservation, unreadable
from bot.monitor.rollback import (
    RollbackFacts,
    RollbackPlan,
    TakeBack,
    plan_rollback,
    rollback_change,
)
from bot.monitor.verdict import WatchFacts
from bot.monitor.watched import Watched
from bot.propose.change import rollback_id
from bot.propose.desired import Unreadable, targets_of
from bot.propose.trailers import ChangeKind, ProposalTrailers, proposal_message, read_proposal
from bot.recipes.library import FOLDER
from bot.report.watch import rollback_body, rollback_title, support_comment, support_marker

ROLLBACK_LABEL = "pow-rollback"
PERSON_LABEL = "pow-needs-person"
_DEPTH = 50
"""So many commits on top of ours are looked through, should somebody have pushed on the rollback's branch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Undoing:
    """One change that is to be taken back, with the recipe that says so."""

    watched: Watched
    recipe: Recipe
    base: CommitSha
    policy: Policy

    def within(self, mode: Json) -> "Undoing":
        """Return this with a recipe that goes no further than the rule that decided: a draft, where that proposes."""
        if mode != RollbackMode.PROPOSE:
            return self
        watch = replace(self.recipe.watch, mode=RollbackMode.PROPOSE)
        return replace(self, recipe=replace(self.recipe, watch=watch))


def find_keeper(site: Site, watched: Watched, policy: Policy) -> Login | None:
    """Return who answered that a change is to be kept, if somebody was asked and may."""
    since = asked_since(watched.records, watched.id)
    if since is None:
        return None
    return first_who_may(site, answers(site.forge.comments(watched.pull), since, policy))


def renewed(site: Site, watched: Watched, measured: WatchFacts, policy: Policy) -> WatchFacts:
    """Let an inconclusive watch begin anew where a person answered so; answers that cannot be read are none."""
    since = asked_since(watched.records, watched.id)
    if not measured.clock.over or since is None:
        return measured
    try:
        person = first_who_may(site, renewals(site.forge.comments(watched.pull), since, policy))
    except BotError:
        return measured
    return measured if person is None else measured.renewed(site.now, by=person)


def plan_undoing(site: Site, undoing: Undoing, footprint: Footprint) -> RollbackPlan:
    """Run the revert in a work tree and decide what may be done with it."""
    watched = undoing.watched
    begun, records = watched.intent is not None, site.ledger.records()
    subject = Subject(repo=site.repo, pull=watched.pull, merge=watched.merge)
    facts = RollbackFacts(
        change=watched.id,
        recipe=undoing.recipe,
        footprint=footprint,
        revert=site.repository.revert(watched.merge, onto=undoing.base),
        is_rollback=watched.rollback_of is not None,
        opened_today=0 if begun else len(begun_within_a_day(records, site.now, but=watched.id)),
        opened_per_day=undoing.policy.rollbacks.opened_per_day,
        cautions=drafted(watched.intent) if watched.intent is not None else _cautions(site, undoing),
        precedent=find_precedent(site, subject, base=undoing.base, policy=undoing.policy),
        stopped=_stopped(site, undoing.recipe),
    )
    return plan_rollback(facts)


def _cautions(site: Site, undoing: Undoing) -> tuple[str, ...]:
    watched, policy = undoing.watched, undoing.policy
    reserved = reservations(site.forge.comments(watched.pull), policy)
    at_merge, now = (site.repository.read_many(FOLDER, commit) for commit in (watched.merge, undoing.base))
    return cautions(
        Surroundings(
            change=watched.id,
            targets=watched.targets,
            effective_at=watched.effective_at,
            records=site.ledger.records(),
            policy=policy,
            now=site.now,
            reserved_by=first_who_may(site, reserved),
            reserved_because=_label(site, watched.pull, policy),
            recipe_since=recipe_since(undoing.recipe.id, at_merge, now),
        )
    )


def _label(site: Site, pull: PullNumber, policy: Policy) -> str | None:
    """Return why a label on the change's pull request makes a draft of its rollback; asked where one is due only.

    What the token may not see is unknown, and makes one, too; an outage is an error, for the next run asks again.
    """
    try:
        is_on = any(is_ask_first(label) for label in site.forge.pull(pull).labels)
        moves = site.forge.labellings(pull)
    except (PermissionDeniedError, NotFoundError) as error:
        return unreadable(error.message)
    rights: dict[Login, Permission] = {}
    for login in movers(moves, policy):
        with suppress(PermissionDeniedError, NotFoundError):
            rights[login] = site.forge.permission(login)
    return reservation(moves, rights, policy, is_on=is_on)


def first_who_may(site: Site, comments: Iterable[Comment]) -> Login | None:
    """Return who of those that commented has write access now, the first of them."""
    logins = dict.fromkeys(comment.author.login for comment in comments)
    return next((login for login in logins if site.forge.permission(login).can_write), None)


def support(site: Site, pull: PullNumber, verdict: Verdict, original: PullNumber) -> None:
    """Say on somebody's own revert that the figures ask for it."""
    marker = support_marker(verdict.change)
    site.forge.put_comment(pull, marker=marker, body=support_comment(verdict, original))


def _stopped(site: Site, recipe: Recipe) -> str:
    """Say what stops a rollback; where that cannot be read, it may be opened: the gate does not merge it then."""
    stop = site.kill_switch.state().against_rollbacks(recipe.id, targets_of(recipe))
    return stop.sentence if stop is not None and stop.known else ""


def write_intent(site: Site, watched: Watched, verdict: Verdict, plan: TakeBack) -> Mapping[str, Json]:
    """Write down that this change is to be taken back, before anything else happens; returns what stands there.

    Why it is a draft was decided then, and is not decided anew by a run that goes on with it.
    """
    record = site.ledger.append(
        Draft(
            change=watched.id,
            phase=Phase.REVERTED,
            at=site.now,
            facts={
                "rollback": rollback_id(watched.id),
                "merge": watched.merge,
                "sentence": verdict.sentence,
                "measurement": measurement_json(verdict.deciding),
                "by": verdict.by,
                "mode": verdict.mode,
                "draft_because": list(plan.draft_because),
            },
        )
    )
    return record.facts


def find_rollback(site: Site, undoing: Undoing) -> PullRequest | None:
    """Find the rollback's pull request in any state."""
    branch = rollback_change(undoing.watched.id, undoing.recipe).branch
    return next(iter(site.forge.pulls(head=branch)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A rollback's pull request, and what did not work of it and does not matter to the loop; empty: nothing."""

    pull: PullRequest
    warning: str = ""


def open_rollback(site: Site, undoing: Undoing, plan: TakeBack, intent: Mapping[str, Json]) -> Opened:
    """Make sure that the rollback's branch exists and holds it, open its pull request, and complete that."""
    change = plan.change
    if site.forge.head(change.branch) is None:
        sha = site.forge.commit(undoing.base, plan.files, _message(site, undoing, change))
        site.forge.create_branch(change.branch, sha)
    site.repository.fetch()
    commit = _own_commit(site, undoing, site.repository.head(change.branch))
    return _complete(site, undoing, _open_pull(site, undoing, plan, intent), commit)


def complete_rollback(site: Site, undoing: Undoing, pull: PullRequest) -> Opened:
    """Give a pull request that is there already what it lacks; it may have been merged or edited since."""
    return _complete(site, undoing, pull, _own_commit(site, undoing, pull.head))


def _complete(site: Site, undoing: Undoing, pull: PullRequest, commit: Commit) -> Opened:
    warning = ""
    if pull.state is PullState.OPEN:
        person = (PERSON_LABEL,) if pull.draft else ()
        site.forge.add_labels(pull.number, (PROPOSAL_LABEL, ROLLBACK_LABEL, *person))
        warning = _ask_for_review(site, undoing, pull) if pull.draft else ""
    site.ledger.append(_proposed(site, undoing, pull, commit))
    return Opened(pull=pull, warning=warning)


def _ask_for_review(site: Site, undoing: Undoing, pull: PullRequest) -> str:
    """Ask the teams that approve a change like the one that is taken back to look at a draft; says what did not work.

    The gate asks them for as much as for MEDIUM, should the rollback not be proved. A refusal of the forge is no
    reason to leave the rollback unmade; an outage is an error.
    """
    level = highest((_level(undoing.watched), Level.MEDIUM))
    teams = dict.fromkeys(team for group in undoing.policy.approvals.get(level, ()) for team in group.teams)
    try:
        if teams:
            site.forge.request_reviews(pull.number, tuple(teams))
    except (UnavailableError, RateLimitedError):
        raise
    except ForgeError as error:
        return f"no review was requested: {error.message}"
    return ""


def _own_commit(site: Site, undoing: Undoing, head: CommitSha | None) -> Commit:
    """Find the rollback's commit below whatever people put on top, and hold it against what git makes of it."""
    repository, change = site.repository, rollback_change(undoing.watched.id, undoing.recipe)
    for commit in repository.history(head, limit=_DEPTH) if head is not None else ():
        trailers = read_proposal(commit.trailers)
        if trailers is None or trailers.change != change.id:
            continue
        merge, parent = undoing.watched.merge, _parent(commit)
        footprint = footprint_of(repository, merge, parent)
        inverse = inverse_of(repository.revert(merge, onto=parent), footprint)
        if dict(inverse.files) == _changed_files(site, commit):
            return commit
        break
    raise WorkspaceError(
        f"branch {change.branch} holds something else than the revert of {undoing.watched.merge[:12]}",
        hint=f"look at it, then delete it: git push origin --delete {change.branch}",
    )


def _changed_files(site: Site, commit: Commit) -> dict[str, bytes | None]:
    changed = site.repository.changed(_parent(commit), commit.sha)
    return {file.path: site.repository.read(file.path, commit.sha) for file in changed}


def _parent(commit: Commit) -> CommitSha:
    if not commit.parents:
        raise WorkspaceError(f"commit {commit.sha[:12]} has no parent", hint="a merge has two; look at the history")
    return commit.parents[0]


def _open_pull(site: Site, undoing: Undoing, plan: TakeBack, intent: Mapping[str, Json]) -> PullRequest:
    measurement = intent.get("measurement")
    sentence = measurement.get("sentence") if isinstance(measurement, Mapping) else None
    return site.forge.open_pull(
        branch=plan.change.branch,
        base=site.repository.default_branch(),
        title=rollback_title(undoing.recipe, undoing.watched.pull),
        body=rollback_body(
            plan.change,
            undoing.recipe,
            sentence if isinstance(sentence, str) else "",
            original=undoing.watched.pull,
            reasons=plan.draft_because,
            by_hand=undoing.watched.merge if plan.is_partial else None,
        ),
        draft=bool(plan.draft_because),
    )


def _message(site: Site, undoing: Undoing, change: Change) -> str:
    """Return git's own words for a revert, and the trailers that tie it to the change it takes back."""
    watched = undoing.watched
    return proposal_message(
        f'Revert "{undoing.recipe.reference}"',
        ProposalTrailers(
            change=change.id,
            kind=ChangeKind.ROLLBACK,
            recipe=undoing.recipe.reference,
            targets=change.targets,
            impact=_level(watched),
            evidence=Digest(watched.text(Phase.PROPOSED, "evidence_digest")),
            policy=Digest(watched.text(Phase.DECIDED, "policy_digest")),
            rollback_of=watched.id,
            reverts=watched.merge,
        ),
        why=(
            f"This reverts commit {watched.merge}, reversing\n"
            f"changes made to {_parent(site.repository.commit(watched.merge))}."
        ),
    )


def _proposed(site: Site, undoing: Undoing, pull: PullRequest, commit: Commit) -> Draft:
    """Return the rollback's record, all of it read from the commit that really is on the branch."""
    parent, change = _parent(commit), rollback_change(undoing.watched.id, undoing.recipe)
    after = _changed_files(site, commit)
    before = {path: site.repository.read(path, parent) for path in after}
    keys = values_changed(before, after)
    return Draft(
        change=change.id,
        phase=Phase.PROPOSED,
        at=site.now,
        facts={
            **{name: undoing.watched.fact(Phase.PROPOSED, name) for name in _INHERITED},
            # Proposals of nobody's cases, and those from before they were counted, have none.
            "affected": undoing.watched.latest[Phase.PROPOSED].get("affected"),
            "pull": pull.number,
            "branch": change.branch,
            "head": commit.sha,
            "base": parent,
            "episode": change.episode,
            "keys": [
                {"target": key.target, "key": key.key, "before": key.before, "after": key.after}
                for key in (() if isinstance(keys, Unreadable) else keys)
            ],
            "files": [
                {"path": path, "before": _digest(before[path]), "after": _digest(content)}
                for path, content in sorted(after.items())
            ],
            "rollback_of": undoing.watched.id,
        },
    )


_INHERITED = ("recipe", "version", "recipe_digest", "threshold", "evidence_digest", "impact")
"""What a rollback's record takes over from the change that it takes back."""


def _digest(content: bytes | None) -> Digest | None:
    return None if content is None else digest_of(content)


def _level(watched: Watched) -> Level:
    impact = watched.fact(Phase.PROPOSED, "impact")
    name = impact.get("level") if isinstance(impact, Mapping) else None
    if name not in set(Level):
        raise LedgerError(
            f"the ledger has no usable impact of change {watched.id}",
            hint="run `git log pow-ledger` to see who wrote it",
        )
    return Level(str(name))
