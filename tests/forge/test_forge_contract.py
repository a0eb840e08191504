"""What every forge must do: one suite for the fake and for PyGithub against the sandbox."""

from datetime import timedelta

import pytest
from fakes.builders import START
from forge.stands import BOT_LOGIN, FILES, TEAM, WORKFLOW, Stand

from bot.model.decision import Approved, Authority
from bot.model.errors import ConflictError, ForgeError, NotFoundError, PermissionDeniedError
from bot.model.forge import (
    ActorKind,
    ChangedFile,
    Check,
    CheckConclusion,
    FileStatus,
    Permission,
    PullRequest,
    PullState,
    ReviewState,
)
from bot.model.names import BranchName, CommitSha, Login, PullNumber, TeamSlug

MAIN = BranchName("main")
BRANCH = BranchName("pow/passport_backlog/0123456789abcdef")
PHOTO = "patches/services/PHOTO.yml"
PATCHED = b"service: PHOTO\nchanges:\n  blur: 4\n"
MARKER = "<!-- pow:gate:0123456789abcdef -->"


def main_of(stand: Stand) -> CommitSha:
    head = stand.forge.head(MAIN)
    assert head is not None
    return head


def propose(
    stand: Stand, branch: BranchName = BRANCH, *, content: bytes = PATCHED, draft: bool = False
) -> PullRequest:
    commit = stand.forge.commit(
        main_of(stand), {PHOTO: content}, "PHOTO: blur 2 -> 4\n\nChange-Id: 0123456789abcdef\n"
    )
    stand.forge.create_branch(branch, commit)
    return stand.forge.open_pull(branch=branch, base=MAIN, title="Raise blur", body="Why.", draft=draft)


def approved(pull: PullRequest, head: CommitSha | None = None) -> Approved:
    return Approved(pull=pull.number, head=head or pull.head, authority=Authority.PEOPLE)


# Git data


def test_a_branch_that_is_not_there_has_no_head(stand: Stand) -> None:
    assert stand.forge.head(BranchName("pow/nothing/here")) is None


def test_a_commit_sets_and_removes_files_and_moves_no_branch(stand: Stand) -> None:
    before = main_of(stand)
    files = {PHOTO: PATCHED, "new/blob.bin": b"\xff\x00\xfe", "README.md": None, WORKFLOW: None}
    commit = stand.forge.commit(before, files, "Several at once")
    assert stand.tree(commit) == {PHOTO: PATCHED, "new/blob.bin": b"\xff\x00\xfe"}
    assert main_of(stand) == before


def test_an_orphan_commit_holds_nothing_else(stand: Stand) -> None:
    commit = stand.forge.commit(None, {"records/1.json": b"{}\n"}, "First record")
    assert stand.tree(commit) == {"records/1.json": b"{}\n"}


def test_removing_a_file_that_is_not_there_is_refused(stand: Stand) -> None:
    with pytest.raises(ForgeError):
        stand.forge.commit(main_of(stand), {"no/such/file": None}, "Remove nothing")


def test_a_commit_on_an_unknown_parent_is_refused(stand: Stand) -> None:
    with pytest.raises(NotFoundError):
        stand.forge.commit(CommitSha("0" * 39 + "1"), {"a": b"b"}, "On nothing")


def test_a_branch_is_created_once(stand: Stand) -> None:
    stand.forge.create_branch(BRANCH, main_of(stand))
    assert stand.forge.head(BRANCH) == main_of(stand)
    with pytest.raises(ConflictError):
        stand.forge.create_branch(BRANCH, main_of(stand))


def test_a_branch_moves_forward_only(stand: Stand) -> None:
    start = main_of(stand)
    one = stand.forge.commit(start, {"a": b"1"}, "One")
    other = stand.forge.commit(start, {"a": b"2"}, "Other")
    stand.forge.create_branch(BRANCH, start)
    stand.forge.move_branch(BRANCH, one)
    assert stand.forge.head(BRANCH) == one
    with pytest.raises(ConflictError):
        stand.forge.move_branch(BRANCH, other)
    assert stand.forge.head(BRANCH) == one


