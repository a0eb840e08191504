"""What one run of the step works on, and what it reads of a merge and of the gateway."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import assert_never

from bot.deploy.authorise import MergeFacts
from bot.deploy.desired import Desired, DesiredJourney, DesiredService, MergedFile
from bot.deploy.port import GatewayPort
from bot.ledger.site import Site
from bot.model.forge import Commit, FileStatus
from bot.model.names import CommitSha
from bot.model.recipe import Setting
from bot.model.record import Record
from bot.propose.desired import VERSION_KEY


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run's tools and facts; `blocked` are targets on which an earlier change is still to go live.

    A change that governance refused blocks nothing: another one may be the way out.
    """

    site: Site
    gateway: GatewayPort
    records: tuple[Record, ...]
    history: tuple[Commit, ...]
    blocked: set[str] = field(default_factory=set)


def live_values(gateway: GatewayPort, desired: Desired) -> Mapping[str, Setting]:
    """Ask the gateway for a target's values now, or for its version, if it has one; TargetError as it answers."""
    match desired:
        case DesiredService():
            return gateway.live(desired.service)
        case DesiredJourney():
            version = gateway.journey(desired.journey)
            return {} if version is None else {VERSION_KEY: version}
        case _:
            assert_never(desired)


def merge_facts(work: Run, merge: CommitSha) -> MergeFacts:
    """Read a merge from Git: exactly its own blobs, never those of the branch's head."""
    repository = work.site.repository
    commit = repository.commit(merge)
    parent, approved = (commit.parents[0], commit.parents[-1]) if commit.parents else (merge, merge)
    files = tuple(
        MergedFile(
            path=file.path,
            is_regular=file.status is not FileStatus.OTHER,
            before=repository.read(file.path, parent),
            after=repository.read(file.path, merge),
            approved=repository.read(file.path, approved),
        )
        for file in repository.changed(parent, merge)
    )
    return MergeFacts(commit=commit, is_on_base=any(each.sha == merge for each in work.history), files=files)
