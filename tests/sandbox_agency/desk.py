"""A release manager at a small agency: a clock, a token, and requests that go through the real application."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.routing import Mount

from bot.sandbox.agency.agency import Agency
from bot.sandbox.agency.clock import VirtualClock
from bot.sandbox.agency.gateway import token
from bot.sandbox.agency.office import Situation
from bot.sandbox.agency.routes import routes

SECRET = "a secret of the tests, thirty-two bytes at least"
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
QUIET = Situation(submissions_per_window=1.0, clerks=1, backlog_days=1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Sends requests to the agency mounted under `/agency`."""

    agency: Agency
    clock: VirtualClock
    app: Starlette

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request as it is, without a token."""
        return asyncio.run(self._send(method, path, options))

    async def _send(self, method: str, path: str, options: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(app=self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://agency.test") as client:
            return await client.request(method, f"/agency{path}", **options)

    def bearer(self, role: str = "release_manager") -> dict[str, str]:
        """Return the header of somebody with a role."""
        return {"Authorization": f"Bearer {token(SECRET, self.clock.now(), role=role)}"}

    def get(self, path: str) -> httpx.Response:
        """Read as a release manager."""
        return self.send("GET", path, headers=self.bearer())

    def write(self, method: str, path: str, body: Any, *, key: str = "key-1") -> httpx.Response:
        """Write as a release manager."""
        return self.send(method, path, json=body, headers={**self.bearer(), "Idempotency-Key": key})

    def patch(self, changes: dict[str, Any], *, key: str = "key-1", **fields: Any) -> httpx.Response:
        """Post a patch of the photo validator."""
        body = {"service": "PHOTO_VALIDATOR", "changes": changes, **fields}
        return self.write("POST", "/gateway/v1/mgt/patch", body, key=key)

    def state(self, patch_id: int = 1) -> dict[str, Any]:
        """Read a patch."""
        content: dict[str, Any] = self.get(f"/gateway/v1/mgt/patch/{patch_id}").json()
        return content

    def live(self, service: str = "PHOTO_VALIDATOR") -> dict[str, Any]:
        """Read what is live."""
        config: dict[str, Any] = self.get(f"/gateway/v1/mgt/services/{service}").json()["config"]
        return config

    def wait(self, **span: float) -> None:
        """Let virtual time pass."""
        self.clock.advance(timedelta(**span))


def open_desk(*, seed: int = 7, situation: Situation | None = QUIET, mainframe_file: Path | None = None) -> Desk:
    """Open an agency at `START`; without a situation it has the usual size."""
    clock = VirtualClock(START)
    agency = Agency.create(
        seed=seed,
        clock=clock,
        secret=SECRET,
        mainframe_file=mainframe_file,
        requests_per_second=1_000,
        situation=situation,
    )
    return Desk(agency=agency, clock=clock, app=Starlette(routes=[Mount("/agency", routes=routes(agency))]))
