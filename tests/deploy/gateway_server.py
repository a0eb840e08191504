"""A strict fake of the gateway with the management layer behind it: refuses every form but the agreed one."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sync.loopback import Call, Loopback, Reply, serve

from bot.model.settings import SyncSpec, Targets

PATCH = "/v1/mgt/patch"
SERVICES = "/v1/mgt/services/"
JOURNEYS = "/v1/journeys/"


@dataclass(kw_only=True)
class Management:
    """Live values and patches; a patch settles at the `polls`-th question, or never if `stuck`.

    `limits` are governance's highest values; `deaf` makes a patch APPLIED without effect.
    """

    services: dict[str, dict[str, Any]] = field(default_factory=lambda: {"PHOTO_VALIDATOR": {"max_blur_px": 2}})
    journeys: dict[str, str] = field(default_factory=lambda: {"passport_renewal": "v1"})
    limits: dict[str, float] = field(default_factory=lambda: {"max_blur_px": 10})
    polls: int = 2
    stuck: bool = False
    deaf: bool = False
    keys: dict[str, tuple[Any, int]] = field(default_factory=dict)
    patches: dict[int, dict[str, Any]] = field(default_factory=dict)
    server: Loopback = field(default_factory=Loopback)

    def answer(self, call: Call) -> Reply:
        if call.headers.get("authorization") != "Bearer T0KEN":
            return Reply(status=401, body={"code": 401, "detail": "token refused: expired"})
        match call.method, call.path:
            case "POST", path if path == PATCH:
                return self._submit(call)
            case "GET", path if path.startswith(PATCH + "/"):
                return self._poll(int(path.rpartition("/")[2]))
            case "GET", path if path.startswith(SERVICES):
                return self._service(path.removeprefix(SERVICES))
            case method, path if path.startswith(JOURNEYS):
                return self._journey(method, path.removeprefix(JOURNEYS), call.body)
            case _:
                return _refusal(404, "no such route")

    def _service(self, name: str) -> Reply:
        if name not in self.services:
            return _refusal(404, f"unknown service {name}")
        return Reply(body={"service": name, "version": "2.1.0", "config": self.services[name]})

    def _submit(self, call: Call) -> Reply:
        body, key = call.body, call.headers["idempotency-key"]
        if surplus := set(body) - {"service", "changes", "expected", "tenant", "version_selector", "window"}:
            return _refusal(400, f"unknown field {min(surplus)}")
        if key in self.keys:
            known, number = self.keys[key]
            return _queued(number) if known == body else _refusal(409, "the key came with another body")
        live = self.services[body["service"]]
        if any(live.get(name) != value for name, value in body["expected"].items()):
            return Reply(status=409, body={"code": 409, "detail": "live values differ", "updated_by": "kim"})
        number = 784 + len(self.patches)
        self.keys[key] = (body, number)
        self.patches[number] = {"body": body, "status": "QUEUED", "asked": 0}
        return _queued(number)

    def _poll(self, number: int) -> Reply:
        patch = self.patches[number]
        patch["asked"] += 1
        if patch["status"] == "QUEUED" and patch["asked"] >= self.polls and not self.stuck:
            self._settle(patch)
        return Reply(body={"patch_id": number, "status": patch["status"], "reason": patch.get("reason")})

    def _settle(self, patch: dict[str, Any]) -> None:
        for key, value in patch["body"]["changes"].items():
            if value > self.limits.get(key, 100):
                patch.update(status="REFUSED", reason=f"{key} must not be above {self.limits[key]}")
                return
        patch["status"] = "APPLIED"
        if not self.deaf:
            self.services[patch["body"]["service"]].update(patch["body"]["changes"])

    def _journey(self, method: str, name: str, body: Mapping[str, Any] | None) -> Reply:
        if name not in self.journeys:
            return _refusal(404, f"unknown journey {name}")
        if method == "PUT" and body is not None:
            if body.get("expected", self.journeys[name]) != self.journeys[name]:
                return _refusal(409, f"{name} runs {self.journeys[name]}")
            if body["version"] not in {"v1", "v2"}:
                return _refusal(400, f"no version {body['version']}")
            if not self.deaf:
                self.journeys[name] = body["version"]
        return Reply(body={"name": name, "version": self.journeys[name]})


@contextmanager
def a_gateway() -> Iterator[Management]:
    management = Management()
    with serve(management.answer) as server:
        management.server = server
        yield management


def targets_at(url: str, *syncs: SyncSpec) -> Targets:
    return Targets(
        endpoints={"gateway": url},
        gateway="gateway",
        patch_path=PATCH,
        service_path=SERVICES + "{service}",
        journey_path=JOURNEYS + "{journey}",
        syncs=syncs,
    )


def _queued(number: int) -> Reply:
    return Reply(status=202, body={"patch_id": number, "status": "QUEUED"})


def _refusal(status: int, detail: str) -> Reply:
    return Reply(status=status, body={"code": status, "detail": detail})
