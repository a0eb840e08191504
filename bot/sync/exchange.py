"""One JSON exchange with an agency's server: Bearer token, caps on size and time, no redirects.

It knows HTTP, and nothing of gateways or systems. That no answer came is a value: only the caller knows what a lost
answer means for its request.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NoReturn
from urllib.parse import urlsplit

import httpx

from bot.model.errors import TargetError
from bot.model.json import Json
from bot.recipes.endpoints import is_loopback
from bot.report.untrusted import visible

MAX_BYTES = 1024 * 1024
MAX_SECONDS = 20.0
UNREACHABLE_HINT = "check the endpoint in pow/settings/targets.yml; the next run tries again"
TOKEN_HINT = "set POW_GATEWAY_TOKEN to a valid token of a `release_manager` and check that it has not expired"  # noqa: S105 -- names the variable, holds no secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked; a request with an idempotency key may be sent again after a lost answer."""

    method: str
    url: str
    body: Mapping[str, Json] | None = None
    idempotency_key: str = ""

    @property
    def place(self) -> str:
        """The request as a person reads it, without what a URL may hold in secret."""
        parts = urlsplit(self.url)
        return f"{self.method} {parts.hostname or ''}{parts.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back; `body` is None where it was empty or no JSON."""

    status: int
    body: Json

    def text(self, key: str) -> str:
        """Return a field of the body as one short line that is safe to show; empty if there is none."""
        value = self.body.get(key) if isinstance(self.body, Mapping) else None
        return "" if value is None or isinstance(value, Mapping | list) else visible(str(value))

    @property
    def reason(self) -> str:
        """The server's own words for a refusal, as far as it gave any."""
        given = next((found for key in ("reason", "detail", "message", "error") if (found := self.text(key))), "")
        return given or f"status {self.status}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoAnswer:
    """Nothing usable came back: whether the request was handled is unknown."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How often to try and how long to wait between, in seconds; tests wait for nothing.

    The defaults wait 30 seconds in all for something that is on its way, and 5.6 for a server that fails.
    """

    attempts: int = 4
    polls: int = 12
    shortest: float = 0.1
    longest: float = 4.0
    sleep: Callable[[float], None] = field(default=time.sleep)

    def wait_for_news(self, turn: int) -> None:
        """Wait before asking again, twice as long each turn (from 0)."""
        self.sleep(min(self.shortest * 2**turn, self.longest))

    def wait_for_recovery(self, turn: int) -> None:
        """Wait before trying a failing server again, longer from the start."""
        self.wait_for_news(turn + 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonClient:
    """Sends requests; `token` is asked for anew before each, since short-lived ones expire."""

    http: httpx.Client
    token: Callable[[], str]
    patience: Patience = field(default_factory=Patience)
    monotonic: Callable[[], float] = field(default=time.monotonic)

    def send(self, request: Request) -> Answer:
        """Send as `attempt` does; TargetError when no attempt was answered."""
        outcome = self.attempt(request)
        if isinstance(outcome, NoAnswer):
            raise TargetError(f"{request.place}: {outcome.reason}", hint=UNREACHABLE_HINT)
        return outcome

    def attempt(self, request: Request) -> Answer | NoAnswer:
        """Send, and send again while the answer is lost, 429 or 5xx; TargetError for a token that is not accepted.

        Only for requests that may be repeated: reads, and writes with an idempotency key.
        """
        outcome = self._once(request)
        for turn in range(self.patience.attempts - 1):
            if not is_unclear(outcome):
                break
            self.patience.wait_for_recovery(turn)
            outcome = self._once(request)
        if isinstance(outcome, Answer) and outcome.status in {401, 403}:
            raise TargetError(f"{request.place} was refused: {outcome.reason}", hint=TOKEN_HINT)
        return outcome

    def _once(self, request: Request) -> Answer | NoAnswer:
        _check_url(request)
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        if token := self.token():
            headers["Authorization"] = f"Bearer {token}"
        if request.idempotency_key:
            headers["Idempotency-Key"] = request.idempotency_key
        try:
            with self.http.stream(
                request.method, request.url, json=request.body, headers=headers, follow_redirects=False
            ) as response:
                return self._read(response)
        except httpx.TimeoutException:
            return NoAnswer(reason="no answer in time")
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeEncodeError) as error:
            return NoAnswer(reason=f"no connection ({type(error).__name__})")

    def _read(self, response: httpx.Response) -> Answer | NoAnswer:
        deadline = self.monotonic() + MAX_SECONDS
        content = bytearray()
        for chunk in response.iter_raw():
            content += chunk
            if len(content) > MAX_BYTES:
                return NoAnswer(reason=f"the answer is larger than {MAX_BYTES:,} bytes")
            if self.monotonic() > deadline:
                return NoAnswer(reason=f"the answer took longer than {MAX_SECONDS:.0f} seconds")
        return Answer(status=response.status_code, body=_json(bytes(content)))


def is_unclear(outcome: Answer | NoAnswer) -> bool:
    """Tell whether the same request should be sent again."""
    return isinstance(outcome, NoAnswer) or outcome.status == 429 or outcome.status >= 500


def _json(content: bytes) -> Json:
    try:
        body: Json = json.loads(content, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return None
    return body


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _check_url(request: Request) -> None:
    """Refuse to send a token where others can read it."""
    parts = urlsplit(request.url)
    if parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or "")):
        return
    raise TargetError(
        f"{request.place}: plain http is for this machine only",
        hint="give the endpoint an https URL in pow/settings/targets.yml",
    )
