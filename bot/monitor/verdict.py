"""What the measurements say about a change. Pure; precedence ROLLBACK > ASK > HOLD > KEEP > SUCCESS.

Absence of evidence never proves success and never reverts: a rule that could not be measured holds the verdict, and
while nothing is seen no time runs out. The whole table of rules is in docs/monitor.md.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import assert_never

from bot.model.clock import format_time
from bot.model.names import ChangeId
from bot.model.recipe import ROLLBACK, SUCCESS, Guard, GuardRole, NoData, OnDeadline, RollbackMode, Watch
from bot.model.verdict import GuardSeen, Measurement, Recovery, RuleOutcome, Verdict, VerdictKind
from bot.monitor.clocks import BLIND_AFTER, WatchClock, look_of
from bot.rules.display import show_duration

_SPOKE = frozenset({RuleOutcome.HOLDS, RuleOutcome.DOES_NOT_HOLD, RuleOutcome.GREY, RuleOutcome.INSUFFICIENT})
_ORDER = tuple(VerdictKind)


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardFacts:
    """A rule that watches a change, measured now and on the time before the change took effect.

    `worse` is whether it is worse now than it was then, which is asked where the breach was there before already.
    """

    guard: Guard
    now: Measurement
    before: Measurement
    worse: Measurement | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchFacts:
    """All that a verdict rests on.

    `rollback`, `before` and `worse` are of the recipe's own rollback rule, `guards` watch beside it. `clock` has
    taken in this look already. `paused` is the policy's switch, `renewed_by` who let the watch begin anew at this
    look.
    """

    change: ChangeId
    effective_at: datetime
    watch: Watch
    success: Measurement
    rollback: Measurement
    before: Measurement
    worse: Measurement | None = None
    guards: tuple[GuardFacts, ...] = ()
    clock: WatchClock = field(default_factory=WatchClock)
    paused: bool = False
    renewed_by: str = ""
    _acting: list[GuardFacts] = field(default_factory=list, init=False, repr=False, compare=False)

    def renewed(self, now: datetime, *, by: str) -> "WatchFacts":
        """Return these facts with clocks that begin at `now`: all time until then does not count."""
        passed = max(now - self.effective_at, timedelta(0))
        return replace(self, clock=WatchClock(at=now, frozen=passed), renewed_by=by)

    def seen(
        self, now: datetime, ripe_after: Mapping[str, timedelta], *, blind_after: int = BLIND_AFTER
    ) -> "WatchFacts":
        """Return these facts with a clock that has taken in this look; rules are ripe so long after the change."""
        acting = self.acting
        look = look_of(
            {SUCCESS: self.success, **{each.guard.name: each.now for each in acting}},
            at=now,
            ripe={rule: self.effective_at + span for rule, span in ripe_after.items()},
            quiet=frozenset(each.guard.name for each in acting if each.guard.no_data is NoData.OK),
        )
        return replace(self, clock=self.clock.after(look, blind_after=blind_after))

    @property
    def ends_at(self) -> datetime:
        """When the deadline is: time in which nothing could be seen does not count."""
        return self.effective_at + self.watch.deadline + self.clock.frozen

    @property
    def acting(self) -> Sequence[GuardFacts]:
        """The rules that have a say, the recipe's own first."""
        if not self._acting:
            own = GuardFacts(guard=self.watch.guard(), now=self.rollback, before=self.before, worse=self.worse)
            others = (each for each in self.guards if each.guard.mode is not RollbackMode.SHADOW)
            self._acting.extend((own, *others))
        return self._acting


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ruling:
    """What one rule asks for."""

    kind: VerdictKind
    sentence: str
    guard: Guard
    mode: RollbackMode = RollbackMode.AUTO


