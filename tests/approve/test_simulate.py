"""What the gate would say: supposed reviews count, or do not, by the very rules of real ones."""

import pytest
from approve.situations import ALICE, BOT_COMMIT, NOW, SAM, a_policy, facts, reviews_of

from bot.approve.gate import decide
from bot.approve.simulate import Supposition, read_supposition, suppose
from bot.model.decision import GateStatus
from bot.model.forge import Permission, ReviewState
from bot.model.names import Login


def decided(*texts: str, **fields: object) -> tuple[GateStatus, str]:
    supposed = [read_supposition(text) for text in texts]
    assert None not in supposed
    decision = decide(suppose(facts(**fields), [each for each in supposed if each]), a_policy(), NOW)
    return decision.status, decision.reviews[-1].reason


def test_a_supposed_approval_of_a_supervisor_is_enough() -> None:
    assert decided("approved-by:alice", reviews=()) == (
        GateStatus.APPROVED,
        "an approval of the head by a member of supervisors",
    )


@pytest.mark.parametrize(
    ("login", "why"),
    [
        ("rita", "this person is the last editor of the recipe"),
        ("mallory", "this person is in no required team"),
        ("stranger", "this person's rights could not be read"),
        ("helper[bot]", "only people approve, this is a machine's account"),
    ],
)
def test_a_supposed_approval_counts_no_more_than_a_real_one(login: str, why: str) -> None:
    assert decided(f"approved-by:{login}", reviews=()) == (GateStatus.PENDING, why)


def test_a_supposed_opinion_replaces_the_same_persons_earlier_one_whatever_the_case_of_the_login() -> None:
    assert decided("changes-requested-by:SAM")[0] is GateStatus.DISAPPROVED
    given = reviews_of((SAM, ReviewState.CHANGES_REQUESTED), (ALICE, ReviewState.APPROVED))
    assert decided("approved-by:sam", reviews=given)[0] is GateStatus.APPROVED


def test_suppositions_about_one_stranger_are_about_one_person() -> None:
    rights = {Login("tom"): Permission.WRITE}
    texts = ("approved-by:tom", "changes-requested-by:tom", "approved-by:tom")
    assert decided(*texts, reviews=(), permissions=rights)[0] is GateStatus.APPROVED
    assert decided(*texts[:2], reviews=(), permissions=rights)[0] is GateStatus.DISAPPROVED


def test_a_supposed_comment_changes_nothing() -> None:
    assert decided("commented-by:sam") == (GateStatus.APPROVED, "a comment is no opinion")


def test_suppositions_are_given_on_the_present_head() -> None:
    (review,) = suppose(facts(reviews=()), [Supposition(state=ReviewState.APPROVED, login=Login("sam"))]).reviews
    assert review.commit == BOT_COMMIT


@pytest.mark.parametrize("text", ["", "approved", "approved-by:", "approved-by: sam", "merged-by:sam", "sam"])
def test_anything_else_supposes_nothing(text: str) -> None:
    assert read_supposition(text) is None
