"""A real repository with a branch that is checked out, made commit by commit; dates count up from a fixed day."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


@dataclass(slots=True)
class Checkout:
    """A work tree; `commits` counts what was committed, and so the days."""

    folder: Path
    commits: int = 0

    def git(self, *arguments: str) -> str:
        """Run git as somebody, at the time of the next commit."""
        at = (START + timedelta(days=self.commits)).isoformat()
        variables = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "GIT_AUTHOR_NAME": "Maria",
            "GIT_AUTHOR_EMAIL": "maria@example.org",
            "GIT_COMMITTER_NAME": "Maria",
            "GIT_COMMITTER_EMAIL": "maria@example.org",
            "GIT_AUTHOR_DATE": at,
            "GIT_COMMITTER_DATE": at,
            "GIT_CONFIG_NOSYSTEM": "1",
        }
        done = subprocess.run(
            ["git", "-C", str(self.folder), *arguments], env=variables, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def commit(self, files: Mapping[str, str | None], message: str = "Change") -> str:
        """Set or remove files, commit, and return the commit."""
        for path, text in files.items():
            file = self.folder / path
            if text is None:
                file.unlink()
            else:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, newline="")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        self.commits += 1
        return self.git("rev-parse", "HEAD")

    def merge(self, branch: str) -> str:
        """Merge a branch with a commit of its own."""
        self.git("merge", "--quiet", "--no-ff", "--message", f"Merge {branch}", branch)
        self.commits += 1
        return self.git("rev-parse", "HEAD")


def a_checkout(folder: Path) -> Checkout:
    """Make an empty repository on a branch main."""
    folder.mkdir(parents=True, exist_ok=True)
    checkout = Checkout(folder)
    checkout.git("init", "--quiet", "--initial-branch", "main")
    return checkout
