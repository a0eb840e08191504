import base64

import pytest
from github import InputGitTreeElement
from sandbox_forge.forges import REPO, Forge, message

PATCH = "patches/services/PHOTO_VALIDATOR.yml"


def test_pygithub_makes_a_commit_out_of_blobs_trees_and_refs(forge: Forge):
    repo = forge.github().get_repo("agency/pow")
    parent = repo.get_git_commit(repo.get_git_ref("heads/main").object.sha)
    blob = repo.create_git_blob(base64.b64encode(b"\xff\x00").decode(), "base64")
    tree = repo.create_git_tree(
        [
            InputGitTreeElement(PATCH, "100644", "blob", content="changes: {}\n"),
            InputGitTreeElement("evidence/raw", "100644", "blob", sha=blob.sha),
            InputGitTreeElement("README.md", "100644", "blob", sha=None),
        ],
        parent.tree,
    )
    commit = repo.create_git_commit("Subject\n\nChange-Id: 0123\n", tree, [parent])
    repo.create_git_ref("refs/heads/pow/x", commit.sha)

    assert forge.repository.git.branch("pow/x") == commit.sha
    listed = {entry.path for entry in repo.get_git_tree("pow/x", recursive=True).tree if entry.type == "blob"}
    assert listed == {PATCH, "evidence/raw", ".github/workflows/deploy.yml", ".github/workflows/ci.yml"}
    assert base64.b64decode(repo.get_git_blob(blob.sha).content) == b"\xff\x00"
    stored = forge.repository.git.commit(commit.sha)
    assert stored.message == "Subject\n\nChange-Id: 0123\n"
    assert stored.author.name == "pow-bot[bot]"
    assert stored.author.at == forge.clock.at


def test_a_subtree_is_put_at_a_path_and_a_file_replaces_a_folder(forge: Forge):
    rest, git = forge.rest(), forge.repository.git
    main = git.branch("main")
    services = next(entry.sha for entry in git.tree(str(main), recursive=True) if entry.path == "patches/services")
    entries = [
        {"path": "copy", "mode": "040000", "type": "tree", "sha": services},
        {"path": "patches", "mode": "100644", "type": "blob", "content": "flat"},
        {"path": ".github", "mode": "040000", "type": "tree", "sha": None},
    ]
    answer = rest.post(f"{REPO}/git/trees", json={"base_tree": main, "tree": entries})
    assert answer.status_code == 201
    paths = [entry.path for entry in git.tree(answer.json()["sha"], recursive=True) if entry.type == "blob"]
    assert paths == ["README.md", "copy/PHOTO_VALIDATOR.yml", "patches"]


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ({"path": "../x", "mode": "100644", "content": "x"}, "tree.path contains a malformed path component"),
        ({"path": "a/.GIT/x", "mode": "100644", "content": "x"}, "tree.path contains a malformed path component"),
        ({"path": "/x", "mode": "100644", "content": "x"}, "tree.path contains a malformed path component"),
        ({"path": "x", "mode": "100600", "content": "x"}, "tree.mode Must supply a valid tree.mode"),
        ({"path": "x", "mode": "100644", "sha": None}, "GitRPC::BadObjectState"),
        ({"path": "x", "mode": "100644"}, "Must supply either tree.sha or tree.content"),
        ({"path": "x", "mode": "100644", "sha": "1" * 40}, f"tree.sha {'1' * 40} is not a valid blob"),
    ],
)
def test_a_bad_tree_entry_is_refused(forge: Forge, entry: dict[str, str | None], text: str):
    answer = forge.rest().post(f"{REPO}/git/trees", json={"tree": [entry]})
    assert (answer.status_code, message(answer)) == (422, text)


def test_a_commit_needs_a_tree_and_parents_that_exist(forge: Forge):
    rest, git = forge.rest(), forge.repository.git
    tree = git.commit(str(git.branch("main"))).tree
    nowhere = rest.post(f"{REPO}/git/commits", json={"message": "m", "tree": "1" * 40, "parents": []})
    orphan = rest.post(f"{REPO}/git/commits", json={"message": "m", "tree": tree, "parents": [tree]})
    assert message(nowhere) == "Tree SHA does not exist"
    assert message(orphan) == "Parent SHA does not exist or is not a commit object"


