"""The port to the gateway: live values in, actions out."""

from collections.abc import Mapping
from typing import Protocol

from bot.model.deployment import Action, Applied
from bot.model.names import ServiceName
from bot.model.recipe import Setting


class GatewayPort(Protocol):
    """The one way by which configuration is read and changed; every method raises a TargetError."""

    def live(self, service: ServiceName) -> Mapping[str, Setting]:
        """Return a service's live values."""
        ...

    def journey(self, name: str) -> str | None:
        """Return the version that a journey runs; None for a journey without one."""
        ...

    def apply(self, action: Action, *, idempotency_key: str) -> Applied:
        """Perform an action and read it back; the same key and action again do nothing new.

        A refusal by governance and a patch that still waits are answers (REFUSED, QUEUED), not errors.
        """
        ...
