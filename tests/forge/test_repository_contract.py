"""What every repository must do: one suite for the fake and for git itself."""

from pathlib import Path

import pytest
from fakes.builders import START
from forge.clones import FILES, MAIN, Clone, GitClone, MemoryClone, numbered

from bot.forge.port import FileTrace, RevertConflict, Reverted
from bot.model.errors import WorkspaceError
from bot.model.forge import ChangedFile, FileStatus
from bot.model.names import BranchName, CommitSha

PHOTO = "patches/PHOTO.yml"


@pytest.fixture(params=["memory", "git"])
def clone(request: pytest.FixtureRequest, tmp_path: Path) -> Clone:
    return MemoryClone.open() if request.param == "memory" else GitClone(tmp_path / "bare.git", tmp_path / "clone")


def base_of(clone: Clone) -> CommitSha:
    head = clone.repository.head(MAIN)
    assert head is not None
    return head


def merged(clone: Clone, *, message: str = "Merge\n\nChange-Id: 1", **lines: str) -> CommitSha:
    """Merge a branch that changes some lines of PHOTO into main, and fetch."""
    start = base_of(clone)
    change = {PHOTO: numbered(**lines)}
    side = clone.commit(start, files=change, message="Propose")
    merge = clone.commit(start, side, files=change, message=message)
    advance(clone, merge)
    return merge


def advance(clone: Clone, commit: CommitSha) -> CommitSha:
    clone.point("main", commit)
    clone.repository.fetch()
    return commit


def test_the_default_branch_is_the_remotes(clone: Clone) -> None:
    assert clone.repository.default_branch() == MAIN


def test_a_head_moves_only_with_a_fetch(clone: Clone) -> None:
    before = base_of(clone)
    after = clone.commit(before, files={"a": b"a"})
    clone.point("main", after)
    assert base_of(clone) == before
    clone.repository.fetch()
    assert base_of(clone) == after


def test_branches_come_and_go_with_a_fetch(clone: Clone) -> None:
    branch = BranchName("pow/passport_backlog/0123456789abcdef")
    clone.point(branch, base_of(clone))
    clone.repository.fetch()
    assert clone.repository.head(branch) == base_of(clone)
    clone.point(branch, None)
    clone.repository.fetch()
    assert clone.repository.head(branch) is None


def test_a_branch_is_not_found_by_a_part_of_its_name(clone: Clone) -> None:
    clone.point("pow/one/1", base_of(clone))
    clone.repository.fetch()
    for name in ("pow", "pow/one", "one/1", "main~0", "main^{tree}", "HEAD", "-x", ""):
        assert clone.repository.head(BranchName(name)) is None, name


def test_an_orphan_branch_is_read_like_any_other(clone: Clone) -> None:
    clone.point("pow-ledger", clone.commit(files={"records/1.json": b"{}"}))
    clone.repository.fetch()
    head = clone.repository.head(BranchName("pow-ledger"))
    assert head is not None
    assert clone.repository.read_many("", head) == {"records/1.json": b"{}"}
    assert clone.repository.commit(head).parents == ()


def test_a_commit_is_read_whole(clone: Clone) -> None:
    message = "Merge PHOTO\n\nIt helps.\n\nChange-Id: 1\nApproved-By: sam\nApproved-By: ada"
    merge = merged(clone, message=message, line_2="two")
    commit = clone.repository.commit(merge)
    assert (commit.sha, len(commit.parents), commit.message, commit.committed_at) == (merge, 2, message, START)
    assert commit.trailers == (("Change-Id", "1"), ("Approved-By", "sam"), ("Approved-By", "ada"))


@pytest.mark.parametrize(
    ("message", "trailers"),
    [
        ("Change-Id: title-is-no-trailer", ()),
        ("Title\n\nChange-Id: 1", (("Change-Id", "1"),)),
        ("Title\n\nChange-Id:1\nrun :  2  ", (("Change-Id", "1"), ("run", "2"))),
        ("Title\n\nChange-Id: 1\n\nLast words.", ()),
        ("Title\n\nChange-Id: forged\n\nText.\n\nChange-Id: true", (("Change-Id", "true"),)),
        ("Title\n\nChange-Id: 1\nand a line of prose", ()),
        ("Title\n\nText\n---\nnot the end\n\nChange-Id: 1", (("Change-Id", "1"),)),
        ("Title\n\nNote: one\n  goes on\nChange-Id: 1", (("Note", "one goes on"), ("Change-Id", "1"))),
        ("Title\n\nBad key: 1\nChange-Id: 1", ()),
        ("Title\nChange-Id: no-blank-line", ()),
        ("Title\n\nEmpty:\nChange-Id: 1", (("Empty", ""), ("Change-Id", "1"))),
        ("Title\n\nÜber-Id: 1", ()),
        ("Title\n\nNote: a\x01Change-Id\x02forged: b", (("Note", "a\x01Change-Id\x02forged: b"),)),
    ],
)
def test_trailers_are_what_git_says_they_are(
    clone: Clone, message: str, trailers: tuple[tuple[str, str], ...]
) -> None:
    commit = advance(clone, clone.commit(base_of(clone), files={"a": b"a"}, message=message))
    assert clone.repository.commit(commit).trailers == trailers


