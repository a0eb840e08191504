"""One repository and its forge in memory: a commit graph, branches and the tables around pull requests.

Forge, repository and ledger fakes share one world. It knows regular files only, and merges within one file are git's
own (`git merge-file`).
"""

import hashlib
import os
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from fakes.builders import START, a_bot, a_person
from fakes.trailers import trailers_of

from bot.model.forge import (
    Actor,
    ChangedFile,
    Check,
    Claim,
    Comment,
    Commit,
    FileStatus,
    Labelling,
    Permission,
    PullRequest,
    PullState,
    Push,
    Review,
    ReviewState,
)
from bot.model.json import Json
from bot.model.names import BranchName, CommitSha, Login, PullNumber, TeamSlug

MAIN = BranchName("main")


class Killed(BaseException):
    """The process died at this very write; nothing but a test catches it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A commit with every file of its tree, and the accounts the forge ties to it."""

    commit: Commit
    files: Mapping[str, bytes]
    author: Actor | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownDeployment:
    """A deployment as the forge shows it."""

    commit: CommitSha
    environment: str
    success: bool
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """An issue: who opened it with which title, labels and text, and whether it is still open."""

    text: Comment
    title: str
    labels: tuple[str, ...]
    at: datetime
    is_open: bool = True


MAINTAINER = a_person("maintainer")
"""Who acts where it does not matter who does."""


