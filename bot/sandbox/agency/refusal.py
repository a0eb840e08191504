"""The one way in which the agency's gateway says no, before HTTP: a status, a reason, and what helps."""

from collections.abc import Mapping
from http import HTTPStatus

from bot.model.json import Json


class RefusedError(Exception):
    """A request that was not carried out; `facts` go into the answer beside the reason."""

    def __init__(self, status: HTTPStatus, detail: str, facts: Mapping[str, Json] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.facts = dict(facts or {})