def test_history_follows_first_parents_only(clone: Clone) -> None:
    first = base_of(clone)
    one = merged(clone, line_2="two")
    two = merged(clone, line_2="two", line_5="five")
    assert [commit.sha for commit in clone.repository.history(two)] == [two, one, first]
    assert [commit.sha for commit in clone.repository.history(two, limit=2)] == [two, one]


def test_files_are_read_at_a_commit(clone: Clone) -> None:
    before = base_of(clone)
    files: dict[str, bytes | None] = {"pow/a.yml": b"a\r\n", "pow/tests/b.bin": b"\x00\xff", "power.txt": b"x"}
    after = advance(clone, clone.commit(before, files=files))
    assert clone.repository.read("pow/a.yml", after) == b"a\r\n"
    assert clone.repository.read("pow/a.yml", before) is None
    assert clone.repository.read("pow", after) is None
    assert clone.repository.read("pow/", after) is None
    assert clone.repository.read_many("pow/", after) == {"pow/a.yml": b"a\r\n", "pow/tests/b.bin": b"\x00\xff"}
    assert clone.repository.read_many("", before) == FILES
    assert clone.repository.read_many("nothing/", after) == {}


def test_a_path_is_a_name_and_no_pattern(clone: Clone) -> None:
    after = advance(clone, clone.commit(base_of(clone), files={"odd/[a]*.yml": b"1", "odd/a1.yml": b"2"}))
    assert clone.repository.read("odd/[a]*.yml", after) == b"1"
    assert clone.repository.read("odd/*", after) is None
    assert clone.repository.read_many("od*/", after) == {}
    assert clone.repository.read_many(":(top)odd/", after) == {}


def test_what_differs_is_told_with_its_kind(clone: Clone) -> None:
    before = base_of(clone)
    changes: dict[str, bytes | None] = {"README.md": None, PHOTO: numbered(line_1="one"), "umlaut/ä ö.yml": b"new"}
    after = advance(clone, clone.commit(before, files=changes))
    assert clone.repository.changed(before, after) == (
        ChangedFile(path="README.md", status=FileStatus.REMOVED),
        ChangedFile(path=PHOTO, status=FileStatus.MODIFIED),
        ChangedFile(path="umlaut/ä ö.yml", status=FileStatus.ADDED),
    )
    assert clone.repository.changed(after, after) == ()


def test_a_moved_file_is_one_removed_and_one_added(clone: Clone) -> None:
    before = base_of(clone)
    after = advance(clone, clone.commit(before, files={PHOTO: None, "patches/NEW.yml": FILES[PHOTO]}))
    assert [(each.path, each.status) for each in clone.repository.changed(before, after)] == [
        ("patches/NEW.yml", FileStatus.ADDED),
        (PHOTO, FileStatus.REMOVED),
    ]


def test_folders_with_the_same_files_have_the_same_name(clone: Clone) -> None:
    first = base_of(clone)
    second = clone.commit(first, files={"pow/a.yml": b"a", "patches/NEW.yml": b"new"})
    third = clone.commit(second, files={"README.md": b"other"})
    fourth = advance(clone, clone.commit(third, files={"pow/a.yml": b"b"}))
    asked = (first, second, third, fourth, CommitSha("0" * 40), CommitSha("HEAD"), CommitSha("--all"))
    names = clone.repository.tree_names("pow/", asked)
    assert set(names) == {second, third, fourth}
    assert names[second] == names[third] != names[fourth]
    assert set(clone.repository.tree_names("", (first,))) == {first}
    assert clone.repository.tree_names("pow/", ()) == {}