class MemoryWorld:
    """Everything there is; tests set the tables directly, the fakes change them through the ports."""

    def __init__(self, files: Mapping[str, bytes] | None = None, *, now: datetime = START) -> None:
        self.now = now
        self.snapshots: dict[CommitSha, Snapshot] = {}
        self.branches: dict[BranchName, CommitSha] = {}
        self.pulls: dict[PullNumber, PullRequest] = {}
        self.reviews: dict[PullNumber, list[Review]] = {}
        self.comments: dict[PullNumber, list[Comment]] = {}
        self.requested: dict[PullNumber, list[TeamSlug]] = {}
        self.pushes: dict[BranchName, list[Push]] = {}
        self.issues: dict[PullNumber, Issue] = {}
        self.closings: dict[PullNumber, list[Actor | None]] = {}
        self.labellings: dict[PullNumber, list[Labelling]] = {}
        self.checks: dict[CommitSha, dict[str, Check]] = {}
        self.deployments: list[ShownDeployment] = []
        self.dispatched: list[str] = []
        self.events: list[tuple[str, dict[str, Json]]] = []
        self.accounts: dict[Login, Actor | None] = {}
        """Where the accounts differ from the people who have rights: whoever has a login now, or nobody."""
        self.permissions: dict[Login, Permission] = {}
        self.teams: dict[TeamSlug, frozenset[Login]] = {}
        self.writes: list[str] = []
        self._kill_before: int | None = None
        self._kill_after: int | None = None
        self._next_id = 100
        first = self.store((), dict(files or {"README.md": b"agency\n"}), "Initial commit", author=None)
        self.branches[MAIN] = first

    # Crashes

    def fail_before(self, count: int) -> None:
        """Die just before the `count`-th write from now (1 is the next)."""
        self._kill_before, self._kill_after = len(self.writes) + count, None

    def fail_after(self, count: int) -> None:
        """Die just after the `count`-th write from now: it happened, nobody was told."""
        self._kill_before, self._kill_after = None, len(self.writes) + count

    def stay_alive(self) -> None:
        """Die no more."""
        self._kill_before = self._kill_after = None

    @contextmanager
    def write(self, what: str) -> Iterator[None]:
        """Count one write, and die around it when told to; a write that raises was none."""
        if self._kill_before == len(self.writes) + 1:
            self._kill_before = None
            raise Killed(f"before {what}")
        yield
        self.writes.append(what)
        if self._kill_after == len(self.writes):
            self._kill_after = None
            raise Killed(f"after {what}")

    def next_id(self) -> int:
        """Return a number that nothing else has."""
        self._next_id += 1
        return self._next_id

    # The commit graph

    def store(
        self, parents: tuple[CommitSha, ...], files: Mapping[str, bytes], message: str, *, author: Actor | None
    ) -> CommitSha:
        """Write a commit with exactly these files; like git, the same content has the same name."""
        at = self.now.astimezone(UTC).replace(microsecond=0)
        tree = tree_name(files)
        who = author.login if author else "-"
        sha = CommitSha(_name("commit", tree, *parents, message, str(at.timestamp()), who))
        text = message.rstrip("\n")
        commit = Commit(
            sha=sha, parents=parents, tree=tree, message=text, committed_at=at, trailers=trailers_of(text)
        )
        self.snapshots[sha] = Snapshot(commit=commit, files=dict(files), author=author)
        return sha

    def reachable(self, heads: Iterable[CommitSha]) -> frozenset[CommitSha]:
        """Return every commit reachable from some heads, themselves included."""
        seen: set[CommitSha] = set()
        waiting = list(heads)
        while waiting:
            sha = waiting.pop()
            if sha not in seen:
                seen.add(sha)
                waiting.extend(self.snapshots[sha].commit.parents)
        return frozenset(seen)

    def merge_base(self, one: CommitSha, other: CommitSha) -> CommitSha | None:
        """Return a common ancestor that no other common ancestor descends from."""
        shared = self.reachable([one]) & self.reachable([other])
        inner = {sha for each in shared for sha in self.reachable([each]) - {each}}
        return min(shared - inner, default=None)

    def changed(self, old: CommitSha, new: CommitSha) -> tuple[ChangedFile, ...]:
        """Return what differs between two commits, by path."""
        before, after = self.snapshots[old].files, self.snapshots[new].files
        return tuple(
            ChangedFile(path=path, status=_status(before.get(path), after.get(path)))
            for path in sorted(before.keys() | after.keys())
            if before.get(path) != after.get(path)
        )

    def last_touching(self, path: str, at: CommitSha) -> Snapshot | None:
        """Return the last commit that made a file what it is: a merge counts only if no parent has it so."""
        snapshot: Snapshot | None = self.snapshots[at]
        while snapshot is not None:
            parents = [self.snapshots[parent] for parent in snapshot.commit.parents]
            same = [parent for parent in parents if parent.files.get(path) == snapshot.files.get(path)]
            if not same:
                return snapshot if path in snapshot.files or parents else None
            snapshot = same[0]
        return None

    # What people do

    def push(
        self, branch: str, files: Mapping[str, bytes | None], *, by: Actor, message: str = "Edit by hand"
    ) -> CommitSha:
        """Let a person commit on a branch (a new one starts at main)."""
        parent = self.branches.get(BranchName(branch), self.branches[MAIN])
        tree = edited(self.snapshots[parent].files, files)
        sha = self.store((parent,), tree, message, author=by)
        self.set_branch(BranchName(branch), sha, by=by)
        return sha

    def review(
        self, number: int, by: Actor, state: ReviewState = ReviewState.APPROVED, *, claim: Claim | None = None
    ) -> Review:
        """Let a person review a pull request's present head, and claim an emergency in it."""
        pull = self.pull(PullNumber(number))
        review = Review(
            id=self.next_id(),
            author=by,
            state=state,
            commit=pull.head,
            submitted_at=self.now,
            url=f"{pull.url}#r",
            claim=claim,
        )
        self.reviews.setdefault(pull.number, []).append(review)
        self.touch(pull.number)
        return review

    def file_issue(self, *labels: str, by: Actor) -> PullNumber:
        """Let a person open an issue from a template that labels it."""
        number = PullNumber(len(self.pulls) + len(self.issues) + 1)
        text = Comment(id=number, author=by, body="Help.")
        self.issues[number] = Issue(text=text, title="Help", labels=(), at=self.now)
        for label in labels:
            self.label(number, label, by=by)
        return number

    def label(self, number: int, label: str, *, by: Actor | None, added: bool = True) -> None:
        """Let a person put a label on an issue or pull request, or take it off."""
        held = PullNumber(number)
        if held in self.pulls:
            labels = self.pulls[held].labels
            self.pulls[held] = replace(self.pulls[held], labels=labels | {label} if added else labels - {label})
            self.touch(held)
        else:
            rest = tuple(each for each in self.issues[held].labels if each != label)
            self.issues[held] = replace(self.issues[held], labels=(*rest, label) if added else rest)
        self.labellings.setdefault(held, []).append(Labelling(label=label, added=added, actor=by))

    def close_issue(self, number: int, *, by: Actor) -> None:
        """Let whoever may close an issue: its author, and people with triage access."""
        held = self.issues[PullNumber(number)]
        assert by == held.text.author or self.permissions.get(by.login, Permission.NONE) is not Permission.NONE
        self.closings.setdefault(PullNumber(number), []).append(by)
        self.issues[PullNumber(number)] = replace(self.issues[PullNumber(number)], is_open=False)

    def close(self, number: int, *, by: Actor | None = MAINTAINER) -> None:
        """Let an account close a pull request without merging it: a person who may write, if nobody is named."""
        if by == MAINTAINER:
            self.permissions[MAINTAINER.login] = Permission.WRITE
        self.closings.setdefault(PullNumber(number), []).append(by)
        self.pulls[PullNumber(number)] = replace(
            self.pull(PullNumber(number)), state=PullState.CLOSED, closed_at=self.now
        )
        self.touch(PullNumber(number))

    def touch(self, number: PullNumber) -> None:
        """Note that something about a pull request, or about an issue, changed now."""
        if number in self.issues:
            self.issues[number] = replace(self.issues[number], at=self.now)
        else:
            self.pulls[number] = replace(self.pulls[number], updated_at=self.now)

    def merge_by_hand(self, number: int, by: Actor) -> CommitSha:
        """Let a person press the merge button, gate or no gate."""
        pull = self.pull(PullNumber(number))
        return self.merge(pull, f"Merge pull request #{number}\n\n{pull.title}", by=by)

    # What the forge does

    def pull(self, number: PullNumber) -> PullRequest:
        """Return a pull request; an open one follows its branches, but for a fork's."""
        pull = self.pulls[number]
        if pull.state is PullState.CLOSED:
            return pull
        own = self.branches if pull.same_repository else {}
        head, base = own.get(pull.head_branch, pull.head), self.branches.get(pull.base_branch, pull.base)
        return replace(pull, head=head, base=base)

    def set_branch(self, branch: BranchName, sha: CommitSha, *, by: Actor | None = None) -> None:
        """Let an account move a branch; open pull requests whose head is now in their base count as merged."""
        self.branches[branch] = sha
        self.pushes.setdefault(branch, []).append(Push(after=sha, actor=by))
        for number, stored in list(self.pulls.items()):
            if stored.state is PullState.OPEN and stored.same_repository and stored.head_branch == branch:
                self.touch(number)
            if stored.state is PullState.OPEN and stored.base_branch == branch:
                pull = self.pull(number)
                if pull.head in self.reachable([sha]):
                    self._settle(pull, sha, by=None)

    def merge(self, pull: PullRequest, message: str, *, by: Actor) -> CommitSha:
        """Merge with a merge commit; ValueError where git would conflict."""
        base = self.merge_base(pull.base, pull.head)
        merged = merge_trees(
            self.snapshots[base].files if base else {},
            self.snapshots[pull.base].files,
            self.snapshots[pull.head].files,
        )
        if isinstance(merged, tuple):
            raise ValueError(f"conflict in {', '.join(merged)}")  # noqa: TRY004 - not a wrong type: a conflict
        sha = self.store((pull.base, pull.head), merged, message, author=by)
        self.branches[pull.base_branch] = sha
        self._settle(pull, sha, by=by)
        return sha

    def _settle(self, pull: PullRequest, sha: CommitSha, *, by: Actor | None) -> None:
        self.pulls[pull.number] = replace(
            pull,
            state=PullState.CLOSED,
            merged=True,
            merge_commit=sha,
            merged_at=self.now,
            merged_by=by or a_bot("web-flow"),
            closed_at=self.now,
        )


