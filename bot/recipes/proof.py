"""The tests that a recipe chooses for its rules: how they are written, and whether they fit the rules."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import assert_never

from bot.model.errors import Diagnostic
from bot.model.proof import (
    ControlChoice,
    Numbers,
    Proof,
    RankChoice,
    RankTest,
    SequenceChoice,
    SequenceTest,
    ShareTest,
    SurvivalChoice,
    SurvivalTest,
)
from bot.model.series import SeriesKind
from bot.recipes.check import Check
from bot.recipes.fields import Fields
from bot.recipes.tree import Document, Path, Scalar, Table
from bot.rules.compile import Rule
from bot.rules.grid import conjuncts
from bot.rules.shape import level_of, mean_limit_of, threshold_of
from bot.rules.typed import InWindows, reductions


class ProofKind(StrEnum):
    """The names of the tests for harm."""

    WILSON = "wilson"
    CUSUM = "cusum"
    MANN_WHITNEY = "mann_whitney"
    KAPLAN_MEIER = "kaplan_meier"


_DEFAULT = Numbers()
_KEYS: Mapping[ProofKind, frozenset[str]] = {
    ProofKind.WILSON: frozenset({"control"}),
    ProofKind.CUSUM: frozenset(),
    ProofKind.MANN_WHITNEY: frozenset({"alpha", "effect", "every", "looks", "min_samples", "control"}),
    ProofKind.KAPLAN_MEIER: frozenset({"confidence"}),
}
"""What can be said of each test in a recipe; the numbers of the tests for ratios are the policy's."""


def read_test(fields: Fields, key: str) -> Proof | None:
    """Read the test of a rule, a name or a mapping; None where the policy's default is to do."""
    if not fields.has(key):
        return None
    own = _own(fields, key)
    kind = ProofKind(own.text("kind"))
    match kind:
        case ProofKind.WILSON if own.has("control"):
            return ControlChoice(control=_control(own))
        case ProofKind.WILSON | ProofKind.CUSUM:
            return ShareTest(kind.value)
        case ProofKind.KAPLAN_MEIER:
            return SurvivalChoice(confidence=_share(own, "confidence"))
        case ProofKind.MANN_WHITNEY:
            return RankChoice(
                alpha=_share(own, "alpha"),
                effect=_share(own, "effect"),
                every=own.duration("every", _DEFAULT.ranks.every) if own.has("every") else None,
                looks=_whole(own, "looks"),
                min_samples=_whole(own, "min_samples"),
                control=_control(own),
            )
        case _:
            assert_never(kind)


def _control(own: Fields) -> Mapping[str, tuple[str, ...]]:
    control = own.section("control")
    return {label: control.texts(label) for label in control.values}


def read_success_test(fields: Fields) -> SequenceChoice | None:
    """Read the test of success."""
    if not fields.has("success_test"):
        return None
    own = _own(fields, "success_test")
    return SequenceChoice(
        alpha=_share(own, "alpha"), best_at=_whole(own, "best_at"), min_samples=_whole(own, "min_samples")
    )


def read_numbers(fields: Fields) -> Numbers:
    """Read the policy's numbers of tests, which recipes may give better."""
    ranks, survival = fields.section(ProofKind.MANN_WHITNEY), fields.section(ProofKind.KAPLAN_MEIER)
    sequence, default = fields.section("confidence_sequence"), _DEFAULT
    return Numbers(
        ranks=RankTest(
            alpha=ranks.share("alpha", default.ranks.alpha),
            effect=ranks.share("effect", default.ranks.effect),
            every=ranks.duration("every", default.ranks.every),
            looks=ranks.integer("looks", default.ranks.looks),
            min_samples=ranks.integer("min_samples", default.ranks.min_samples),
        ),
        survival=SurvivalTest(confidence=survival.share("confidence", default.survival.confidence)),
        sequence=SequenceTest(
            alpha=sequence.share("alpha", default.sequence.alpha),
            best_at=sequence.integer("best_at", default.sequence.best_at),
            min_samples=sequence.integer("min_samples", default.sequence.min_samples),
        ),
    )