def test_a_branch_that_is_not_there_does_not_move(stand: Stand) -> None:
    with pytest.raises(NotFoundError):
        stand.forge.move_branch(BranchName("gone"), main_of(stand))


def test_a_branch_is_deleted_once_and_gone_twice(stand: Stand) -> None:
    stand.forge.create_branch(BRANCH, main_of(stand))
    stand.forge.delete_branch(BRANCH)
    stand.forge.delete_branch(BRANCH)
    assert stand.forge.head(BRANCH) is None


# Pull requests


def test_a_pull_request_is_read_as_it_was_opened(stand: Stand) -> None:
    pull = propose(stand)
    assert (pull.title, pull.body, pull.state, pull.draft, pull.merged) == (
        "Raise blur",
        "Why.",
        "open",
        False,
        False,
    )
    assert (pull.head_branch, pull.base_branch) == (BRANCH, MAIN)
    assert (pull.head, pull.base) == (stand.forge.head(BRANCH), main_of(stand))
    assert pull.same_repository
    assert (pull.author.login, pull.author.kind) == (BOT_LOGIN, ActorKind.BOT)
    assert (pull.merge_commit, pull.merged_at, pull.merged_by, pull.closed_at) == (None, None, None, None)
    assert stand.forge.pull(pull.number) == pull


def test_a_draft_is_a_draft(stand: Stand) -> None:
    assert propose(stand, draft=True).draft


def test_there_is_one_pull_request_for_a_branch(stand: Stand) -> None:
    propose(stand)
    with pytest.raises(ConflictError):
        stand.forge.open_pull(branch=BRANCH, base=MAIN, title="Again", body="", draft=False)


def test_a_branch_without_commits_has_no_pull_request(stand: Stand) -> None:
    stand.forge.create_branch(BRANCH, main_of(stand))
    with pytest.raises(ForgeError) as refused:
        stand.forge.open_pull(branch=BRANCH, base=MAIN, title="Empty", body="", draft=False)
    assert not isinstance(refused.value, ConflictError)


def test_a_pull_request_that_is_not_there_is_not_found(stand: Stand) -> None:
    with pytest.raises(NotFoundError):
        stand.forge.pull(PullNumber(99))


def test_pull_requests_are_listed_newest_first_by_state_and_branch(stand: Stand) -> None:
    other = BranchName("pow/permits/fedcba9876543210")
    first, second = propose(stand), propose(stand, other, content=b"service: PHOTO\nchanges:\n  blur: 3\n")
    stand.forge.edit_pull(first.number, state=PullState.CLOSED)
    numbers = [pull.number for pull in stand.forge.pulls()]
    assert numbers == [second.number, first.number]
    assert [pull.number for pull in stand.forge.pulls(state=PullState.OPEN)] == [second.number]
    assert [pull.number for pull in stand.forge.pulls(head=BRANCH)] == [first.number]
    assert stand.forge.pulls(state=PullState.OPEN, head=BRANCH) == ()


def test_a_forks_branch_of_the_same_name_is_another(stand: Stand) -> None:
    number = stand.open_from_fork(BRANCH, by="rob")
    theirs = stand.forge.pull(number)
    assert (theirs.same_repository, theirs.head_branch) == (False, BRANCH)
    assert [file.path for file in stand.forge.files(number)] == ["README.md"]
    assert stand.forge.head(BRANCH) is None
    assert stand.forge.pulls(head=BRANCH) == ()
    ours = propose(stand)
    assert [pull.number for pull in stand.forge.pulls()] == [ours.number, number]
    assert [pull.number for pull in stand.forge.pulls(head=BRANCH)] == [ours.number]


def test_pull_requests_are_listed_since_a_time(stand: Stand) -> None:
    pull = propose(stand)
    assert [each.number for each in stand.forge.pulls(since=pull.created_at)] == [pull.number]
    assert stand.forge.pulls(since=pull.created_at + timedelta(seconds=1)) == ()


