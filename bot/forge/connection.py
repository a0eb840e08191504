"""How we talk to GitHub: how fast, how patiently, and that a write is never sent twice."""

from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from github import Auth, Github, GithubRetry, RateLimitExceededExceedsMaxWait
from urllib3 import Retry
from urllib3.connectionpool import ConnectionPool
from urllib3.exceptions import InvalidHeader
from urllib3.response import HTTPResponse


@dataclass(frozen=True, slots=True, kw_only=True)
class Pacing:
    """Pauses, patience and retries; all times in seconds.

    GitHub asks for a second between writes. Only reads are retried, `retries` times, and never after a wait
    longer than `longest_wait`: a longer one is a RateLimitedError.
    """

    between_requests: float = 0.25
    between_writes: float = 1.0
    timeout: int = 20
    retries: int = 3
    backoff: float = 0.5
    longest_wait: float = 60.0
    settling: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0)
    """Pauses before what was just made and is not found yet is asked for again."""

    @classmethod
    def kind(cls) -> Self:
        """Return what GitHub asks for."""
        return cls()

    @classmethod
    def off(cls) -> Self:
        """Return no pauses and little patience: for a forge on this machine, which has no rate limit."""
        return cls(
            between_requests=0.0, between_writes=0.0, retries=2, backoff=0.05, longest_wait=2.0, settling=(0.0, 0.0)
        )


@dataclass(slots=True)
class Meter:
    """Counts what is sent to GitHub, every retry as well."""

    requests: int = 0
    writes: int = 0

    def count(self, method: str | None) -> None:
        """Count one request, answered or not."""
        self.requests += 1
        self.writes += method not in {"GET", "HEAD"}


def connect(*, base_url: str, token: str, pacing: Pacing, meter: Meter | None = None) -> Github:
    """Make a client whose objects ask GitHub only for what is read."""
    return Github(
        auth=Auth.Token(token or "none"),
        base_url=base_url.rstrip("/"),
        user_agent="pow-bot",
        per_page=100,
        timeout=pacing.timeout,
        retry=_ReadRetry(
            total=pacing.retries,
            other=0,
            backoff_factor=pacing.backoff,
            max_rate_limit_wait=pacing.longest_wait,
            allowed_methods=frozenset({"GET"}),
            meter=meter or Meter(),
        ),
        seconds_between_requests=pacing.between_requests or None,
        seconds_between_writes=pacing.between_writes or None,
        lazy=True,
    )


class _ReadRetry(GithubRetry):
    """PyGithub's retry with a ceiling for `Retry-After`, which its own `max_rate_limit_wait` does not cover.

    It also counts: urllib3 asks it about every answer whether to retry, and tells it of every request without one.
    """

    def __init__(self, *, meter: Meter, **settings: Any) -> None:
        self._meter = meter
        super().__init__(**settings)

    def new(self, **settings: Any) -> Self:
        """Return the same retry with other numbers, as urllib3 does for every attempt."""
        return super().new(meter=self._meter, **settings)

    def is_retry(self, method: str, status_code: int, has_retry_after: bool = False) -> bool:  # noqa: FBT001, FBT002 - urllib3's signature
        """Tell whether an answer is worth another attempt."""
        self._meter.count(method)
        return super().is_retry(method, status_code, has_retry_after)

    def increment(  # type: ignore[override]  # by name, as urllib3 calls it
        self,
        method: str | None = None,
        url: str | None = None,
        response: HTTPResponse | None = None,
        error: Exception | None = None,
        _pool: ConnectionPool | None = None,
        _stacktrace: TracebackType | None = None,
    ) -> Retry:
        """Count one more attempt; raises where the answer asks for more patience than we have."""
        if error is not None:
            self._meter.count(method)
        wait = self._asked_wait(response)
        if response is not None and self.max_rate_limit_wait is not None and wait > self.max_rate_limit_wait:
            data: Any = {"message": f"it asks to wait for {wait:.0f} s"}
            headers = dict(response.headers)
            response.close()  # urllib3 would keep the socket of an answer that nobody reads
            raise RateLimitExceededExceedsMaxWait(response.status, data, headers, wait=wait)
        return super().increment(method, url, response, error, _pool, _stacktrace)

    def _asked_wait(self, response: HTTPResponse | None) -> float:
        header = response.headers.get("Retry-After") if response is not None else None
        try:
            return self.parse_retry_after(header) if header else 0.0
        except InvalidHeader:
            return 0.0
