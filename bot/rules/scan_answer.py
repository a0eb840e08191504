"""What a scan answered, as outcomes and in words. What it left open is None, and is asked of the evaluator."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from bot.model.series import Window
from bot.model.verdict import Measurement, RuleOutcome
from bot.rules.display import show_count, show_duration, show_value
from bot.rules.grid import FRESH_WINDOWS
from bot.rules.scan import Atom, Form, Mode, Question, Reducer, Screening, combine

_TAGS = {RuleOutcome.HOLDS: "holds", RuleOutcome.DOES_NOT_HOLD: "does not hold"}
_OUTCOMES = {outcome.value: outcome for outcome in RuleOutcome}
Row = tuple[int, str | None, int, int, float, float, float, bool]
"""An atom's place, its outcome, its windows met and not met, weight, both ends of its value, whether it is silent."""


class Answer(NamedTuple):
    """What came of an atom: in its newest window, `weight` samples and a value from `lower` to `upper` (base units).

    Without samples there is no value. Over windows, `met` and `unmet` count those that clearly hold and do not. It is
    a part of a row, and as quickly made: there is one for every comparison of a scan.
    """

    outcome: RuleOutcome | None = None
    met: int = 0
    unmet: int = 0
    weight: float = 0.0
    lower: float = 0.0
    upper: float = 0.0


OPEN = Answer()


def answers_of(rows: Sequence[Row], count: int) -> list[Answer]:
    """Put the rows of a query in the order of its atoms."""
    answers = [OPEN] * count
    for atom, outcome, met, unmet, weight, lower, upper, _ in rows:
        if outcome is not None:
            answers[atom] = Answer(_OUTCOMES[outcome], met, unmet, weight, lower, upper)
    return answers


def silent_in(rows: Sequence[Row]) -> list[int]:
    """Return the atoms whose feeds have no row in the time that was scanned."""
    return [row[0] for row in rows if row[-1]]


def silent_answer(form: Form, *, has_older: bool) -> Answer:
    """Answer an atom without a sample as far back as it looks; `has_older` tells an old feed from an empty one.

    Staleness comes before all else in the newest window. A feed without any sample has no data in every window, and
    a rule that cannot hold yet does not hold.
    """
    if has_older:
        return Answer(outcome=RuleOutcome.STALE)
    return Answer(outcome=RuleOutcome.DOES_NOT_HOLD if form.is_early else RuleOutcome.NO_DATA)


def outcome_of(screening: Screening, answers: Sequence[Answer]) -> RuleOutcome | None:
    """Return what is clear about a rule; `answers` are those of its atoms."""
    if isinstance(screening.shape, int):
        return answers[screening.shape].outcome
    return combine(screening, [answer.outcome for answer in answers])


def measurement_of(
    question: Question, screening: Screening, answers: Sequence[Answer], now: datetime
) -> Measurement | None:
    """Say in words why a rule does not hold or cannot be decided.

    None if it holds or is open, or if rounding decides how its value is written: the evaluator knows the exact one.
    """
    outcome = outcome_of(screening, answers)
    if outcome is None or outcome is RuleOutcome.HOLDS:
        return None
    pairs = list(zip(screening.atoms, answers, strict=True))
    parts = [_sentence(atom, answer) for atom, answer in pairs]
    told = [part for part in parts if part is not None]
    if len(told) < len(parts):
        return None
    if len(told) > 1:
        tags = [_tag(answer.outcome) for answer in answers]
        told = [f"{part} ({tag})" for part, tag in zip(told, tags, strict=True)]
    values = [_value(atom, answer) for atom, answer in pairs if answer.weight]
    return Measurement(
        rule=question.rule.text,
        outcome=outcome,
        sentence="; ".join(told),
        observed=", ".join(value for value in values if value),
        samples=min(answer.weight for answer in answers),
        window=Window(start=now - question.rule.reach, end=now),
    )


def _tag(outcome: RuleOutcome | None) -> str:
    return "is open" if outcome is None else _TAGS.get(outcome, outcome)


def _sentence(atom: Atom, answer: Answer) -> str | None:
    state = _state(atom, answer)
    if state is None:
        return None
    needs = f"needs {atom.form.operator} {show_value(atom.right.value, atom.right.unit, exact=True)}"
    if atom.form.mode is Mode.ONCE:
        return f"{state}; {needs}"
    counts = f"met in {answer.met}, not met in {answer.unmet} of {atom.form.windows}"
    return f"{state}; {needs} in windows of {show_duration(atom.left.window)}: {counts}"


def _state(atom: Atom, answer: Answer) -> str | None:
    name = atom.left.text
    if answer.outcome is None:
        return f"{name} is open"
    if answer.outcome is RuleOutcome.STALE:
        width = show_duration(atom.left.metric.window)
        return f"{name} is stale: there is no sample in its last {FRESH_WINDOWS} windows of {width}"
    if not answer.weight:
        return f"{name} has no data over {show_duration(atom.left.window)}"
    if answer.weight < atom.form.min_samples and atom.form.reducer is not Reducer.COUNT:
        return f"{name} has too few samples (n={show_count(answer.weight)} of {atom.form.min_samples})"
    value = _value(atom, answer)
    return value and f"{name} is {value} (n={show_count(answer.weight)}) over {show_duration(atom.left.window)}"


def _value(atom: Atom, answer: Answer) -> str | None:
    """Write the value of the newest window; None if both ends of what it can be do not read the same."""
    unit = atom.right.unit
    limit = show_value(atom.right.value, unit)
    low, high = show_value(answer.lower, unit), show_value(answer.upper, unit)
    if atom.form.reducer is Reducer.SPREAD:
        return f"between {low} and {high}"
    if limit in {low, high}:
        low, high = show_value(answer.lower, unit, exact=True), show_value(answer.upper, unit, exact=True)
    return low if low == high else None
