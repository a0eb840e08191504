"""`pow/settings/policy.yml` → the policy; it says what must be, and computes no impact."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from bot.model.errors import Diagnostic
from bot.model.impact import ValueRange
from bot.model.json import digest_of
from bot.model.level import Level
from bot.model.limits import Breaker, Budget, RollbackLimits
from bot.model.names import Login, RecipeId
from bot.model.proof import BREACHES, ShareTest
from bot.model.settings import Emergency, GovernanceMode, Policy, Rego, RegoKind, RollbackTest, Waiting
from bot.model.trigger import WINDOW
from bot.recipes.approvers import approver_faults, read_approvers
from bot.recipes.calendar import calendar_faults, read_calendar
from bot.recipes.check import Check
from bot.recipes.fields import Fields, fields_of
from bot.recipes.impact import read_impact
from bot.recipes.outcome import Outcome
from bot.recipes.proof import read_numbers
from bot.recipes.tree import Document

_DEFAULT = RollbackTest()
_MOST_SUMMED = 10_000
_BUDGET, _BREAKER, _WAITING, _LIMITS = Budget(), Breaker(), Waiting(), RollbackLimits()
_EXPIRE_AFTER = timedelta(days=14)
_LOOK_AGAIN_AFTER = timedelta(hours=6)
_CLOSE_AFTER = timedelta(days=1)
_CLOSINGS_PER_DAY = 5
_PROPOSALS_PER_RUN = 10
_ROLLBACKS_PER_DAY = 4
_NO_DECISION = 0.5
_BLIND_AFTER = 5


def read_policy(document: Document, content: bytes) -> Outcome[Policy]:
    """Turn a document that fits its schema into the policy, or say what does not fit together."""
    fields = fields_of(document.value)
    faults = tuple(_faults(document, fields))
    return Outcome(value=None if faults else _policy(fields, content), faults=faults)


def muted_recipes(document: Document) -> frozenset[RecipeId]:
    """Return the recipes that rest."""
    return frozenset(RecipeId(name) for name in fields_of(document.value).texts("muted"))


def _policy(fields: Fields, content: bytes) -> Policy:
    approvals = fields.section("approvals")
    ranges = fields.section("ranges")
    return Policy(
        digest=digest_of(content),
        approvals={level: read_approvers(approvals, level) for level in Level},
        threshold_cap=fields.level("threshold_cap", Level.MEDIUM),
        impact=read_impact(fields.section("impact")),
        ranges={key: _range(ranges.section(key)) for key in ranges.values},
        rollback=replace(_rollback(fields.section("rollback")), numbers=read_numbers(fields.section("tests"))),
        expire_after=fields.duration("expire_after", _EXPIRE_AFTER),
        look_again_after=fields.duration("look_again_after", _LOOK_AGAIN_AFTER),
        close_after=fields.duration("close_after", _CLOSE_AFTER),
        closings_per_day=fields.integer("closings_per_day", _CLOSINGS_PER_DAY),
        proposals_per_run=fields.integer("proposals_per_run", _PROPOSALS_PER_RUN),
        rollbacks_per_day=fields.integer("rollbacks_per_day", _ROLLBACKS_PER_DAY),
        paused=fields.flag("paused", default=False),
        bots=tuple(Login(login) for login in fields.texts("bots")),
        excluded_approvers=tuple(Login(login) for login in fields.texts("excluded_approvers")),
        calendar=read_calendar(fields.section("calendar")),
        budget=_budget(fields.section("open_proposals")),
        trigger_window=fields.duration("trigger_window", WINDOW),
        breaker=_breaker(fields.section("breaker")),
        waiting=_waiting(fields.section("waiting")),
        blind_after=fields.integer("blind_after", _BLIND_AFTER),
        rego=_rego(fields.section("rego")) if fields.has("rego") else None,
        governance=GovernanceMode(fields.text("governance", GovernanceMode.WARN)),
        emergency=_emergency(fields.section("emergency")) if fields.has("emergency") else None,
        rollbacks=_limits(fields.section("rollbacks")),
    )


def _range(fields: Fields) -> ValueRange:
    return ValueRange(minimum=fields.number("minimum") or 0.0, maximum=fields.number("maximum") or 0.0)


def _budget(fields: Fields) -> Budget:
    return Budget(
        automatic=fields.integer("automatic", _BUDGET.automatic),
        people=fields.integer("people", _BUDGET.people),
        urgent=fields.integer("urgent", _BUDGET.urgent),
    )


def _breaker(fields: Fields) -> Breaker:
    return Breaker(
        target=fields.integer("target", _BREAKER.target),
        agency=fields.integer("agency", _BREAKER.agency),
        within=fields.duration("within", _BREAKER.within),
    )


def _emergency(fields: Fields) -> Emergency:
    return Emergency(
        approvers=read_approvers(fields, "approvers"),
        review_within=fields.duration("review_within", Emergency(approvers=()).review_within),
        refuse_while_overdue=fields.flag("refuse_while_overdue", default=True),
    )


def _rego(fields: Fields) -> Rego:
    return Rego(program=RegoKind(fields.text("program")), folder=fields.text("dir", "pow/rego").rstrip("/"))


def _waiting(fields: Fields) -> Waiting:
    return Waiting(
        remind_after=fields.duration("remind_after", _WAITING.remind_after),
        escalate_after=fields.duration("escalate_after", timedelta(0)) or None,
        last_call=fields.duration("last_call", _WAITING.last_call),
    )


def _limits(fields: Fields) -> RollbackLimits:
    return RollbackLimits(
        opened_per_day=fields.integer("opened_per_day", _LIMITS.opened_per_day),
        max_age=fields.duration("max_age", _LIMITS.max_age),
        cooldown=fields.duration("cooldown", _LIMITS.cooldown),
        confirm_after=fields.duration("confirm_after", timedelta(0)) or None,
    )


def _rollback(fields: Fields) -> RollbackTest:
    share = ShareTest(fields.text("test", _DEFAULT.share))
    return RollbackTest(
        share=share,
        window=fields.duration("window", _DEFAULT.window),
        windows=fields.integer("windows", _DEFAULT.windows),
        breaches=fields.integer("breaches", BREACHES[share]),
        pool=fields.duration("pool", _DEFAULT.pool),
        confidence=fields.share("confidence", _DEFAULT.confidence),
        min_samples=fields.integer("min_samples", _DEFAULT.min_samples),
        reach=fields.duration("reach", _DEFAULT.reach),
        alpha=fields.share("alpha", _DEFAULT.alpha),
    )


def _faults(document: Document, fields: Fields) -> Iterator[Diagnostic]:
    for level in Level:
        path = ("approvals", level.value)
        if level is not Level.LOW and not read_approvers(fields.section("approvals"), level):
            hint = "name a team, such as {supervisors: 1}"
            message = f"nobody approves a change of impact {level}"
            yield document.fault(Check.POLICY, document.key(path), message, hint=hint)
        yield from approver_faults(document, fields.section("approvals"), path)
    for key in fields.section("ranges").values:
        allowed = _range(fields.section("ranges").section(key))
        if allowed.minimum > allowed.maximum:
            place = document.key(("ranges", key))
            message = f"the range of `{key}` is empty: {allowed.minimum:g} is above {allowed.maximum:g}"
            yield document.fault(Check.POLICY, place, message, hint="swap minimum and maximum")
    yield from _rollback_faults(document, _rollback(fields.section("rollback")))
    yield from _waiting_faults(document, fields)
    yield from _emergency_faults(document, fields)
    yield from calendar_faults(document, fields.section("calendar"))


def _rollback_faults(document: Document, test: RollbackTest) -> Iterator[Diagnostic]:
    if test.breaches > test.windows:
        place = document.place(("rollback", "breaches"))
        message = f"{test.breaches} breaches of {test.windows} windows never happen"
        yield document.fault(Check.POLICY, place, message, hint="let `breaches` be at most `windows`")
    if test.pool < test.window:
        place = document.place(("rollback", "pool"))
        yield document.fault(Check.POLICY, place, "`pool` is shorter than one `window`", hint="make it longer")
    if not 0 < test.alpha < 1:
        place = document.place(("rollback", "alpha"))
        hint = "write a share such as 5%"
        yield document.fault(Check.POLICY, place, "`alpha` is not between 0% and 100%", hint=hint)
    if test.share is ShareTest.CUSUM and not 1 <= test.reach // test.window <= _MOST_SUMMED:
        place = document.place(("rollback", "reach"))
        message = f"`reach` is not between one and {_MOST_SUMMED:,} windows long"
        yield document.fault(Check.POLICY, place, message, hint="write 3_days, or another `window`")
    if not _NO_DECISION < test.confidence < 1:
        place = document.place(("rollback", "confidence"))
        hint = "write a share such as 99.9%"
        yield document.fault(Check.POLICY, place, "`confidence` is not between 50% and 100%", hint=hint)


def _waiting_faults(document: Document, fields: Fields) -> Iterator[Diagnostic]:
    waiting, end = _waiting(fields.section("waiting")), fields.duration("expire_after", _EXPIRE_AFTER)
    if waiting.escalate_after is not None and waiting.escalate_after >= end:
        place = document.place(("waiting", "escalate_after"))
        message = "`escalate_after` is not before `expire_after`: nobody would be asked any more"
        yield document.fault(Check.POLICY, place, message, hint="shorten it, or lengthen `expire_after`")


def _emergency_faults(document: Document, fields: Fields) -> Iterator[Diagnostic]:
    if not fields.has("emergency"):
        return
    path = ("emergency", "approvers")
    if not read_approvers(fields.section("emergency"), "approvers"):
        message, hint = "an emergency that nobody approves", "name a team, such as {duty_officers: 1}"
        yield document.fault(Check.POLICY, document.key(path), message, hint=hint)
    yield from approver_faults(document, fields.section("emergency"), path)
