"""A rule at every look over a long past, in one pass, with the outcome that `evaluate` has at each of them.

Most looks are decided by running sums and sliding windows. Where these leave a doubt, or a shape has none of them,
the evaluator itself is asked. It knows no proposal and no watch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import gcd
from typing import assert_never

from bot.model.names import FeedName
from bot.model.verdict import RuleOutcome
from bot.rehearse.lattice import Lattice, Reaches
from bot.rehearse.screen import Frame, Tracks, screen
from bot.rehearse.strand import Past, cut_past
from bot.rehearse.track import micros_at, micros_of, moment_at
from bot.rules.compile import Rule
from bot.rules.evaluate import Needs, evaluate
from bot.rules.grid import conjuncts, delay_of, step_of, windows_in
from bot.rules.judge import Value, View, judge, look_back
from bot.rules.tape import Missing, Tape
from bot.rules.truth import both
from bot.rules.typed import HoldFor, InWindows, Logical, Reduced, reductions

_MOST_PLACES = 4_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """Evenly spaced moments, in microseconds since 1970."""

    start: int
    step: int
    count: int

    @property
    def moments(self) -> range:
        """Every moment."""
        return range(self.start, self.start + self.step * self.count, self.step)


def replay(rule: Rule, past: Past, looks: Looks, needs: Needs) -> list[RuleOutcome]:
    """Return a rule's outcome at every look."""
    metrics = {reduced.metric.name: reduced.metric for reduced in reductions(rule.tree.logic)}
    if not looks.count:
        return []
    if not is_plain(rule) or not is_even(rule, looks) or any(name not in past for name in metrics):
        return _one_by_one(rule, past, looks, needs)
    tracks = {name: past[name].track(metric) for name, metric in metrics.items()}
    replayed = _Replay(tracks=tracks, looks=looks, needs=needs, past=_before(rule, tracks, needs))
    sustain = rule.tree.sustain
    match sustain:
        case None:
            return replayed.at_once(rule.tree.logic)
        case HoldFor():
            parts = [replayed.held(part, sustain) for part in conjuncts(rule.tree.logic)]
            found = parts[0]
            for part in parts[1:]:
                found = list(map(both, found, part))
            return found
        case InWindows():
            return replayed.met(rule.tree.logic, sustain)
        case _:
            assert_never(sustain)


