"""Whether a merge commit is what the gate let merge, read from the repository; a look back that trusts nothing."""

from dataclasses import dataclass

from bot.approve.facts import RecordedProposal
from bot.forge.port import Repository
from bot.model.json import digest_of
from bot.model.names import CommitSha
from bot.propose.desired import target_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A good merge, and the base that it was made on."""

    parent: CommitSha


@dataclass(frozen=True, slots=True, kw_only=True)
class Irregular:
    """What is wrong with a merge."""

    reason: str


def is_undone(repository: Repository, base: CommitSha, proposed: RecordedProposal) -> bool:
    """Tell whether every file of desired state is again what it was before the proposal."""
    return stands_on(repository, base, proposed)


def stands_on(repository: Repository, base: CommitSha, proposed: RecordedProposal) -> bool:
    """Tell whether a base holds the very files of desired state that the proposal was made for."""
    return all(
        content is not None and digest_of(content) == before
        for path, before in proposed.before.items()
        if target_of(path) is not None
        for content in (repository.read(path, base),)
    )


def verify_merge(
    repository: Repository, merge: CommitSha, proposed: RecordedProposal, *, heads: frozenset[str]
) -> Verified | Irregular:
    """Hold a merge against the approved heads and the bytes of the base that the proposal was made for."""
    parents = repository.commit(merge).parents
    if len(parents) != 2:
        return Irregular(reason="it is no merge commit of two parents")
    parent, head = parents
    if head not in heads:
        return Irregular(reason=f"no recorded decision let {head[:12]} merge")
    for path, before in proposed.before.items():
        content = repository.read(path, parent)
        if (None if content is None else digest_of(content)) != before:
            return Irregular(reason=f"{path} had changed on the base in between")
    for file in repository.changed(parent, merge):
        if repository.read(file.path, merge) != repository.read(file.path, head):
            return Irregular(reason=f"{file.path} is not what was approved")
    return Verified(parent=parent)
