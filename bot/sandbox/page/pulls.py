"""Pull requests as a reviewer sees them, read over the forge's REST interface and passed on as plain values."""

from collections.abc import Iterator, Mapping
from typing import Any

import httpx

from bot.model.change import GATE_CHECK, KeyChange
from bot.model.errors import BotError
from bot.model.json import Json
from bot.propose.desired import key_changes, target_of
from bot.sandbox.page.markdown import blocks_of, plain_of
from bot.sandbox.town import Town

_SHOWN = 8
_MOST_LINES = 400
_IN_ORDER = "\u2705"
"""The sign that the gate sets before what is in order."""


def pulls_of(town: Town, client: httpx.Client) -> list[Json]:
    """Return the newest pull requests with everything that a reviewer needs, newest first."""
    listed = read(client, "pulls", state="all", per_page=str(_SHOWN))
    return [_pull(town, client, each) for each in listed]


def read(client: httpx.Client, path: str, **params: str) -> Any:
    """Read something of the forge; BotError in the forge's words where it refuses."""
    return checked(client.get(path, params=params)).json()


def checked(response: httpx.Response) -> httpx.Response:
    """Return an answer that is a success; BotError in the forge's words otherwise."""
    if response.is_success:
        return response
    try:
        document = response.json()
        reasons = [each if isinstance(each, str) else str(each.get("message")) for each in document.get("errors", [])]
        words = ": ".join([str(document.get("message")), *reasons])
    except (ValueError, AttributeError):
        words = response.text[:200]
    raise BotError(f"the forge answered {response.status_code}: {words}")


def _pull(town: Town, client: httpx.Client, listed: Mapping[str, Any]) -> Json:
    number, head = listed["number"], listed["head"]["sha"]
    files = read(client, f"pulls/{number}/files", per_page="100")
    check = _check(client, head)
    comments = read(client, f"issues/{number}/comments", per_page="100")
    return {
        "number": number,
        "title": listed["title"],
        "state": _state(listed),
        "author": listed["user"]["login"],
        "at": listed["created_at"],
        "branch": listed["head"]["ref"],
        "head": head,
        "asked": [
            *(team["slug"] for team in listed["requested_teams"]),
            *(person["login"] for person in listed["requested_reviewers"]),
        ],
        "body": blocks_of(listed["body"] or ""),
        "files": [_file(each) for each in files],
        "editable": [_editable(each) for each in _numbers(town, listed, files)],
        "check": _check_json(check) if check else None,
        "comments": [_comment(each) for each in comments if not _repeats(each, check)],
        "reviews": [_review(each) for each in read(client, f"pulls/{number}/reviews", per_page="100")],
    }


def _state(listed: Mapping[str, Any]) -> str:
    if listed["merged_at"]:
        return "merged"
    return "draft" if listed["draft"] and listed["state"] == "open" else str(listed["state"])


def _check(client: httpx.Client, head: str) -> Mapping[str, str] | None:
    """Return the gate's check on a commit: its state, title and summary."""
    runs = read(client, f"commits/{head}/check-runs", check_name=GATE_CHECK)["check_runs"]
    if not runs:
        return None
    run, output = runs[0], runs[0]["output"]
    return {
        "state": run["conclusion"] or run["status"],
        "title": output["title"] or "",
        "summary": output["summary"] or "",
    }


def _check_json(check: Mapping[str, str]) -> Json:
    """Set apart what lets pass: a reviewer wants to know what is missing."""
    passed: list[Json] = []
    rest: list[Json] = []
    side = rest
    for block in blocks_of(check["summary"]):
        if block["kind"] != "item":
            side = rest
        elif block["depth"] == 0:
            side = passed if plain_of(block).startswith(_IN_ORDER) else rest
        side.append(block)
    return {"state": check["state"], "title": check["title"], "summary": rest, "passed": passed}


def _file(file: Mapping[str, Any]) -> Json:
    lines = str(file.get("patch") or "").split("\n")
    return {
        "path": file["filename"],
        "status": file["status"],
        "is_desired": target_of(file["filename"]) is not None,
        "lines": list(lines[:_MOST_LINES]),
        "left_out": max(0, len(lines) - _MOST_LINES),
    }


def _numbers(town: Town, listed: Mapping[str, Any], files: list[Mapping[str, Any]]) -> Iterator[KeyChange]:
    """Yield the changed values of an open pull request that a number field can hold."""
    if listed["state"] != "open":
        return
    head, base = listed["head"]["sha"], listed["base"]["sha"]
    for file in files:
        path = file["filename"]
        if target_of(path) is None or file["status"] != "modified":
            continue
        changes = key_changes(path, town.read(path, at=base), town.read(path, at=head))
        if isinstance(changes, tuple):
            yield from (each for each in changes if _is_number(each.before) and _is_number(each.after))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _editable(change: KeyChange) -> Json:
    return {"target": change.target, "key": change.key, "before": change.before, "after": change.after}


def _repeats(comment: Mapping[str, Any], check: Mapping[str, str] | None) -> bool:
    """Tell whether a comment says what the check says."""
    said = check["summary"].strip() if check else ""
    return bool(said) and said in (comment["body"] or "")


def _comment(comment: Mapping[str, Any]) -> Json:
    return {
        "author": comment["user"]["login"],
        "at": comment["updated_at"],
        "body": blocks_of(comment["body"] or ""),
    }


def _review(review: Mapping[str, Any]) -> Json:
    return {
        "author": review["user"]["login"],
        "at": review.get("submitted_at") or "",
        "state": review["state"],
        "body": review["body"] or "",
        "commit": review["commit_id"],
    }
