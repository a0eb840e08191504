"""Plays one test of a recipe: rules, verdicts and proposals come from the very functions that the bot decides with.

At each look the events up to it have happened, then the bot detects, then it monitors. What no expectation names must
not come: a firing, or a verdict other than HOLD.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from bot.model.settings import FeedSpec
from bot.model.trial import Aspect, Mark, Miss, TrialResult
from bot.model.verdict import VerdictKind
from bot.recipes.recipe_tests import Expectation, Happening
from bot.recipes.recipe_tests_fit import FittedTest
from bot.rehearse.trial_curves import curves_of
from bot.rehearse.trial_desk import Desk, Office, Step
from bot.rehearse.trial_expect import Seen, misses_of
from bot.rehearse.trial_watch import FINAL, Instruments, TrialWatch, looks_of

_MANY = 3
"""Unexpected spells that a test tells of one by one."""
_STEPS = {VerdictKind.SUCCESS: Step.SUCCESS, VerdictKind.KEEP: Step.KEEP, VerdictKind.ROLLBACK: Step.ROLLBACK}


class Stage:
    """Where tests are played: the repository's feeds, policy and desired state."""

    def __init__(self, specs: tuple[FeedSpec, ...], office: Office) -> None:
        self.specs = {spec.name: spec for spec in specs}
        self.office = office


@dataclass(slots=True, kw_only=True)
class _Spell:
    """A time during which the rule fired, or one verdict stood; `end` is None while it lasts."""

    aspect: Aspect
    came: str
    begin: timedelta
    said: str = ""
    end: timedelta | None = None
    is_named: bool = False


def play(fitted: FittedTest, stage: Stage) -> TrialResult:
    """Play a test from its start to its end."""
    return _Trial(fitted, stage).result()


class _Trial:
    """One test while it is played."""

    def __init__(self, fitted: FittedTest, stage: Stage) -> None:
        self._test = fitted.test
        self._instruments = Instruments(fitted, stage.specs, stage.office.policy)
        self._desk = Desk(fitted.recipe.recipe, stage.office)
        self._watch: TrialWatch | None = None
        self._events = list(fitted.test.events)
        self._spells: list[_Spell] = []
        self._firing: _Spell | None = None
        self._standing: _Spell | None = None
        self._misses: list[Miss] = []

    def result(self) -> TrialResult:
        test = self._test
        asked: dict[timedelta, list[Expectation]] = {}
        for expectation in test.expectations:
            asked.setdefault(expectation.at, []).append(expectation)
        looks = looks_of(test.length, test.looks, {*asked, *(event.at for event in test.events)})
        for after in looks:
            self._look(after, asked.get(after, ()))
        self._misses += self._idle_events()
        if test.fails_unexpected:
            self._misses += self._unexpected()
        misses = tuple(self._misses)
        return TrialResult(
            way=test.way,
            name=test.name,
            recipe=test.recipe,
            start=test.start,
            length=test.length,
            looks=len(looks),
            misses=misses,
            marks=tuple(Mark(after=event.at, name=event.happens) for event in test.events),
            curves=curves_of(self._instruments.supplies, test) if misses else (),
        )

    def _look(self, after: timedelta, asked: Iterable[Expectation]) -> None:
        now = self._test.start + after
        while self._events and self._events[0].at <= after:
            self._happen(self._events.pop(0).happens, now)
        self._detect(after, now)
        self._monitor(after, now, is_asked=bool(asked))
        for expectation in asked:
            seen = Seen(
                now=now,
                bottleneck=self._instruments.bottleneck(now),
                verdict=self._watch.verdict if self._watch else None,
                desk=self._desk,
            )
            self._misses += misses_of(expectation, seen)
            self._credit(expectation)

    def _happen(self, what: Happening, now: datetime) -> None:
        match what:
            case Happening.MERGE:
                self._desk.note(Step.MERGE, now)
            case Happening.DEPLOY:
                self._desk.note(Step.DEPLOY, now)
                self._watch = TrialWatch(self._instruments, now)
                self._stand(None, now - self._test.start, "")
            case Happening.REJECT:
                self._desk.note(Step.REJECT, now)
            case _:
                assert_never(what)

    def _detect(self, after: timedelta, now: datetime) -> None:
        fires = self._instruments.fires(now)
        if fires and self._firing is None:
            self._firing = _Spell(aspect=Aspect.FIRES, came="true", begin=after)
            self._spells.append(self._firing)
        elif not fires and self._firing is not None:
            self._firing.end = after
            self._firing = None
            self._desk.note(Step.QUIET, now)
        if fires:
            self._desk.note(Step.FIRING, now)

    def _monitor(self, after: timedelta, now: datetime, *, is_asked: bool) -> None:
        watch = self._watch
        if watch is None or watch.is_over:
            return
        if not is_asked and not watch.may_tell(now):
            self._stand(VerdictKind.HOLD, after, "")
            return
        verdict = watch.look(now)
        if verdict.kind in FINAL:
            self._desk.note(_STEPS[verdict.kind], now)
        self._stand(verdict.kind, after, verdict.sentence)

    def _stand(self, kind: VerdictKind | None, after: timedelta, said: str) -> None:
        """Let a verdict stand from now on; HOLD, and no watch at all, is no news."""
        if self._standing is not None and self._standing.came != kind:
            self._standing.end = after
            self._standing = None
        if self._standing is None and kind not in {None, VerdictKind.HOLD}:
            self._standing = _Spell(aspect=Aspect.VERDICT, came=str(kind), begin=after, said=said)
            self._spells.append(self._standing)

    def _credit(self, expectation: Expectation) -> None:
        """Take what an expectation speaks of as expected; where it is wrong about it, that is told already."""
        named = (expectation.fires, expectation.proposes, expectation.redline, expectation.bottleneck)
        if self._firing is not None and any(each is not None for each in named):
            self._firing.is_named = True
        if self._standing is not None and expectation.verdict is not None:
            self._standing.is_named = True

    def _idle_events(self) -> Iterator[Miss]:
        """Tell of events that could not happen."""
        if not any(event.happens is Happening.REJECT for event in self._test.events):
            return
        for step, at in self._desk.idle():
            yield Miss(
                way=(*self._test.way, "events"),
                after=at - self._test.start,
                aspect=Aspect.EVENT,
                expected=(f"{step} a proposal",),
                came=("no proposal is open",),
            )

    def _unexpected(self) -> Iterator[Miss]:
        """Tell of what came without being expected; of many spells the first ones."""
        surprises = [spell for spell in self._spells if not spell.is_named]
        way = (*self._test.way, "name")
        for spell in surprises[:_MANY]:
            yield Miss(
                way=way,
                after=spell.begin,
                aspect=spell.aspect,
                expected=(),
                came=(spell.came,),
                said=(spell.said or self._instruments.bottleneck(self._test.start + spell.begin).sentence,),
                until=spell.end,
            )
        if rest := surprises[_MANY:]:
            first, came = rest[0], (f"and {len(rest)} more",)
            yield Miss(way=way, after=first.begin, aspect=first.aspect, expected=(), came=came)
