"""The emergency path: who may claim one, what it does not override, and the review that has to follow."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from approve.situations import (
    ALICE,
    BOT_COMMIT,
    MALLORY,
    NOW,
    SAM,
    SAVA,
    SUPERVISORS,
    a_policy,
    edited_by,
    facts,
    pull_request,
    reviews_of,
)
from fakes.builders import a_bot, a_person, a_sha
from fakes.world import Killed
from hypothesis import given, settings
from hypothesis import strategies as st
from propose.office import POLICY, Office
from tries import tries

from bot.approve.emergency import outstanding
from bot.approve.gate import decide
from bot.cli.waits import waits_of
from bot.deploy.authorise import MergeFacts, Refused, authorise
from bot.forge.emergency import claim_of
from bot.ledger.lifecycle import standings
from bot.model.calendar import Calendar
from bot.model.decision import Authority, GateDecision, GateStatus
from bot.model.errors import LedgerError
from bot.model.event import Event, Mark
from bot.model.forge import Claim, Permission, Review, ReviewState
from bot.model.impact import ValueRange
from bot.model.json import digest_of
from bot.model.level import Level
from bot.model.names import Login, PullNumber, TeamSlug
from bot.model.record import Phase
from bot.model.settings import Approvers, Emergency, Policy
from bot.recipes.calendar import read_hours
from bot.recipes.library import load_library

DORA = a_person("dora")
OFFICERS = TeamSlug("officers")
REASON = Claim(length=30, digest=digest_of(b"the counters are down"))
YES = ReviewState.APPROVED
TEAMS = {**facts().teams, OFFICERS: frozenset({Login("dora"), Login("sam"), Login("tom")})}
RIGHTS = {**facts().permissions, DORA.login: Permission.WRITE}


def a_policy_with(emergency: Emergency | None = None, **fields: Any) -> Policy:
    """HIGH at once: two people would have to approve."""
    wanted = emergency or Emergency(approvers=(Approvers(teams=(OFFICERS,), count=1),))
    two = (Approvers(teams=(SUPERVISORS,), count=2),)
    return a_policy(emergency=wanted, approvals={**a_policy().approvals, Level.MEDIUM: two}, **fields)


def claimed(*reviews: Review, claim: Claim | None = REASON, **fields: Any) -> Any:
    given = reviews or reviews_of((DORA, YES))
    with_claim = tuple(replace(each, claim=claim or each.claim) for each in given)
    return facts(**{"reviews": with_claim, "teams": TEAMS, "permissions": RIGHTS, **fields})


def said(decision: GateDecision, name: str) -> str:
    children = [child for reason in decision.reasons for child in (reason, *reason.children)]
    return next(child.sentence for child in children if child.name == name)


def test_a_claim_of_the_emergency_team_is_enough_and_says_so() -> None:
    decision = decide(claimed(), a_policy_with(), NOW)
    assert (decision.status, decision.authority) == (GateStatus.APPROVED, Authority.EMERGENCY)
    assert said(decision, "approval") == f"an emergency by the reasons of dora (30 characters, {REASON.digest[:19]})"
    (used,) = decision.claims
    assert (used.login, used.user_id, used.length, used.digest) == ("dora", DORA.id, 30, REASON.digest)


def test_where_the_usual_people_approved_it_is_no_emergency() -> None:
    both = (*reviews_of((SAM, YES), (ALICE, YES)), replace(*reviews_of((DORA, YES)), id=9, claim=REASON))
    decision = decide(facts(reviews=both, teams=TEAMS, permissions=RIGHTS), a_policy_with(), NOW)
    assert (decision.authority, decision.claims) == (Authority.PEOPLE, ())


REFUSED: dict[str, tuple[Any, Policy]] = {
    "the policy has no such path": (claimed(), replace(a_policy_with(), emergency=None)),
    "the review claims nothing": (claimed(claim=None), a_policy_with()),
    "the reason is too short": (claimed(claim=replace(REASON, length=9)), a_policy_with()),
    "a comment claims it": (claimed(*reviews_of((DORA, ReviewState.COMMENTED))), a_policy_with()),
    "it was given on an older commit": (claimed(*reviews_of((DORA, YES, a_sha("old")))), a_policy_with()),
    "it was dismissed": (claimed(*reviews_of((DORA, ReviewState.DISMISSED))), a_policy_with()),
    "not a member of the team": (claimed(*reviews_of((ALICE, YES))), a_policy_with()),
    "without write access": (claimed(permissions={**RIGHTS, DORA.login: Permission.READ}), a_policy_with()),
    "a machine": (claimed(*reviews_of((a_bot("dora[bot]"), YES))), a_policy_with()),
    "the last editor of the recipe": (claimed(originators=(DORA,)), a_policy_with()),
    "an editor of the recipe who is not known": (claimed(originators=(None,)), a_policy_with()),
    "whoever edited the branch": (
        edited_by(
            DORA,
            reviews=tuple(replace(each, claim=REASON) for each in reviews_of((DORA, YES, a_sha("edited")))),
            teams=TEAMS,
            permissions=RIGHTS,
        ),
        a_policy_with(),
    ),
    "the author": (claimed(pull=pull_request(author=DORA)), a_policy_with()),
    "whom policy excludes": (claimed(), a_policy_with(excluded_approvers=(DORA.login,))),
    "somebody objects": (claimed(*reviews_of((DORA, YES), (ALICE, ReviewState.CHANGES_REQUESTED))), a_policy_with()),
    "the team cannot be read": (claimed(teams=facts().teams), a_policy_with()),
    "two are wanted and one claims": (
        claimed(),
        a_policy_with(Emergency(approvers=(Approvers(teams=(OFFICERS,), count=2),))),
    ),
    "two are wanted, and the other only approves": (
        claimed(
            replace(*reviews_of((DORA, YES)), claim=REASON),
            replace(*reviews_of((SAM, YES)), id=2),
            claim=None,
        ),
        a_policy_with(Emergency(approvers=(Approvers(teams=(OFFICERS,), count=2),))),
    ),
    "the policy is paused": (claimed(), a_policy_with(paused=True)),
    "a value is out of range": (claimed(), a_policy_with(ranges={"max_blur_px": ValueRange(minimum=1, maximum=3)})),
    "an earlier one is overdue": (claimed(overdue=(PullNumber(3),)), a_policy_with()),
    "it has expired": (claimed(), a_policy_with(expire_after=timedelta(hours=1))),
}


@pytest.mark.parametrize(("given", "policy"), REFUSED.values(), ids=REFUSED.keys())
def test_an_emergency_overrides_nothing_else(given: Any, policy: Policy) -> None:
    decision = decide(given, policy, NOW)
    assert decision.status is not GateStatus.APPROVED
    assert (decision.authority, decision.claims) == (None, ())


opinions = st.tuples(
    st.sampled_from((DORA, SAM, ALICE, SAVA, MALLORY, a_bot("dora[bot]"))),
    st.sampled_from((YES, YES, YES, ReviewState.COMMENTED, ReviewState.CHANGES_REQUESTED, ReviewState.DISMISSED)),
    st.sampled_from((BOT_COMMIT, BOT_COMMIT, a_sha("old"), None)),
)


@settings(max_examples=tries(300), derandomize=True, deadline=None)
@given(given_reviews=st.lists(opinions, max_size=4), edited=st.sets(st.integers(0, 3)))
def test_an_edit_makes_nothing_count_but_an_approval_of_the_head_by_the_emergency_people(
    given_reviews: list[Any], edited: set[int]
) -> None:
    """Of a text that somebody edits only the claim is ever read; the forge does not tell of the edit."""
    before = reviews_of(*given_reviews)
    after = tuple(replace(each, claim=REASON) if n in edited else each for n, each in enumerate(before))
    plain, reworded = (facts(reviews=each, teams=TEAMS, permissions=RIGHTS) for each in (before, after))
    without = replace(a_policy_with(), emergency=None)
    assert decide(plain, without, NOW) == decide(reworded, without, NOW), "without the path no text plays a part"

    decision = decide(reworded, a_policy_with(), NOW)
    if decision.status is GateStatus.APPROVED and decide(plain, a_policy_with(), NOW).status is not decision.status:
        assert decision.authority is Authority.EMERGENCY
        used = {each.review for each in decision.claims}
        assert used
        for review in after:
            if review.id in used:
                assert (review.state, review.commit) == (YES, BOT_COMMIT)
                assert review.author is not None
                assert review.author.login in TEAMS[OFFICERS]


def test_an_overdue_one_may_be_let_pass_by_policy() -> None:
    lenient = Emergency(approvers=(Approvers(teams=(OFFICERS,), count=1),), refuse_while_overdue=False)
    assert decide(claimed(overdue=(PullNumber(3),)), a_policy_with(lenient), NOW).status is GateStatus.APPROVED
    strict = decide(claimed(overdue=(PullNumber(3),)), a_policy_with(), NOW)
    assert said(strict, "emergency") == "no new emergency while an earlier one waits for its review: #3"


def test_an_emergency_waits_for_no_calendar() -> None:
    closed = Calendar(exclude=(read_hours("Mon-Sun 00:00-24:00"),))
    assert decide(claimed(), a_policy_with(calendar=closed), NOW).status is GateStatus.APPROVED
    waits = decide(claimed(claim=None), a_policy_with(calendar=closed), NOW)
    assert said(waits, "calendar").startswith("the calendar is closed")


@pytest.mark.parametrize(
    ("body", "length"),
    [
        ("/emergency the counters are down", 21),
        ("/emergency \t the counters are down \r\nMore.", 21),
        ("/emergency", 0),
        ("/emergency ", 0),
        ("/emergency \u200b\u200b\u200b\u200b\u200b\u200b\u200b\u200b\u200b\u200b\u200b", 0),
        ("/emergencythe counters", None),
        (" /emergency the counters are down", None),
        ("Hello\n/emergency the counters are down", None),
        ("/Emergency the counters are down", None),
        ("> /emergency the counters are down", None),
        ("", None),
    ],
)
def test_the_command_is_the_first_line_and_only_its_length_and_digest_are_kept(body: str, length: int | None) -> None:
    claim = claim_of(body)
    assert (None if claim is None else claim.length) == length
    assert claim is None or claim.digest == digest_of(
        body.splitlines()[0].removeprefix("/emergency").strip().encode()
    )


# From the claim to the review afterwards, on an agency in memory

PATH = {
    "pow/settings/policy.yml": POLICY.replace(b"MEDIUM: {supervisors: 1}", b"MEDIUM: {supervisors: 2}")
    + b"emergency: {approvers: {security: 1}, review_within: 2_days}\n"
}


def merged(root: Path) -> Office:
    """Return an agency whose security officer merged a change in an emergency."""
    office = Office(root, PATH)
    office.detect()
    office.world.review(1, SAVA, claim=REASON)
    office.gate()
    return office


def of_review(office: Office) -> Event:
    (event,) = office.gate().events
    return event


def test_an_emergency_is_recorded_deployable_and_opens_its_review_once(tmp_path: Path) -> None:
    office = merged(tmp_path)
    decided = office.record(Phase.DECIDED)
    assert decided.facts["result"] == "emergency"
    assert decided.facts["emergency"] == [
        {
            "review": office.world.reviews[PullNumber(1)][0].id,
            "login": "sava",
            "user_id": SAVA.id,
            "reason_length": REASON.length,
            "reason_digest": REASON.digest,
        }
    ]
    assert dict(office.world.snapshots[office.main].commit.trailers)["Decision"] == "emergency"
    (issue,) = office.world.issues.values()
    assert issue.labels == ("pow:review",)
    assert "@agency/supervisors" in issue.text.body
    assert "2 approvals of supervisors" in issue.text.body

    writes = len(office.world.writes)
    assert of_review(office).mark is Mark.WAIT
    assert len(office.world.writes) == writes


def test_the_regular_approvers_review_it_on_the_merged_pull_request(tmp_path: Path) -> None:
    office = merged(tmp_path)
    for who, claim in ((SAVA, None), (SAM, None), (MALLORY, None)):
        office.world.review(1, who, claim=claim)
    assert of_review(office).mark is Mark.WAIT
    office.world.review(1, ALICE)
    event = of_review(office)
    assert (event.mark, "reviewed afterwards by sam, alice" in event.sentence) == (Mark.NOTE, True)
    assert office.ledger.held[-1].facts["result"] == "reviewed"
    assert office.gate().events == ()


def test_whoever_claimed_it_does_not_review_it(tmp_path: Path) -> None:
    policy = PATH["pow/settings/policy.yml"].replace(b"{security: 1}, review", b"{supervisors: 1}, review")
    office = Office(tmp_path, {"pow/settings/policy.yml": policy})
    office.detect()
    office.world.review(1, SAM, claim=REASON)
    office.gate()
    office.world.review(1, ALICE)
    assert of_review(office).mark is Mark.WAIT


def test_an_objection_afterwards_is_said_loudly(tmp_path: Path) -> None:
    office = merged(tmp_path)
    office.world.review(1, ALICE, ReviewState.CHANGES_REQUESTED)
    event = of_review(office)
    assert (event.mark, "alice asked for changes after the emergency" in event.sentence) == (Mark.WARNING, True)


def test_a_review_that_is_late_is_said_loudly_once_and_blocks_the_next_emergency(tmp_path: Path) -> None:
    office = merged(tmp_path)
    office.pass_days(2)
    for _ in range(2):
        event = of_review(office)
        assert (event.mark, "OVERDUE" in event.sentence) == (Mark.WARNING, True)
    late = [each for each in office.world.comments[PullNumber(1)] if "pow:overdue" in each.body]
    assert len(late) == 1
    assert "@agency/supervisors" in late[0].body
    settings = office.library().settings
    assert settings is not None
    (status,) = waits_of(office.site(), office.ledger.records(), standings(office.ledger.records())).values()
    assert status.endswith("OVERDUE")
    (waiting,) = outstanding(office.ledger.records(), settings.policy)
    assert (waiting.pull, waiting.level, waiting.claimants) == (1, Level.MEDIUM, {SAVA.id})


@pytest.mark.parametrize("pull", [None, True, "1", "one", [1]])
def test_a_merge_in_the_ledger_without_its_pull_request_is_an_error_and_no_crash(tmp_path: Path, pull: Any) -> None:
    records = tuple(
        replace(each, facts={**each.facts, "pull": pull}) if each.phase is Phase.MERGED else each
        for each in merged(tmp_path).ledger.records()
    )
    with pytest.raises(LedgerError, match="names no pull request"):
        outstanding(records, a_policy_with())


@pytest.mark.parametrize("count", range(1, 9))
@pytest.mark.parametrize("when", ["fail_before", "fail_after"])
@pytest.mark.slow
def test_a_run_that_dies_leaves_one_merge_one_task_and_one_record(tmp_path: Path, count: int, when: str) -> None:
    office = Office(tmp_path, PATH)
    office.detect()
    office.world.review(1, SAVA, claim=REASON)
    getattr(office.forge, when)(count)
    with suppress(Killed):
        office.gate()
    office.forge.fail_before(10_000)
    office.gate()
    office.gate()
    assert office.phases() == [Phase.PROPOSED, Phase.DECIDED, Phase.MERGED]
    assert len(office.world.issues) == 1


def test_deploy_takes_an_emergency_only_with_its_claims(tmp_path: Path) -> None:
    office = merged(tmp_path)
    records = office.ledger.records()
    commit = office.world.snapshots[office.main].commit
    given = MergeFacts(commit=commit, is_on_base=True, files=())
    forged = tuple(
        replace(each, facts={**each.facts, "emergency": claims})
        for claims in (
            None,
            [],
            "sava",
            [{"user_id": SAVA.id}],
            [{"user_id": "x", "reason_digest": "sha256:1"}],
            ["x"],
        )
        for each in records
        if each.phase is Phase.DECIDED
    )
    for record in forged:
        swapped = tuple(record if each.phase is Phase.DECIDED else each for each in records)
        answer = authorise(swapped, given)
        assert isinstance(answer, Refused)
        assert "that nobody claimed with a reason" in answer.reason
    answer = authorise(records, given)
    assert isinstance(answer, Refused)
    assert "was proposed and is not in the merge" in answer.reason, "no file is given, and nothing else is wrong"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("emergency: {approvers: {}}\n", "an emergency that nobody approves"),
        ("emergency: {approvers: [{count: 1}]}\n", "a group without teams and users can never approve"),
        ("emergency: {review_within: 1h}\n", "`approvers` is missing in `emergency`"),
    ],
)
def test_an_emergency_that_nobody_could_approve_is_a_fault(tmp_path: Path, text: str, message: str) -> None:
    files = {**Office(tmp_path).world.snapshots[Office(tmp_path).main].files}
    files["pow/settings/policy.yml"] = POLICY + text.encode()
    (fault,) = load_library(files, endpoints={}).diagnostics
    assert fault.message == message


def test_simulation_knows_the_path(tmp_path: Path) -> None:
    office = Office(tmp_path, PATH)
    office.detect()
    assert office.simulate("approved-by:sava").status is GateStatus.PENDING
    assert office.simulate("emergency-by:sava").authority is Authority.EMERGENCY
    assert office.simulate("emergency-by:mallory").status is GateStatus.PENDING
