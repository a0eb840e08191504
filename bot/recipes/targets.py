"""`pow/settings/targets.yml` → where changes go; the environment may put other base URLs in place of the file's."""

from collections.abc import Iterator, Mapping

from bot.model.errors import Diagnostic, Severity
from bot.model.names import ServiceName
from bot.model.settings import AdapterKind, FieldSpec, SyncSpec, Targets
from bot.recipes.check import Check
from bot.recipes.endpoints import BadEndpoint, is_folder, is_safe_path, read_endpoint
from bot.recipes.fields import Fields, fields_of
from bot.recipes.outcome import Outcome
from bot.recipes.suggest import suggest
from bot.recipes.tree import Document, Path

ENVIRONMENT = "environment"
"""Stands in for a path in a diagnostic about an overridden endpoint."""


def read_targets(document: Document, overrides: Mapping[str, str]) -> Outcome[Targets]:
    """Turn a document that fits its schema into targets, or say what does not fit together."""
    fields = fields_of(document.value)
    written = fields.section("endpoints")
    faults = (*_url_faults(document, written), *_override_faults(written, overrides))
    if any(fault.severity is Severity.ERROR for fault in faults):
        return Outcome(value=None, faults=faults)
    urls = {name: overrides.get(name, written.text(name)) for name in written.values}
    endpoints = {name: read for name, url in urls.items() if isinstance(read := read_endpoint(url), str)}
    if problems := (*_gateway_faults(document, fields, endpoints), *_sync_faults(document, fields, endpoints)):
        return Outcome(value=None, faults=(*faults, *problems))
    return Outcome(value=_targets(fields, endpoints), faults=faults)


def _targets(fields: Fields, endpoints: Mapping[str, str]) -> Targets:
    gateway = fields.section("gateway")
    syncs = fields.section("syncs")
    return Targets(
        endpoints=endpoints,
        gateway=gateway.text("endpoint"),
        patch_path=gateway.text("patch"),
        service_path=gateway.text("service"),
        journey_path=gateway.text("journey"),
        audience=gateway.text("audience"),
        syncs=tuple(_sync(name, syncs.section(name)) for name in syncs.values),
    )


def _sync(name: str, fields: Fields) -> SyncSpec:
    return SyncSpec(
        name=name,
        kind=AdapterKind(fields.text("kind")),
        endpoint=fields.text("endpoint"),
        path=fields.text("path"),
        services=tuple(ServiceName(service) for service in fields.texts("services")),
        fields=tuple(_field(field) for field in fields.sections("fields")),
        sheet=fields.text("sheet"),
    )


def _field(fields: Fields) -> FieldSpec:
    return FieldSpec(
        name=fields.text("name"),
        source=fields.text("source"),
        width=fields.integer("width", 0),
        align=fields.text("align", "left"),
    )


def _url_faults(document: Document, written: Fields) -> Iterator[Diagnostic]:
    for name in written.values:
        read = read_endpoint(written.text(name))
        if isinstance(read, BadEndpoint):
            place = document.place(("endpoints", name))
            yield document.fault(Check.ENDPOINT, place, read.message, hint=read.hint)


def _override_faults(written: Fields, overrides: Mapping[str, str]) -> Iterator[Diagnostic]:
    for name, url in sorted(overrides.items()):
        read = read_endpoint(url)
        if isinstance(read, BadEndpoint):
            message = f"endpoint `{name}` from the environment: {read.message}"
            yield _environment_fault(Check.ENDPOINT, message, read.hint)
        elif not written.has(name):
            message = f"endpoint `{name}` from the environment replaces nothing in targets.yml"
            hint = suggest(name, list(written.values))
            yield _environment_fault(Check.OVERRIDE, message, hint, severity=Severity.WARNING)


def _environment_fault(check: Check, message: str, hint: str, *, severity: Severity = Severity.ERROR) -> Diagnostic:
    return Diagnostic(
        path=ENVIRONMENT, line=1, column=1, id=check.value, message=message, hint=hint, severity=severity
    )


def _gateway_faults(document: Document, fields: Fields, endpoints: Mapping[str, str]) -> Iterator[Diagnostic]:
    gateway = fields.section("gateway")
    yield from _endpoint_faults(document, ("gateway", "endpoint"), gateway.text("endpoint"), endpoints, folder=False)
    for key in ("patch", "service", "journey"):
        yield from _path_faults(document, ("gateway", key), gateway.text(key), folder=False)


def _sync_faults(document: Document, fields: Fields, endpoints: Mapping[str, str]) -> Iterator[Diagnostic]:
    syncs = fields.section("syncs")
    for name in syncs.values:
        sync = syncs.section(name)
        path: Path = ("syncs", name)
        folder = sync.text("kind") != AdapterKind.HTTP
        yield from _endpoint_faults(document, (*path, "endpoint"), sync.text("endpoint"), endpoints, folder=folder)
        yield from _path_faults(document, (*path, "path"), sync.text("path"), folder=folder)
        if sync.text("kind") == AdapterKind.FIXED_WIDTH:
            yield from _width_faults(document, (*path, "fields"), sync)


def _width_faults(document: Document, path: Path, sync: Fields) -> Iterator[Diagnostic]:
    """A record without its key or value cannot be written, nor found again."""
    fields = sync.sections("fields")
    for index, field in enumerate(fields):
        if not field.has("width"):
            message = f"field `{field.text('name')}` has no width"
            yield document.fault(Check.TARGET, document.place((*path, index)), message, hint="add `width:`")
    sources = [field.text("source") for field in fields]
    for source in ("service", "key", "value"):
        if source not in sources:
            message = f"no field holds the {source}"
            yield document.fault(
                Check.TARGET, document.key(path), message, hint=f"add a field with `source: {source}`"
            )


def _endpoint_faults(
    document: Document, path: Path, name: str, endpoints: Mapping[str, str], *, folder: bool
) -> Iterator[Diagnostic]:
    if name not in endpoints:
        message = f"no endpoint `{name}` in `endpoints`"
        yield document.fault(Check.TARGET, document.place(path), message, hint=suggest(name, list(endpoints)))
    elif is_folder(endpoints[name]) != folder:
        wanted, hint = ("a folder", "file:///path") if folder else ("a server", "https://host")
        message = f"endpoint `{name}` is not {wanted}"
        place = document.place(path)
        yield document.fault(Check.TARGET, place, message, hint=f"give it a base URL such as {hint}")


def _path_faults(document: Document, path: Path, text: str, *, folder: bool) -> Iterator[Diagnostic]:
    if not is_safe_path(text):
        message = f"path `{text}` leads out of its endpoint"
        yield document.fault(Check.TARGET, document.place(path), message, hint="write a plain path")
    elif text.startswith("/") == folder:
        hint = "write it without the first /" if folder else "begin it with /"
        message = f"path `{text}` does not fit its endpoint"
        yield document.fault(Check.TARGET, document.place(path), message, hint=hint)
