"""The port to an external system: what the plan may ask of any adapter, and nothing about how it is done."""

from typing import Protocol

from bot.model.deployment import Synced, SyncItem


class Adapter(Protocol):
    """One external system that shows the values of services.

    The contract that every adapter keeps: pushing the same item twice changes nothing the second time; a system
    that already shows a newer version of the service is left alone, and that version is returned; what is returned
    was read back from the system; an interrupted push leaves the former state or the new one, nothing between.
    """

    def push(self, item: SyncItem) -> Synced:
        """Bring the system to the item's values; TargetError where it refuses or shows others."""
        ...
