"""One expectation against what was seen at its time: every difference, with the sentences that explain it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.model.trial import Aspect, Miss
from bot.model.verdict import Measurement, RuleOutcome, Verdict
from bot.recipes.recipe_tests import Expectation
from bot.rehearse.trial_desk import Desk

_NO_WATCH = "nothing is live that could be watched"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the bot saw at one time; `verdict` is None while no change is under watch."""

    now: datetime
    bottleneck: Measurement
    verdict: Verdict | None
    desk: Desk


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """One thing that an expectation names: what it wants, what came, and why."""

    aspect: Aspect
    wanted: tuple[str, ...]
    came: tuple[str, ...]
    said: str


def misses_of(expectation: Expectation, seen: Seen) -> Iterator[Miss]:
    """Yield what differs; the reasons are looked for in all sentences about what the expectation names."""
    found = tuple(_found(expectation, seen))
    for each in found:
        if each.wanted != each.came:
            yield _miss(expectation, each.aspect, each.wanted, each.came, (each.said,))
    said = tuple(dict.fromkeys(each.said for each in found if each.said)) or _everything(seen)
    for text in expectation.because:
        if not any(_plain(text) in _plain(sentence) for sentence in said):
            yield _miss(expectation, Aspect.BECAUSE, (text,), said, ())


def _found(expectation: Expectation, seen: Seen) -> Iterator[_Found]:
    yield from _of_the_rule(expectation, seen)
    if expectation.proposes is not None:
        is_proposing = seen.desk.is_proposing
        said = "" if is_proposing else seen.desk.reason(seen.now)
        yield _pair(Aspect.PROPOSES, _word(holds=expectation.proposes), _word(holds=is_proposing), said)
    if expectation.redline is not None:
        came = seen.desk.redline()
        said = "" if came else seen.desk.reason(seen.now) or seen.bottleneck.sentence
        yield _Found(aspect=Aspect.REDLINE, wanted=_lines(expectation.redline), came=_lines(came), said=said)
    yield from _of_the_watch(expectation, seen.verdict)


def _of_the_rule(expectation: Expectation, seen: Seen) -> Iterator[_Found]:
    measured = seen.bottleneck
    if expectation.fires is not None:
        fires = measured.outcome is RuleOutcome.HOLDS
        wanted, came = _word(holds=expectation.fires), _word(holds=fires)
        yield _pair(Aspect.FIRES, wanted, came, measured.sentence)
    if expectation.bottleneck is not None:
        yield _pair(Aspect.BOTTLENECK, expectation.bottleneck, measured.outcome, measured.sentence)


def _of_the_watch(expectation: Expectation, verdict: Verdict | None) -> Iterator[_Found]:
    for aspect, wanted, measured in (
        (Aspect.SUCCESS, expectation.success, verdict.success if verdict else None),
        (Aspect.ROLLBACK, expectation.rollback, verdict.rollback if verdict else None),
    ):
        if wanted is not None:
            yield _pair(
                aspect,
                wanted,
                measured.outcome if measured else "no watch",
                measured.sentence if measured else _NO_WATCH,
            )
    if expectation.verdict is not None:
        came, said = (verdict.kind, verdict.sentence) if verdict else ("no watch", _NO_WATCH)
        yield _pair(Aspect.VERDICT, expectation.verdict, came, said)


def _everything(seen: Seen) -> tuple[str, ...]:
    """Return all that was said, for an expectation that asks for a reason alone."""
    return (seen.bottleneck.sentence, *((seen.verdict.sentence,) if seen.verdict else ()))


def _miss(
    expectation: Expectation, aspect: Aspect, wanted: tuple[str, ...], came: tuple[str, ...], said: tuple[str, ...]
) -> Miss:
    sentences = tuple(sentence for sentence in said if sentence)
    return Miss(
        way=(*expectation.way, aspect),
        after=expectation.at,
        aspect=aspect,
        expected=wanted,
        came=came,
        said=sentences,
    )


def _pair(aspect: Aspect, wanted: str, came: str, said: str) -> _Found:
    return _Found(aspect=aspect, wanted=(str(wanted),), came=(str(came),), said=said)


def _lines(redline: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(f"{key}: {value}" for key, value in sorted(redline.items()))


def _word(*, holds: bool) -> str:
    return "true" if holds else "false"


def _plain(text: str) -> str:
    return " ".join(text.split())
