"""What GitHub's refusals mean: every exception of PyGithub and its HTTP library becomes one of our forge errors."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from github import BadAttributeException, GithubException, RateLimitExceededException
from requests import RequestException

from bot.model.clock import format_time
from bot.model.errors import (
    ConflictError,
    ForgeError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    UnavailableError,
)

_LONGEST = 300
_SECONDARY_WAIT = 60
_TOKEN_HINT = "set GITHUB_TOKEN to a valid token: `export GITHUB_TOKEN=...`"  # noqa: S105 - a hint
_WAIT_HINT = "the next scheduled run continues from here"
_AGAIN_HINT = "run the same command again: it looks first at what has happened"

_KINDS: Mapping[int, tuple[type[ForgeError], str]] = {
    401: (PermissionDeniedError, _TOKEN_HINT),
    404: (NotFoundError, "check GITHUB_REPOSITORY, and that the token may see the repository: `git ls-remote`"),
    405: (ConflictError, _AGAIN_HINT),
    409: (ConflictError, _AGAIN_HINT),
}


@contextmanager
def translated(action: str) -> Iterator[None]:
    """Turn whatever goes wrong inside into a ForgeError that says which action failed."""
    try:
        yield
    except GithubException as error:
        raise _refusal(action, error) from error
    except (RequestException, BadAttributeException, ValueError, RuntimeError) as error:
        # ValueError: a truncated answer; RuntimeError: PyGithub's word for a redirect that it does not follow.
        reason = type(error).__name__ if isinstance(error, RequestException) else _short(str(error))
        raise UnavailableError(f"cannot {action}: no usable answer ({reason})", hint=_AGAIN_HINT) from error


Asking = Callable[[str], AbstractContextManager[None]]
"""What every request is sent inside of: given the action, for the message of what goes wrong."""


class Patience:
    """Asks no more in a run once GitHub has asked to wait longer than we do.

    Whoever goes on asking while limited may be shut out:
    https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#handle-rate-limit-errors-appropriately
    """

    def __init__(self) -> None:
        self._limited: RateLimitedError | None = None

    @contextmanager
    def asking(self, action: str) -> Iterator[None]:
        """Send inside of this; RateLimitedError without asking where the answer is known."""
        if (known := self._limited) is not None:
            raise RateLimitedError(
                f"cannot {action}: not asked, for {known.message}", until=known.until, hint=known.hint
            )
        try:
            with translated(action):
                yield
        except RateLimitedError as error:
            self._limited = error
            raise


def next_page(headers: Mapping[str, Any]) -> str | None:
    """Find the address of the next page in a Link header."""
    match = re.search(r'<([^>]+)>; rel="next"', str(headers.get("link") or ""))
    return match[1] if match else None


def says(error: ForgeError, *phrases: str) -> bool:
    """Tell whether GitHub's own words, which our message quotes, hold one of some phrases."""
    text = error.message.lower()
    return any(phrase in text for phrase in phrases)


def _refusal(action: str, error: GithubException) -> ForgeError:
    headers = {name.lower(): str(value) for name, value in (error.headers or {}).items()}
    message = f"cannot {action}: GitHub says {error.status} {_said(error)}".rstrip()
    if _is_rate_limit(error, headers):
        until = _until(headers)
        hint = f"{_WAIT_HINT}; not before {format_time(until)}" if until else _WAIT_HINT
        return RateLimitedError(message, until=until, hint=hint)
    if error.status == 403:
        return PermissionDeniedError(message, hint=_missing_permission(headers))
    kind, hint = (
        (UnavailableError, _AGAIN_HINT) if error.status >= 500 else _KINDS.get(error.status, (ForgeError, ""))
    )
    return kind(message, hint=hint)


def _said(error: GithubException) -> str:
    data = error.data if isinstance(error.data, Mapping) else {}
    parts = [str(data.get("message", "")), *(_detail(each) for each in _listed(data.get("errors")))]
    return _short("; ".join(part for part in parts if part))


def _listed(errors: Any) -> list[Any]:
    return errors if isinstance(errors, list) else [errors] if errors else []


def _detail(error: Any) -> str:
    if not isinstance(error, Mapping):
        return str(error)
    named = " ".join(str(error[key]) for key in ("resource", "field", "code") if error.get(key))
    return str(error.get("message") or named)


def _short(text: str) -> str:
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def _missing_permission(headers: Mapping[str, str]) -> str:
    accepted = headers.get("x-accepted-github-permissions")
    scopes = headers.get("x-accepted-oauth-scopes")
    if accepted:
        return f"give the token the permission `{_short(accepted)}`"
    if scopes:
        return f"give the token one of the scopes `{_short(scopes)}`"
    return "give the token the permission for this: docs/guides/operator.md lists them"


def _is_rate_limit(error: GithubException, headers: Mapping[str, str]) -> bool:
    if error.status not in {403, 429}:
        return False
    spent = headers.get("x-ratelimit-remaining") == "0" or "retry-after" in headers
    return error.status == 429 or spent or isinstance(error, RateLimitExceededException)


def _until(headers: Mapping[str, str]) -> datetime | None:
    """Return when to come back: in the forge's own time, so that no clock of ours is needed.

    The end of the hour says so only where the hour's requests are spent; a secondary limit that does not say how long
    asks for a minute at least.
    """
    wait, reset = headers.get("retry-after", ""), headers.get("x-ratelimit-reset", "")
    try:
        if not wait and headers.get("x-ratelimit-remaining") == "0":
            return datetime.fromtimestamp(int(reset), UTC) if reset.isdigit() else None
        if wait and not wait.isdigit():
            return None
        seconds = int(wait) if wait else _SECONDARY_WAIT
        return parsedate_to_datetime(headers["date"]).astimezone(UTC) + timedelta(seconds=seconds)
    except (KeyError, ValueError, OverflowError, OSError):
        return None
