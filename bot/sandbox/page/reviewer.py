"""What a person does on the forge when a button of the page is pressed, with that person's own token."""

import base64

import httpx

from bot.model.errors import BotError
from bot.propose.desired import block_of, path_of
from bot.propose.redline import Refused, set_value
from bot.sandbox.page.actions import Approve, Edit, Reject
from bot.sandbox.page.pulls import checked, read
from bot.sandbox.town import Town


def approve(town: Town, action: Approve) -> None:
    """Approve the head that the person saw, even if the branch has moved since: the gate then says so."""
    with town.as_person(action.login) as client:
        _approve(client, action.pull, head=action.head)


def edit(town: Town, action: Edit) -> None:
    """Commit another value on the branch through the contents API, then approve the new head."""
    with town.as_person(action.login) as client:
        pull = read(client, f"pulls/{action.pull}")
        if pull["state"] != "open":
            raise BotError(f"pull request {action.pull} is closed")
        commit = _commit(client, action, branch=pull["head"]["ref"])
        _approve(client, action.pull, head=commit)


def reject(town: Town, action: Reject) -> None:
    """Write the reason as a comment and close the pull request."""
    with town.as_person(action.login) as client:
        if read(client, f"pulls/{action.pull}")["state"] != "open":
            raise BotError(f"pull request {action.pull} is closed already")
        checked(client.post(f"issues/{action.pull}/comments", json={"body": action.reason}))
        checked(client.patch(f"pulls/{action.pull}", json={"state": "closed"}))


def _approve(client: httpx.Client, number: int, *, head: str) -> None:
    review = {"event": "APPROVE", "body": "", "commit_id": head}
    checked(client.post(f"pulls/{number}/reviews", json=review))


def _commit(client: httpx.Client, action: Edit, *, branch: str) -> str:
    """Change one value in its file, every other byte kept; returns the commit."""
    path = path_of(action.target)
    file = read(client, f"contents/{path}", ref=branch)
    after = set_value(path, base64.b64decode(file["content"]), block_of(action.target, action.key), action.value)
    if isinstance(after, Refused):
        raise BotError(after.reason, hint=after.hint)
    body = {
        "message": f"Set {action.key} to {action.value:g}",
        "content": base64.b64encode(after.after).decode("ascii"),
        "sha": file["sha"],
        "branch": branch,
    }
    return str(checked(client.put(f"contents/{path}", json=body)).json()["commit"]["sha"])
