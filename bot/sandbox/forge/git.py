"""One bare Git repository, driven through the `git` command: objects, refs and history.

Knows nothing of pull requests, users or HTTP; merges are in `git_merge`, differences in `git_diff`.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.model.names import CommitSha

PROGRAM = shutil.which("git") or "git"
ABSENT = "0" * 40
"""What git writes for the value of a ref that does not exist."""
_HEX = re.compile(r"[0-9a-f]{7,40}")
_PERSON = re.compile(r"(?P<name>.*?) ?<(?P<email>[^>]*)> (?P<seconds>-?\d+) [+-]\d{4}")
_SETTINGS = {
    "core.fsync": "none",  # a sandbox need not outlive a power cut, and waits for no disk
    "gc.auto": "0",
    "receive.autogc": "false",
    "maintenance.auto": "false",
    "receive.advertiseAtomic": "true",
    "receive.hideRefs": "refs/pull",
    "http.receivepack": "true",
    "uploadpack.allowFilter": "true",
    "uploadpack.allowAnySHA1InWant": "true",
    "core.quotePath": "false",
}


class GitError(Exception):
    """A git command failed; the text is git's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Who wrote or committed, and when (aware UTC, to the second)."""

    name: str
    email: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """One commit as git stores it; the message keeps its line ends."""

    sha: CommitSha
    tree: str
    parents: tuple[CommitSha, ...]
    author: Signature
    committer: Signature
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeEntry:
    """One line of a tree; `sha` None asks for removal when a tree is written."""

    path: str
    mode: str
    type: str
    sha: str | None
    size: int | None = None


def environment(directory: Path) -> dict[str, str]:
    """Return the whole environment of every git command: nothing of the machine's or the user's settings."""
    return {
        "PATH": os.defpath,
        "HOME": str(directory),
        "GIT_DIR": str(directory),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_LITERAL_PATHSPECS": "1",
        "LC_ALL": "C",
        "TZ": "UTC",
    }


