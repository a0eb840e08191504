"""Starts the gate for a rollback that was just opened: its schedule would come to it later."""

from bot.ledger.site import Site
from bot.model.errors import BotError
from bot.model.event import Event, Mark, Step

GATE = "gate.yml"


def wake_gate(site: Site) -> list[Event]:
    """Start the gate; where that is refused, that is told, and nothing else."""
    try:
        site.forge.dispatch(GATE)
    except BotError as error:
        sentence = f"the gate was not started and waits for its schedule: {error.message}"
        return [Event(step=Step.MONITOR, mark=Mark.WARNING, sentence=sentence, hint=error.hint)]
    return []
