"""What must be true of a pull request before an approval matters: where it comes from, what it changes (pure).

Everything is held against the ledger's record, the base branch and the real bytes; the pull request's own text and
labels are never read.
"""

from collections.abc import Iterator, Mapping

from bot.approve.facts import FileFacts, GateFacts, RecordedProposal, lower
from bot.approve.reasons import all_of, good, pending, refused
from bot.model.change import KeyChange
from bot.model.decision import Reason
from bot.model.forge import Actor, ActorKind, FileStatus, PullState
from bot.model.json import digest_of
from bot.model.names import CommitSha, Login
from bot.model.recipe import Recipe, Setting, Wanted
from bot.model.settings import Policy
from bot.propose.desired import Unreadable, evidence_path, key_changes, path_of, same, target_of, wanted_by
from bot.propose.impact import out_of_range, shown
from bot.propose.trailers import ChangeKind, ProposalTrailers
from bot.propose.wishes import resolve
from bot.recipes.computed import Result

_ACTIONS_BOT = Login("github-actions[bot]")
"""Who GITHUB_TOKEN acts as; it cannot ask for its own identity."""


def check_origin(facts: GateFacts, policy: Policy) -> Reason:
    """Is it the bot's own, open, recorded proposal for the default branch?"""
    pull = facts.pull
    children = (
        good("repository", "the branch is in this repository")
        if pull.same_repository
        else refused("repository", "the branch comes from another repository"),
        good("open", "it is open") if pull.state is PullState.OPEN else refused("open", "it is closed"),
        pending("draft", "it is a draft") if pull.draft else good("draft", "it is no draft"),
        good("base", f"it is for {pull.base_branch}")
        if pull.base_branch == facts.default_branch
        else refused("base", f"it is for {pull.base_branch}, not for {facts.default_branch}"),
        _author(facts, policy),
        _branch(facts),
        _record(facts),
    )
    return all_of("origin", "it is the bot's own proposal", children)


def _author(facts: GateFacts, policy: Policy) -> Reason:
    author, identity = facts.pull.author, facts.identity
    if identity is None:
        known = {lower(login) for login in policy.bots or (_ACTIONS_BOT,)}
        ours = author.kind is ActorKind.BOT and lower(author.login) in known
    else:
        ours = author.id == identity.id
    return (
        good("author", "the bot opened it") if ours else refused("author", f"{author.login} opened it, not the bot")
    )


def _is_bot(actor: Actor, facts: GateFacts) -> bool:
    return actor.id == (facts.identity or facts.pull.author).id


def _branch(facts: GateFacts) -> Reason:
    trailers = facts.trailers
    if trailers is None:
        return refused("branch", "its first commit carries no valid trailers")
    expected = f"pow/{trailers.recipe.partition('@')[0].lower()}/{trailers.change}"
    if facts.pull.head_branch != expected:
        return refused("branch", f"its first commit belongs on branch {expected}")
    return good("branch", "branch and trailers name the same change")


def _record(facts: GateFacts) -> Reason:
    proposed = facts.proposed
    if proposed is None:
        return pending("record", "the ledger has no record of this proposal yet")
    if proposed.closed is not None:
        return refused("record", f"the change is closed already ({proposed.closed})")
    if (proposed.pull, proposed.branch) != (facts.pull.number, facts.pull.head_branch):
        return refused("record", f"the ledger knows this change as pull request {proposed.pull}")
    rollback = facts.trailers.rollback_of if facts.trailers else None
    if proposed.rollback_of != rollback:
        return refused("record", "ledger and trailers disagree on whether it is a rollback")
    return good("record", "the ledger has recorded it")


def check_commits(facts: GateFacts) -> Reason:
    """Does the branch start with the recorded commit, and is it known who wrote all others?"""
    if not facts.commits or facts.commits[-1].sha != facts.pull.head:
        return pending("commits", "the branch moved while it was read")
    if facts.proposed is not None and facts.commits[0].sha != facts.proposed.head:
        return refused("commits", f"the branch no longer starts with the recorded commit {facts.proposed.head[:12]}")
    if facts.commits[0].author is not None and not _is_bot(facts.commits[0].author, facts):
        return refused("commits", f"{facts.commits[0].author.login} wrote the first commit, not the bot")
    added = facts.added_commits
    if unknown := [commit for commit in added if commit.author is None or commit.committer is None]:
        sentence = f"nobody that the forge knows wrote commit {unknown[0].sha[:12]}, so its author cannot be barred"
        return refused("commits", sentence)
    if not added:
        return good("commits", "the branch holds the bot's commit only")
    people = sorted({actor.login for commit in added for actor in (commit.author, commit.committer) if actor})
    return good("commits", f"edited by {', '.join(people)}, who may not approve it")


