"""What the gate reads out of the ledger, and what it writes there and into the merge."""

from dataclasses import replace
from typing import Any

import pytest
from approve.situations import (
    ALICE,
    BOT_COMMIT,
    CHANGE,
    EVIDENCE,
    NOW,
    SAM,
    a_policy,
    facts,
    pull_request,
    recorded,
    reviews_of,
)
from approve.test_rollback import a_record
from fakes.builders import a_sha
from fakes.trailers import trailers_of

from bot.approve.facts import recorded_proposal
from bot.approve.gate import decide
from bot.approve.records import approved_heads, closed, decided, has_result, merged, message_of
from bot.model.change import Affected
from bot.model.clock import format_time
from bot.model.forge import ReviewState
from bot.model.json import canonical, digest_of
from bot.model.names import FeedName
from bot.model.record import Phase, Record

OPENED = pull_request().created_at
WHOLE: dict[str, Any] = {
    "head": BOT_COMMIT,
    "branch": f"pow/passport_backlog/{CHANGE}",
    "pull": 7,
    "evidence_digest": digest_of(EVIDENCE),
    "files": [{"path": "a", "before": digest_of(b"a"), "after": "x"}, {"path": "b", "before": None}],
    "rollback_of": None,
}


def test_a_proposed_record_is_read() -> None:
    found = recorded_proposal((a_record(Phase.PROPOSED, CHANGE, **WHOLE),))

    assert found == recorded(before={"a": digest_of(b"a"), "b": None})


@pytest.mark.parametrize(
    ("fact", "affected"),
    [
        ({"people": 12, "feed": "a.b"}, Affected(people=12, feed=FeedName("a.b"))),
        ({"people": 0, "feed": "a.b"}, Affected(people=0, feed=FeedName("a.b"))),
        ({"people": -1, "feed": "a.b"}, None),
        ({"people": True, "feed": "a.b"}, None),
        ({"people": 1.5, "feed": "a.b"}, None),
        ({"people": 12}, None),
        (12, None),
        (None, None),
    ],
)
def test_who_is_affected_is_read_or_not_known(fact: Any, affected: Affected | None) -> None:
    found = recorded_proposal((a_record(Phase.PROPOSED, CHANGE, **WHOLE, affected=fact),))

    assert found is not None
    assert found.affected == affected


def test_a_closed_record_is_told() -> None:
    records = (a_record(Phase.PROPOSED, CHANGE, **WHOLE), a_record(Phase.CLOSED, CHANGE, outcome="expired"))
    found = recorded_proposal(records)

    assert found is not None
    assert found.closed == "expired"


@pytest.mark.parametrize(
    "fault",
    [
        {"head": None},
        {"branch": 3},
        {"evidence_digest": None},
        {"pull": "7"},
        {"files": None},
        {"files": ["a"]},
        {"files": [{"before": None}]},
        {"files": [{"path": "a", "before": 3}]},
    ],
)
def test_a_record_that_is_not_whole_is_no_record(fault: dict[str, Any]) -> None:
    assert recorded_proposal((a_record(Phase.PROPOSED, CHANGE, **{**WHOLE, **fault}),)) is None


def test_without_a_proposed_record_there_is_none() -> None:
    assert recorded_proposal((a_record(Phase.MERGED, CHANGE, merge="x"),)) is None


def test_a_decision_is_recorded_with_everything_it_was_made_from() -> None:
    policy = a_policy()
    decision = decide(facts(), policy, NOW)
    draft = decided(decision, facts(), policy, at=NOW, result="approved")

    assert draft.phase is Phase.DECIDED
    assert draft.facts["head"] == BOT_COMMIT
    assert draft.facts["policy_digest"] == policy.digest
    assert draft.facts["opened_at"] == format_time(OPENED)
    assert draft.facts["seats"] == [{"count": 1, "teams": ["supervisors"], "users": [], "distinct": False}]
    assert draft.facts["escalated_at"] is None
    assert draft.facts["evidence_digest"] == digest_of(EVIDENCE)
    assert draft.facts["threshold"] == "MEDIUM"
    assert "impact of" not in str(draft.facts)
    assert [review["counts"] for review in draft.facts["reviews"]] == [True]  # type: ignore[union-attr,index,call-overload]
    assert canonical(draft.facts)


