"""A rule's text to a rule that can be evaluated; it knows the metrics by their catalog, not their data."""

from dataclasses import dataclass
from datetime import timedelta

from bot.model.names import FeedName
from bot.rules.catalog import Scope
from bot.rules.check import check
from bot.rules.grid import baseline_of, delay_of, lookback_of, reach_of
from bot.rules.parse import parse
from bot.rules.source import Fault
from bot.rules.typed import Condition, HoldFor, present, reductions


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A checked rule; `feeds` are those that it reads, in the order of the text, `hold` its `for`."""

    text: str
    tree: Condition
    feeds: tuple[FeedName, ...]
    hold: timedelta | None

    @property
    def reach(self) -> timedelta:
        """How much time the rule judges, back from now less `delay`."""
        return reach_of(self.tree)

    @property
    def widest(self) -> timedelta:
        """The longest window that any part of the rule looks at."""
        return max(reduced.window for reduced in present(self.tree.logic))

    @property
    def lookback(self) -> timedelta:
        """The time before now that data is needed of: `reach`, or more to tell a stale feed from an empty one."""
        return lookback_of(self.tree)

    @property
    def baseline(self) -> timedelta:
        """The time before the change that `before` looks at; zero if the rule has none."""
        return baseline_of(self.tree.logic)

    @property
    def delay(self) -> timedelta:
        """The newest time that is not looked at, since samples may still be missing."""
        return delay_of(self.tree.logic)


def compile_rule(text: str, scope: Scope) -> Rule | tuple[Fault, ...]:
    """Compile a rule, or return everything that is wrong with it (of the syntax, the first fault only)."""
    statement = parse(text)
    if isinstance(statement, Fault):
        return (statement,)
    condition = check(statement, scope)
    if isinstance(condition, tuple):
        return condition
    sustain = condition.sustain
    return Rule(
        text=" ".join(text.split()),
        tree=condition,
        feeds=tuple(dict.fromkeys(reduced.metric.name for reduced in reductions(condition.logic))),
        hold=sustain.duration if isinstance(sustain, HoldFor) else None,
    )
