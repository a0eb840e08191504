"""The answers with which the forge refuses, in GitHub's words; a refusal is raised and rendered once, in `routes`."""

from collections.abc import Mapping, Sequence
from typing import Any

LONGEST_BODY = 65_536
LONGEST_TITLE = 256


class Refusal(Exception):  # noqa: N818 -- the forge's answer, not a fault of the program
    """An answer that is not a success: its status, its message and what GitHub lists under `errors`."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        errors: Sequence[Any] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = tuple(errors)
        self.headers = dict(headers or {})


def not_found() -> Refusal:
    """What does not exist, or is not for the asker to see."""
    return Refusal(404, "Not Found")


def unprocessable(message: str) -> Refusal:
    """A 422 whose message says it all."""
    return Refusal(422, message)


def invalid(resource: str, field: str, *, code: str = "invalid") -> Refusal:
    """A 422 about one field, by code: invalid, missing, missing_field, already_exists."""
    return Refusal(422, "Validation Failed", errors=[{"resource": resource, "field": field, "code": code}])


def custom(resource: str, message: str, *, field: str | None = None) -> Refusal:
    """A 422 with a sentence under `errors`."""
    error = {"resource": resource, "code": "custom", "message": message}
    return Refusal(422, "Validation Failed", errors=[{**error, "field": field} if field else error])


def simple(*messages: str) -> Refusal:
    """A 422 whose `errors` are plain sentences."""
    return Refusal(422, "Unprocessable Entity", errors=messages)


def check_length(resource: str, field: str, text: str | None, limit: int) -> None:
    """Refuse a text longer than GitHub stores."""
    if text is not None and len(text) > limit:
        raise custom(resource, f"{field} is too long (maximum is {limit} characters)", field=field)
