"""The clocks of a watch, and the time that they do not count. Pure: one look after the other, folded into a state.

A watch that sees nothing proves nothing, so no time may run out on it. Two things stop the clocks: a feed that
answers and holds nothing, from the first such look on; and a rule that cannot be measured, once it has failed so
often in a row that the watch is blind, and then from the first of these failures on. The state is kept with each
measured record in the ledger, so that the next run goes on from there and never adds up the whole watch.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.model.clock import format_time, parse_time
from bot.model.json import Json
from bot.model.verdict import Measurement, RuleOutcome

BLIND_AFTER = 5
"""So many failed looks in a row make a watch blind, unless the policy says otherwise."""
_ZERO = timedelta(0)
_SILENT = frozenset({RuleOutcome.NO_DATA, RuleOutcome.STALE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one look at a change could not see: the rules that failed, and those whose feeds held nothing."""

    at: datetime
    failed: frozenset[str] = frozenset()
    silent: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchClock:
    """How a watch stands at its newest look, `at`.

    `failures` counts the looks in a row, up to that one, at which some rule failed; `pending` is their time, which
    will not count if the watch proves blind. `frozen` is all the time that does not count. `silence` is, by rule, for
    how long there has been no data, blind time left out. `over` says that the deadline passed without a verdict.
    """

    at: datetime | None = None
    failures: int = 0
    pending: timedelta = _ZERO
    blind: bool = False
    frozen: timedelta = _ZERO
    silence: Mapping[str, timedelta] = field(default_factory=dict)
    over: bool = False

    @property
    def runs(self) -> bool:
        """Whether the newest look saw everything: a further look that does so changes nothing but the time."""
        return not self.failures and not self.silence

    def after(self, look: Look, *, blind_after: int = BLIND_AFTER) -> "WatchClock":
        """Return the clock after one more look; one that is not later than the newest adds no time and no failure."""
        passed = _ZERO if self.at is None else max(look.at - self.at, _ZERO)
        stood = not self.over and (self.blind or bool(self.silence))
        later = self.at is None or look.at > self.at
        failures = max(self.failures + later, 1) if look.failed else 0
        blind = failures >= blind_after
        pending = self.pending + (passed if self.failures and not stood else _ZERO)
        return WatchClock(
            at=look.at if self.at is None else max(look.at, self.at),
            failures=failures,
            pending=pending if failures and not blind else _ZERO,
            blind=blind,
            frozen=self.frozen + (passed if stood else _ZERO) + (pending if blind and not self.over else _ZERO),
            silence=self._silence(look, _ZERO if self.blind else passed),
            over=self.over,
        )

    def _silence(self, look: Look, passed: timedelta) -> Mapping[str, timedelta]:
        """Let silence grow where it goes on; a failed look says nothing about it, and ends none."""
        kept = {rule: span for rule, span in self.silence.items() if rule in look.failed}
        grown = {rule: self.silence[rule] + passed if rule in self.silence else _ZERO for rule in look.silent}
        return {**kept, **grown}


def look_of(
    measured: Mapping[str, Measurement], *, at: datetime, ripe: Mapping[str, datetime], quiet: frozenset[str]
) -> Look:
    """Say what a look could not see; rules named `quiet` may be without data.

    Before a rule's first whole window can be in, at `ripe`, there is nothing that could be missing.
    """
    outcomes = {rule: measurement.outcome for rule, measurement in measured.items()}
    return Look(
        at=at,
        failed=frozenset(rule for rule, outcome in outcomes.items() if outcome is RuleOutcome.ERROR),
        silent=frozenset(
            rule
            for rule, outcome in outcomes.items()
            if outcome in _SILENT and rule not in quiet and at >= ripe.get(rule, at)
        ),
    )


def clock_json(clock: WatchClock) -> Json:
    """Return a clock as the ledger keeps it; spans in seconds."""
    return {
        "at": format_time(clock.at) if clock.at else None,
        "failures": clock.failures,
        "pending": clock.pending.total_seconds(),
        "blind": clock.blind,
        "frozen": clock.frozen.total_seconds(),
        "silence": {rule: span.total_seconds() for rule, span in sorted(clock.silence.items())},
        "over": clock.over,
    }


def read_clock(facts: Mapping[str, Json]) -> WatchClock:
    """Return the clock in the facts of a measured record; a new one where there is none, or none that can be read."""
    kept = facts.get("clock")
    if not isinstance(kept, Mapping):
        return WatchClock()
    silence = kept.get("silence")
    try:
        return WatchClock(
            at=parse_time(str(kept["at"])) if kept.get("at") else None,
            failures=int(_number(kept.get("failures"))),
            pending=_span(kept.get("pending")),
            blind=kept.get("blind") is True,
            frozen=_span(kept.get("frozen")),
            silence={rule: _span(span) for rule, span in silence.items()} if isinstance(silence, Mapping) else {},
            over=kept.get("over") is True,
        )
    except (ValueError, OverflowError):
        return WatchClock()


def _number(value: Json) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _span(value: Json) -> timedelta:
    return timedelta(seconds=max(_number(value), 0.0))
