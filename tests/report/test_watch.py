"""What the monitor says on pull requests, and that nothing in it acts."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.model.change import Change, FileEdit, KeyChange
from bot.model.level import Level
from bot.model.names import ChangeId, Digest, PullNumber, RecipeId
from bot.model.recipe import Recipe
from bot.model.verdict import Measurement, Recovery, RuleOutcome, Verdict, VerdictKind
from bot.report.watch import recovery_comment, rollback_body, rollback_title, watch_comment, watch_marker

CHANGE = ChangeId("0123456789abcdef")
LIVE = datetime(2026, 1, 5, 9, tzinfo=UTC)
RECIPE = Recipe(
    id=RecipeId("BLUR"),
    version=3,
    path="pow/blur.yml",
    digest=Digest("sha256:0"),
    watch_feeds=(),
    bottleneck_rule="",
    service_patches=(),
    journey_patches=(),
    hitl_threshold=Level.MEDIUM,
    success_metric="",
    rollback_on="",
)
PATH = "patches/services/A.yml"
TAKE_BACK = Change(
    id=CHANGE,
    recipe=RecipeId("BLUR"),
    version=3,
    episode="rollback",
    keys=(KeyChange(target="A", key="x", before=4, after=2),),
    edits=(FileEdit(path=PATH, before=b"changes:\n  x: 4\n", after=b"changes:\n  x: 2\n"),),
)
HOSTILE = "@agency/all <b>bold</b> ![i](https://evil.example/i.png) <!-- x --> #7 a|b\n\n# Approved\n```\n\x1b[31m"


def a_measurement(**fields: Any) -> Measurement:
    defaults: dict[str, Any] = {
        "rule": "error_rate > 5%",
        "outcome": RuleOutcome.DOES_NOT_HOLD,
        "sentence": "the error rate is 1%",
        "observed": "1.00%",
        "samples": 240,
    }
    return Measurement(**{**defaults, **fields})


def a_verdict(kind: VerdictKind = VerdictKind.HOLD, **fields: Any) -> Verdict:
    defaults: dict[str, Any] = {
        "change": CHANGE,
        "kind": kind,
        "at": LIVE + timedelta(hours=3),
        "sentence": "the wait is 9 days",
        "success": a_measurement(rule="wait < 7_days"),
        "rollback": a_measurement(),
        "armed": True,
    }
    return Verdict(**{**defaults, **fields})


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (VerdictKind.ROLLBACK, "the change is taken back"),
        (VerdictKind.ASK, "a person must decide"),
        (VerdictKind.HOLD, "still watching"),
        (VerdictKind.SUCCESS, "the loop is closed"),
    ],
)
def test_a_comment_begins_with_its_marker_and_the_verdict(kind: VerdictKind, words: str):
    lines = watch_comment(a_verdict(kind), RECIPE, effective_at=LIVE).splitlines()
    assert lines[0] == watch_marker(CHANGE)
    assert lines[1].startswith("### Watch: ")
    assert words in lines[1]
    assert lines[3] == "the wait is 9 days."


def test_a_comment_shows_both_rules_with_what_was_seen_and_all_times():
    text = watch_comment(a_verdict(), RECIPE, effective_at=LIVE)
    assert "| success: `wait < 7_days` | does not hold | 1.00% | 240 |" in text
    assert "| rollback: `error_rate > 5%` | does not hold | 1.00% | 240 |" in text
    assert "In effect since 2026-01-05T09:00:00Z; measured 2026-01-05T12:00:00Z;" in text
    assert "asked after 2026-01-26T09:00:00Z" in text
    assert "already held" not in text
    assert "already held before this change" in watch_comment(a_verdict(armed=False), RECIPE, effective_at=LIVE)


@pytest.mark.parametrize("outcome", RuleOutcome)
def test_every_outcome_has_its_own_words(outcome: RuleOutcome):
    def row(which: RuleOutcome) -> str:
        text = watch_comment(a_verdict(rollback=a_measurement(outcome=which)), RECIPE, effective_at=LIVE)
        return next(line for line in text.splitlines() if line.startswith("| rollback"))

    others = {row(each) for each in RuleOutcome if each is not outcome}
    assert row(outcome) not in others


def test_what_was_not_observed_is_a_dash():
    text = watch_comment(a_verdict(rollback=a_measurement(observed="", samples=0)), RECIPE, effective_at=LIVE)
    assert "| does not hold | - | 0 |" in text


def test_a_rollback_says_why_what_comes_back_and_by_what_right():
    body = rollback_body(TAKE_BACK, RECIPE, "errors are 20%", original=PullNumber(7), reasons=())
    assert rollback_title(RECIPE, PullNumber(7)) == "Revert #7: BLUR made it worse"
    assert body.startswith("Takes back #7, because the rollback rule of `BLUR@v3` holds:\n\n> errors are 20%.\n")
    assert f"--- a/{PATH}" in body
    assert "-  x: 4\n+  x: 2\n" in body
    assert "The gate checks that proof" in body
    assert "A person must look" not in body


def test_a_draft_gives_its_reasons_instead_of_the_proof():
    body = rollback_body(TAKE_BACK, RECIPE, "", original=PullNumber(7), reasons=("one", "two"))
    assert "**A person must look at it first:**\n\n- one\n- two\n" in body
    assert "The gate checks that proof" not in body


@pytest.mark.parametrize(
    ("recovery", "words"),
    [
        (Recovery.RECOVERED, "The rollback helped"),
        (Recovery.NOT_RECOVERED, "was not the cause"),
        (Recovery.PENDING, "still measuring"),
    ],
)
def test_a_comment_says_whether_a_rollback_helped(recovery: Recovery, words: str):
    text = recovery_comment(CHANGE, recovery, a_measurement(), at=LIVE)
    assert text.startswith(watch_marker(CHANGE))
    assert words in text.splitlines()[1]
    assert "the error rate is 1%." in text
    assert "Measured 2026-01-05T09:00:00Z." in text


def test_nothing_from_outside_acts_in_any_of_them():
    measured = a_measurement(rule=HOSTILE, sentence=HOSTILE, observed=HOSTILE)
    texts = [
        watch_comment(a_verdict(sentence=HOSTILE, rollback=measured), RECIPE, effective_at=LIVE),
        recovery_comment(CHANGE, Recovery.PENDING, measured, at=LIVE),
        rollback_body(TAKE_BACK, RECIPE, HOSTILE, original=PullNumber(1), reasons=(HOSTILE,)),
    ]
    for text in texts:
        shown = re.sub(r"`[^`\n]*`", "", text)  # what stands in a code span does nothing
        assert "@agency" not in text
        assert "<b>" not in shown
        assert "![i]" not in shown
        assert "](http" not in shown
        assert "\n# Approved" not in text
        assert "\x1b" not in text
    comment = texts[0]
    assert comment.count("<!--") == 1
    assert all(
        line.count("|") - line.count("\\|") == 5 for line in comment.splitlines() if line.startswith("| rollb")
    )


def test_a_change_of_very_many_lines_is_cut_before_github_refuses_it():
    edits = tuple(
        FileEdit(path=f"{PATH}{n}", before=b"x: 1\n" * 3, after=(f"y: {n}" * 60 + "\n").encode()) for n in range(900)
    )
    change = Change(id=CHANGE, recipe=RecipeId("BLUR"), version=3, episode="rollback", keys=(), edits=edits)
    assert len(rollback_body(change, RECIPE, "s", original=PullNumber(1), reasons=())) < 65_536