def is_even(rule: Rule, looks: Looks) -> bool:
    """Tell whether a rule's windows fall on so few places that each can be judged once."""
    match rule.tree.sustain:
        case None:
            return True
        case HoldFor(duration=duration):
            parts = conjuncts(rule.tree.logic)
            windows = [windows_in(duration, step_of(part)) for part in parts]
        case InWindows(windows=count):
            parts, windows = (rule.tree.logic,), [count]
        case _:
            assert_never(rule.tree.sustain)
    steps = [micros_of(step_of(part)) for part in parts]
    spans = [looks.step * looks.count + step * count for step, count in zip(steps, windows, strict=True)]
    return all(span // gcd(step, looks.step) <= _MOST_PLACES for step, span in zip(steps, spans, strict=True))


def is_plain(rule: Rule) -> bool:
    """Tell whether a rule has a shape that can be replayed in one pass."""
    return rule.tree.grouping is None and not has_open_cases(rule)


def has_open_cases(rule: Rule) -> bool:
    """Tell whether some cases of a rule's feeds end after a look at them: sums know nothing of that."""
    return any(reduced.metric.open_cases for reduced in reductions(rule.tree.logic))


def _before(rule: Rule, tracks: Tracks, needs: Needs) -> dict[Reduced, Value | Missing]:
    """Reduce what `before` names, once for all looks."""
    if not rule.baseline:
        return {}
    logic, changed_at = rule.tree.logic, needs.changed_at
    return look_back(logic, _tapes(tracks), changed_at=changed_at, min_samples=needs.min_samples)


def _one_by_one(rule: Rule, past: Past, looks: Looks, needs: Needs) -> list[RuleOutcome]:
    """Evaluate at every look, each on no more data than it needs."""
    outcomes = []
    for look in looks.moments:
        now = moment_at(look)
        start, end = now - rule.lookback, now
        if rule.baseline and needs.changed_at:
            start, end = min(start, needs.changed_at - rule.baseline), max(end, needs.changed_at)
        data = cut_past(past, start, end)
        outcomes.append(evaluate(rule, data, now=now, needs=needs).outcome)
    return outcomes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Replay:
    """One rule's data and demands."""

    tracks: Tracks
    looks: Looks
    needs: Needs
    past: Mapping[Reduced, Value | Missing]

    def at_once(self, logic: Logical) -> list[RuleOutcome]:
        """Judge a condition at every look."""
        return self._judged(logic, self._frame(self.looks.moments, is_now=True, sustained=False))

    def held(self, logic: Logical, sustain: HoldFor) -> list[RuleOutcome]:
        """Judge one part of a condition that must hold all the time."""
        step = step_of(logic)
        found = self._lattice(logic, micros_of(step), windows_in(sustain.duration, step)).held(self.needs.coverage)
        since = self._since
        if since is None:
            return found
        ripe = since + micros_of(sustain.duration + delay_of(logic))
        early = (RuleOutcome.ERROR, RuleOutcome.STALE)
        moments = zip(self.looks.moments, found, strict=True)
        return [each if look >= ripe or each in early else RuleOutcome.DOES_NOT_HOLD for look, each in moments]

    def met(self, logic: Logical, sustain: InWindows) -> list[RuleOutcome]:
        """Judge a condition that must hold in some of the last windows."""
        lattice = self._lattice(logic, micros_of(step_of(logic)), sustain.windows)
        return lattice.met(needed=sustain.needed, windows=sustain.windows)

    @property
    def _since(self) -> int | None:
        return None if self.needs.fresh_after is None else micros_at(self.needs.fresh_after)

    def _frame(self, ends: Sequence[int], *, is_now: bool, sustained: bool) -> Frame:
        return Frame(
            ends=ends,
            since=self._since,
            min_samples=self.needs.min_samples,
            is_now=is_now,
            sustained=sustained,
            past=self.past,
        )

    def _lattice(self, logic: Logical, step: int, windows: int) -> Lattice:
        """Judge every window that any look needs, each once."""
        looks, since = self.looks, self._since
        if since is not None:
            since += micros_of(delay_of(logic))
        pitch = gcd(step, looks.step)
        first = looks.start - (windows - 1) * step
        if since is not None and first <= since:
            first = min(first + -(-(since + 1 - first) // pitch) * pitch, looks.start)
        ends = range(first, looks.moments[-1] + 1, pitch)
        answers = self._judged(logic, self._frame(ends, is_now=False, sustained=True))
        newest = self._judged(logic, self._frame(looks.moments, is_now=True, sustained=True))
        reaches = Reaches(
            places=[(look - first) // pitch for look in looks.moments],
            counts=[_kept(look, since, step, windows) for look in looks.moments],
            newest=newest,
        )
        return Lattice(answers, step // pitch, reaches)

    def _judged(self, logic: Logical, frame: Frame) -> list[RuleOutcome]:
        """Judge a condition in every window, asking the evaluator where the screen leaves it open."""
        answers = screen(logic, self.tracks, frame)
        return [
            self._asked(logic, frame, end) if answer is None else answer
            for end, answer in zip(frame.ends, answers, strict=True)
        ]

    def _asked(self, logic: Logical, frame: Frame, end: int) -> RuleOutcome:
        view = View(
            tapes=_tapes(self.tracks),
            now=moment_at(end if frame.is_now else end + 1),
            end=moment_at(end),
            not_before=self.needs.fresh_after,
            min_samples=frame.min_samples,
            sustained=frame.sustained,
            past=self.past,
        )
        return judge(logic, view).outcome


def _tapes(tracks: Tracks) -> dict[FeedName, Tape | Missing]:
    return {name: track if isinstance(track, Missing) else track.tape for name, track in tracks.items()}


def _kept(look: int, since: int | None, step: int, windows: int) -> int:
    """Count the windows of a look that end after `since`; the newest always counts."""
    if since is None:
        return windows
    return min(windows, max(1, -(-(look - since) // step)))
