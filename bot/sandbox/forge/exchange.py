"""One request and its answer, without a web framework: what a handler is given, and what it returns."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import urlencode

from bot.model.clock import parse_time
from bot.model.json import Json
from bot.sandbox.forge.entities import Account, Identity
from bot.sandbox.forge.permissions import Need
from bot.sandbox.forge.refusals import Refusal, not_found, unprocessable
from bot.sandbox.forge.state import ForgeState, Repository

API = "/api/v3"
MOST_PER_PAGE = 100
PER_PAGE = 30
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What rendering needs to know: the state, and the address under which the asker reached it."""

    state: ForgeState
    root: str

    @property
    def api(self) -> str:
        """Return the address of the REST interface."""
        return self.root + API

    def repository(self, repository: Repository) -> str:
        """Return the REST address of a repository."""
        return f"{self.api}/repos/{repository.full_name}"

    def html(self, repository: Repository) -> str:
        """Return the address for people of a repository."""
        return f"{self.root}/{repository.full_name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What goes back: a status, JSON (None for an empty body) and more headers."""

    status: int = 200
    content: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Body:
    """A request's JSON; each getter refuses the wrong type in GitHub's words."""

    def __init__(self, value: Any) -> None:
        self.value = value

    @classmethod
    def parse(cls, content: bytes) -> "Body":
        """Read a request body; nothing at all counts as an empty object."""
        if not content.strip():
            return cls({})
        try:
            return cls(json.loads(content, parse_constant=_no_number))
        except (ValueError, RecursionError) as error:
            raise Refusal(400, "Problems parsing JSON") from error

    def _get(self, name: str, kind: type[_T], word: str) -> _T | None:
        if not isinstance(self.value, dict):
            raise Refusal(400, "Body should be a JSON object")
        value = self.value.get(name)
        if value is None:
            return None
        if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
            raise unprocessable(f"Invalid request.\n\nFor 'properties/{name}', {value!r} is not {word}.")
        return value

    def text(self, name: str) -> str:
        """Return a required text."""
        value = self._get(name, str, "a string")
        if value is None:
            raise unprocessable(f'Invalid request.\n\n"{name}" wasn\'t supplied.')
        return value

    def maybe_text(self, name: str) -> str | None:
        """Return a text if there is one."""
        return self._get(name, str, "a string")

    def flag(self, name: str, *, default: bool) -> bool:
        """Return a truth value."""
        value = self._get(name, bool, "a boolean")
        return default if value is None else value

    def texts(self, name: str) -> list[str] | None:
        """Return a list of texts if there is one."""
        values = self._get(name, list, "an array")
        if values is not None and not all(isinstance(value, str) for value in values):
            raise unprocessable(f"Invalid request.\n\nFor 'properties/{name}', not every item is a string.")
        return values

    def objects(self, name: str) -> list["Body"] | None:
        """Return a list of objects if there is one."""
        values = self._get(name, list, "an array")
        return None if values is None else [Body(value) for value in values]

    def inner(self, name: str) -> "Body | None":
        """Return an object if there is one."""
        value = self._get(name, dict, "an object")
        return None if value is None else Body(value)

    def mapping(self, name: str) -> Mapping[str, Json]:
        """Return an object as it is, empty where there is none."""
        return self._get(name, dict, "an object") or {}

    def moment(self, name: str) -> datetime | None:
        """Return a time if there is one."""
        value = self.maybe_text(name)
        if value is None:
            return None
        try:
            return parse_time(value)
        except ValueError as error:
            raise unprocessable(f"Invalid request.\n\n{name} is not a valid time: {value!r}") from error

    def has(self, name: str) -> bool:
        """Say whether a field was sent, null included."""
        return isinstance(self.value, dict) and name in self.value


@dataclass(slots=True, kw_only=True)
class Call:
    """One request, authenticated; `afterwards` is done when the state's lock is free again."""

    state: ForgeState
    view: View
    who: Identity
    path: Mapping[str, Any]
    query: Mapping[str, str]
    body: Body
    url: str
    found: Repository | None = None
    afterwards: list[Callable[[], None]] = field(default_factory=list)

    @property
    def repository(self) -> Repository:
        """Return the repository that the path names."""
        if self.found is None:
            raise not_found()
        return self.found

    @property
    def account(self) -> Account:
        """Return the account that asks."""
        if self.who.account is None:
            raise Refusal(401, "Requires authentication")
        return self.who.account

    @property
    def number(self) -> int:
        """Return the `number` of the path."""
        return int(self.path["number"])

    def moment(self, name: str) -> datetime | None:
        """Return a time of the query, if it is one."""
        return Body({name: self.query.get(name)}).moment(name)

    @property
    def paging(self) -> tuple[int, int]:
        """Return the page and its size; a size over 100 is taken as 100, as GitHub does."""
        page = _positive(self.query.get("page"), 1)
        return page, min(_positive(self.query.get("per_page"), PER_PAGE), MOST_PER_PAGE)

    def listed(self, items: Sequence[_T], render: Callable[[_T], Any], *, envelope: str | None = None) -> Answer:
        """Answer with one page of items, in an object with `total_count` when an envelope is named."""
        page, size = self.paging
        shown: Any = [render(item) for item in items[(page - 1) * size : page * size]]
        if envelope:
            shown = {"total_count": len(items), envelope: shown}
        return Answer(content=shown, headers=self.link(len(items)))

    def link(self, total: int) -> dict[str, str]:
        """Return the Link header for this page of so many items; none where there is a single page."""
        page, size = self.paging
        last = max(1, -(-total // size))
        pages: dict[str, int] = {}
        if page > 1:
            pages.update(prev=min(page - 1, last), first=1)
        if page < last:
            pages.update(next=page + 1, last=last)
        links = (f'<{self._page_url(number)}>; rel="{rel}"' for rel, number in pages.items())
        return {"Link": ", ".join(links)} if pages else {}

    def _page_url(self, page: int) -> str:
        return f"{self.url}?{urlencode({**self.query, 'page': page})}"


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is not JSON")


def _positive(text: str | None, default: int) -> int:
    return int(text) if text and text.isascii() and text.isdecimal() and int(text) > 0 else default


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation of the REST interface; without a `need` it is open to everyone."""

    method: str
    path: str
    handler: Callable[[Call], Answer]
    need: Need | None = None