def test_what_many_merges_did_is_read_together(clone: Clone) -> None:
    first = base_of(clone)
    one = merged(clone, line_2="two")
    side = clone.commit(one, files={PHOTO: None, "patches/ä ö.yml": b"new"})
    two = advance(clone, clone.commit(one, side, files={PHOTO: None, "patches/ä ö.yml": b"new"}))
    empty = clone.commit(two, clone.commit(two, files={}), files={})
    now = advance(clone, clone.commit(empty, files={"patches/ä ö.yml": b"newer"}))
    found = clone.repository.traces((one, two, one, empty, first, CommitSha("0" * 40), CommitSha("HEAD")), at=now)
    changed = numbered(line_2="two")
    assert found == {
        one: (FileTrace(path=PHOTO, before=FILES[PHOTO], merged=changed, now=None),),
        two: (
            FileTrace(path=PHOTO, before=changed, merged=None, now=None),
            FileTrace(path="patches/ä ö.yml", before=None, merged=b"new", now=b"newer"),
        ),
        empty: (),
    }
    assert clone.repository.traces((), at=now) == {}


def test_ancestors_are_told_from_strangers(clone: Clone) -> None:
    first = base_of(clone)
    merge = merged(clone, line_2="two")
    side = clone.repository.commit(merge).parents[1]
    other = clone.commit(first, files={"x": b"x"})
    clone.point("other", other)
    clone.repository.fetch()
    assert clone.repository.is_ancestor(first, merge)
    assert clone.repository.is_ancestor(side, merge)
    assert clone.repository.is_ancestor(merge, merge)
    assert not clone.repository.is_ancestor(merge, first)
    assert not clone.repository.is_ancestor(other, merge)


@pytest.mark.parametrize("name", ["0" * 39 + "1", "main", "HEAD", "--all", "", "abc123"])
def test_what_is_no_commit_of_the_clone_is_an_error(clone: Clone, name: str) -> None:
    unknown, known = CommitSha(name), base_of(clone)
    for ask in (
        lambda: clone.repository.commit(unknown),
        lambda: clone.repository.history(unknown),
        lambda: clone.repository.read("README.md", unknown),
        lambda: clone.repository.read_many("", unknown),
        lambda: clone.repository.changed(known, unknown),
        lambda: clone.repository.is_ancestor(unknown, known),
        lambda: clone.repository.traces((known,), at=unknown),
        lambda: clone.repository.revert(unknown, onto=known),
    ):
        with pytest.raises(WorkspaceError):
            ask()


# Reverts


def test_a_revert_right_after_the_merge_restores_every_byte(clone: Clone) -> None:
    before = base_of(clone)
    merge = merged(clone, line_2="two")
    reverted = clone.repository.revert(merge, onto=merge)
    assert isinstance(reverted, Reverted)
    assert reverted.files == {PHOTO: FILES[PHOTO]}
    assert reverted.tree == clone.repository.commit(before).tree


def test_a_revert_removes_what_the_merge_added_and_brings_back_what_it_removed(clone: Clone) -> None:
    start = base_of(clone)
    changes: dict[str, bytes | None] = {"patches/NEW.yml": b"new\n", "README.md": None}
    side = clone.commit(start, files=changes)
    merge = advance(clone, clone.commit(start, side, files=changes))
    reverted = clone.repository.revert(merge, onto=merge)
    assert isinstance(reverted, Reverted)
    assert reverted.files == {"patches/NEW.yml": None, "README.md": FILES["README.md"]}


def test_a_revert_keeps_what_came_later(clone: Clone) -> None:
    merge = merged(clone, line_2="two")
    later = merged(clone, line_2="two", line_8="eight")
    reverted = clone.repository.revert(merge, onto=later)
    assert isinstance(reverted, Reverted)
    assert reverted.files == {PHOTO: numbered(line_8="eight")}


def test_a_revert_of_what_was_changed_again_is_a_conflict(clone: Clone) -> None:
    merge = merged(clone, line_2="two")
    later = merged(clone, line_2="TWO")
    assert clone.repository.revert(merge, onto=later) == RevertConflict(paths=(PHOTO,))


def test_a_revert_of_what_is_reverted_already_changes_nothing(clone: Clone) -> None:
    merge = merged(clone, line_2="two")
    back = advance(clone, clone.commit(merge, files={PHOTO: FILES[PHOTO]}))
    reverted = clone.repository.revert(merge, onto=back)
    assert isinstance(reverted, Reverted)
    assert reverted.files == {}


def test_only_merges_are_reverted(clone: Clone) -> None:
    plain = advance(clone, clone.commit(base_of(clone), files={"a": b"a"}))
    with pytest.raises(WorkspaceError, match="not a merge"):
        clone.repository.revert(plain, onto=plain)