def test_a_commit_takes_a_given_author_and_date(forge: Forge):
    git = forge.repository.git
    person = {"name": "Rosa <x>", "email": "rosa@example.org", "date": "2026-01-02T03:04:05+01:00"}
    tree = git.commit(str(git.branch("main"))).tree
    answer = forge.rest().post(
        f"{REPO}/git/commits", json={"message": "m", "tree": tree, "parents": [], "author": person}
    )
    assert answer.json()["author"] == {
        "name": "Rosa x",
        "email": "rosa@example.org",
        "date": "2026-01-02T02:04:05Z",
    }
    assert answer.json()["committer"]["name"] == "Rosa x"


def test_a_ref_moves_forward_only_unless_forced(forge: Forge):
    rest, main = forge.rest(), forge.repository.git.branch("main")
    ahead = forge.branch("topic", {"a": b"1"})
    aside = forge.branch("aside", {"b": b"1"})
    refused = rest.patch(f"{REPO}/git/refs/heads/topic", json={"sha": aside})
    assert (refused.status_code, message(refused)) == (422, "Update is not a fast forward")
    assert forge.repository.git.branch("topic") == ahead
    assert rest.patch(f"{REPO}/git/refs/heads/topic", json={"sha": main, "force": True}).status_code == 200
    assert rest.patch(f"{REPO}/git/refs/heads/topic", json={"sha": aside, "force": False}).status_code == 200
    assert forge.repository.git.branch("topic") == aside


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"ref": "refs/heads/main", "sha": "MAIN"}, "Reference already exists"),
        ({"ref": "refs/heads/x", "sha": "1" * 40}, "Object does not exist"),
        (
            {"ref": "heads/x", "sha": "MAIN"},
            "Reference name must start with 'refs/' and contain at least two slashes.",
        ),
        ({"ref": "refs/heads/a..b", "sha": "MAIN"}, "refs/heads/a..b is not a valid ref name."),
        ({"ref": "refs/heads/main/below", "sha": "MAIN"}, "Reference update failed"),
        ({"ref": "refs/heads/x"}, 'Invalid request.\n\n"sha" wasn\'t supplied.'),
        (
            {"ref": 7, "sha": "MAIN"},
            "Invalid request.\n\nFor 'properties/ref', 7 is not a string.",
        ),
    ],
)
def test_a_ref_that_cannot_be_made_is_refused(forge: Forge, body: dict[str, str], text: str):
    main = str(forge.repository.git.branch("main"))
    sent = {key: main if value == "MAIN" else value for key, value in body.items()}
    answer = forge.rest().post(f"{REPO}/git/refs", json=sent)
    assert (answer.status_code, message(answer)) == (422, text)


def test_a_ref_that_is_not_there_can_be_neither_moved_nor_deleted(forge: Forge):
    rest, main = forge.rest(), forge.repository.git.branch("main")
    moved = rest.patch(f"{REPO}/git/refs/heads/none", json={"sha": main})
    deleted = rest.delete(f"{REPO}/git/refs/heads/none")
    assert [message(moved), message(deleted)] == ["Reference does not exist"] * 2
    assert rest.get(f"{REPO}/git/ref/heads/none").status_code == 404
    assert rest.delete(f"{REPO}/git/refs/heads/main").status_code == 422


def test_matching_refs_are_found_by_prefix(forge: Forge):
    forge.branch("pow/a/1", {"a": b"1"})
    forge.branch("pow/b/1", {"a": b"1"})
    repo = forge.github().get_repo("agency/pow")
    assert [ref.ref for ref in repo.get_git_matching_refs("heads/pow/")] == [
        "refs/heads/pow/a/1",
        "refs/heads/pow/b/1",
    ]
    assert list(repo.get_git_matching_refs("heads/nothing")) == []