def judge(facts: WatchFacts, now: datetime) -> Verdict:
    """Give the verdict on one change at one moment."""
    found = min(_rulings(facts, now), key=lambda ruling: _ORDER.index(ruling.kind))
    over = facts.clock.over
    if over:
        found = _ask(found, f"no verdict by {format_time(facts.ends_at)}: {found.sentence}")
    elif found.kind in {VerdictKind.HOLD, VerdictKind.ASK} and now >= facts.ends_at:
        found = _at_deadline(facts, found)
        over = found.kind is VerdictKind.ASK
    return Verdict(
        change=facts.change,
        kind=found.kind,
        at=now,
        sentence=found.sentence,
        success=facts.success,
        rollback=facts.rollback,
        armed=facts.before.outcome is not RuleOutcome.HOLDS,
        guards=tuple(GuardSeen(name=each.guard.name, now=each.now, before=each.before) for each in facts.guards),
        by=found.guard.name,
        mode=found.mode,
        ends_at=facts.ends_at,
        inconclusive=over,
    )


def _rulings(facts: WatchFacts, now: datetime) -> Iterator[_Ruling]:
    """Yield what each rule asks for, in their order; of equals the first one decides."""
    found = [_ruling(each, facts, now) for each in facts.acting]
    yield from (ruling for ruling in found if ruling.kind is not VerdictKind.SUCCESS)
    yield _on_success(facts, now)


def _ruling(each: GuardFacts, facts: WatchFacts, now: datetime) -> _Ruling:
    """Say what one guard asks for; SUCCESS means that it has nothing against it."""
    guard, sentence = each.guard, _named(each.guard, each.now.sentence)
    match each.now.outcome:
        case RuleOutcome.HOLDS:
            return _on_breach(each, sentence, facts, now)
        case RuleOutcome.DOES_NOT_HOLD:
            return _Ruling(kind=VerdictKind.SUCCESS, sentence=sentence, guard=guard)
        case RuleOutcome.NO_DATA | RuleOutcome.STALE:
            return _on_silence(each, sentence, facts, now)
        case RuleOutcome.ERROR if facts.clock.blind:
            blind = f"blind for {facts.clock.failures} looks in a row, and the clocks stand"
            return _Ruling(kind=VerdictKind.ASK, sentence=f"{blind}: {_unmeasured(each)}", guard=guard)
        case RuleOutcome.ERROR | RuleOutcome.GREY | RuleOutcome.INSUFFICIENT:
            return _Ruling(kind=VerdictKind.HOLD, sentence=_unmeasured(each), guard=guard)
        case _:
            assert_never(each.now.outcome)


def _on_silence(each: GuardFacts, sentence: str, facts: WatchFacts, now: datetime) -> _Ruling:
    """Apply the rule's own policy to a feed that answers and holds nothing."""
    guard = each.guard
    if guard.no_data is NoData.OK:
        return _Ruling(kind=VerdictKind.SUCCESS, sentence=sentence, guard=guard)
    silent = facts.clock.silence.get(guard.name)
    if silent is None or silent < guard.grace:
        return _Ruling(kind=VerdictKind.HOLD, sentence=_unmeasured(each), guard=guard)
    sentence = f"no data for {show_duration(silent)}: {sentence}"
    if guard.no_data is NoData.BREACH and each.before.outcome in _SPOKE:
        return _on_breach(each, f"{sentence}, which its recipe takes for harm", facts, now)
    return _Ruling(kind=VerdictKind.ASK, sentence=sentence, guard=guard)


def _on_breach(each: GuardFacts, sentence: str, facts: WatchFacts, now: datetime) -> _Ruling:
    guard, watch = each.guard, facts.watch
    ask = _Ruling(kind=VerdictKind.ASK, sentence=sentence, guard=guard)
    if each.before.outcome is RuleOutcome.HOLDS:
        if each.worse is None or each.worse.outcome is not RuleOutcome.HOLDS:
            return _ask(ask, f"the breach was there before the change: {sentence}")
        sentence = f"worse than before the change: {_named(guard, each.worse.sentence)}"
    if now < facts.effective_at + guard.arm_after:
        early = f"a breach, but the watch arms {_after(guard.arm_after)} the deployment"
        return replace(ask, kind=VerdictKind.HOLD, sentence=early)
    if guard.role is GuardRole.SIGNAL:
        return _ask(ask, f"a signal, which takes nothing back: {sentence}")
    if watch.mode is RollbackMode.SHADOW:
        return replace(ask, kind=VerdictKind.HOLD, sentence=f"would be rolled back (mode shadow): {sentence}")
    if facts.paused:
        return _ask(ask, f"would be rolled back, but the policy is paused: {sentence}")
    mode = RollbackMode.PROPOSE if RollbackMode.PROPOSE in {guard.mode, watch.mode} else RollbackMode.AUTO
    return replace(ask, kind=VerdictKind.ROLLBACK, sentence=sentence, mode=mode)


