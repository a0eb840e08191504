"""The gate's decision in words."""

from dataclasses import replace
from datetime import timedelta

import pytest
from approve.situations import (
    ALICE,
    MALLORY,
    NOW,
    SAM,
    a_policy,
    edited_by,
    facts,
    low_impact,
    pull_request,
    reviews_of,
)

from bot.approve.facts import GateFacts
from bot.approve.gate import decide
from bot.model.decision import GateDecision, GateStatus
from bot.model.forge import ReviewState
from bot.model.names import Login
from bot.model.settings import Policy
from bot.report.gate import MAX_SUMMARY, headline_of, lines_of, summary_of


def decision(given: GateFacts | None = None, policy: Policy | None = None) -> GateDecision:
    return decide(given or facts(), policy or a_policy(), NOW)


@pytest.mark.parametrize(
    ("given", "policy", "headline"),
    [
        (facts(), a_policy(), "Approved by people: sam approved it"),
        (
            facts(reviews=()),
            low_impact(),
            "Approved without people: impact LOW, threshold MEDIUM: nobody has to approve",
        ),
        (facts(reviews=()), a_policy(), "Waiting: waits for 1 approval of supervisors"),
        (
            facts(reviews=reviews_of((SAM, ReviewState.CHANGES_REQUESTED))),
            a_policy(),
            "Not approved: sam asked for changes",
        ),
        (facts(files=()), a_policy(), "Refused: it changes no file"),
    ],
)
def test_one_line_says_outcome_and_reason(given: GateFacts, policy: Policy, headline: str) -> None:
    assert headline_of(decision(given, policy)) == headline
    assert lines_of(decision(given, policy))[0] == headline


def test_the_summary_explains_every_review_without_calling_anybody() -> None:
    given = facts(reviews=reviews_of((SAM, ReviewState.APPROVED), (MALLORY, ReviewState.APPROVED)))
    summary = summary_of(decision(given))

    assert "| yes | `sam` | `APPROVED` | an approval of the head by a member of supervisors |" in summary
    assert "| no | `mallory` | `APPROVED` | this person is in no required team |" in summary
    assert "@" not in summary


def test_every_factor_of_the_impact_is_shown() -> None:
    given = decision()
    summary, lines = summary_of(given), lines_of(given)

    assert "| Impact MEDIUM | Because |\n|---|---|\n| LOW | every change is at least LOW |\n" in summary
    assert "| MEDIUM | max\\_blur\\_px changes by 100%, more than 50%: MEDIUM |" in summary
    assert "  impact MEDIUM: policy calls max_blur_px MEDIUM" in lines
    assert "Because" not in summary_of(replace(given, impact=None))
    assert not any("impact LOW:" in line for line in lines_of(replace(given, impact=None)))


def test_the_summary_changes_only_with_the_decision() -> None:
    later = decide(facts(), a_policy(), NOW + timedelta(hours=5))

    assert summary_of(decision()) == summary_of(later)


def test_what_is_still_missing_is_named_beside_another_reason() -> None:
    summary = summary_of(decision(facts(pull=pull_request(draft=True), reviews=())))

    assert "it is a draft" in summary
    assert "- still missing: **1 approval of supervisors**" in summary
    assert "still missing" not in summary_of(decision(facts(reviews=())))


def test_a_reason_is_not_repeated_by_its_child() -> None:
    summary = summary_of(decision(facts(files=(), reviews=())))

    assert summary.count("it changes no file") == 2


def test_a_deleted_account_is_called_that() -> None:
    given = facts(reviews=reviews_of((None, ReviewState.APPROVED)))

    assert "a deleted account" in summary_of(decision(given))
    assert "review 1 of a deleted account" in "\n".join(lines_of(decision(given)))


def test_hostile_names_do_nothing() -> None:
    evil = replace(ALICE, login=Login("x|y @everyone <!-- \u202e"))
    given = edited_by(evil, reviews=reviews_of((evil, ReviewState.APPROVED)))
    summary = summary_of(decision(given))

    assert "@everyone" not in summary
    assert "<!--" not in summary
    assert "\u202e" not in summary
    assert "\u202e" not in "".join(lines_of(decision(given)))


def test_a_thousand_reviews_fit_into_a_check() -> None:
    given = facts(reviews=reviews_of(*((SAM, ReviewState.COMMENTED) for _ in range(1000))))

    assert len(summary_of(decision(given))) <= MAX_SUMMARY
    assert len(headline_of(decision(given))) <= 200


def test_an_approval_without_a_right_is_only_called_approved() -> None:
    bare = replace(decision(), authority=None, change=None, impact=None)

    assert headline_of(bare).startswith("Approved: ")
    assert summary_of(bare).endswith(f"For head `{bare.head[:12]}`.\n")


def test_a_decision_without_an_approval_reason_shows_the_last_one() -> None:
    bare = replace(decision(), reasons=decision().reasons[:2], status=GateStatus.APPROVED)

    assert bare.reasons[-1].sentence in headline_of(bare)
