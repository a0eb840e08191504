"""The client of the API gateway: posts patches, follows them to their end, and believes only what it reads back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeGuard, assert_never
from urllib.parse import quote

from bot.model.deployment import Action, Applied, PatchService, PatchStatus, SetJourney
from bot.model.errors import TargetError
from bot.model.json import Json
from bot.model.names import ServiceName
from bot.model.recipe import Setting
from bot.model.settings import Targets
from bot.propose.desired import VERSION_KEY
from bot.report.untrusted import visible
from bot.sync.exchange import UNREACHABLE_HINT, Answer, JsonClient, NoAnswer, Request
from bot.sync.setting import holds, is_same, text_of

_DRIFT_HINT = "the next run plans anew on the live values; ask who changes this past the gate"
_SETTINGS_HINT = "check the gateway's endpoint and paths in pow/settings/targets.yml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """The gateway at its endpoint in `targets.yml`."""

    targets: Targets
    client: JsonClient

    def live(self, service: ServiceName) -> Mapping[str, Setting]:
        """Return a service's live values, those that are plain."""
        answer = self._get(self.targets.service_path.replace("{service}", quote(service, safe="")))
        if answer.status == 404:
            raise TargetError(
                f"the gateway knows no service {service}: {answer.reason}",
                hint=f"check the name in patches/services/{service}.yml",
            )
        config = answer.body.get("config") if isinstance(answer.body, Mapping) else None
        if not isinstance(config, Mapping):
            raise _misunderstood(f"for {service}")
        return {key: value for key, value in config.items() if isinstance(value, bool | int | float | str)}

    def journey(self, name: str) -> str | None:
        """Return the version that a journey runs; None where the gateway knows no such journey."""
        answer = self._get(self._journey_path(name))
        if answer.status == 404:
            return None
        version = answer.body.get("version") if isinstance(answer.body, Mapping) else None
        if not isinstance(version, str):
            raise _misunderstood(f"for the journey {name}")
        return version

    def apply(self, action: Action, *, idempotency_key: str) -> Applied:
        """Perform an action and read it back."""
        match action:
            case PatchService():
                return self._patch(action, idempotency_key)
            case SetJourney():
                return self._set_journey(action, idempotency_key)
            case _:
                assert_never(action)

    def _patch(self, action: PatchService, key: str) -> Applied:
        url = self._url(self.targets.patch_path)
        outcome = self.client.attempt(Request(method="POST", url=url, body=_body(action), idempotency_key=key))
        if _is_success(outcome):
            return self._follow(action, outcome)
        if _is_refusal(outcome):
            return _applied(action, PatchStatus.REFUSED, reason=outcome.reason)
        # The patch may be in force all the same, by an attempt whose answer was lost: what is live decides.
        live = self.live(action.service)
        if not holds(live, action.changes):
            raise _not_taken(action, outcome, live)
        return _applied(action, PatchStatus.APPLIED, live=live)

    def _follow(self, action: PatchService, answer: Answer) -> Applied:
        """Ask for a patch until it is no longer queued, a bounded number of times, then read back what it did."""
        number, status = answer.text("patch_id"), _status(answer)
        for turn in range(self.client.patience.polls):
            if not number or status is not PatchStatus.QUEUED:
                break
            answer = self._get(f"{self.targets.patch_path}/{quote(number, safe='')}")
            status = _status(answer)
            if status is PatchStatus.QUEUED:
                self.client.patience.wait_for_news(turn)
        if not number or status is None:
            raise _misunderstood("about a patch")
        live = self._read_back(action) if status is PatchStatus.APPLIED else {}
        reason = answer.reason if status is PatchStatus.REFUSED else ""
        return _applied(action, status, number=number, live=live, reason=reason)

    def _read_back(self, action: PatchService) -> Mapping[str, Setting]:
        """Wait, a bounded number of times, until the service shows what was applied; return its live values."""
        live = self.live(action.service)
        for turn in range(self.client.patience.polls):
            if holds(live, action.changes):
                return live
            self.client.patience.wait_for_news(turn)
            live = self.live(action.service)
        if holds(live, action.changes):
            return live
        wrong = _differing(live, action.changes)
        raise TargetError(f"{action.service} took the patch but shows other values: {wrong}", hint=_DRIFT_HINT)

    def _set_journey(self, action: SetJourney, key: str) -> Applied:
        body: dict[str, Json] = {"version": action.version}
        if action.expected is not None:
            body["expected"] = action.expected
        url = self._url(self._journey_path(action.journey))
        outcome = self.client.attempt(Request(method="PUT", url=url, body=body, idempotency_key=key))
        target = f"journeys/{action.journey}"
        if _is_refusal(outcome):
            return Applied(target=target, patch_id="", status=PatchStatus.REFUSED, values={}, reason=outcome.reason)
        shown = self.journey(action.journey)
        if shown != action.version:
            why = "" if _is_success(outcome) else f": {outcome.reason}"
            runs = visible(shown or "no version")
            raise TargetError(f"journey {action.journey} runs {runs}, not {action.version}{why}", hint=_DRIFT_HINT)
        return Applied(target=target, patch_id="", status=PatchStatus.APPLIED, values={VERSION_KEY: shown})

    def _get(self, path: str) -> Answer:
        answer = self.client.send(Request(method="GET", url=self._url(path)))
        if answer.status not in {200, 404}:
            raise TargetError(f"the gateway answered GET {path} with: {answer.reason}", hint=_SETTINGS_HINT)
        return answer

    def _url(self, path: str) -> str:
        return self.targets.endpoints.get(self.targets.gateway, "").rstrip("/") + path

    def _journey_path(self, name: str) -> str:
        return self.targets.journey_path.replace("{journey}", quote(name, safe=""))