def test_a_body_and_a_state_are_changed_apart(stand: Stand) -> None:
    pull = propose(stand)
    stand.forge.edit_pull(pull.number, body="Better why.")
    assert stand.forge.pull(pull.number).body == "Better why."
    stand.forge.edit_pull(pull.number, state=PullState.CLOSED)
    closed = stand.forge.pull(pull.number)
    assert (closed.body, closed.state, closed.merged) == ("Better why.", PullState.CLOSED, False)
    assert closed.closed_at is not None


def test_who_closed_it_is_told_each_time(stand: Stand) -> None:
    number = propose(stand).number
    stand.label(number, "pow-stop", "tim")
    assert stand.forge.closings(number) == ()
    for _ in range(2):
        stand.forge.edit_pull(number, state=PullState.CLOSED)
        stand.forge.edit_pull(number, state=PullState.OPEN)
    issue = stand.file_issue("rob")
    stand.close_issue(issue, "rob")
    closers = [[each and each.login for each in stand.forge.closings(held)] for held in (number, issue)]
    assert closers == [[BOT_LOGIN, BOT_LOGIN], ["rob"]]


def test_a_title_is_changed_by_itself(stand: Stand) -> None:
    number = propose(stand).number
    stand.forge.edit_pull(number, title="Raise blur a little")
    stand.forge.edit_pull(number, title="Raise blur a little")
    pull = stand.forge.pull(number)
    assert (pull.title, pull.body, pull.state) == ("Raise blur a little", "Why.", "open")


def test_files_and_commits_of_a_pull_request_are_listed(stand: Stand) -> None:
    pull = propose(stand)
    edit = stand.push(BRANCH, {PHOTO: b"service: PHOTO\nchanges:\n  blur: 3\n", "docs/why.md": b"Because.\n"})
    assert sorted(stand.forge.files(pull.number), key=lambda file: file.path) == [
        ChangedFile(path="docs/why.md", status=FileStatus.ADDED),
        ChangedFile(path=PHOTO, status=FileStatus.MODIFIED),
    ]
    first, second = stand.forge.commits(pull.number)
    assert (first.sha, second.sha) == (pull.head, edit)
    assert "Change-Id: 0123456789abcdef" in first.message
    assert first.author is not None
    assert second.author is not None
    assert (first.author.login, first.author.kind) == (BOT_LOGIN, ActorKind.BOT)
    assert (second.author.login, second.author.kind) == ("sam", ActorKind.USER)
    assert stand.forge.pull(pull.number).head == edit


def test_labels_are_added_to_those_that_are_there(stand: Stand) -> None:
    pull = propose(stand)
    stand.forge.add_labels(pull.number, ("pow",))
    stand.forge.add_labels(pull.number, ("pow", "impact: medium"))
    assert stand.forge.pull(pull.number).labels == {"pow", "impact: medium"}


def test_a_team_is_asked_once_even_after_it_has_answered(stand: Stand) -> None:
    pull = propose(stand)
    stand.forge.request_reviews(pull.number, (TEAM,))
    stand.review(pull.number, "sam", ReviewState.COMMENTED)
    stand.forge.request_reviews(pull.number, (TEAM,))
    assert stand.asked(pull.number) == [TEAM]


def test_reviews_come_in_order_with_the_commit_that_was_reviewed(stand: Stand) -> None:
    pull = propose(stand)
    stand.review(pull.number, "sam", ReviewState.CHANGES_REQUESTED)
    edit = stand.push(BRANCH, {PHOTO: b"service: PHOTO\nchanges:\n  blur: 3\n"}, by="ada")
    stand.review(pull.number, "sam", ReviewState.APPROVED)
    seen = [(r.author.login if r.author else None, r.state, r.commit) for r in stand.forge.reviews(pull.number)]
    assert seen == [
        ("sam", ReviewState.CHANGES_REQUESTED, pull.head),
        ("sam", ReviewState.APPROVED, edit),
    ]
    assert all(review.submitted_at is not None for review in stand.forge.reviews(pull.number))


