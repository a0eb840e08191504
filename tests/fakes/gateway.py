"""The gateway in memory: live values by service, and every patch that changed one; a patch is one write."""

from collections.abc import Mapping

from fakes.world import MemoryWorld

from bot.model.deployment import Action, Applied, PatchService, PatchStatus
from bot.model.names import ServiceName
from bot.model.recipe import Setting


class MemoryGateway:
    """Lets everything through; `patches` are the values that were ever sent, in order."""

    def __init__(self, world: MemoryWorld, values: Mapping[str, Mapping[str, Setting]]) -> None:
        self.world = world
        self.values = {service: dict(held) for service, held in values.items()}
        self.patches: list[tuple[str, Mapping[str, Setting]]] = []
        self._done: dict[str, Applied] = {}

    def live(self, service: ServiceName) -> Mapping[str, Setting]:
        """Return a service's live values."""
        return dict(self.values[service])

    def journey(self, name: str) -> str | None:
        """Return the version of a journey: there is none."""
        del name

    def apply(self, action: Action, *, idempotency_key: str) -> Applied:
        """Patch a service, once for each key."""
        if not isinstance(action, PatchService):
            raise TypeError(action)
        if idempotency_key not in self._done:
            with self.world.write(f"patch {action.service}"):
                self.values[action.service].update(action.changes)
                self.patches.append((action.service, dict(action.changes)))
                self._done[idempotency_key] = Applied(
                    target=action.service,
                    patch_id=str(len(self.patches)),
                    status=PatchStatus.APPLIED,
                    values=dict(self.values[action.service]),
                )
        return self._done[idempotency_key]
