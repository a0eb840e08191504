"""A person's pull request that takes back one change of the bot, to the byte, and does nothing else.

Git's own revert of a merge is such a one, and so is what the forge's button makes of it. What it brings back was
approved once, before the change; that it goes back is for people to approve. Once they have, it has its record under
the name of the change's one rollback, and goes live by it: docs/adr/0042-people-about-a-rollback.md.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.approve.facts import RecordedProposal, recorded_proposal
from bot.approve.rollback import Bytes, inverse_fault
from bot.forge.port import Repository
from bot.model.json import Json, digest_of
from bot.model.names import ChangeId, CommitSha, PullNumber
from bot.model.record import Phase, Record
from bot.propose.change import return_id, rollback_id
from bot.propose.desired import target_of

OPENED_BY = "opened_by"
"""The fact of a record that tells a way back by people from a proposal of the bot's: who opened its pull request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Former:
    """A change that was merged through the gate: its merge, and its proposal as it is recorded."""

    merge: CommitSha
    proposed: RecordedProposal
    facts: Mapping[str, Json]

    @property
    def change(self) -> ChangeId:
        """The change itself."""
        return self.proposed.change


@dataclass(frozen=True, slots=True, kw_only=True)
class GoingBack:
    """A pull request that takes a change back: under which name that is recorded, or why it is not (`blocked`)."""

    former: Former
    change: ChangeId
    blocked: str = ""


def formers(records: tuple[Record, ...], paths: Iterable[str]) -> tuple[Former, ...]:
    """Return the changes that were merged and set a value in one of these files, the newest merge first.

    A rollback is none: it is never rolled back.
    """
    touched = {path for path in paths if target_of(path) is not None}
    proposals = {record.change: record for record in records if record.phase is Phase.PROPOSED}
    found: list[Former] = []
    for record in reversed(records):
        proposed, merge = proposals.get(record.change), record.facts.get("merge")
        if record.phase is not Phase.MERGED or proposed is None or proposed.facts.get("rollback_of"):
            continue
        read = recorded_proposal((proposed,))
        if read is not None and isinstance(merge, str) and touched & read.before.keys():
            found.append(Former(merge=CommitSha(merge), proposed=read, facts=proposed.facts))
    return tuple(found)


def taken_back_by(
    repository: Repository, records: tuple[Record, ...], *, base: CommitSha, head: CommitSha, paths: Iterable[str]
) -> Former | None:
    """Return the change that a head takes back; `paths` are all that the head changes on `base`.

    The ledger's digests tell the few that may be it, so that git is not asked about every change of a busy target.
    """
    changed = frozenset(paths)
    restored = _digests(repository, changed, head)
    for former in formers(records, changed):
        if any(former.proposed.before.get(path) != digest for path, digest in restored.items()):
            continue
        if not repository.is_ancestor(former.merge, head):
            continue
        files = bytes_of(repository, former.merge, base=base, head=head, also=changed)
        if inverse_fault(files, former.change) is None:
            return former
    return None


def _digests(repository: Repository, paths: Iterable[str], at: CommitSha) -> Mapping[str, str | None]:
    """Return the digests of the files of desired state as a commit has them; None for no such file."""
    read = {path: repository.read(path, at) for path in paths if target_of(path) is not None}
    return {path: None if content is None else digest_of(content) for path, content in read.items()}


def bytes_of(
    repository: Repository, merge: CommitSha, *, base: CommitSha, head: CommitSha, also: Iterable[str]
) -> Mapping[str, Bytes]:
    """Read every file that a merge changed, and others, at the four points that matter for taking it back."""
    before, at = repository.commit(merge).parents[0], repository.read
    paths = {*(file.path for file in repository.changed(before, merge)), *also}
    return {
        path: Bytes(before=at(path, before), merged=at(path, merge), base=at(path, base), head=at(path, head))
        for path in sorted(paths)
    }


def going_back(former: Former, records: tuple[Record, ...], pull: PullNumber, *, from_here: bool) -> GoingBack:
    """Name the way back: by the change's one rollback, or, where that came to nothing, by the pull request."""
    proposed = [each for each in records if each.phase is Phase.PROPOSED]
    ways = {
        each.change: each.facts.get("pull") for each in proposed if each.facts.get("rollback_of") == former.change
    }
    name = rollback_id(former.change)
    if name in ways and ways[name] != pull:
        name = return_id(former.change, pull)
    blocked = "" if from_here else "it comes from another repository"
    phases = {(each.change, each.phase) for each in records}
    for change, number in ways.items():
        if number != pull and (change, Phase.MERGED) in phases:
            blocked = f"pull request {number} took it back before"
        elif number != pull and (change, Phase.CLOSED) not in phases:
            blocked = f"its rollback is pull request {number} already"
    return GoingBack(former=former, change=name, blocked=blocked)