def _on_success(facts: WatchFacts, now: datetime) -> _Ruling:
    """Say what the success rule asks for: success needs an answer, and a watch that could have heard of harm."""
    watch, measured = facts.watch, facts.success
    guard = Guard(name=SUCCESS, rule=measured.rule)
    arm_after = max(each.guard.arm_after for each in facts.acting)
    hold = _Ruling(kind=VerdictKind.HOLD, sentence=measured.sentence, guard=guard)
    if measured.outcome is RuleOutcome.HOLDS:
        if now < facts.effective_at + arm_after:
            return replace(hold, sentence=f"success, but the watch arms {_after(arm_after)} the deployment")
        return replace(hold, kind=VerdictKind.SUCCESS)
    if measured.outcome is RuleOutcome.ERROR and facts.clock.blind:
        return _ask(hold, f"blind for {facts.clock.failures} looks in a row, and the clocks stand: {hold.sentence}")
    silent = facts.clock.silence.get(SUCCESS)
    if silent is not None and silent >= watch.grace:
        return _ask(hold, f"no data for {show_duration(silent)}: {hold.sentence}")
    return hold


def _at_deadline(facts: WatchFacts, found: _Ruling) -> _Ruling:
    """Say what follows when the time is over: what the recipe says, if its rules gave an answer, else a person."""
    late = f"no verdict by {format_time(facts.ends_at)}: {found.sentence}"
    if found.kind is VerdictKind.ASK:
        return _ask(found, late)
    harmless = all(each.now.outcome is RuleOutcome.DOES_NOT_HOLD for each in facts.acting)
    failed = harmless and facts.success.outcome is RuleOutcome.DOES_NOT_HOLD
    acts = not facts.paused and facts.watch.mode is not RollbackMode.SHADOW
    match facts.watch.on_deadline:
        case OnDeadline.KEEP if harmless:
            return replace(found, kind=VerdictKind.KEEP, sentence=f"{late}; no harm was measured")
        case OnDeadline.ROLLBACK if failed and acts:
            late = f"{late}; it did not help"
            return replace(found, kind=VerdictKind.ROLLBACK, sentence=late, mode=facts.watch.mode)
        case _:
            return _ask(found, late)


def _ask(ruling: _Ruling, sentence: str) -> _Ruling:
    return replace(ruling, kind=VerdictKind.ASK, sentence=sentence)


def _unmeasured(each: GuardFacts) -> str:
    what = "the rollback rule" if each.guard.name == ROLLBACK else f"the rule {each.guard.name}"
    return f"{what} cannot be measured ({each.now.outcome}): {each.now.sentence}"


def _named(guard: Guard, sentence: str) -> str:
    return sentence if guard.name == ROLLBACK else f"{guard.name}: {sentence}"


def judge_recovery(
    rollback: Measurement,
    *,
    effective_at: datetime,
    within: timedelta,
    now: datetime,
    frozen: timedelta = timedelta(0),
) -> Recovery:
    """Tell whether a rollback helped: the breach is measurably gone, or still there when the time is up.

    The time in which nothing could be seen, `frozen`, is not counted.
    """
    match rollback.outcome:
        case RuleOutcome.DOES_NOT_HOLD:
            return Recovery.RECOVERED
        case RuleOutcome.HOLDS if now >= effective_at + within + frozen:
            return Recovery.NOT_RECOVERED
        case _:
            return Recovery.PENDING


def _after(length: timedelta) -> str:
    return f"{length.total_seconds() / 60:g} minutes after"
