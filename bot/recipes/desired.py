"""The desired state's files (`patches/services/`, `patches/journeys/`) → values with positions; not what is live."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.model.errors import Diagnostic
from bot.model.names import ServiceName
from bot.model.recipe import Setting
from bot.recipes.check import Check
from bot.recipes.fields import fields_of
from bot.recipes.schema import SchemaName, check_shape
from bot.recipes.text import parse
from bot.recipes.tree import Document

SERVICES = "patches/services/"
JOURNEYS = "patches/journeys/"
EVIDENCE = "patches/evidence/"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceFile:
    """The configuration that is to be live in one service."""

    document: Document
    service: ServiceName
    changes: Mapping[str, Setting]
    tenant: str | None = None
    version_selector: str | None = None
    window: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyFile:
    """The version that one journey is to run."""

    document: Document
    journey: str
    version: str


def service_path(service: str) -> str:
    """Return where a service's desired state stands."""
    return f"{SERVICES}{service}.yml"


def journey_path(journey: str) -> str:
    """Return where a journey's desired state stands."""
    return f"{JOURNEYS}{journey}.yml"


def read_service(path: str, content: bytes) -> ServiceFile | tuple[Diagnostic, ...]:
    """Read a service's file, or say everything that is wrong with it."""
    document = _read(path, content, SchemaName.SERVICE)
    if not isinstance(document, Document):
        return document
    fields = fields_of(document.value)
    window = fields.section("window")
    service = fields.text("service")
    if path != service_path(service):
        return (_misnamed(document, "service", service_path(service)),)
    return ServiceFile(
        document=document,
        service=ServiceName(service),
        changes=fields.settings("changes"),
        tenant=fields.text("tenant") or None,
        version_selector=fields.text("version_selector") or None,
        window=(window.text("start"), window.text("end")) if fields.has("window") else None,
    )


def read_journey(path: str, content: bytes) -> JourneyFile | tuple[Diagnostic, ...]:
    """Read a journey's file, or say everything that is wrong with it."""
    document = _read(path, content, SchemaName.JOURNEY)
    if not isinstance(document, Document):
        return document
    fields = fields_of(document.value)
    journey = fields.text("journey")
    if path != journey_path(journey):
        return (_misnamed(document, "journey", journey_path(journey)),)
    return JourneyFile(document=document, journey=journey, version=fields.text("version"))


def _read(path: str, content: bytes, name: SchemaName) -> Document | tuple[Diagnostic, ...]:
    document = parse(path, content)
    return document if not isinstance(document, Document) else check_shape(document, name) or document


def _misnamed(document: Document, key: str, wanted: str) -> Diagnostic:
    message = f"this file is not named after its {key}"
    return document.fault(Check.FILE_NAME, document.place((key,)), message, hint=f"rename it to {wanted}")