def check_pushes(facts: GateFacts) -> Reason:
    """Did the bot itself push the recorded commit, and is it known who pushed everything else?

    Whoever pushes can name anybody as author and committer of a commit, the bot among them.
    """
    if facts.pushes is None:
        return pending("pushes", "the forge does not tell who pushed to the branch")
    recorded = facts.proposed.head if facts.proposed else facts.pull.head
    by_head = {push.after: push.actor for push in reversed(facts.pushes) if push.after is not None}
    if facts.pull.head not in by_head:
        return pending("pushes", "the forge does not tell yet who pushed the head")
    if (fault := _not_by_bot(CommitSha(recorded), by_head, facts)) is not None:
        return refused("pushes", fault)
    if any(push.actor is None for push in facts.pushes):
        return pending("pushes", "an account that is gone pushed to the branch, so it cannot be barred")
    people = sorted({push.actor.login for push in facts.pushes if push.actor and not _is_bot(push.actor, facts)})
    said = f"{', '.join(people)} pushed to the branch, and may not approve it"
    return good("pushes", said if people else "only the bot pushed to the branch")


def _not_by_bot(recorded: CommitSha, by_head: Mapping[CommitSha, Actor | None], facts: GateFacts) -> str | None:
    """Say who brought the recorded commit in, unless it was the bot."""
    if recorded not in by_head:
        return "nobody pushed the recorded commit by itself, as the bot does"
    first = by_head[recorded]
    if first is not None and _is_bot(first, facts):
        return None
    return f"{first.login if first else 'a deleted account'} pushed the recorded commit, not the bot"


def check_files(facts: GateFacts) -> Reason:
    """Are only files of this change touched, as regular files, on a base that stands where the proposal was made?"""
    if not facts.files:
        return refused("files", "it changes no file")
    children = (*(_file(file, facts) for file in facts.files), _evidence(facts))
    return all_of("files", "it touches only the files of this change", children)


def desired_files(facts: GateFacts) -> tuple[FileFacts, ...]:
    """Return the changed files that hold desired state."""
    return tuple(file for file in facts.files if target_of(file.path) is not None)


def values_changed(files: tuple[FileFacts, ...]) -> tuple[KeyChange, ...] | Unreadable:
    """Derive the changed values from the real bytes of the base and of the head."""
    found: list[KeyChange] = []
    for file in files:
        if target_of(file.path) is None:
            continue
        if file.base is None or file.head is None:
            return Unreadable(path=file.path, reason="it is not a regular file on both sides")
        changes = key_changes(file.path, file.base, file.head)
        if isinstance(changes, Unreadable):
            return changes
        found += changes
    return tuple(found)


def _file(file: FileFacts, facts: GateFacts) -> Reason:
    name = file.path
    allowed = dict(_allowed(facts))
    if name not in allowed:
        return refused(name, f"{name} is not a file of this change")
    if file.status not in allowed[name]:
        return refused(name, f"{name} was {_how(file.status)}, which no proposal does")
    if file.status is FileStatus.MODIFIED and (file.base is None or file.head is None):
        return refused(name, f"{name} is not a regular file")
    before = None if file.base is None else digest_of(file.base)
    if facts.proposed is not None and target_of(name) and before != facts.proposed.before.get(name):
        said = f"{name} has changed on {facts.default_branch} since the proposal was made"
        by_hand = "; somebody edited this branch, so close it once its values are noted, and it is proposed anew"
        return refused(name, said + (by_hand if facts.added_commits else ""))
    return good(name, f"{name} is part of this change")


