"""How a rule divides time: windows that overlap, are too few, or reach beyond what a feed keeps or a watch lasts."""

from collections.abc import Iterator
from datetime import timedelta
from typing import assert_never

from bot.model.errors import Diagnostic
from bot.recipes.check import Check
from bot.recipes.lints.subject import RuleKey, Subject
from bot.rules.compile import Rule
from bot.rules.display import show_duration
from bot.rules.grid import conjuncts, step_of, windows_in
from bot.rules.typed import Compared, Constant, HoldFor, InWindows, Logical, Reduced, present

FEWEST = 3
"""Windows that make a `for`: with two of them a single quiet week looks like a trend."""


def window_faults(subject: Subject) -> Iterator[Diagnostic]:
    """Look at the windows of all rules."""
    for key, rule in subject.rules:
        match rule.tree.sustain:
            case HoldFor(duration=duration):
                yield from _uneven(subject, key, rule, duration)
                for part in _parts(rule.tree.logic):
                    yield from _overlapping(subject, key, part)
            case InWindows():
                yield from _overlapping(subject, key, rule.tree.logic)
            case None:
                pass
            case _:
                assert_never(rule.tree.sustain)
        yield from _not_kept(subject, key, rule)
    yield from _after_deadline(subject)


def _uneven(subject: Subject, key: RuleKey, rule: Rule, duration: timedelta) -> Iterator[Diagnostic]:
    """Tell of the first part of a rule whose windows do not fill `for`."""
    for part in _parts(rule.tree.logic):
        step = _step(part)
        count = windows_in(duration, step)
        if duration % step:
            message = f"{show_duration(duration)} is no whole number of windows of {show_duration(step)}"
            hint = f"write `for {_written(step * max(count, FEWEST))}`"
        elif count < FEWEST:
            message = (
                f"{show_duration(duration)} is {_windows(count)} of {show_duration(step)}: too few to be a trend"
            )
            hint = f"write `for {_written(step * FEWEST)}`, or reduce over shorter windows"
        else:
            continue
        yield subject.warning(Check.UNEVEN_HOLD, subject.at_sustain(key), message, hint)
        return


def _overlapping(subject: Subject, key: RuleKey, logic: Logical) -> Iterator[Diagnostic]:
    if isinstance(logic, Compared) and isinstance(logic.right, Constant) and isinstance(logic.left, Reduced):
        return
    widths = sorted({reduced.window for reduced in present(logic)})
    if len(widths) > 1:
        message = (
            f"windows of {show_duration(widths[-1])} are looked at every {show_duration(widths[0])}: "
            "they overlap, so that one bad moment counts several times"
        )
        hint = "give all parts the same `over`, or join them with `and`, which counts each part by its own windows"
        yield subject.warning(Check.OVERLAPPING_WINDOWS, subject.at_sustain(key), message, hint)


def _not_kept(subject: Subject, key: RuleKey, rule: Rule) -> Iterator[Diagnostic]:
    for name in rule.feeds:
        feed = subject.feeds[name]
        if feed.keeps is None:
            continue
        needed = max(rule.lookback, rule.baseline + subject.recipe.watch.deadline if rule.baseline else timedelta(0))
        if needed > feed.keeps:
            message = (
                f"the rule looks back {show_duration(needed)}, and `{name}` keeps {show_duration(feed.keeps)}: "
                "what is gone is silently left out"
            )
            yield subject.error(
                Check.NOT_KEPT, subject.at(key), message, "look back less far, or let the feed keep more"
            )


def _after_deadline(subject: Subject) -> Iterator[Diagnostic]:
    watch = subject.recipe.watch
    if watch.arm_after > watch.deadline:
        message = f"the watch arms {show_duration(watch.arm_after)} after the deployment, and ends before that"
        yield subject.warning(Check.AFTER_DEADLINE, subject.at("watch", "arm_after"), message, "arm earlier")
    match subject.compiled.success.tree.sustain:
        case HoldFor(duration=duration):
            needed = duration
        case InWindows(needed=windows):
            needed = step_of(subject.compiled.success.tree.logic) * windows
        case None:
            return
        case _:
            assert_never(subject.compiled.success.tree.sustain)
    if needed > watch.deadline:
        message = (
            f"success takes {show_duration(needed)}, and a person is asked after {show_duration(watch.deadline)}"
        )
        hint = f"write `watch: {{deadline: {_written(needed * 2)}}}`"
        yield subject.warning(Check.AFTER_DEADLINE, subject.at_sustain(RuleKey.SUCCESS), message, hint)


def _parts(logic: Logical) -> tuple[Logical, ...]:
    return (logic,) if isinstance(logic, Compared) else conjuncts(logic)


def _step(logic: Logical) -> timedelta:
    """Return what `step_of` does, quicker for what most rules are."""
    if isinstance(logic, Compared) and isinstance(logic.right, Constant) and isinstance(logic.left, Reduced):
        return logic.left.window
    return step_of(logic)


def _windows(count: int) -> str:
    return "one window" if count == 1 else f"{count} windows"


def _written(duration: timedelta) -> str:
    return show_duration(duration).replace(" ", "_")