class GitRepository:
    """A bare repository in a directory; objects once read are remembered, for they never change."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._environment = environment(directory)
        self._commits: dict[str, Commit] = {}

    @classmethod
    def create(cls, directory: Path, default_branch: str) -> "GitRepository":
        """Make an empty bare repository."""
        directory.mkdir(parents=True)
        repository = cls(directory)
        repository.run("init", "--bare", "--quiet", f"--initial-branch={default_branch}", "--template=")
        lines = [f"[{key.split('.')[0]}]\n\t{key.split('.')[1]} = {value}\n" for key, value in _SETTINGS.items()]
        with (directory / "config").open("a", encoding="ascii") as config:
            config.writelines(lines)
        return repository

    def run(
        self,
        *arguments: str,
        stdin: bytes = b"",
        extra: Mapping[str, str] | None = None,
        accept: Iterable[int] = (0,),
    ) -> bytes:
        """Run one git command and return its output; an exit code outside `accept` is a GitError."""
        code, output, error = self.attempt(*arguments, stdin=stdin, extra=extra)
        if code not in accept:
            raise GitError(error.decode(errors="replace").strip() or f"git {arguments[0]} failed with {code}")
        return output

    def attempt(
        self, *arguments: str, stdin: bytes = b"", extra: Mapping[str, str] | None = None
    ) -> tuple[int, bytes, bytes]:
        """Run one git command and return its exit code, output and error text."""
        if any("\0" in argument for argument in arguments):
            raise GitError("a name holds a NUL character")
        done = subprocess.run(
            [PROGRAM, *arguments],
            input=stdin,
            capture_output=True,
            env={**self._environment, **(extra or {})},
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    # Refs

    def refs(self, prefix: str = "refs/") -> dict[str, CommitSha]:
        """Return every ref under a prefix with the object it points to, in git's order."""
        output = self.run("for-each-ref", "--format=%(objectname) %(refname)", prefix.rstrip("/") or "refs")
        pairs = (line.split(" ", 1) for line in output.decode(errors="replace").splitlines())
        return {name: CommitSha(sha) for sha, name in pairs}

    def ref(self, name: str) -> CommitSha | None:
        """Return what one full ref name points to."""
        code, output, _ = self.attempt("show-ref", "--verify", "--hash", name)
        return CommitSha(output.decode().strip()) if code == 0 else None

    def branch(self, name: str) -> CommitSha | None:
        """Return the tip of a branch."""
        return self.ref(f"refs/heads/{name}")

    def is_valid_ref(self, name: str) -> bool:
        """Say whether git would take this full ref name."""
        return self.attempt("check-ref-format", name)[0] == 0

    def update_ref(self, name: str, *, new: str, old: str) -> bool:
        """Move, create (old = ABSENT) or delete (new = ABSENT) a ref; False when it was not at `old`."""
        if new == ABSENT:
            return self.attempt("update-ref", "--no-deref", "-d", name, old)[0] == 0
        return self.attempt("update-ref", "--no-deref", name, new, old)[0] == 0

    def bring(self, other: "GitRepository", *wanted: str) -> None:
        """Copy commits of another repository, or its refs (`refs/heads/*:refs/heads/*`), with all they need."""
        self.run("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", str(other.directory), *wanted)

    def resolve(self, name: str) -> CommitSha | None:
        """Find a commit by branch, tag, full ref or (abbreviated) object name, as the REST interface does."""
        if tip := self.branch(name):
            return tip
        if self.is_valid_ref(f"refs/tags/{name}"):
            for full in (name if name.startswith("refs/") else "", f"refs/tags/{name}"):
                if full and self.ref(full):
                    return self._peel(full)
        if name == "HEAD" or _HEX.fullmatch(name):
            return self._peel(name)
        return None

    def _peel(self, name: str) -> CommitSha | None:
        code, output, _ = self.attempt("rev-parse", "--verify", "--quiet", "--end-of-options", name + "^{commit}")
        return CommitSha(output.decode().strip()) if code == 0 else None

    # Objects

    def kind(self, sha: str) -> str | None:
        """Return blob, tree, commit or tag, or None where there is no such object."""
        if not _HEX.fullmatch(sha):
            return None
        code, output, _ = self.attempt("cat-file", "-t", sha)
        return output.decode().strip() if code == 0 else None

    def blob(self, sha: str) -> bytes:
        """Read a blob."""
        return self.run("cat-file", "blob", sha)

    def write_blob(self, content: bytes) -> str:
        """Store a blob and return its name."""
        return self.run("hash-object", "-w", "--stdin", stdin=content).decode().strip()

    def tree(self, treeish: str, *, recursive: bool = False) -> tuple[TreeEntry, ...]:
        """List a tree, with the trees on the way when recursive."""
        options = ("-r", "-t") if recursive else ()
        return _entries(self.run("ls-tree", "-z", "-l", *options, treeish))

    def entry(self, commit: str, path: str) -> TreeEntry | None:
        """Return the entry at a path of a commit."""
        found = _entries(self.run("ls-tree", "-z", "-l", commit, "--", path))
        return found[0] if found and found[0].path == path else None

    def write_tree(self, entries: Sequence[TreeEntry], base: str | None = None) -> str:
        """Store a tree made of `base` with entries put over it, and return its name."""
        with tempfile.TemporaryDirectory(prefix="index-", dir=self.directory) as scratch:
            index = {"GIT_INDEX_FILE": str(Path(scratch) / "index")}
            if base:
                self.run("read-tree", base, extra=index)
            lines = b"".join(line for entry in entries for line in self._index_lines(entry))
            self.run("update-index", "-z", "--replace", "--index-info", stdin=lines, extra=index)
            return self.run("write-tree", extra=index).decode().strip()

    def _index_lines(self, entry: TreeEntry) -> Iterator[bytes]:
        if entry.type != "tree":
            mode, sha = (entry.mode, entry.sha) if entry.sha else ("0", ABSENT)
            yield _index_line(entry.path, mode, sha)
            return
        # A file put in a folder's place drops the folder; taken away again it leaves room for the new one.
        yield _index_line(entry.path, "100644", "1" * 40)
        yield _index_line(entry.path, "0", ABSENT)
        for below in self.tree(entry.sha, recursive=True) if entry.sha else ():
            if below.type != "tree" and below.sha:
                yield _index_line(f"{entry.path}/{below.path}", below.mode, below.sha)

    def write_commit(
        self,
        *,
        tree: str,
        parents: Sequence[str],
        message: str,
        author: Signature,
        committer: Signature,
    ) -> CommitSha:
        """Store a commit with exactly this message and return its name."""
        people = {**_person_variables("AUTHOR", author), **_person_variables("COMMITTER", committer)}
        options = [part for parent in parents for part in ("-p", parent)]
        output = self.run("commit-tree", tree, *options, "-F", "-", stdin=message.encode(), extra=people)
        return CommitSha(output.decode().strip())

    # History

    def commit(self, sha: str) -> Commit:
        """Read one commit."""
        return self.commits([sha])[0]

    def commits(self, shas: Sequence[str]) -> tuple[Commit, ...]:
        """Read commits, the unknown ones in a single git command."""
        missing = [sha for sha in shas if sha not in self._commits]
        if missing:
            output = self.run("cat-file", "--batch", stdin="\n".join(missing).encode() + b"\n")
            for commit in _batch(output):
                self._commits[commit.sha] = commit
        return tuple(self._commits[sha] for sha in shas)

    def rev_list(self, *arguments: str) -> tuple[CommitSha, ...]:
        """List commits; the arguments are options and full object names of our own making."""
        output = self.run("rev-list", *arguments, "--")
        return tuple(CommitSha(line) for line in output.decode().split())

    def history(self, start: str, path: str | None = None) -> tuple[CommitSha, ...]:
        """List the commits reachable from one, newest first, only those that touch a path when one is given."""
        return tuple(map(CommitSha, self.run("rev-list", start, "--", *([path] if path else [])).decode().split()))

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        """Say whether one commit is reachable from another (or is the same)."""
        return self.attempt("merge-base", "--is-ancestor", ancestor, descendant)[0] == 0

    def merge_base(self, one: str, other: str) -> CommitSha | None:
        """Return the best common ancestor."""
        code, output, _ = self.attempt("merge-base", one, other)
        return CommitSha(output.decode().strip()) if code == 0 else None

    def divergence(self, base: str, head: str) -> tuple[int, int]:
        """Return by how many commits head is (ahead, behind) of base."""
        output = self.run("rev-list", "--left-right", "--count", f"{base}...{head}", "--")
        behind, ahead = output.split()
        return int(ahead), int(behind)


