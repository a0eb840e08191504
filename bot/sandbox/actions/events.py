"""Which workflows an event of the forge starts, and with what."""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from bot.model.json import Json
from bot.sandbox.actions.runner import Happening
from bot.sandbox.forge.entities import Dispatch, DispatchKind


def started_by(dispatch: Dispatch, workflows: Mapping[str, bytes]) -> Iterator[tuple[str, Happening]]:
    """Yield the workflow files of the default branch, by name, that a dispatch starts, each with what it is told."""
    actor = dispatch.sender.login
    if dispatch.kind is DispatchKind.WORKFLOW:
        yield dispatch.workflow, Happening(name=dispatch.kind, actor=actor, content={"inputs": dict(dispatch.inputs)})
        return
    content: dict[str, Json] = {
        "action": dispatch.event_type,
        "client_payload": dict(dispatch.client_payload),
        "sender": {"login": actor},
    }
    for name, text in sorted(workflows.items()):
        if dispatch.event_type in _types(text):
            yield name, Happening(name=dispatch.kind, actor=actor, content=content)


def _types(text: bytes) -> list[Any]:
    """Return the event types of a workflow's `repository_dispatch`."""
    document = yaml.safe_load(text)
    # YAML 1.1 reads the key `on` as a truth value.
    events = document.get("on", document.get(True)) if isinstance(document, dict) else None
    listener = events.get(DispatchKind.REPOSITORY) if isinstance(events, dict) else None
    types = listener.get("types") if isinstance(listener, dict) else None
    return types if isinstance(types, list) else [types]