# Who pushed, whatever the commits say


def test_it_is_told_who_moved_a_branch_oldest_first(stand: Stand) -> None:
    pull = propose(stand)
    edit = stand.push(BRANCH, {PHOTO: b"service: PHOTO\nchanges:\n  blur: 3\n"}, by="ada")
    pushes = stand.forge.pushes(BRANCH)
    assert [(push.after, push.actor.login if push.actor else None) for push in pushes] == [
        (pull.head, BOT_LOGIN),
        (edit, "ada"),
    ]
    assert [push.actor.kind for push in pushes if push.actor] == [ActorKind.BOT, ActorKind.USER]
    stand.forge.delete_branch(BRANCH)
    assert stand.forge.pushes(BRANCH)[-1].after is None
    assert stand.forge.pushes(BranchName("pow/nothing/here")) == ()


# Issues

INCIDENT = "<!-- pow:incident:0123456789abcdef -->"


def incident(stand: Stand, marker: str = INCIDENT) -> PullNumber:
    return stand.forge.open_issue(
        marker=marker, title="Merged without a valid gate", body="Why.", labels=("pow:incident",), since=START
    )


def test_what_is_open_and_labelled_is_listed_and_who_moved_the_label(stand: Stand) -> None:
    pull = propose(stand)
    issue, closed, other = (stand.file_issue("rob") for _ in range(3))
    for number, label in ((issue, "pow-stop"), (closed, "pow-stop"), (other, "bug"), (pull.number, "pow-stop")):
        stand.label(number, label, "tim")
    stand.label(issue, "pow-stop-rollback", "sam")
    stand.label(issue, "pow-stop", "tim", added=False)
    stand.label(issue, "pow-stop", "ada")
    stand.close_issue(closed, "rob")
    found = {each.number: each.labels for each in stand.forge.labelled("pow-stop")}
    assert found == {issue: {"pow-stop", "pow-stop-rollback"}, pull.number: {"pow-stop"}}
    moves = [(each.label, each.added, each.actor and each.actor.login) for each in stand.forge.labellings(issue)]
    assert moves == [
        ("pow-stop", True, "tim"),
        ("pow-stop-rollback", True, "sam"),
        ("pow-stop", False, "tim"),
        ("pow-stop", True, "ada"),
    ]
    assert stand.forge.labelled("no-such-label") == ()


def test_an_issue_is_read_by_its_label_told_something_and_closed_once(stand: Stand) -> None:
    propose(stand)
    number = incident(stand)
    (text,) = stand.forge.texts_labelled("pow:incident")
    assert (text.id, text.author.login, INCIDENT in text.body) == (number, BOT_LOGIN, True)
    for _ in range(2):
        stand.forge.put_comment(number, marker="<!-- pow:settled:x -->", body="Settled.")
        stand.forge.close_issue(number)
    assert len(stand.forge.comments(number)) == 1
    assert [each and each.login for each in stand.forge.closings(number)] == [BOT_LOGIN]
    assert stand.forge.texts_labelled("pow:incident") == ()
    assert incident(stand) == number, "a closed one is still ours"


def test_our_issue_is_opened_once_for_each_marker(stand: Stand) -> None:
    propose(stand)
    number = incident(stand)
    assert number == incident(stand) == 2
    assert incident(stand, "<!-- pow:incident:ffffffffffffffff -->") == 3


# Comments


def test_our_comment_is_written_once_and_edited_in_place(stand: Stand) -> None:
    pull = propose(stand)
    for body in ("Waiting.", "Waiting.", "Approved."):
        stand.forge.put_comment(pull.number, marker=MARKER, body=body)
    (comment,) = stand.forge.comments(pull.number)
    assert comment.body == f"{MARKER}\nApproved."
    assert comment.author.login == BOT_LOGIN


