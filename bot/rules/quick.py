"""Compiles the rules of many recipes: rules that differ only in thresholds and like metrics share one compilation.

It knows no grammar and no units. What it cannot take from a rule compiled before goes to `compile_rule`, which gives
the same: `max(a) > 20_days` is read once, `max(b) > 7_days` is then the same tree with another metric and number.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from itertools import zip_longest
from typing import Any, TypeAlias

from bot.model.names import FeedName
from bot.rules.catalog import Metric, Scope, programme_of
from bot.rules.compile import Rule, compile_rule
from bot.rules.format import format_number
from bot.rules.parse import parse
from bot.rules.source import MAX_LENGTH, Fault
from bot.rules.syntax import Expression, Name, Number, children
from bot.rules.typed import Combined, Compared, Condition, Constant, Inverted, Reduced

_THRESHOLD = re.compile(r"(?<=[<>=] )([0-9]{1,9}(?:\.[0-9]{1,6})?)(?![0-9.]|_[0-9])", re.ASCII)
"""A number right after a comparison: wherever another one stands in its place, the rule is cut into like tokens."""

_Kind: TypeAlias = "tuple[tuple[str, ...], tuple[int, ...], bool]"
"""A rule's text without its thresholds, the sort of each of its metrics, and whether it is measured on a change."""


class RuleCompiler:
    """Compiles rules over one catalog of metrics; it remembers what it has compiled."""

    def __init__(
        self, metrics: tuple[Metric, ...], *, others: frozenset[FeedName] = frozenset(), kinds_kept: int = 10_000
    ) -> None:
        """Begin with nothing compiled; `others` are feeds that are no metrics.

        Rules of more kinds than are kept are compiled one by one.
        """
        self._metrics = metrics
        self._others = others
        self._kinds_kept = kinds_kept
        self._index = _Index(metrics)
        self._names: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._templates: dict[_Kind, _Template | None] = {}

    def compile(
        self, text: str, watched: tuple[FeedName, ...], *, has_change: bool = True
    ) -> Rule | tuple[Fault, ...]:
        """Do what `compile_rule` does in the scope of these watched feeds."""
        parts = _THRESHOLD.split(text)
        frame = tuple(parts[::2])
        names = self._names.get(frame)
        metrics = None if names is None else self._index.find_all(names, watched)
        if metrics is not None:
            sorts = tuple([self._index.sorts[metric.name] for metric in metrics])
            template = self._templates.get((frame, sorts, has_change))
            if template is not None and len(text) <= MAX_LENGTH:
                return template.rule(text, parts[1::2], metrics)
        scope = Scope(watched=watched, metrics=self._metrics, has_change=has_change, others=self._others)
        rule = compile_rule(text, scope)
        if isinstance(rule, Rule) and len(self._templates) < self._kinds_kept:
            self._learn(rule, parts, scope)
        return rule

    def _learn(self, rule: Rule, parts: list[str], scope: Scope) -> None:
        """Keep what other rules of a rule's kind can use."""
        frame = tuple(parts[::2])
        names = self._names.setdefault(frame, _names_in(rule.text))
        metrics = self._index.find_all(names, scope.watched)
        if metrics is None:
            return
        kind = (frame, tuple(self._index.sorts[metric.name] for metric in metrics), scope.has_change)
        if kind not in self._templates:
            self._templates[kind] = _template_of(rule, parts, metrics, scope)


class _Index:
    """Finds what a name means as `find_metric` does, where it means one metric; no search through all of them."""

    def __init__(self, metrics: tuple[Metric, ...]) -> None:
        self._by_name: dict[str, Metric] = {}
        self._by_end: defaultdict[str, list[Metric]] = defaultdict(list)
        self._by_programme: defaultdict[tuple[str, str], list[Metric]] = defaultdict(list)
        known: dict[Metric, int] = {}
        self.sorts: dict[str, int] = {}
        for metric in metrics:
            self._by_name.setdefault(metric.name, metric)
            self.sorts[metric.name] = known.setdefault(replace(metric, name=FeedName("")), len(known))
            segments = metric.name.split(".")
            for start in range(1, len(segments)):
                end = ".".join(segments[start:])
                self._by_end[end].append(metric)
                self._by_programme[segments[1], end].append(metric)

    def find_all(self, names: tuple[str, ...], watched: tuple[FeedName, ...]) -> tuple[Metric, ...] | None:
        """Return what the names mean, all different; None where that is not so."""
        found = tuple([metric for name in names if (metric := self._find(name, watched)) is not None])
        distinct = len(found) == 1 or len({metric.name for metric in found}) == len(names)
        return found if len(found) == len(names) and distinct else None

    def _find(self, text: str, watched: tuple[FeedName, ...]) -> Metric | None:
        exact = self._by_name.get(text)
        ending = self._by_end.get(text, ())
        if exact is not None or len(ending) <= 1:
            return exact or (ending[0] if ending else None)
        end = f".{text}"
        circle = [self._by_name[name] for name in {*watched} if name.endswith(end) and name in self._by_name]
        if not circle:
            programmes = {programme_of(name) for name in watched} - {""}
            circle = [metric for programme in programmes for metric in self._by_programme.get((programme, text), ())]
        return circle[0] if len(circle) == 1 else None


