"""What only the real adapter must do: lost answers, refusals, limits, and how often it asks."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fakes.builders import START
from forge.stands import (
    ACTIONS_TOKEN,
    APP_TOKEN,
    BOT_LOGIN,
    PLAIN_TOKEN,
    TEAM,
    SandboxStand,
)

from bot.forge.connection import Pacing, connect
from bot.forge.github import GithubForge
from bot.model.decision import Approved, Authority
from bot.model.errors import (
    ConflictError,
    ForgeError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    UnavailableError,
)
from bot.model.forge import Check, CheckConclusion, PullRequest, PullState, RepoRef, ReviewState
from bot.model.names import BranchName, CommitSha, PullNumber
from bot.sandbox.forge import state_issues, state_reviews
from bot.sandbox.forge.entities import Identity
from bot.sandbox.forge.state_reviews import ReviewRequest

MAIN, BRANCH = BranchName("main"), BranchName("pow/passport_backlog/0123456789abcdef")
PENDING = Check(name="pow/gate", conclusion=CheckConclusion.PENDING, title="0 of 1", summary="Waiting.")
PASSED = Check(name="pow/gate", conclusion=CheckConclusion.SUCCESS, title="1 of 1", summary="Approved.")


def main_of(stand: SandboxStand) -> CommitSha:
    head = stand.forge.head(MAIN)
    assert head is not None
    return head


def propose(stand: SandboxStand) -> PullRequest:
    stand.forge.create_branch(BRANCH, stand.forge.commit(main_of(stand), {"a.yml": b"a: 1\n"}, "Set a"))
    return stand.forge.open_pull(branch=BRANCH, base=MAIN, title="Set a", body="", draft=False)


def merge(stand: SandboxStand, pull: PullRequest) -> CommitSha:
    proof = Approved(pull=pull.number, head=pull.head, authority=Authority.PEOPLE)
    return stand.forge.merge(proof, title="Merge", message="Change-Id: 1")


def go_wrong(stand: SandboxStand, method: str, path: str, kind: str, **details: Any) -> None:
    stand.go_wrong({"method": method, "path": path, "kind": kind, **details})


# A lost answer: the write happened, or it did not, and is never sent twice


@pytest.mark.parametrize("fault", [{"kind": "drop_after"}, {"kind": "truncate", "keep": 5}])
def test_a_merge_whose_answer_is_lost_is_a_success(on_sandbox: SandboxStand, fault: dict[str, Any]) -> None:
    pull = propose(on_sandbox)
    writes = on_sandbox.state.writes
    go_wrong(on_sandbox, "PUT", "/pulls/*/merge", **fault)
    assert merge(on_sandbox, pull) == main_of(on_sandbox)
    assert on_sandbox.state.writes == writes + 1


@pytest.mark.parametrize("fault", [{"kind": "drop_before"}, {"kind": "answer", "status": 502, "body": "<html>"}])
def test_a_merge_that_did_not_happen_is_unavailable_and_can_be_repeated(
    on_sandbox: SandboxStand, fault: dict[str, Any]
) -> None:
    pull, before = propose(on_sandbox), main_of(on_sandbox)
    go_wrong(on_sandbox, "PUT", "/pulls/*/merge", **fault)
    with pytest.raises(UnavailableError):
        merge(on_sandbox, pull)
    assert main_of(on_sandbox) == before
    assert merge(on_sandbox, pull) == main_of(on_sandbox)


def test_githubs_own_words_come_with_a_base_that_moved(on_sandbox: SandboxStand) -> None:
    pull = propose(on_sandbox)
    message = "Base branch was modified. Review and try the merge again."
    go_wrong(on_sandbox, "PUT", "/pulls/*/merge", "answer", status=405, message=message)
    with pytest.raises(ConflictError, match="Base branch was modified"):
        merge(on_sandbox, pull)


def test_a_branch_whose_answer_is_lost_is_there(on_sandbox: SandboxStand) -> None:
    go_wrong(on_sandbox, "POST", "/git/refs", "drop_after")
    on_sandbox.forge.create_branch(BRANCH, main_of(on_sandbox))
    assert on_sandbox.forge.head(BRANCH) == main_of(on_sandbox)


def test_a_branch_that_another_made_at_another_commit_is_not_ours_after_a_lost_answer(
    on_sandbox: SandboxStand,
) -> None:
    on_sandbox.push(BRANCH, {"b.yml": b"b: 2\n"})
    go_wrong(on_sandbox, "POST", "/git/refs", "answer", status=502)
    with pytest.raises(UnavailableError):
        on_sandbox.forge.create_branch(BRANCH, main_of(on_sandbox))


def test_a_move_whose_answer_is_lost_happened(on_sandbox: SandboxStand) -> None:
    on_sandbox.forge.create_branch(BRANCH, main_of(on_sandbox))
    commit = on_sandbox.forge.commit(main_of(on_sandbox), {"a.yml": b"a: 1\n"}, "Set a")
    go_wrong(on_sandbox, "PATCH", "/git/refs/*", "drop_after")
    on_sandbox.forge.move_branch(BRANCH, commit)
    assert on_sandbox.forge.head(BRANCH) == commit


def test_a_pull_request_whose_answer_is_lost_is_found_and_not_opened_twice(on_sandbox: SandboxStand) -> None:
    go_wrong(on_sandbox, "POST", "/pulls", "drop_after")
    pull = propose(on_sandbox)
    assert [each.number for each in on_sandbox.forge.pulls()] == [pull.number]


def test_a_comment_is_not_sent_twice_when_its_answer_is_lost(on_sandbox: SandboxStand) -> None:
    pull = propose(on_sandbox)
    go_wrong(on_sandbox, "POST", "/issues/*/comments", "drop_after")
    with pytest.raises(UnavailableError):
        on_sandbox.forge.put_comment(pull.number, marker="<!-- pow:gate -->", body="Waiting.")
    on_sandbox.forge.put_comment(pull.number, marker="<!-- pow:gate -->", body="Waiting.")
    assert len(on_sandbox.forge.comments(pull.number)) == 1


def in_between(stand: SandboxStand, path: str, act: Callable[[], object]) -> None:
    """Let something happen right before the next POST to a path, when whoever sends it has looked already."""

    def strike(_: int, phase: str, asked: str) -> None:
        if phase == "before" and asked.startswith("POST") and asked.endswith(path):
            stand.state.on_write = None
            act()

    stand.state.on_write = strike


def test_two_runs_in_the_same_instant_leave_one_comment_and_it_is_the_older_one(on_sandbox: SandboxStand) -> None:
    pull = propose(on_sandbox)
    forge, marker = on_sandbox.forge, "<!-- pow:gate -->"
    in_between(on_sandbox, "/comments", lambda: forge.put_comment(pull.number, marker=marker, body="First."))
    forge.put_comment(pull.number, marker=marker, body="Second.")
    assert [comment.body for comment in forge.comments(pull.number)] == [f"{marker}\nFirst."]


def test_a_comment_that_a_dead_run_left_twice_is_there_once_after_the_next(on_sandbox: SandboxStand) -> None:
    pull = propose(on_sandbox)
    forge, marker = on_sandbox.forge, "<!-- pow:gate -->"
    for body in (f"{marker}\nWaiting.", f"{marker}\nWaiting.", "<!-- pow:other -->\nWaiting."):
        bot = on_sandbox.state.account("pow-bot[bot]")
        state_issues.add_comment(on_sandbox.state, on_sandbox.repository, pull.number, bot, body, None)
    with on_sandbox.connect("token-sam") as person:
        person.put_comment(pull.number, marker=marker, body="Waiting.")
    forge.put_comment(pull.number, marker=marker, body="Waiting.")
    left = [(comment.author.login, comment.body) for comment in forge.comments(pull.number)]
    assert sorted(body for who, body in left if who != "sam") == [
        f"{marker}\nWaiting.",
        "<!-- pow:other -->\nWaiting.",
    ]
    assert [who for who, _ in left].count("sam") == 1


def test_of_an_issue_that_two_runs_open_in_the_same_instant_the_younger_one_is_closed(
    on_sandbox: SandboxStand,
) -> None:
    def opened() -> PullNumber:
        return on_sandbox.forge.open_issue(marker=marker, title="Look", body="Why.", labels=(), since=START)

    marker, numbers = "<!-- pow:incident:1 -->", list[PullNumber]()
    in_between(on_sandbox, "/issues", lambda: numbers.append(opened()))
    numbers += [opened(), opened()]
    assert numbers == [1, 1, 1]
    assert {number: issue.state for number, issue in on_sandbox.repository.issues.items()} == {1: "open", 2: "closed"}


def test_a_deployment_left_without_a_status_is_finished(on_sandbox: SandboxStand) -> None:
    commit = main_of(on_sandbox)
    go_wrong(on_sandbox, "POST", "/deployments/*/statuses", "drop_before")
    with pytest.raises(UnavailableError):
        on_sandbox.forge.record_deployment(commit, environment="production", success=True, description="PHOTO")
    assert on_sandbox.deployments() == [(commit, "production", [])]
    on_sandbox.forge.record_deployment(commit, environment="production", success=True, description="PHOTO")
    assert on_sandbox.deployments() == [(commit, "production", [True])]


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_read_is_tried_again(on_sandbox: SandboxStand, status: int) -> None:
    go_wrong(on_sandbox, "GET", "/git/ref/*", "answer", status=status, times=2)
    assert on_sandbox.forge.head(MAIN) is not None


def test_a_forge_that_stays_down_is_unavailable(on_sandbox: SandboxStand) -> None:
    go_wrong(on_sandbox, "GET", "/git/ref/*", "answer", status=502, times=99)
    with pytest.raises(UnavailableError, match="read the branch main"):
        on_sandbox.forge.head(MAIN)


def test_no_server_at_all_is_unavailable() -> None:
    patience = Pacing(between_requests=0, between_writes=0, retries=0)
    ref = RepoRef(owner="agency", name="pow")
    with (
        GithubForge.connect(ref, base_url="http://127.0.0.1:9/api/v3", token="t", pacing=patience) as forge,
        pytest.raises(UnavailableError),
    ):
        forge.head(MAIN)


# Limits


def test_a_long_wait_is_not_waited_for(on_sandbox: SandboxStand) -> None:
    headers = {"Retry-After": "3600"}
    go_wrong(on_sandbox, "GET", "/pulls*", "answer", status=403, message="secondary", headers=headers)
    with pytest.raises(RateLimitedError, match="wait for 3600 s") as limited:
        on_sandbox.forge.pulls()
    assert limited.value.until is not None


def test_a_short_wait_is_waited_for(on_sandbox: SandboxStand) -> None:
    go_wrong(on_sandbox, "GET", "/pulls*", "answer", status=429, message="slow down", headers={"Retry-After": "0"})
    assert on_sandbox.forge.pulls() == ()


def test_a_spent_quota_tells_when_it_is_full_again(on_sandbox: SandboxStand) -> None:
    reset = START + timedelta(minutes=40)
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(reset.timestamp()))}
    message = "API rate limit exceeded for installation ID 1."
    go_wrong(on_sandbox, "POST", "/git/refs", "answer", status=403, message=message, headers=headers)
    with pytest.raises(RateLimitedError) as limited:
        on_sandbox.forge.create_branch(BRANCH, main_of(on_sandbox))
    assert limited.value.until == reset


def test_a_write_that_is_limited_is_not_sent_again(on_sandbox: SandboxStand) -> None:
    pull = propose(on_sandbox)
    path = "/issues/*/comments"
    go_wrong(on_sandbox, "POST", path, "answer", status=429, message="slow down", headers={"Retry-After": "0"})
    with pytest.raises(RateLimitedError):
        on_sandbox.forge.put_comment(pull.number, marker="<!-- pow:gate -->", body="Waiting.")
    assert on_sandbox.repository.comments == {}


def test_once_limited_nothing_more_is_asked_in_a_run(on_sandbox: SandboxStand) -> None:
    pull = propose(on_sandbox)
    headers = {"Retry-After": "3600"}
    go_wrong(on_sandbox, "GET", "/pulls/*/reviews", "answer", status=403, message="secondary", headers=headers)
    with pytest.raises(RateLimitedError) as first:
        on_sandbox.forge.reviews(pull.number)
    asked = on_sandbox.forge.cost.requests
    for ask in (on_sandbox.forge.reviews, on_sandbox.forge.comments):
        with pytest.raises(RateLimitedError, match="not asked, for cannot list the reviews") as again:
            ask(pull.number)
        assert again.value.until == first.value.until
    with pytest.raises(RateLimitedError):
        on_sandbox.forge.publish(pull.head, PASSED)
    assert on_sandbox.forge.cost.requests == asked
    assert "not before" in first.value.hint


@pytest.mark.parametrize("status", [403, 429])
def test_a_secondary_limit_that_does_not_say_how_long_is_not_tried_again(
    on_sandbox: SandboxStand, status: int
) -> None:
    message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
    headers = {"X-RateLimit-Remaining": "4000", "X-RateLimit-Reset": "1772445600"}
    go_wrong(on_sandbox, "GET", "/pulls*", "answer", status=status, message=message, headers=headers)
    with pytest.raises(RateLimitedError) as limited:
        on_sandbox.forge.pulls()
    assert limited.value.until is not None
    assert on_sandbox.forge.cost.requests == 1


def test_an_enterprise_server_without_limits_tells_of_none(on_sandbox: SandboxStand) -> None:
    go_wrong(on_sandbox, "GET", "/pulls*", "answer", status=200, body=[])
    assert on_sandbox.forge.pulls() == ()
    assert (on_sandbox.forge.cost.requests, on_sandbox.forge.cost.left) == (1, None)
    on_sandbox.forge.pulls()
    left = on_sandbox.forge.cost.left
    assert left is not None
    assert left < 5_000


def test_every_retry_and_every_write_is_counted(on_sandbox: SandboxStand) -> None:
    go_wrong(on_sandbox, "GET", "/git/ref/*", "answer", status=502, times=2)
    on_sandbox.forge.create_branch(BRANCH, main_of(on_sandbox))
    cost = on_sandbox.forge.cost
    assert (cost.requests, cost.writes) == (4, 1)
    go_wrong(on_sandbox, "GET", "/pulls*", "drop_before")
    on_sandbox.forge.pulls()
    after = on_sandbox.forge.cost.since(cost)
    assert (after.requests, after.writes) == (2, 0)


# What was just made and is not found yet


@pytest.mark.parametrize("path", ["/issues/*/labels", "/pulls/*/requested_reviewers"])
def test_a_new_pull_request_that_is_not_found_yet_is_waited_for_a_while(on_sandbox: SandboxStand, path: str) -> None:
    pull = propose(on_sandbox)
    go_wrong(on_sandbox, "POST", path, "answer", status=404, message="Not Found", times=2)
    on_sandbox.forge.add_labels(pull.number, ("pow",), known=frozenset())
    on_sandbox.forge.request_reviews(pull.number, (TEAM,), known=frozenset())
    assert on_sandbox.forge.pull(pull.number).labels == {"pow"}
    assert on_sandbox.asked(pull.number) == [TEAM]


def test_the_wait_for_what_is_not_found_ends(on_sandbox: SandboxStand) -> None:
    pull = propose(on_sandbox)
    go_wrong(on_sandbox, "POST", "/issues/*/labels", "answer", status=404, message="Not Found", times=99)
    before = on_sandbox.forge.cost
    with pytest.raises(NotFoundError):
        on_sandbox.forge.add_labels(pull.number, ("pow",), known=frozenset())
    assert on_sandbox.forge.cost.since(before).writes == 3


def test_a_pull_request_that_another_run_opened_is_not_waited_for(on_sandbox: SandboxStand) -> None:
    pull = propose(on_sandbox)
    go_wrong(on_sandbox, "POST", "/issues/*/labels", "answer", status=404, message="Not Found", times=99)
    with on_sandbox.connect(APP_TOKEN, login=BOT_LOGIN) as later, pytest.raises(NotFoundError):
        later.add_labels(pull.number, ("pow",), known=frozenset())


# Refusals


def test_a_wrong_token_is_told_with_what_to_set(on_sandbox: SandboxStand) -> None:
    secret = "ghs_wrong_and_secret"
    with on_sandbox.connect(secret) as forge, pytest.raises(PermissionDeniedError) as refused:
        forge.pulls()
    assert "GITHUB_TOKEN" in refused.value.hint
    assert secret not in refused.value.message + refused.value.hint + repr(refused.value.__cause__)


def test_a_missing_permission_is_named(on_sandbox: SandboxStand) -> None:
    on_sandbox.state.add_app("reader", token="read-only", permissions={"contents": "read", "pull_requests": "read"})
    with on_sandbox.connect("read-only") as forge, pytest.raises(PermissionDeniedError) as refused:
        forge.create_branch(BRANCH, main_of(on_sandbox))
    assert "contents=write" in refused.value.hint


def test_a_repository_that_the_token_cannot_see_is_not_found(on_sandbox: SandboxStand) -> None:
    with on_sandbox.connect(PLAIN_TOKEN) as forge, pytest.raises(NotFoundError, match="404"):
        forge.pulls()


def test_a_repository_of_a_person_has_no_teams(on_sandbox: SandboxStand) -> None:
    on_sandbox.state.create_repository("sam", "own", {"a": b"b"})
    ref = RepoRef(owner="sam", name="own")
    url = f"{on_sandbox.base_url}/api/v3"
    with (
        GithubForge.connect(ref, base_url=url, token="token-sam", pacing=Pacing.off()) as forge,
        pytest.raises(PermissionDeniedError) as refused,
    ):
        forge.team(TEAM)
    assert "owned by a person" in refused.value.hint


def test_the_workflows_own_token_cannot_see_teams(on_sandbox: SandboxStand) -> None:
    with on_sandbox.connect(ACTIONS_TOKEN) as forge, pytest.raises(PermissionDeniedError):
        forge.team(TEAM)


# Who we are


def test_an_app_without_a_configured_login_does_not_know_itself(on_sandbox: SandboxStand) -> None:
    with on_sandbox.connect(APP_TOKEN) as forge:
        assert forge.identity() is None


def test_a_persons_token_is_that_persons(on_sandbox: SandboxStand) -> None:
    with on_sandbox.connect("token-sam") as forge:
        identity = forge.identity()
    assert identity is not None
    assert identity.login == "sam"


def test_an_app_that_does_not_know_itself_still_finds_its_comment_but_not_a_persons(
    on_sandbox: SandboxStand,
) -> None:
    pull = propose(on_sandbox)
    on_sandbox.comment(pull.number, "sam", "<!-- pow:gate -->\nForged.")
    with on_sandbox.connect(APP_TOKEN) as forge:
        for body in ("Waiting.", "Approved."):
            forge.put_comment(pull.number, marker="<!-- pow:gate -->", body=body)
    bodies = [(each.author.login, each.body) for each in on_sandbox.forge.comments(pull.number)]
    assert bodies == [("sam", "<!-- pow:gate -->\nForged."), (BOT_LOGIN, "<!-- pow:gate -->\nApproved.")]


# Checks


def test_a_token_that_may_not_check_shows_a_status_instead_and_remembers(on_sandbox: SandboxStand) -> None:
    on_sandbox.state.grant("machine", f"agency/{on_sandbox.name}", "write")
    commit = main_of(on_sandbox)
    with on_sandbox.connect(PLAIN_TOKEN) as forge:
        for check in (PENDING, PENDING, PASSED, PASSED):
            forge.publish(commit, check)
    assert on_sandbox.shown(commit) == []
    statuses = [(s.context, s.state, s.description) for s in on_sandbox.repository.statuses if s.sha == commit]
    assert statuses == [("pow/gate", "pending", "0 of 1"), ("pow/gate", "success", "1 of 1")]


def test_anothers_check_of_the_same_name_does_not_stand_for_ours(on_sandbox: SandboxStand) -> None:
    commit = main_of(on_sandbox)
    with on_sandbox.connect(ACTIONS_TOKEN, login="github-actions[bot]") as other:
        other.publish(commit, PASSED)
    on_sandbox.forge.publish(commit, PASSED)
    assert len(on_sandbox.shown(commit)) == 2


def test_texts_that_github_would_refuse_are_cut(on_sandbox: SandboxStand) -> None:
    pull = propose(on_sandbox)
    long = "x" * 70_000
    on_sandbox.forge.edit_pull(pull.number, body=long)
    on_sandbox.forge.put_comment(pull.number, marker="<!-- pow:gate -->", body=long)
    check = Check(name="pow/gate", conclusion=CheckConclusion.SUCCESS, title="t" * 400, summary=long)
    on_sandbox.forge.publish(pull.head, check)
    on_sandbox.forge.publish(pull.head, check)
    assert len(on_sandbox.forge.pull(pull.number).body) == 65_536
    assert len(on_sandbox.forge.comments(pull.number)[0].body) == 65_536
    assert len(on_sandbox.shown(pull.head)) == 1


def test_a_long_comment_keeps_its_marker_and_is_not_written_again(on_sandbox: SandboxStand) -> None:
    pull, marker = propose(on_sandbox), "<!-- pow:gate -->"
    for _ in range(2):
        on_sandbox.forge.put_comment(pull.number, marker=marker, body="x" * 70_000 + marker)
    (comment,) = on_sandbox.forge.comments(pull.number)
    assert marker in comment.body


def test_a_text_that_github_trims_is_not_written_again(on_sandbox: SandboxStand) -> None:
    pull = propose(on_sandbox)
    on_sandbox.forge.put_comment(pull.number, marker="<!-- pow:gate -->", body="One\r\nTwo")
    writes = on_sandbox.state.writes
    on_sandbox.forge.put_comment(pull.number, marker="<!-- pow:gate -->", body="One\nTwo\n")
    assert on_sandbox.state.writes == writes


# How often it asks


def test_every_page_of_a_list_is_read(on_sandbox: SandboxStand) -> None:
    pull = propose(on_sandbox)
    with on_sandbox.state.lock:
        sam = on_sandbox.state.account("sam")
        for number in range(103):
            text = f"Comment {number}"
            state_issues.add_comment(on_sandbox.state, on_sandbox.repository, pull.number, sam, text, None)
    assert [each.body for each in on_sandbox.forge.comments(pull.number)] == [f"Comment {n}" for n in range(103)]


def test_reviews_on_the_second_page_are_read(on_sandbox: SandboxStand) -> None:
    pull = propose(on_sandbox)
    with on_sandbox.state.lock:
        who = Identity(account=on_sandbox.state.account("sam"))
        held = on_sandbox.repository.pulls[pull.number]
        for number in range(101):
            asked = ReviewRequest(event="APPROVE" if number == 100 else "COMMENT", body=f"{number}")
            state_reviews.create(on_sandbox.state, on_sandbox.repository, held, who, asked)
    read = on_sandbox.forge.reviews(pull.number)
    assert len(read) == 101
    assert read[-1].state is ReviewState.APPROVED


def test_a_status_on_the_second_page_is_not_shown_again(on_sandbox: SandboxStand) -> None:
    on_sandbox.state.grant("machine", f"agency/{on_sandbox.name}", "write")
    commit, held = main_of(on_sandbox), on_sandbox.repository.statuses
    with on_sandbox.connect(PLAIN_TOKEN) as forge:
        forge.publish(commit, PASSED)
        own = held[-1]
        noise = [replace(own, id=own.id + n, context=f"noise/{n}") for n in range(-100, 101) if n]
        held[:] = [*noise[:100], own, *noise[100:]]
        before = forge.cost
        forge.publish(commit, PASSED)
        cost = forge.cost.since(before)
    assert (cost.writes, cost.requests) == (0, 3), "three pages, and it is on one of them"


def test_a_list_costs_one_request_however_many_pull_requests_it_holds(on_sandbox: SandboxStand) -> None:
    for number in range(3):
        branch = BranchName(f"pow/many/{number}")
        commit = on_sandbox.forge.commit(main_of(on_sandbox), {f"{number}.yml": b"a: 1\n"}, "Set")
        on_sandbox.forge.create_branch(branch, commit)
        on_sandbox.forge.open_pull(branch=branch, base=MAIN, title="Set", body="", draft=False)
    on_sandbox.forge.edit_pull(PullNumber(1), state=PullState.CLOSED)
    proof = on_sandbox.forge.pull(PullNumber(2))
    merge(on_sandbox, proof)
    before = requests_left(on_sandbox)
    assert len(on_sandbox.forge.pulls()) == 3
    assert before - requests_left(on_sandbox) == 1


def requests_left(stand: SandboxStand) -> int:
    """Read the quota that GitHub counts down, with a request that costs nothing."""
    client = connect(base_url=f"{stand.base_url}/api/v3", token=APP_TOKEN, pacing=Pacing.off())
    try:
        return client.get_rate_limit().rate.remaining
    finally:
        client.close()


def test_what_github_cuts_off_is_refused(on_sandbox: SandboxStand) -> None:
    pull = propose(on_sandbox)
    commit = {"sha": "1" * 40, "commit": {"message": "m"}, "author": None, "committer": {}}
    go_wrong(on_sandbox, "GET", "/pulls/*/commits", "answer", status=200, body=[commit] * 250)
    with pytest.raises(ForgeError, match="more commits than GitHub lists"):
        on_sandbox.forge.commits(pull.number)


def test_a_commit_that_github_ties_to_nobody_has_no_author(on_sandbox: SandboxStand) -> None:
    pull = propose(on_sandbox)
    commit = {"sha": "1" * 40, "commit": {"message": "m"}, "author": None, "committer": {}}
    go_wrong(on_sandbox, "GET", "/pulls/*/commits", "answer", status=200, body=[commit])
    (read,) = on_sandbox.forge.commits(pull.number)
    assert (read.author, read.committer) == (None, None)


def test_a_renamed_file_is_one_removed_and_one_added(on_sandbox: SandboxStand) -> None:
    pull = propose(on_sandbox)
    file = {"filename": "new.yml", "previous_filename": "policy.yml", "status": "renamed", "sha": "1" * 40}
    go_wrong(on_sandbox, "GET", "/pulls/*/files", "answer", status=200, body=[file])
    assert [(each.path, each.status) for each in on_sandbox.forge.files(pull.number)] == [
        ("policy.yml", "removed"),
        ("new.yml", "added"),
    ]


def test_an_answer_of_another_shape_is_unavailable_and_no_crash(on_sandbox: SandboxStand) -> None:
    go_wrong(on_sandbox, "GET", "/pulls/1", "answer", status=200, body='{"number": "seven", "url": ')
    with pytest.raises(UnavailableError):
        on_sandbox.forge.pull(PullNumber(1))