def test_a_persons_comment_with_our_marker_is_never_touched(stand: Stand) -> None:
    pull = propose(stand)
    forged = f"{MARKER}\nApproved, says the bot."
    stand.comment(pull.number, "sam", forged)
    stand.forge.put_comment(pull.number, marker=MARKER, body="Waiting.")
    first, second = stand.forge.comments(pull.number)
    assert (first.author.login, first.body) == ("sam", forged)
    assert (second.author.login, second.body) == (BOT_LOGIN, f"{MARKER}\nWaiting.")


def test_comments_with_other_markers_stand_beside_each_other(stand: Stand) -> None:
    pull = propose(stand)
    stand.forge.put_comment(pull.number, marker="<!-- pow:one -->", body="One.")
    stand.forge.put_comment(pull.number, marker="<!-- pow:two -->", body="Two.")
    assert len(stand.forge.comments(pull.number)) == 2


# Checks and deployments


def test_a_check_is_shown_once_until_it_changes(stand: Stand) -> None:
    pull = propose(stand)
    waiting = Check(name="pow/gate", conclusion=CheckConclusion.PENDING, title="0 of 1", summary="Waiting.")
    passed = Check(name="pow/gate", conclusion=CheckConclusion.SUCCESS, title="1 of 1", summary="Approved.")
    stand.forge.publish(pull.head, waiting)
    stand.forge.publish(pull.head, waiting)
    assert stand.shown(pull.head) == [("pow/gate", "pending", "0 of 1")]
    stand.forge.publish(pull.head, passed)
    stand.forge.publish(pull.head, passed)
    assert stand.shown(pull.head)[-1] == ("pow/gate", "success", "1 of 1")


def test_a_deployment_is_shown_once_for_each_outcome(stand: Stand) -> None:
    commit = main_of(stand)
    for success in (False, False, True, True):
        stand.forge.record_deployment(commit, environment="production", success=success, description="PHOTO")
    outcomes = [outcome for _, _, shown in stand.deployments() for outcome in shown]
    assert sorted(outcomes) == [False, True]
    assert {(sha, name) for sha, name, _ in stand.deployments()} == {(commit, "production")}


def test_a_workflow_is_started(stand: Stand) -> None:
    stand.forge.dispatch("deploy.yml")
    assert stand.dispatched() == ["deploy.yml"]


def test_an_event_is_sent_with_what_it_carries(stand: Stand) -> None:
    stand.forge.send_event("pow-trigger", {"recipe": "R0", "reason": "a \u201cquote\u201d", "by": "agent"})
    assert stand.events() == [("pow-trigger", {"recipe": "R0", "reason": "a \u201cquote\u201d", "by": "agent"})]


# Merging


def test_an_approved_head_is_merged_with_a_merge_commit(stand: Stand) -> None:
    pull = propose(stand)
    message = "Change-Id: 0123456789abcdef\nDecision: approved"
    merge = stand.forge.merge(approved(pull), title="Merge PHOTO: blur 2 -> 4", message=message)
    assert main_of(stand) == merge
    assert stand.tree(merge) == FILES | {PHOTO: PATCHED}
    after = stand.forge.pull(pull.number)
    assert (after.merged, after.state, after.merge_commit) == (True, PullState.CLOSED, merge)
    assert after.merged_at is not None
    assert after.merged_by is not None
    assert after.merged_by.login == BOT_LOGIN


def test_merging_again_returns_the_merge_that_happened(stand: Stand) -> None:
    pull = propose(stand)
    merge = stand.forge.merge(approved(pull), title="Merge", message="Change-Id: 1")
    assert stand.forge.merge(approved(pull), title="Merge", message="Change-Id: 1") == merge
    assert main_of(stand) == merge


def test_a_head_that_moved_after_the_approval_is_not_merged(stand: Stand) -> None:
    pull = propose(stand)
    stand.push(BRANCH, {PHOTO: b"service: PHOTO\nchanges:\n  blur: 9\n"})
    before = main_of(stand)
    with pytest.raises(ConflictError):
        stand.forge.merge(approved(pull), title="Merge", message="")
    assert main_of(stand) == before