def _names_in(text: str) -> tuple[str, ...]:
    """Return the names in a rule that has been compiled, each once."""
    statement = parse(text)
    found: dict[str, None] = {}
    level: list[Expression] = [] if isinstance(statement, Fault) else [statement.condition]
    while level:
        found |= {node.text: None for node in level if isinstance(node, Name)}
        level = [child for node in level for child in children(node)]
    return tuple(found)


class _FixedError(Exception):
    """A rule with a part that is not made anew: its kind is compiled every time."""


class _Template:
    """A compiled rule of one kind, and the way to make another of it out of other thresholds and metrics."""

    def __init__(self, rule: Rule, metrics: tuple[Metric, ...]) -> None:
        self._metrics = [metric.name for metric in metrics]
        self.makers: list[_ConstantMaker] = []
        self._logic = self._maker(rule.tree.logic)
        self._order = [self._metrics.index(name) for name in rule.feeds]
        self._rule = _fields_of(rule)
        self._condition = _fields_of(rule.tree)

    def rule(self, text: str, numbers: list[str], metrics: tuple[Metric, ...]) -> Rule:
        """Make the rule that `compile_rule` would make."""
        condition = Condition(**{**self._condition, "logic": self._logic(numbers, metrics)})
        names = tuple([metrics[at].name for at in self._order])
        return Rule(**{**self._rule, "text": " ".join(text.split()), "tree": condition, "feeds": names})

    def _maker(self, node: Any) -> "_Maker":
        """Return what makes such a node; only parts whose every field is known to stay are made."""
        kind = type(node)
        if kind is Constant:
            maker = _ConstantMaker(node, len(self.makers))
            self.makers.append(maker)
            return maker.make
        if kind is Reduced:
            return _reduced_maker(node, self._metrics.index(node.metric.name))
        if kind not in _OPERANDS:
            raise _FixedError
        operands = {name: self._maker(getattr(node, name)) for name in _OPERANDS[kind]}
        kept = _fields_of(node)
        return lambda numbers, metrics: kind(
            **{**kept, **{name: make(numbers, metrics) for name, make in operands.items()}}
        )


_Maker: TypeAlias = Callable[[list[str], tuple[Metric, ...]], Any]
"""Makes a part of a rule's tree out of its thresholds and its metrics."""
_OPERANDS: Mapping[type, tuple[str, ...]] = {
    Compared: ("left", "right"),
    Combined: ("left", "right"),
    Inverted: ("operand",),
}


class _ConstantMaker:
    """Makes thresholds of one unit, as it is written in one place; those of before are made once."""

    def __init__(self, constant: Constant, at: int) -> None:
        self._unit = constant.unit
        self._at = at
        self._suffix = constant.text.lstrip("0123456789.")
        self._made: dict[str, Constant] = {}

    def make(self, numbers: list[str], _: tuple[Metric, ...]) -> Constant:
        number = numbers[self._at]
        made = self._made.get(number)
        if made is None:
            value = float(number)
            text = format_number(Number(value=value)) + self._suffix
            made = Constant(value=value * self._unit.factor, unit=self._unit, text=text)
            self._made[number] = made
        return made


def _reduced_maker(reduced: Reduced, at: int) -> _Maker:
    made = {reduced.metric.name: reduced}

    def make(_: list[str], metrics: tuple[Metric, ...]) -> Reduced:
        metric = metrics[at]
        if metric.name not in made:
            made[metric.name] = replace(reduced, metric=metric)
        return made[metric.name]

    return make


def _fields_of(node: Any) -> dict[str, Any]:
    return {field.name: getattr(node, field.name) for field in fields(node) if field.init}


def _template_of(rule: Rule, parts: list[str], metrics: tuple[Metric, ...], scope: Scope) -> _Template | None:
    """Make a template, and try it: on the rule itself, and on one with other thresholds."""
    try:
        template = _Template(rule, metrics)
    except _FixedError:
        return None
    numbers = parts[1::2]
    others = ["1.5" if number == "12" else "12" for number in numbers]
    text = "".join(part for pair in zip_longest(parts[::2], others, fillvalue="") for part in pair)
    fits = len(template.makers) == len(numbers) and template.rule(rule.text, numbers, metrics) == rule
    return template if fits and template.rule(text, others, metrics) == compile_rule(text, scope) else None
