"""The same commits in two repositories: the fake's world, and a real bare repository with a clone."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from fakes.builders import START, a_person
from fakes.repository import MemoryRepository
from fakes.world import MemoryWorld, edited

from bot.forge.git import GitRepository
from bot.forge.port import Repository
from bot.model.names import BranchName, CommitSha

MAIN = BranchName("main")
FILES = {"README.md": b"agency\n", "patches/PHOTO.yml": b"".join(b"line %d\n" % n for n in range(1, 10))}


def numbered(**lines: str) -> bytes:
    """Return the nine numbered lines with some replaced: `numbered(line_2="two")`."""
    replaced = {int(name.removeprefix("line_")): text for name, text in lines.items()}
    return b"".join(f"{replaced.get(n, f'line {n}')}\n".encode() for n in range(1, 10))


class Clone(Protocol):
    """A repository to be tested, and a way to make commits on its remote."""

    @property
    def repository(self) -> Repository:
        """What is tested."""
        ...

    def commit(self, *parents: CommitSha, files: Mapping[str, bytes | None], message: str = "Change") -> CommitSha:
        """Write a commit on the remote; its tree is the first parent's with files set or removed."""
        ...

    def point(self, branch: str, commit: CommitSha | None) -> None:
        """Put a remote branch on a commit, or delete it."""
        ...


@dataclass(slots=True)
class MemoryClone:
    """The fake."""

    world: MemoryWorld
    repository: Repository

    @classmethod
    def open(cls) -> "MemoryClone":
        """Build it."""
        world = MemoryWorld(FILES)
        return cls(world, MemoryRepository(world))

    def commit(self, *parents: CommitSha, files: Mapping[str, bytes | None], message: str = "Change") -> CommitSha:
        before = self.world.snapshots[parents[0]].files if parents else {}
        return self.world.store(parents, edited(before, files), message, author=a_person())

    def point(self, branch: str, commit: CommitSha | None) -> None:
        if commit is None:
            del self.world.branches[BranchName(branch)]
        else:
            self.world.branches[BranchName(branch)] = commit


@dataclass(slots=True)
class GitClone:
    """Real git: `bare` is the remote, `root` the clone."""

    bare: Path
    root: Path
    repository: GitRepository = field(init=False)

    def __post_init__(self) -> None:
        git("init", "--quiet", "--bare", "--initial-branch=main", str(self.bare))
        self.point("main", self.commit(files=FILES, message="Initial commit"))
        git("clone", "--quiet", str(self.bare), str(self.root))
        self.repository = GitRepository.open(self.root)

    def commit(self, *parents: CommitSha, files: Mapping[str, bytes | None], message: str = "Change") -> CommitSha:
        index = {"GIT_INDEX_FILE": str(self.bare / "test-index")}
        git("read-tree", parents[0] if parents else "--empty", cwd=self.bare, extra=index)
        for path, content in files.items():
            blob = git("hash-object", "-w", "--stdin", cwd=self.bare, stdin=content or b"")
            line = f"0 {'0' * 40}\t{path}\n" if content is None else f"100644 {blob}\t{path}\n"
            git("update-index", "--index-info", cwd=self.bare, stdin=line.encode(), extra=index)
        return self.commit_tree(git("write-tree", cwd=self.bare, extra=index), parents, message)

    def commit_tree(self, tree: str, parents: tuple[CommitSha, ...], message: str) -> CommitSha:
        """Write a commit with a tree made elsewhere."""
        options = [part for parent in parents for part in ("-p", parent)]
        return CommitSha(git("commit-tree", tree, *options, "-F", "-", cwd=self.bare, stdin=message.encode()))

    def point(self, branch: str, commit: CommitSha | None) -> None:
        ref = f"refs/heads/{branch}"
        if commit is None:
            git("update-ref", "-d", ref, cwd=self.bare)
        else:
            git("update-ref", ref, commit, cwd=self.bare)


def git(*arguments: str, cwd: Path | None = None, stdin: bytes = b"", extra: Mapping[str, str] | None = None) -> str:
    """Run git as a person would, at a fixed time, free of this machine's settings."""
    when = f"{int(START.timestamp())} +0000"
    person = {"NAME": "Sam", "EMAIL": "sam@agency.example", "DATE": when}
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        **{f"GIT_{role}_{name}": value for role in ("AUTHOR", "COMMITTER") for name, value in person.items()},
        **(extra or {}),
    }
    done = subprocess.run(["git", *arguments], cwd=cwd, input=stdin, capture_output=True, check=True, env=environment)
    return done.stdout.decode().strip()
