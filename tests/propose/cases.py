"""A firing passport recipe with all that its proposal is made of."""

from datetime import timedelta
from typing import Any

from approve.situations import a_policy, a_recipe
from fakes.builders import START

from bot.model.change import Change, FileEdit, KeyChange
from bot.model.finding import ComplaintCount, Finding, HandOver, Ranking, SourceUse
from bot.model.json import digest_of
from bot.model.names import ChangeId, FeedName
from bot.model.record import Phase, Record
from bot.model.series import Window
from bot.model.settings import Policy
from bot.model.unit import DAY, Quantity
from bot.propose.desired import evidence_path
from bot.propose.impact import Stakes, impact_of, threshold_of
from bot.propose.plan import Situation
from bot.report.pull_request import Case

SERVICE_PATH = "patches/services/PHOTO_VALIDATOR.yml"
SERVICE = b"service: PHOTO_VALIDATOR\nchanges:\n  max_blur_px: 2  # pixels\n"
JOURNEY_PATH = "patches/journeys/passport_renewal.yml"
JOURNEY = b"journey: passport_renewal\nversion: v1\n"
FILES = {SERVICE_PATH: SERVICE, JOURNEY_PATH: JOURNEY}
WEEK = Window(start=START - timedelta(days=7), end=START)


def a_record(phase: Phase, change: str, *, index: int = 1, days_ago: float = 1, **facts: Any) -> Record:
    """Return a ledger record of a change."""
    return Record(
        index=index,
        sequence=1,
        previous=None,
        digest=digest_of(b""),
        change=ChangeId(change),
        phase=phase,
        at=START - timedelta(days=days_ago),
        facts=facts,
    )


def proposed(change: str = "a" * 16, **fields: Any) -> Record:
    """Return the record of an earlier proposal of the passport recipe."""
    facts: dict[str, Any] = {
        "recipe": "PASSPORT_BACKLOG",
        "recipe_digest": a_recipe().digest,
        "pull": 3,
        "keys": [{"target": "PHOTO_VALIDATOR", "key": "max_blur_px", "before": 2, "after": 4}],
        "rollback_of": None,
    }
    return a_record(Phase.PROPOSED, change, **{**facts, **fields})


def closed(outcome: str, change: str = "a" * 16, *, days_ago: float = 1) -> Record:
    """Return the record that ends a change."""
    return a_record(Phase.CLOSED, change, index=2, days_ago=days_ago, outcome=outcome)


def a_situation(*records: Record, **fields: Any) -> Situation:
    """Return what a plan depends on: nothing is open, nothing forbids."""
    defaults: dict[str, Any] = {
        "files": FILES,
        "records": records,
        "policy": a_policy(),
        "muted": frozenset(),
        "now": START,
    }
    return Situation(**{**defaults, **fields})


def a_finding(**fields: Any) -> Finding:
    """Return the passport finding."""
    defaults: dict[str, Any] = {
        "rule": "max(wait_time) > 20_days",
        "observed": "26.3 days",
        "sentence": "The longest wait is 26.3 days, above 20 days",
        "at": START,
        "sources": (
            SourceUse(
                feed=FeedName("metrics.passport.wait_time"), samples=1000, window=WEEK, digest=digest_of(b"rows")
            ),
        ),
        "daily": tuple((f"2026-02-{day:02}", 20.0 + day / 4) for day in range(20, 27)),
        "daily_unit": "days",
        "ranking": a_ranking("Photo check", "Manual photo review"),
        "complaints": ComplaintCount(
            feed=FeedName("complaints.passport"), window=WEEK, topics={"delay": 41, "fee": 3}
        ),
    }
    return Finding(**{**defaults, **fields})


def a_ranking(source: str, target: str, *, count: int = 1) -> Ranking:
    """Return a ranking of hand-overs of one pair of steps."""
    each = HandOver(
        source=source,
        target=target,
        passages=791,
        total=2422.14 * 86400,
        mean=264556.0,
        median=37.5,
        p95=1.2e6,
        share=0.312,
    )
    return Ranking(
        feed=FeedName("events.passport"),
        cases=1434,
        events=8577,
        activities=27,
        hand_overs=(each,) * count,
        total=7755.28 * 86400,
        window=WEEK,
    )


def a_change(after: Any = 4) -> Change:
    """Return the passport change."""
    edited = SERVICE.replace(b"px: 2", f"px: {after}".encode())
    return Change(
        id=ChangeId("0123456789abcdef"),
        recipe=a_recipe().id,
        version=1,
        episode="first",
        keys=(KeyChange(target="PHOTO_VALIDATOR", key="max_blur_px", before=2, after=after),),
        edits=(FileEdit(path=SERVICE_PATH, before=SERVICE, after=edited),),
    )


def a_case(*, policy: Policy | None = None, **fields: Any) -> Case:
    """Return the passport case, judged by a policy."""
    rules = policy or a_policy()
    change = fields.get("change", a_change())
    impact = impact_of(change.keys, rules.impact, Stakes(affected=None, flagged=frozenset(), by_recipe=False))
    defaults: dict[str, Any] = {
        "change": change,
        "recipe": a_recipe(),
        "finding": a_finding(),
        "impact": impact,
        "threshold": threshold_of(a_recipe(), rules),
        "approvers": rules.approvals.get(impact.level, ()),
        "policy_digest": rules.digest,
        "evidence_path": evidence_path(change.id),
        "at": START,
        "limit": Quantity(value=20, unit=DAY),
        "run_url": "https://forge.example/agency/pow/actions/runs/1",
    }
    return Case(**{**defaults, **fields})
