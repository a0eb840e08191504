"""From the bytes of desired-state files to the values that are to be live, and those that a merge set (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.model.errors import BotError, DiagnosticError
from bot.model.json import Json
from bot.model.names import ServiceName
from bot.model.recipe import Setting
from bot.propose.desired import SERVICES, VERSION_KEY, path_of, target_of
from bot.recipes.schema import SchemaName, check_shape
from bot.recipes.text import parse
from bot.recipes.tree import Document
from bot.sync.setting import is_same


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredService:
    """What is to be live in a service, and for whom and when it may be applied."""

    service: ServiceName
    values: Mapping[str, Setting]
    tenant: str | None = None
    version_selector: str | None = None
    window: tuple[str, str] | None = None

    @property
    def target(self) -> str:
        """The name that records and pull requests use."""
        return self.service


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredJourney:
    """The version that a journey is to run."""

    journey: str
    version: str

    @property
    def target(self) -> str:
        """The name that records and pull requests use."""
        return f"journeys/{self.journey}"

    @property
    def values(self) -> Mapping[str, Setting]:
        """The version, as a service's values would be."""
        return {VERSION_KEY: self.version}


Desired = DesiredService | DesiredJourney


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedFile:
    """A file that a merge changed: its bytes at the first parent, at the merge, and at the approved head.

    None stands for no regular file; `is_regular` is False where a link or a mode came or went.
    """

    path: str
    is_regular: bool
    before: bytes | None
    after: bytes | None
    approved: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredChange:
    """A target after a merge: `keys` are those whose value the merge set, `before` the values it found."""

    desired: Desired
    before: Mapping[str, Setting]
    keys: tuple[str, ...]


def is_desired_state(path: str) -> bool:
    """Tell whether a file says what is to be live."""
    return target_of(path) is not None


def parse_desired(path: str, content: bytes) -> Desired:
    """Read one desired-state file; DiagnosticError with every fault, BotError for a name that is not the file's."""
    is_service = path.startswith(SERVICES)
    document = parse(path, content)
    if not isinstance(document, Document):
        raise DiagnosticError(document)
    if faults := check_shape(document, SchemaName.SERVICE if is_service else SchemaName.JOURNEY):
        raise DiagnosticError(faults)
    value = document.value
    fields = value if isinstance(value, Mapping) else {}
    desired = _service(fields) if is_service else _journey(fields)
    if path != path_of(desired.target):
        hint = f"that belongs in {path_of(desired.target)}: run `pow lint`"
        raise BotError(f"{path} is about {desired.target}", hint=hint)
    return desired


def changes_of(files: tuple[MergedFile, ...]) -> tuple[DesiredChange, ...]:
    """Return the targets whose values a merge set, by path; a file that is gone leaves its target as it is."""
    found = (_change(file.path, file.before, file.after) for file in files if is_desired_state(file.path))
    return tuple(change for change in found if change is not None)


def _change(path: str, before: bytes | None, after: bytes | None) -> DesiredChange | None:
    if after is None:
        return None
    desired = parse_desired(path, after)
    former: Mapping[str, Setting] = {} if before is None else parse_desired(path, before).values
    keys = tuple(key for key, value in desired.values.items() if key not in former or not is_same(former[key], value))
    return DesiredChange(desired=desired, before=former, keys=keys) if keys else None


def _service(fields: Mapping[str, Json]) -> DesiredService:
    changes, window = fields["changes"], fields.get("window")
    values = changes if isinstance(changes, Mapping) else {}
    return DesiredService(
        service=ServiceName(str(fields["service"])),
        values={key: value for key, value in values.items() if isinstance(value, bool | int | float | str)},
        tenant=_optional(fields, "tenant"),
        version_selector=_optional(fields, "version_selector"),
        window=(str(window["start"]), str(window["end"])) if isinstance(window, Mapping) else None,
    )


def _journey(fields: Mapping[str, Json]) -> DesiredJourney:
    return DesiredJourney(journey=str(fields["journey"]), version=str(fields["version"]))


def _optional(fields: Mapping[str, Json], key: str) -> str | None:
    return str(fields[key]) if key in fields else None
