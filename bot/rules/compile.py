"""A rule's text to a rule that can be evaluated; it knows the metrics by their catalog, not their data."""

from dataclasses import dataclass, field
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
    """A checked rule; `feeds` are those that it reads, in the order of the text, `hold` its `for`.

    How far it looks follows from its tree, and is worked out when it is first asked for: a rule is asked often.
    """

    text: str
    tree: Condition
    feeds: tuple[FeedName, ...]
    hold: timedelta | None
    _known: dict[str, timedelta] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __hash__(self) -> int:
        """Tell rules apart by their text, which is quick: what is worked out of a rule is kept by the rule."""
        return hash((self.text, self.feeds))

    @property
    def reach(self) -> timedelta:
        """How much time the rule judges, back from now less `delay`."""
        if "reach" not in self._known:
            self._known["reach"] = reach_of(self.tree)
        return self._known["reach"]

    @property
    def widest(self) -> timedelta:
        """The longest window that any part of the rule looks at."""
        if "widest" not in self._known:
            self._known["widest"] = max(reduced.window for reduced in present(self.tree.logic))
        return self._known["widest"]

    @property
    def lookback(self) -> timedelta:
        """The time before now that data is needed of: `reach`, or more to tell a stale feed from an empty one."""
        if "lookback" not in self._known:
            self._known["lookback"] = lookback_of(self.tree)
        return self._known["lookback"]

    @property
    def baseline(self) -> timedelta:
        """The time before the change that `before` looks at; zero if the rule has none."""
        if "baseline" not in self._known:
            self._known["baseline"] = baseline_of(self.tree.logic)
        return self._known["baseline"]

    @property
    def delay(self) -> timedelta:
        """The newest time that is not looked at, since samples may still be missing."""
        if "delay" not in self._known:
            self._known["delay"] = delay_of(self.tree.logic)
        return self._known["delay"]


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