def test_a_conflict_with_the_base_is_not_merged(stand: Stand) -> None:
    pull = propose(stand)
    stand.push(MAIN, {PHOTO: b"service: PHOTO\nchanges:\n  blur: 7\n"})
    with pytest.raises(ConflictError):
        stand.forge.merge(approved(pull), title="Merge", message="")


def test_a_base_that_moved_elsewhere_is_merged_three_way(stand: Stand) -> None:
    pull = propose(stand)
    stand.push(MAIN, {"README.md": b"the agency\n"})
    merge = stand.forge.merge(approved(pull), title="Merge", message="")
    assert stand.tree(merge) == FILES | {"README.md": b"the agency\n", PHOTO: PATCHED}


def test_a_closed_pull_request_and_a_draft_are_not_merged(stand: Stand) -> None:
    draft = propose(stand, draft=True)
    with pytest.raises(ConflictError):
        stand.forge.merge(approved(draft), title="Merge", message="")
    stand.forge.edit_pull(draft.number, state=PullState.CLOSED)
    with pytest.raises(ConflictError):
        stand.forge.merge(approved(draft), title="Merge", message="")


def test_deleting_a_branch_closes_its_pull_request(stand: Stand) -> None:
    pull = propose(stand)
    stand.forge.delete_branch(BRANCH)
    assert stand.forge.pull(pull.number).state is PullState.CLOSED


# People


@pytest.mark.parametrize(
    ("login", "permission"),
    [
        ("sam", Permission.WRITE),
        ("ada", Permission.MAINTAIN),
        ("root", Permission.ADMIN),
        ("tim", Permission.TRIAGE),
        ("rob", Permission.READ),
        ("nobody-knows", Permission.NONE),
    ],
)
def test_rights_are_read_as_they_are(stand: Stand, login: str, permission: Permission) -> None:
    assert stand.forge.permission(Login(login)) is permission


def test_an_account_is_found_by_its_login(stand: Stand) -> None:
    sam = stand.forge.account(Login("sam"))
    assert sam is not None
    assert (sam.login, sam.kind) == ("sam", ActorKind.USER)
    stand.push("feature", {"README.md": b"x"}, by="sam")
    assert [push.actor for push in stand.forge.pushes(BranchName("feature"))] == [sam]
    assert stand.forge.account(Login("nobody-at-all")) is None


def test_a_teams_members_are_read(stand: Stand) -> None:
    assert stand.forge.team(TEAM) == {"sam", "ada"}


def test_a_team_that_cannot_be_seen_is_not_an_empty_team(stand: Stand) -> None:
    with pytest.raises(PermissionDeniedError) as refused:
        stand.forge.team(TeamSlug("security"))
    assert "members: read" in refused.value.hint.lower()


def test_the_last_editor_of_a_file_is_the_one_who_changed_it_not_the_one_who_merged(stand: Stand) -> None:
    edited = stand.push(MAIN, {"pow/recipe.yml": b"id: ONE\n"}, by="ada")
    later = stand.push(MAIN, {"README.md": b"the agency\n"}, by="root")
    for commit in (edited, later):
        editors = stand.forge.editors("pow/recipe.yml", commit)
        assert [editor.login for editor in editors if editor] == ["ada", "ada"]
    stand.forge.merge(approved(propose(stand)), title="Merge", message="")
    stand.push(MAIN, {"README.md": b"an agency\n"}, by="root")
    editors = stand.forge.editors(PHOTO, main_of(stand))
    assert [editor.login for editor in editors if editor] == [BOT_LOGIN, BOT_LOGIN]


def test_a_file_that_was_never_there_has_no_editors(stand: Stand) -> None:
    assert stand.forge.editors("pow/never.yml", main_of(stand)) == ()


def test_the_bot_knows_its_own_account(stand: Stand) -> None:
    identity = stand.forge.identity()
    assert identity is not None
    assert (identity.login, identity.kind) == (BOT_LOGIN, ActorKind.BOT)
