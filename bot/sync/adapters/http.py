"""The adapter for systems that speak HTTP: POST the values, GET them back; looks before it writes."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from bot.model.deployment import Synced, SyncItem
from bot.model.errors import TargetError
from bot.model.json import Json, canonical, digest_of
from bot.model.settings import SyncSpec
from bot.sync.exchange import Answer, JsonClient, Request
from bot.sync.setting import holds

_SERVICE = "{service}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """What the system shows."""

    version: int
    values: Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAdapter:
    """One system behind `{endpoint}{path}`; a path for several services names each by `{service}`."""

    spec: SyncSpec
    endpoint: str
    client: JsonClient

    def push(self, item: SyncItem) -> Synced:
        """Bring the system to the item's values."""
        url = self._url(item)
        held = self._read(url)
        if held is None or not _is_settled(held, item):
            self._post(url, item)
            held = self._read(url)
        if held is None or not _is_settled(held, item):
            shown = "nothing" if held is None else f"version {held.version}"
            raise TargetError(
                f"{self.spec.name} took version {item.version} of {item.service} but shows {shown}"
                + (" with other values" if held is not None and held.version == item.version else ""),
                hint=f"compare `{self.spec.path}` with patches/services/{item.service}.yml",
            )
        return Synced(name=self.spec.name, version=held.version, digest=digest_of(canonical(held.values)))

    def _url(self, item: SyncItem) -> str:
        if len(self.spec.services) > 1 and _SERVICE not in self.spec.path:
            raise TargetError(
                f"{self.spec.name} is one place for several services: they would overwrite each other",
                hint="write `{service}` in the path of the sync, or one sync for each service",
            )
        return self.endpoint.rstrip("/") + self.spec.path.replace(_SERVICE, quote(item.service, safe=""))

    def _post(self, url: str, item: SyncItem) -> None:
        body: dict[str, Json] = {"version": item.version, "values": dict(item.values), "change": item.change}
        key = f"{item.change}:{item.merge}:{item.service}"
        answer = self.client.send(Request(method="POST", url=url, body=body, idempotency_key=key))
        # 409: the system holds another version; what it shows decides whether that is a newer one.
        if not (200 <= answer.status < 300 or answer.status == 409):
            raise self._refused(answer)

    def _read(self, url: str) -> _Held | None:
        answer = self.client.send(Request(method="GET", url=url))
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise self._refused(answer)
        body = answer.body if isinstance(answer.body, Mapping) else {}
        version, values = body.get("version"), body.get("values")
        if isinstance(version, bool) or not isinstance(version, int) or not isinstance(values, Mapping):
            raise TargetError(
                f"{self.spec.name} answers without a version and values", hint=f"check the path `{self.spec.path}`"
            )
        return _Held(version=version, values=values)

    def _refused(self, answer: Answer) -> TargetError:
        return TargetError(
            f"{self.spec.name} refused: {answer.reason} ({answer.status})",
            hint=f"check endpoint `{self.spec.endpoint}` and path `{self.spec.path}` in pow/settings/targets.yml",
        )


def _is_settled(held: _Held, item: SyncItem) -> bool:
    return held.version > item.version or (held.version == item.version and holds(held.values, item.values))
