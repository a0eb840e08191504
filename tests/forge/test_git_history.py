"""What a branch did to its files, read from real repositories."""

import os
import subprocess
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from forge.branches import START, Checkout, a_checkout

from bot.forge.git_history import GitHistory
from bot.model.errors import WorkspaceError
from bot.model.history import Revision


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return a_checkout(tmp_path / "agency")


def told(checkout: Checkout, *, side_branches: bool = False) -> list[dict[str, str | None]]:
    """Tell what each commit left in the files that it changed."""
    history = GitHistory.open(checkout.folder)
    revisions = history.revisions("pow/", side_branches=side_branches)
    contents = history.contents(e.after for r in revisions for e in r.edits if e.after)
    return [{e.path: contents[e.after].decode() if e.after else None for e in r.edits} for r in revisions]


def commits(revisions: Sequence[Revision]) -> list[str]:
    return [revision.commit for revision in revisions]


def test_commits_are_told_oldest_first_with_their_times(checkout: Checkout):
    first = checkout.commit({"pow/a.yml": "1"})
    checkout.commit({"README.md": "elsewhere"})
    second = checkout.commit({"pow/a.yml": "2", "pow/b.yml": "x"})
    revisions = GitHistory.open(checkout.folder).revisions("pow/")
    assert commits(revisions) == [first, second]
    assert [each.at for each in revisions] == [START, START + timedelta(days=2)]
    assert told(checkout) == [{"pow/a.yml": "1"}, {"pow/a.yml": "2", "pow/b.yml": "x"}]


def test_a_rename_and_a_removal_are_what_they_are(checkout: Checkout):
    checkout.commit({"pow/a.yml": "1"})
    checkout.commit({"pow/a.yml": None, "pow/b.yml": "1"})
    checkout.commit({"pow/b.yml": None})
    assert told(checkout)[1:] == [{"pow/a.yml": None, "pow/b.yml": "1"}, {"pow/b.yml": None}]


def test_of_a_merge_only_what_it_brought_is_told(checkout: Checkout):
    checkout.commit({"pow/a.yml": "1"})
    checkout.git("switch", "--quiet", "--create", "side")
    draft = checkout.commit({"pow/a.yml": "draft"})
    checkout.commit({"pow/a.yml": "final"})
    checkout.git("switch", "--quiet", "main")
    checkout.commit({"README.md": "meanwhile"})
    merge = checkout.merge("side")
    history = GitHistory.open(checkout.folder)
    assert told(checkout) == [{"pow/a.yml": "1"}, {"pow/a.yml": "final"}]
    assert commits(history.revisions("pow/"))[-1] == merge
    assert draft in commits(history.revisions("pow/", side_branches=True))
    assert {"pow/a.yml": "draft"} in told(checkout, side_branches=True)


def test_what_a_merge_itself_changed_is_told(checkout: Checkout):
    checkout.commit({"pow/a.yml": "1"})
    checkout.git("switch", "--quiet", "--create", "side")
    checkout.commit({"pow/b.yml": "1"})
    checkout.git("switch", "--quiet", "main")
    checkout.commit({"README.md": "meanwhile"})
    checkout.git("merge", "--quiet", "--no-ff", "--no-commit", "side")
    (checkout.folder / "pow/a.yml").write_text("slipped in")
    checkout.commit({})
    assert told(checkout)[-1] == {"pow/a.yml": "slipped in", "pow/b.yml": "1"}


def test_a_link_is_no_file(checkout: Checkout):
    checkout.commit({"pow/a.yml": "1"})
    (checkout.folder / "pow/a.yml").unlink()
    (checkout.folder / "pow/a.yml").symlink_to("/etc/passwd")
    checkout.commit({})
    assert told(checkout)[-1] == {"pow/a.yml": None}


def test_strange_names_are_names(checkout: Checkout):
    name = "pow/\n:100644 " + "a" * 40 + " 1.yml"
    checkout.commit({name: "1", "pow/ä b.yml": "2"})
    assert told(checkout) == [{name: "1", "pow/ä b.yml": "2"}]


@pytest.mark.parametrize(
    "setting", ["log.showRoot=false", "log.showSignature=true", "log.follow=true", "diff.renames=copies"]
)
def test_a_clones_own_settings_change_nothing(checkout: Checkout, setting: str):
    checkout.git("config", *setting.split("="))
    checkout.commit({"pow/a.yml": "1"})
    checkout.commit({"pow/a.yml": None, "pow/b.yml": "1"})
    assert told(checkout) == [{"pow/a.yml": "1"}, {"pow/a.yml": None, "pow/b.yml": "1"}]


def test_it_is_opened_from_a_folder_inside(checkout: Checkout):
    checkout.commit({"pow/settings/a.yml": "1"})
    inside = GitHistory.open(checkout.folder / "pow" / "settings")
    assert len(inside.revisions("pow/")) == 1


def test_a_folder_without_history_says_so(checkout: Checkout):
    checkout.commit({"README.md": "1"})
    history = GitHistory.open(checkout.folder)
    assert history.revisions("pow/") == ()
    assert history.contents(()) == {}


def test_what_is_no_repository_is_told(tmp_path: Path):
    with pytest.raises(WorkspaceError, match="not a Git repository"):
        GitHistory.open(tmp_path)
    with pytest.raises(WorkspaceError, match="not a Git repository"):
        GitHistory.open(tmp_path / "missing")
    with pytest.raises(WorkspaceError, match="has no commit yet"):
        GitHistory.open(a_checkout(tmp_path / "empty").folder)


def test_a_shallow_clone_knows_that_it_is_one(checkout: Checkout, tmp_path: Path):
    checkout.commit({"pow/a.yml": "1"})
    checkout.commit({"pow/a.yml": "2"})
    assert not GitHistory.open(checkout.folder).is_shallow
    shallow = tmp_path / "shallow"
    command = ["git", "clone", "--quiet", "--depth", "1", checkout.folder.as_uri(), str(shallow)]
    subprocess.run(command, check=True, capture_output=True, env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)})
    assert GitHistory.open(shallow).is_shallow