def _share(fields: Fields, key: str) -> float | None:
    return fields.share(key, 0.0) if fields.has(key) else None


def _whole(fields: Fields, key: str) -> int | None:
    return fields.integer(key, 0) if fields.has(key) else None


def _own(fields: Fields, key: str) -> Fields:
    (entry,) = fields.entries(key)
    return Fields(values={"kind": entry} if isinstance(entry, str) else entry)


def test_faults(document: Document, path: Path, rule: Rule, test: Proof | None) -> Iterator[Diagnostic]:
    """Say why a rule cannot be held to a test, and which of its keys mean nothing; `path` is that of the test."""
    if test is None:
        return
    message, hint = _misfit(rule, test)
    if message:
        yield document.fault(Check.TEST_UNFIT, document.place(path), message, hint=hint)
    yield from _idle_keys(document, path)


def _idle_keys(document: Document, path: Path) -> Iterator[Diagnostic]:
    node = document.node(path)
    if not isinstance(node, Table):
        return
    named = node.entries["kind"].node
    kind = ProofKind(str(named.value)) if isinstance(named, Scalar) else ProofKind.WILSON
    for key in node.entries:
        if key not in {"kind", *_KEYS[kind]}:
            message, hint = f"`{key}` means nothing to the test {kind}", "leave it out"
            yield document.fault(Check.TEST_UNFIT, document.key((*path, key)), message, hint=hint)


def _misfit(rule: Rule, test: Proof) -> tuple[str, str]:
    match test:
        case ShareTest() | ControlChoice():
            kinds = {reduced.metric.kind for reduced in reductions(rule.tree.logic)}
            threshold = threshold_of(rule)
            is_share = threshold is not None and threshold.reducer in {None, "mean"}
            fits = is_share and rule.hold is None and kinds == {SeriesKind.RATIO}
            if isinstance(test, ShareTest):
                return _said(fits, str(test), "one limit on a ratio that has its denominator, without `for`")
            fits = fits and _has_labels(rule, test.control)
            wanted = "one limit on a ratio that has its denominator, without `for`, with the labels of `control`"
            return _said(fits, "wilson", wanted)
        case RankChoice():
            fits = level_of(rule) is not None and _has_labels(rule, test.control)
            return _said(fits, "mann_whitney", "one metric, without `for` and `by`, with the labels of `control`")
        case SurvivalChoice():
            is_open = all(reduced.metric.open_cases for reduced in reductions(rule.tree.logic))
            fits = is_open and level_of(rule) is not None and threshold_of(rule) is not None
            return _said(fits, "kaplan_meier", "a median or percentile of a feed with `open_cases` and a limit")
        case _:
            assert_never(test)


def _has_labels(rule: Rule, control: Mapping[str, tuple[str, ...]]) -> bool:
    return all(set(control) <= set(reduced.metric.labels) for reduced in reductions(rule.tree.logic))


def _said(fits: object, name: str, wanted: str) -> tuple[str, str]:
    return ("", "") if fits else (f"the test {name} is for {wanted}", "choose another test, or leave it out")


def success_test_faults(document: Document, rule: Rule, test: SequenceChoice | None) -> Iterator[Diagnostic]:
    """Say why success cannot be proven by means."""
    parts = conjuncts(rule.tree.logic)
    fits = not rule.tree.grouping and not isinstance(rule.tree.sustain, InWindows) and all(map(mean_limit_of, parts))
    if test is not None and not fits:
        message = "the test confidence_sequence is for means below or above numbers, joined by `and`"
        hint = "write success_metric so, or leave `success_test` out"
        yield document.fault(Check.TEST_UNFIT, document.place(("success_test",)), message, hint=hint)