def test_files_are_created_changed_and_deleted_with_a_commit_each(forge: Forge):
    repo = forge.github().get_repo("agency/pow")
    made = repo.create_file("notes/a b.txt", "Add", "one", branch="main")
    with pytest.raises(Exception, match="wasn't supplied"):
        repo.create_file("notes/a b.txt", "Add again", "two", branch="main")
    with pytest.raises(Exception, match="does not match"):
        repo.update_file("notes/a b.txt", "Change", "two", "1" * 40, branch="main")
    changed = repo.update_file("notes/a b.txt", "Change", "two", made["content"].sha, branch="main")
    assert repo.get_contents("notes/a b.txt").decoded_content == b"two"
    assert [item.path for item in repo.get_contents("notes")] == ["notes/a b.txt"]
    repo.delete_file("notes/a b.txt", "Remove", changed["content"].sha, branch="main")
    assert forge.rest().get(f"{REPO}/contents/notes/a b.txt").status_code == 404
    subjects = [commit.commit.message for commit in repo.get_commits()]
    assert subjects == ["Remove", "Change", "Add", "Initial commit"]


def test_contents_of_an_unknown_branch_are_refused(forge: Forge):
    rest = forge.rest()
    put = rest.put(f"{REPO}/contents/x", json={"message": "m", "content": "eA==", "branch": "none"})
    assert (put.status_code, message(put)) == (404, "Branch none not found")
    got = rest.get(f"{REPO}/contents/x", params={"ref": "none"})
    assert (got.status_code, message(got)) == (404, "No commit found for the ref none")


def test_branches_and_comparisons_show_how_two_lines_relate(forge: Forge):
    repo = forge.github().get_repo("agency/pow")
    forge.branch("pow/topic", {"README.md": b"# Services\nmore\n"}, message="One")
    forge.branch("pow/topic", {"new.bin": b"\x00\x01"}, message="Two")
    assert repo.compare("main", "pow/topic").status == "ahead"
    forge.branch("main", {"other": b"x"})
    seen = repo.compare("main", "pow/topic")
    assert (seen.status, seen.ahead_by, seen.behind_by) == ("diverged", 2, 1)
    assert [commit.commit.message for commit in seen.commits] == ["One", "Two"]
    files = {item.filename: (item.status, item.additions, item.patch) for item in seen.files}
    assert files == {
        "README.md": ("modified", 1, "@@ -1 +1,2 @@\n # Services\n+more"),
        "new.bin": ("added", 0, None),
    }
    assert repo.compare("pow/topic", "agency:main").behind_by == 2
    assert repo.compare("main", "main").status == "identical"
    assert repo.get_branch("pow/topic").commit.sha == seen.commits[1].sha
    assert [branch.name for branch in repo.get_branches()] == ["main", "pow/topic"]
    assert forge.rest().get(f"{REPO}/branches/none").status_code == 404
    assert forge.rest().get(f"{REPO}/compare/main...none").status_code == 404


def test_commits_are_listed_by_path_time_and_author(forge: Forge):
    forge.clock.advance(hours=1)
    forge.branch("main", {"README.md": b"x"}, message="Second")
    repo = forge.github().get_repo("agency/pow")
    assert [c.commit.message for c in repo.get_commits(path=PATCH)] == ["Initial commit"]
    assert [c.commit.message for c in repo.get_commits(since=forge.clock.at)] == ["Second"]
    assert [c.commit.message for c in repo.get_commits(author="pow-bot[bot]")] == ["Second"]
    first = repo.get_commit("main").parents[0]
    whole = repo.get_commit(first.sha)
    assert len(list(whole.files)) == 4
    assert whole.author.login == "agency"
    rest = forge.rest()
    assert rest.get(f"{REPO}/commits/nowhere").status_code == 422


@pytest.mark.parametrize("name", ["main@{1}", "main~1", "--help", ":/Initial", "HEAD^"])
def test_git_revision_syntax_does_not_pass_through(forge: Forge, name: str):
    forge.branch("main", {"x": b"x"})
    assert forge.repository.git.resolve(name) is None
