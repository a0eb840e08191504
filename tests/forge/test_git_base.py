"""A base branch, read for the whole of a repository or for one folder of it."""

from pathlib import Path

import pytest
from forge.branches import Checkout, a_checkout

from bot.forge.git_base import GitBase
from bot.model.errors import WorkspaceError


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return a_checkout(tmp_path / "agency")


def branched(checkout: Checkout, prefix: str = "") -> None:
    """Make two commits on main, and a third one on a branch that is checked out."""
    checkout.commit({f"{prefix}pow/a.yml": "1", f"{prefix}other.yml": "x"})
    checkout.commit({f"{prefix}pow/a.yml": "2", f"{prefix}pow/settings/b.yml": "y"})
    checkout.git("switch", "--quiet", "--create", "side")
    checkout.commit({f"{prefix}pow/a.yml": "3"})


@pytest.mark.parametrize("prefix", ["", "docs/example/"])
def test_files_and_history_are_those_of_the_base_and_of_the_folder(checkout: Checkout, prefix: str):
    branched(checkout, prefix)
    base = GitBase.open(checkout.folder / prefix, "main")

    assert base.files("pow/") == {"pow/a.yml": b"2", "pow/settings/b.yml": b"y"}
    revisions = base.revisions("pow/")
    assert [[edit.path for edit in each.edits] for each in revisions] == [
        ["pow/a.yml"],
        ["pow/a.yml", "pow/settings/b.yml"],
    ]
    names = [edit.after for each in revisions for edit in each.edits if edit.after]
    assert sorted(base.history.contents(names).values()) == [b"1", b"2", b"y"]


def test_a_folder_that_the_base_does_not_have_holds_nothing(checkout: Checkout):
    branched(checkout)
    (checkout.folder / "new").mkdir()

    base = GitBase.open(checkout.folder / "new", "main")

    assert base.files("pow/") == {}
    assert base.revisions("pow/") == ()


@pytest.mark.parametrize("ref", ["origin/main", "--all", "", "main:pow/a.yml", "no such"])
def test_a_name_that_is_no_commit_is_told(checkout: Checkout, ref: str):
    branched(checkout)

    with pytest.raises(WorkspaceError, match="no commit") as caught:
        GitBase.open(checkout.folder, ref)

    assert "git fetch" in caught.value.hint


def test_a_folder_outside_any_repository_is_told(tmp_path: Path):
    with pytest.raises(WorkspaceError, match="not a Git repository"):
        GitBase.open(tmp_path, "main")


@pytest.mark.parametrize("ref", ["main", "main~1", "HEAD", "a-tag"])
def test_branches_tags_and_commits_are_named_alike(checkout: Checkout, ref: str):
    branched(checkout)
    checkout.git("tag", "-a", "-m", "a tag", "a-tag", "main")

    assert GitBase.open(checkout.folder, ref).commit == checkout.git("rev-parse", f"{ref}^{{commit}}")
