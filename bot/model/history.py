"""A branch's history as what it did to files; it knows names of contents, not the contents."""

from dataclasses import dataclass
from datetime import datetime
from typing import NewType

from bot.model.names import CommitSha

BlobName = NewType("BlobName", str)
"""Git's name of some exact bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One regular file before and after a commit; None where there is none."""

    path: str
    before: BlobName | None
    after: BlobName | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A commit of the branch and the files that it changed against its first parent."""

    commit: CommitSha
    at: datetime
    edits: tuple[Edit, ...]
