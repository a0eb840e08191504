"""What GitHub's refusals mean: every exception of PyGithub and its HTTP library becomes one of our forge errors."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from github import BadAttributeException, GithubException, RateLimitExceededException
from requests import RequestException

from bot.model.errors import (
    ConflictError,
    ForgeError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    UnavailableError,
)

_LONGEST = 300
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


def says(error: ForgeError, *phrases: str) -> bool:
    """Tell whether GitHub's own words, which our message quotes, hold one of some phrases."""
    text = error.message.lower()
    return any(phrase in text for phrase in phrases)


def _refusal(action: str, error: GithubException) -> ForgeError:
    headers = {name.lower(): str(value) for name, value in (error.headers or {}).items()}
    message = f"cannot {action}: GitHub says {error.status} {_said(error)}".rstrip()
    if _is_rate_limit(error, headers):
        return RateLimitedError(message, until=_until(headers), hint=_WAIT_HINT)
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
    """Return when to come back: in the forge's own time, so that no clock of ours is needed."""
    wait, reset = headers.get("retry-after", ""), headers.get("x-ratelimit-reset", "")
    try:
        if wait.isdigit():
            return parsedate_to_datetime(headers["date"]).astimezone(UTC) + timedelta(seconds=int(wait))
        return datetime.fromtimestamp(int(reset), UTC) if reset.isdigit() else None
    except (KeyError, ValueError, OverflowError, OSError):
        return None
