"""Requests to start workflows: checked against the workflow file, recorded, and handed to whoever runs them."""

from collections.abc import Mapping

import yaml

from bot.model.json import Json
from bot.sandbox.forge.entities import Account, Dispatch, DispatchKind
from bot.sandbox.forge.refusals import Refusal, not_found, unprocessable
from bot.sandbox.forge.state import ForgeState, Repository

MOST_INPUTS = 25
MOST_PROPERTIES = 10
LONGEST_EVENT = 100


def dispatch_workflow(
    state: ForgeState,
    repository: Repository,
    sender: Account,
    *,
    workflow: str,
    ref: str,
    inputs: Mapping[str, str],
) -> Dispatch:
    """Record a request to run one workflow file of a branch or tag."""
    commit = repository.git.resolve(ref)
    if commit is None:
        raise unprocessable(f"No ref found for: {ref}")
    entry = repository.git.entry(commit, f".github/workflows/{workflow}")
    if entry is None or entry.sha is None:
        raise not_found()
    filled = _check_inputs(_trigger(repository.git.blob(entry.sha)), inputs)
    made = Dispatch(
        id=state.next_id(),
        kind=DispatchKind.WORKFLOW,
        repository=repository.full_name,
        sender=sender,
        at=state.clock.now(),
        workflow=workflow,
        ref=ref,
        inputs=filled,
        client_payload={},
    )
    state.dispatches.append(made)
    return made


def dispatch_repository(
    state: ForgeState,
    repository: Repository,
    sender: Account,
    *,
    event_type: str,
    client_payload: Mapping[str, Json],
) -> Dispatch:
    """Record a request to run every workflow that listens for an event type."""
    if not 0 < len(event_type) <= LONGEST_EVENT:
        raise unprocessable(f'Invalid request.\n\n"event_type" must have 1 to {LONGEST_EVENT} characters.')
    if len(client_payload) > MOST_PROPERTIES:
        raise unprocessable(
            f"Invalid request.\n\nNo more than {MOST_PROPERTIES} properties are allowed;"
            f" {len(client_payload)} were supplied."
        )
    made = Dispatch(
        id=state.next_id(),
        kind=DispatchKind.REPOSITORY,
        repository=repository.full_name,
        sender=sender,
        at=state.clock.now(),
        inputs={},
        event_type=event_type,
        client_payload=client_payload,
    )
    state.dispatches.append(made)
    return made


def _trigger(content: bytes) -> Mapping[str, Mapping[str, Json]]:
    """Return the declared inputs of a workflow file's `workflow_dispatch`."""
    try:
        document = yaml.safe_load(content)
    except yaml.YAMLError as error:
        raise unprocessable("Workflow file is not valid YAML") from error
    # YAML 1.1 reads the key `on` as a truth value.
    events = document.get("on", document.get(True)) if isinstance(document, dict) else None
    listed = events if isinstance(events, dict | list) else [events]
    if "workflow_dispatch" not in listed:
        raise unprocessable("Workflow does not have 'workflow_dispatch' trigger")
    declared = (events.get("workflow_dispatch") or {}) if isinstance(events, dict) else {}
    inputs = declared.get("inputs") or {}
    return {name: spec or {} for name, spec in inputs.items()}


def _check_inputs(declared: Mapping[str, Mapping[str, Json]], inputs: Mapping[str, str]) -> dict[str, str]:
    if len(inputs) > MOST_INPUTS:
        raise unprocessable(f"No more than {MOST_INPUTS} inputs are allowed")
    unexpected = [name for name in inputs if name not in declared]
    if unexpected:
        listed = ", ".join(f'"{name}"' for name in unexpected)
        raise Refusal(422, f"Unexpected inputs provided: [{listed}]")
    filled = {}
    for name, spec in declared.items():
        if name in inputs:
            filled[name] = inputs[name]
        elif "default" in spec:
            filled[name] = str(spec["default"])
        elif spec.get("required"):
            raise Refusal(422, f"Required input '{name}' not provided")
    return filled