def _entries(output: bytes) -> tuple[TreeEntry, ...]:
    entries = []
    for record in output.split(b"\0")[:-1]:
        facts, path = record.split(b"\t", 1)
        mode, kind, sha, size = facts.decode().split()
        entries.append(
            TreeEntry(
                path=path.decode(errors="replace"),
                mode=mode,
                type=kind,
                sha=sha,
                size=None if size == "-" else int(size),
            )
        )
    return tuple(entries)


def _index_line(path: str, mode: str, sha: str) -> bytes:
    return f"{mode} {sha}\t{path}".encode() + b"\0"


def _person_variables(role: str, person: Signature) -> dict[str, str]:
    return {
        f"GIT_{role}_NAME": person.name,
        f"GIT_{role}_EMAIL": person.email,
        f"GIT_{role}_DATE": f"@{int(person.at.timestamp())} +0000",
    }


def _batch(output: bytes) -> Iterable[Commit]:
    position = 0
    while position < len(output):
        end = output.index(b"\n", position)
        sha, kind, *size = output[position:end].decode().split()
        if kind != "commit":
            raise GitError(f"{sha} is not a commit")
        length = int(size[0])
        yield _parse_commit(sha, output[end + 1 : end + 1 + length])
        position = end + length + 2


def _parse_commit(sha: str, content: bytes) -> Commit:
    head, _, message = content.partition(b"\n\n")
    fields: dict[str, list[str]] = {}
    for line in head.decode(errors="replace").splitlines():
        key, _, value = line.partition(" ")
        fields.setdefault(key, []).append(value)
    return Commit(
        sha=CommitSha(sha),
        tree=fields["tree"][0],
        parents=tuple(map(CommitSha, fields.get("parent", ()))),
        author=_parse_person(fields["author"][0]),
        committer=_parse_person(fields["committer"][0]),
        message=message.decode(errors="replace"),
    )


def _parse_person(text: str) -> Signature:
    match = _PERSON.match(text)
    if match is None:
        return Signature(name=text, email="", at=datetime.fromtimestamp(0, UTC))
    at = datetime.fromtimestamp(int(match["seconds"]), UTC)
    return Signature(name=match["name"], email=match["email"], at=at)
