"""One recipe as lints see it: its rules, its feeds, and where in its file a comparison stands. It judges nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from bot.model.errors import Diagnostic, Severity
from bot.model.names import FeedName
from bot.model.recipe import Recipe
from bot.model.settings import FeedSpec
from bot.recipes.check import Check
from bot.recipes.library import CompiledRecipe
from bot.recipes.tree import Document, Path, Place
from bot.rules.compile import Rule
from bot.rules.parse import parse
from bot.rules.source import Span
from bot.rules.syntax import COMPARISONS, Binary, Expression, Statement, children
from bot.rules.typed import Combined, Compared, Inverted, Logical


class RuleKey(StrEnum):
    """The three rules of a recipe, by their keys."""

    BOTTLENECK = "bottleneck_rule"
    SUCCESS = "success_metric"
    ROLLBACK = "rollback_on"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A compiled recipe with the file it was read from; `feeds` are all that there are."""

    document: Document
    compiled: CompiledRecipe
    feeds: Mapping[FeedName, FeedSpec]

    @property
    def recipe(self) -> Recipe:
        """The recipe's values."""
        return self.compiled.recipe

    @property
    def rules(self) -> tuple[tuple[RuleKey, Rule], ...]:
        """The three rules with their keys."""
        compiled = self.compiled
        return (
            (RuleKey.BOTTLENECK, compiled.bottleneck),
            (RuleKey.SUCCESS, compiled.success),
            (RuleKey.ROLLBACK, compiled.rollback),
        )

    def warning(self, check: Check, place: Place, message: str, hint: str) -> Diagnostic:
        """Say what is doubtful."""
        return self.document.fault(check, place, message, hint=hint, severity=Severity.WARNING)

    def error(self, check: Check, place: Place, message: str, hint: str) -> Diagnostic:
        """Say what makes the bot do something wrong."""
        return self.document.fault(check, place, message, hint=hint)

    def at(self, *path: str) -> Place:
        """Return where a value stands."""
        return self.document.place(path)

    def at_comparison(self, key: RuleKey, node: Compared) -> Place:
        """Return where a comparison of a rule stands; the whole rule where the text does not tell."""
        nodes = comparisons(self._rule(key).tree.logic)
        index = next((index for index, other in enumerate(nodes) if other is node), len(nodes))
        spans = self._comparison_spans(key)
        return self._inside(key, spans[index]) if index < len(spans) else self.at(key)

    def at_grouping(self, key: RuleKey) -> Place:
        """Return where a rule's `by` stands."""
        statement = parse(self._text(key))
        grouping = statement.grouping if isinstance(statement, Statement) else None
        return self._inside(key, grouping.span) if grouping else self.at(key)

    def at_sustain(self, key: RuleKey) -> Place:
        """Return where a rule's `for` or `in … windows` stands."""
        statement = parse(self._text(key))
        sustain = statement.sustain if isinstance(statement, Statement) else None
        return self._inside(key, sustain.span) if sustain else self.at(key)

    def _inside(self, key: RuleKey, span: Span) -> Place:
        path: Path = (key.value,)
        return self.document.inside(path, span.start, max(1, span.end - span.start))

    def _comparison_spans(self, key: RuleKey) -> tuple[Span, ...]:
        statement = parse(self._text(key))
        return tuple(_spans(statement.condition)) if isinstance(statement, Statement) else ()

    def _rule(self, key: RuleKey) -> Rule:
        return dict(self.rules)[key]

    def _text(self, key: RuleKey) -> str:
        match key:
            case RuleKey.BOTTLENECK:
                return self.recipe.bottleneck_rule
            case RuleKey.SUCCESS:
                return self.recipe.success_metric
            case RuleKey.ROLLBACK:
                return self.recipe.rollback_on
            case _:
                assert_never(key)


def comparisons(logic: Logical) -> tuple[Compared, ...]:
    """Return the comparisons of a condition, in the order of the text."""
    match logic:
        case Compared():
            return (logic,)
        case Inverted():
            return comparisons(logic.operand)
        case Combined():
            return comparisons(logic.left) + comparisons(logic.right)
        case _:
            assert_never(logic)


def _spans(node: Expression) -> Iterator[Span]:
    if isinstance(node, Binary) and node.operator in COMPARISONS:
        yield node.span
        return
    for child in children(node):
        yield from _spans(child)