def test_the_same_decision_has_the_same_key_and_another_one_another() -> None:
    policy = a_policy()
    first = decided(decide(facts(), policy, NOW), facts(), policy, at=NOW, result="approved")
    later = facts(ledger=12)
    again = decided(decide(later, policy, NOW), later, policy, at=NOW.replace(minute=59), result="approved")
    by_alice = facts(reviews=reviews_of((ALICE, ReviewState.APPROVED)))
    other = decided(decide(by_alice, policy, NOW), by_alice, policy, at=NOW, result="approved")

    assert first.key == again.key
    assert first.key != other.key
    assert first.key.startswith(BOT_COMMIT)


def test_a_decision_without_impact_is_recorded_as_such() -> None:
    policy = a_policy()
    decision = decide(facts(files=()), policy, NOW)
    draft = decided(replace(decision, impact=None, threshold=None), facts(), policy, at=NOW, result="expired")

    assert draft.facts["impact"] is None
    assert draft.facts["threshold"] is None


def test_what_nobody_recorded_is_not_decided_on() -> None:
    policy, unknown = a_policy(), facts(proposed=None)

    with pytest.raises(ValueError, match="only a recorded proposal"):
        decided(decide(unknown, policy, NOW), unknown, policy, at=NOW, result="approved")


def test_merged_and_closed_records_name_their_pull_request() -> None:
    merge = merged(CHANGE, pull_request(), merge=a_sha("m"), parent=a_sha("p"), at=NOW)
    rejected = closed(CHANGE, pull_request(), outcome="rejected", at=NOW)
    expired = closed(CHANGE, pull_request(), outcome="expired", at=NOW)

    assert (merge.facts["parent"], merge.facts["head"], merge.key) == (a_sha("p"), BOT_COMMIT, a_sha("m"))
    assert rejected.facts == {
        "outcome": "rejected",
        "pull": 7,
        "sentence": "pull request 7: it was closed without a merge",
    }
    assert "in time" in str(expired.facts["sentence"])
    assert rejected.key == expired.key


def test_only_decisions_that_let_merge_name_approved_heads() -> None:
    def of(result: str, head: object = BOT_COMMIT) -> Record:
        return a_record(Phase.DECIDED, CHANGE, result=result, head=head)

    assert approved_heads((of("approved"), of("auto", "b"), of("rollback", "c"))) == {BOT_COMMIT, "b", "c"}
    assert approved_heads((of("rejected"), of("expired"), of("approved", None))) == frozenset()
    assert has_result((of("expired"),), "expired")
    assert not has_result((of("approved"),), "expired")


def test_the_merge_message_is_a_title_and_trailers() -> None:
    policy = a_policy()
    decision = decide(facts(), policy, NOW)
    title, message = message_of(decision, facts(), policy)
    found = dict(trailers_of(f"{title}\n\n{message}"))

    assert title == f"Merge change {CHANGE} of PASSPORT_BACKLOG"
    assert found["Change-Id"] == CHANGE
    assert found["Decision"] == "approved"
    assert found["Approved-By"] == f"sam <{SAM.id}+sam@users.noreply.github.com>"
    assert found["Approval-Ref"].startswith("https://")
    assert found["Approved-Head"] == BOT_COMMIT
    assert found["Evidence-Digest"] == digest_of(EVIDENCE)
    assert found["Policy-Digest"] == policy.digest


def test_what_was_not_approved_has_no_merge_message() -> None:
    policy = a_policy()
    with pytest.raises(ValueError, match="only an approved proposal"):
        message_of(decide(facts(reviews=()), policy, NOW), facts(), policy)
    with pytest.raises(ValueError, match="only an approved proposal"):
        message_of(decide(facts(), policy, NOW), facts(trailers=None), policy)