def _body(action: PatchService) -> dict[str, Json]:
    """The management layer's form of a patch, without what is not given."""
    body: dict[str, Json] = {
        "service": action.service,
        "changes": dict(action.changes),
        "expected": dict(action.expected),
    }
    if action.tenant is not None:
        body["tenant"] = action.tenant
    if action.version_selector is not None:
        body["version_selector"] = action.version_selector
    if action.window is not None:
        body["window"] = {"start": action.window[0], "end": action.window[1]}
    return body


def _status(answer: Answer) -> PatchStatus | None:
    word = answer.text("status")
    known = (PatchStatus.QUEUED, PatchStatus.APPLIED, PatchStatus.REFUSED)
    return next((status for status in known if status == word), None)


def _applied(
    action: PatchService,
    status: PatchStatus,
    *,
    number: str = "",
    live: Mapping[str, Setting] | None = None,
    reason: str = "",
) -> Applied:
    values = {key: value for key, value in (live or {}).items() if key in action.changes}
    return Applied(target=action.service, patch_id=number, status=status, values=values, reason=reason)


def _is_success(outcome: Answer | NoAnswer) -> TypeGuard[Answer]:
    return isinstance(outcome, Answer) and 200 <= outcome.status < 300


def _is_refusal(outcome: Answer | NoAnswer) -> TypeGuard[Answer]:
    """Tell whether governance or the management layer said no; 409 is about the moment, not about the patch."""
    return isinstance(outcome, Answer) and 400 <= outcome.status < 500 and outcome.status not in {409, 429}


def _not_taken(action: PatchService, outcome: Answer | NoAnswer, live: Mapping[str, Setting]) -> TargetError:
    drifted = _differing(live, action.expected)
    if isinstance(outcome, Answer) and outcome.status == 409 and drifted:
        by = outcome.text("updated_by")
        who = f" by {by}" if by else ""
        return TargetError(f"{action.service} was changed{who} since this was planned: {drifted}", hint=_DRIFT_HINT)
    return TargetError(f"{action.service} was not patched: {outcome.reason}", hint=UNREACHABLE_HINT)


def _misunderstood(about: str) -> TargetError:
    return TargetError(f"the gateway's answer {about} cannot be read", hint=_SETTINGS_HINT)


def _differing(found: Mapping[str, Setting], wanted: Mapping[str, Setting]) -> str:
    """Say which values are not the wanted ones, in words."""
    return ", ".join(
        f"{key} is {visible(text_of(found[key])) if key in found else 'not set'}, not {text_of(value)}"
        for key, value in wanted.items()
        if key not in found or not is_same(found[key], value)
    )
