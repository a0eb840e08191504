"""How a watch ends and what else watches, in the sentences of `pow explain`; it decides nothing."""

from typing import assert_never

from bot.model.recipe import Guard, GuardRole, NoData, OnDeadline, RollbackMode, Watch

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


def guard_item(guard: Guard, when: str) -> str:
    """Say what one more rule does; `when` is its clause."""
    if guard.mode is RollbackMode.SHADOW:
        return f"- {guard.name} is measured and only shown: {when}."
    if guard.role is GuardRole.SIGNAL:
        return f"- {guard.name} holds back success and asks a person, and takes nothing back, when {when}."
    how = "is taken back, as a draft," if guard.mode is RollbackMode.PROPOSE else "is taken back"
    return f"- {guard.name}: the change {how} when {when}.{SILENCE[guard.no_data]}"