def tree_name(files: Mapping[str, bytes]) -> str:
    """Name a tree by its content."""
    return _name("tree", *(part for path in sorted(files) for part in (path, files[path].hex())))


def edited(tree: Mapping[str, bytes], files: Mapping[str, bytes | None]) -> dict[str, bytes]:
    """Return a tree with files set or (None) removed; KeyError for removing what is not there."""
    result = dict(tree)
    for path, content in files.items():
        if content is None:
            del result[path]
        else:
            result[path] = content
    return result


def merge_trees(
    base: Mapping[str, bytes], ours: Mapping[str, bytes], theirs: Mapping[str, bytes]
) -> dict[str, bytes] | tuple[str, ...]:
    """Merge three trees; the paths in conflict, if any."""
    result: dict[str, bytes] = {}
    conflicts = []
    for path in sorted(base.keys() | ours.keys() | theirs.keys()):
        b, o, t = base.get(path), ours.get(path), theirs.get(path)
        merged = o if t in (b, o) else t if o == b else _merge_file(b or b"", o, t)
        if isinstance(merged, bool):
            conflicts.append(path)
        elif merged is not None:
            result[path] = merged
    return tuple(conflicts) or result


def _merge_file(base: bytes, ours: bytes | None, theirs: bytes | None) -> bytes | bool:
    if ours is None or theirs is None:
        return False
    with tempfile.TemporaryDirectory() as folder:
        names = ("ours", "base", "theirs")
        for name, content in zip(names, (ours, base, theirs), strict=True):
            (Path(folder) / name).write_bytes(content)
        done = subprocess.run(
            ["git", "merge-file", "-p", *names],
            cwd=folder,
            capture_output=True,
            check=False,
            env={"PATH": os.environ["PATH"], "HOME": folder, "GIT_CONFIG_NOSYSTEM": "1"},
        )
    return done.stdout if done.returncode == 0 else False


def _status(before: bytes | None, after: bytes | None) -> FileStatus:
    if before is None:
        return FileStatus.ADDED
    return FileStatus.REMOVED if after is None else FileStatus.MODIFIED


def _name(*parts: str) -> str:
    return hashlib.sha1("\0".join(parts).encode(), usedforsecurity=False).hexdigest()
