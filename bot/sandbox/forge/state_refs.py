"""Movements of refs and what follows from them: pushes are noted, pull requests move, close or count as merged."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot.model.names import CommitSha
from bot.sandbox.forge import state_issues
from bot.sandbox.forge.entities import Account, Happening, Pull, Push, PushKind
from bot.sandbox.forge.git import ABSENT
from bot.sandbox.forge.state import ForgeState, Repository

HEADS = "refs/heads/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A ref's values before and after; ABSENT where it was not there."""

    before: str
    after: str
    kind: PushKind | None = None
    """What to call it in the activity; None tells a push from a forced one by the commits."""


def move(state: ForgeState, repository: Repository, ref: str, actor: Account, moved: Moved) -> bool:
    """Move, create or delete a ref and do what follows; False when it was not where it should have been."""
    if not repository.git.update_ref(ref, new=moved.after, old=moved.before):
        return False
    _notice(state, repository, ref, actor, moved)
    return True


def notice_changes(
    state: ForgeState,
    repository: Repository,
    actor: Account,
    before: Mapping[str, str],
    after: Mapping[str, str],
) -> None:
    """Do what follows from a push that git has already taken, given all refs before and after it."""
    changed = {ref for ref in {*before, *after} if before.get(ref) != after.get(ref)}
    bases = {HEADS + pull.base_ref for pull in open_pulls(repository)}
    # Bases first: a push that brings a head into its base and deletes the head is a merge, not a closing.
    for ref in sorted(changed, key=lambda name: (name not in bases, name)):
        moved = Moved(before=before.get(ref, ABSENT), after=after.get(ref, ABSENT))
        _notice(state, repository, ref, actor, moved)


def open_pulls(repository: Repository) -> list[Pull]:
    """Return the pull requests that are open."""
    return [pull for pull in repository.pulls.values() if repository.issues[pull.number].state == "open"]


def mark_merged(state: ForgeState, repository: Repository, pull: Pull, actor: Account, commit: CommitSha) -> Pull:
    """Write down that a pull request is merged, by whom and as which commit."""
    merged = replace(pull, merged_at=state.clock.now(), merged_by=actor, merge_commit_sha=commit)
    repository.pulls[pull.number] = merged
    state_issues.record(state, repository, pull.number, actor, Happening(name="merged", commit=commit))
    state_issues.set_state(state, repository, pull.number, actor, "closed")
    return merged


def _notice(state: ForgeState, repository: Repository, ref: str, actor: Account, moved: Moved) -> None:
    repository.pushes.append(
        Push(
            id=state.next_id(),
            ref=ref,
            before=moved.before,
            after=moved.after,
            kind=moved.kind or _kind(repository, moved),
            actor=actor,
            at=state.clock.now(),
        )
    )
    if not ref.startswith(HEADS):
        return
    branch = ref.removeprefix(HEADS)
    for pull in open_pulls(repository):
        if pull.base_ref == branch:
            _base_moved(state, repository, pull, actor, moved)
        elif pull.fork is None and pull.head_ref == branch:
            _head_moved(state, repository, pull, actor, moved)
    for other in state.repositories.values():
        if other.key == repository.fork_of:
            _fork_moved(state, repository, branch, actor, moved, parent=other)


def _fork_moved(
    state: ForgeState, found: Repository, branch: str, actor: Account, moved: Moved, *, parent: Repository
) -> None:
    """Let the pull requests from a fork's branch follow it."""
    for pull in open_pulls(parent):
        if (pull.fork, pull.head_ref) == (found.full_name, branch):
            if moved.after != ABSENT:
                parent.git.bring(found.git, moved.after)
            _head_moved(state, parent, pull, actor, moved)


def _kind(repository: Repository, moved: Moved) -> PushKind:
    if moved.before == ABSENT:
        return PushKind.CREATED
    if moved.after == ABSENT:
        return PushKind.DELETED
    forward = repository.git.is_ancestor(moved.before, moved.after)
    return PushKind.PUSH if forward else PushKind.FORCE_PUSH


def _base_moved(state: ForgeState, repository: Repository, pull: Pull, actor: Account, moved: Moved) -> None:
    if moved.after == ABSENT:
        state_issues.set_state(state, repository, pull.number, actor, "closed")
    elif repository.git.is_ancestor(pull.head_sha, moved.after):
        commit = _merging_commit(repository, pull.head_sha, moved)
        mark_merged(state, repository, pull, actor, commit)


def _merging_commit(repository: Repository, head: CommitSha, moved: Moved) -> CommitSha:
    """Return the commit of the base's own line that brought the head in."""
    line = repository.git.rev_list("--first-parent", "--reverse", moved.after, f"^{moved.before}")
    return next((sha for sha in line if repository.git.is_ancestor(head, sha)), head)


def _head_moved(state: ForgeState, repository: Repository, pull: Pull, actor: Account, moved: Moved) -> None:
    git = repository.git
    if moved.after == ABSENT:
        state_issues.record(state, repository, pull.number, actor, Happening(name="head_ref_deleted"))
        state_issues.set_state(state, repository, pull.number, actor, "closed")
        return
    base = git.branch(pull.base_ref) or pull.base_sha
    if not git.is_ancestor(moved.before, moved.after):
        sha = CommitSha(moved.after)
        forced = Happening(name="head_ref_force_pushed", commit=sha)
        state_issues.record(state, repository, pull.number, actor, forced)
    head = CommitSha(moved.after)
    repository.pulls[pull.number] = replace(pull, head_sha=head, base_sha=base)
    git.update_ref(f"refs/pull/{pull.number}/head", new=head, old=pull.head_sha)
    state_issues.touch(state, repository, pull.number)
    if git.is_ancestor(head, base):  # nothing is left to merge
        state_issues.set_state(state, repository, pull.number, actor, "closed")
