"""How a watch ends and what else watches, in the sentences of `pow explain`; it decides nothing."""

from collections.abc import Mapping
from typing import assert_never

from bot.model.proof import SequenceTest
from bot.model.recipe import Guard, GuardRole, NoData, OnDeadline, RollbackMode, Watch
from bot.model.settings import RollbackTest
from bot.rules.display import show_duration

SILENCE = {
    NoData.HOLD: "",
    NoData.BREACH: " Silence after the grace is harm, too.",
    NoData.OK: " No data is no harm.",
}
"""What silence means, by policy; a sentence to be added."""


def late_sentence(watch: Watch) -> str:
    """Say what follows after the deadline; the end of a sentence."""
    match watch.on_deadline:
        case OnDeadline.ASK_HUMAN:
            return "a person is asked."
        case OnDeadline.KEEP:
            return "it is kept if no rule measured harm, and else a person is asked."
        case OnDeadline.ROLLBACK:
            return "it is taken back if it measurably did not help, and else a person is asked."
        case _:
            assert_never(watch.on_deadline)


def guard_item(guard: Guard, when: str, policy: RollbackTest) -> str:
    """Say what one more rule does; `when` is its clause."""
    if guard.mode is RollbackMode.SHADOW:
        return f"- {guard.name} is measured and only shown: {when}."
    if guard.role is GuardRole.SIGNAL:
        return f"- {guard.name} holds back success and asks a person, and takes nothing back, when {when}."
    how = "is taken back, as a draft," if guard.mode is RollbackMode.PROPOSE else "is taken back"
    proof = proof_sentence(policy.chosen(guard.test))
    return f"- {guard.name}: the change {how} when {when}.{proof and f' {proof}'}{SILENCE[guard.no_data]}"


def control_clause(test: RollbackTest) -> str:
    """Say what a ratio that has a control group is held against beside its limit."""
    return (
        f"beyond {_named(test.control)} at the same time or, if they differed in the week before the change, beyond "
        "the same hours of a week before, by more than a tenth of the limit, with "
        f"{test.compared_with * 100:.5g}% confidence (Newcombe's bound)"
    )


def _named(control: Mapping[str, tuple[str, ...]]) -> str:
    return " and ".join(f"{label} {' or '.join(values)}" for label, values in sorted(control.items()))


def proof_sentence(test: RollbackTest) -> str:
    """Say what proves a rule that is held to a test of its own; empty for every other."""
    if test.ranks is not None:
        ranks = test.ranks
        beside = f"{_named(ranks.control)} at the same time, or, if they differed before, " if ranks.control else ""
        return (
            f"It must lie beyond {beside}the same hours of a week before in {ranks.effect:.0%} of all pairs, by a "
            f"chance of at most {ranks.alpha * 100:g}% over {ranks.looks} looks, one every "
            f"{show_duration(ranks.every)} (Mann-Whitney)."
        )
    if test.control:
        over = show_duration(test.compared_over)
        return f"The ratio is that of all others, and must, over {over}, lie {control_clause(test)}."
    if test.survival is not None:
        return f"Cases that are open count, and it must be so with {test.survival.confidence * 100:g}% confidence."
    return ""


def success_proof(test: SequenceTest) -> str:
    """Say what success must be proven by."""
    return (
        f"Its means since the deployment must be proven with {(1 - test.alpha) * 100:g}% confidence at all looks "
        f"together (a confidence sequence), on at least {test.min_samples} counted."
    )
