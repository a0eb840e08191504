"""The gateway's door, without HTTP: JSON Web Tokens, judged by the agency's clock, and the limit on requests."""

from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

import jwt

from bot.sandbox.agency.refusal import RefusedError

AUDIENCE = "hms-api"
ISSUER = "https://idp.sandbox.example"
MINIMUM_SECRET_BYTES = 32

_ALGORITHM = "HS256"
_REQUIRED = ("aud", "exp", "iss", "role", "sub")


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Whoever stands behind a valid token."""

    subject: str
    role: str


def token(
    secret: str,
    now: datetime,
    *,
    role: str = "release_manager",
    ttl: timedelta = timedelta(minutes=10),
    subject: str = "pow-bot",
) -> str:
    """Mint a token that the sandbox's gateway accepts from `now` until `ttl` later."""
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": subject,
        "role": role,
        "iat": int(now.timestamp()),
        "exp": int((now + ttl).timestamp()),
    }
    return jwt.encode(claims, secret, algorithm=_ALGORITHM)


def caller_of(authorization: str | None, secret: str, now: datetime) -> Caller:
    """Read `Authorization: Bearer <JWT>`; RefusedError (401) says what is wrong with it."""
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not encoded:
        raise _unauthorized("no bearer token: send `Authorization: Bearer <JWT>`")
    try:
        claims: Mapping[str, Any] = jwt.decode(
            encoded,
            secret,
            algorithms=[_ALGORITHM],
            audience=AUDIENCE,
            issuer=ISSUER,
            # PyJWT reads the machine's clock; the agency lives on its own, so times are checked below.
            options={"require": list(_REQUIRED), "verify_exp": False, "verify_nbf": False, "verify_iat": False},
        )
    except jwt.PyJWTError as error:
        raise _unauthorized(f"token refused: {error}") from error
    _check_times(claims, now.timestamp())
    subject, role = claims["sub"], claims["role"]
    if not isinstance(subject, str) or not isinstance(role, str):
        raise _unauthorized("token refused: sub and role must be text")
    return Caller(subject=subject, role=role)


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    for name in ("exp", "nbf", "iat"):
        value = claims.get(name, now if name != "exp" else None)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _unauthorized(f"token refused: {name} is not a time")
        if name == "exp" and not value > now:
            raise _unauthorized("token refused: it has expired")
        if name != "exp" and not value <= now:
            raise _unauthorized("token refused: it is not valid yet")


def _unauthorized(detail: str) -> RefusedError:
    return RefusedError(HTTPStatus.UNAUTHORIZED, detail)


class RateLimit:
    """A sliding second per client, on a clock that really runs (`ticks`, in seconds)."""

    def __init__(self, per_second: int, ticks: Callable[[], float]) -> None:
        self._per_second = per_second
        self._ticks = ticks
        self._recent: defaultdict[str, deque[float]] = defaultdict(deque)

    def admit(self, client: str) -> None:
        """Count one request; RefusedError (429) when it is one too many in the last second."""
        now = self._ticks()
        recent = self._recent[client]
        while recent and recent[0] <= now - 1.0:
            recent.popleft()
        if len(recent) >= self._per_second:
            raise RefusedError(HTTPStatus.TOO_MANY_REQUESTS, "Slow down")
        recent.append(now)