def _allowed(facts: GateFacts) -> Iterator[tuple[str, frozenset[FileStatus]]]:
    """Yield the paths that this change may touch, and how."""
    trailers = facts.trailers
    if trailers is None:
        return
    for path in _desired_paths(trailers, facts.recipe, facts.proposed):
        yield path, frozenset({FileStatus.MODIFIED})
    yield evidence_path(trailers.change), frozenset({FileStatus.ADDED})
    if trailers.rollback_of is not None:
        yield evidence_path(trailers.rollback_of), frozenset({FileStatus.REMOVED})


def _desired_paths(
    trailers: ProposalTrailers, recipe: Recipe | None, proposed: RecordedProposal | None
) -> frozenset[str]:
    """A patch may touch the targets of the recipe on the base; a rollback what its record names."""
    if trailers.kind is ChangeKind.ROLLBACK:
        return frozenset(path for path in (proposed.before if proposed else {}) if target_of(path) is not None)
    return frozenset(path_of(target) for target, _, _ in (wanted_by(recipe) if recipe else ()))


def _how(status: FileStatus) -> str:
    match status:
        case FileStatus.OTHER:
            return "renamed, or changed in mode or type"
        case _:
            return status.value


def _evidence(facts: GateFacts) -> Reason:
    trailers, proposed = facts.trailers, facts.proposed
    if trailers is None or proposed is None:
        return pending("evidence", "the evidence cannot be held against a record yet")
    if trailers.evidence != proposed.evidence_digest:
        return refused("evidence", "trailers and ledger name different evidence")
    if facts.evidence is None and trailers.kind is ChangeKind.ROLLBACK:
        return good("evidence", "a rollback's evidence is in the ledger")
    if facts.evidence is None or digest_of(facts.evidence) != proposed.evidence_digest:
        return refused("evidence", "the evidence is not the one that was recorded")
    return good("evidence", "the evidence is the one that was recorded")


def check_values(facts: GateFacts, policy: Policy, keys: tuple[KeyChange, ...] | Unreadable) -> Reason:
    """Does it change exactly what the recipe on the base asks for, within what policy allows?"""
    if isinstance(keys, Unreadable):
        return refused("values", f"{keys.path}: {keys.reason}")
    if not keys:
        return refused("values", "it changes no value")
    if facts.trailers is not None and facts.trailers.kind is ChangeKind.ROLLBACK:
        return good("values", f"it puts {_list(keys)} back")
    if refusals := out_of_range(keys, policy.ranges):
        return refused("values", refusals[0])
    if facts.recipe is None:
        return refused("values", f"{facts.default_branch} has no such recipe, or it cannot be read")
    return _asked_for(facts, facts.recipe, policy, keys)


def _asked_for(facts: GateFacts, recipe: Recipe, policy: Policy, keys: tuple[KeyChange, ...]) -> Reason:
    """A person's edit may change the values, but not reach for other keys."""
    if facts.trailers is not None and facts.trailers.recipe != recipe.reference:
        return refused("values", f"the recipe on {facts.default_branch} is {recipe.reference} by now")
    wanted = {(target, key): value for target, key, value in wanted_by(recipe)}
    for each in keys:
        if (each.target, each.key) not in wanted:
            return refused("values", f"the recipe does not ask to change {each.key} of {each.target}")
    asked = {each: _asked(wanted[each.target, each.key], each, policy) for each in keys}
    other = tuple(each for each, value in asked.items() if value is None or not same(each.after, value))
    if not other:
        return good("values", f"it changes {_list(keys)}, as the recipe asks")
    if facts.added_commits:
        return good("values", f"it changes {_list(keys)}; a person chose other values than the recipe")
    first, value = other[0], asked[other[0]]
    said = f"{first.key} = {shown(value)}" if value is not None else f"no change of {first.key}"
    return refused("values", f"the recipe asks for {said}, not {shown(first.after)}")


def _asked(wanted: Wanted, change: KeyChange, policy: Policy) -> Setting | None:
    """Return what the recipe asks of a value that stands on the base; None where its rule leads nowhere."""
    result = resolve(change.key, wanted, change.before, policy)
    return result.value if isinstance(result, Result) else None


def _list(keys: tuple[KeyChange, ...]) -> str:
    return ", ".join(f"{key.key} from {shown(key.before)} to {shown(key.after)}" for key in keys)
