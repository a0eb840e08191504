"""`pow/governance/`: what each service owes to the people it serves, in five sections, as its owners write it.

The sections are those of the governance chapters of HMS: transparency, truth, safety, ethics, privacy. A program can
tell that each is there and says something; what it says is for people, whose code owners guard the folder.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bot.model.errors import Diagnostic
from bot.recipes.check import Check
from bot.recipes.fields import fields_of
from bot.recipes.schema import SchemaName, check_shape
from bot.recipes.text import parse
from bot.recipes.tree import Document

FOLDER = "pow/governance/"
_JOURNEYS = "journeys/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Governance:
    """A target's governance file that holds all five sections; `owner` is the team that answers for it."""

    target: str
    owner: str


def governance_path(target: str) -> str:
    """Return where the governance of a service, or of `journeys/NAME`, stands."""
    return f"{FOLDER}{target}.yml"


def read_governance(path: str, content: bytes) -> Governance | tuple[Diagnostic, ...]:
    """Read a governance file, or say everything that is wrong with it."""
    document = parse(path, content)
    if not isinstance(document, Document):
        return document
    if faults := check_shape(document, SchemaName.GOVERNANCE):
        return faults
    fields = fields_of(document.value)
    service, journey = fields.text("service"), fields.text("journey")
    if bool(service) is bool(journey):
        message = "a governance file names either a `service` or a `journey`"
        return (document.fault(Check.MISSING_KEY, document.key(()), message, hint="add `service:` with its name"),)
    target = service or _JOURNEYS + journey
    if path != governance_path(target):
        place = document.place(("service" if service else "journey",))
        hint = f"rename it to {governance_path(target)}"
        return (document.fault(Check.FILE_NAME, place, "this file is not named after what it governs", hint=hint),)
    for section in ("transparency", "truth", "safety", "ethics", "privacy"):
        if not fields.text(section).strip():
            return (document.fault(Check.VALUE, document.place((section,)), f"`{section}` says nothing"),)
    return Governance(target=target, owner=fields.text("owner"))


def governance_file_faults(files: Mapping[str, bytes]) -> Iterator[Diagnostic]:
    """Yield what is wrong with the governance files themselves, by path."""
    for path in sorted(path for path in files if path.startswith(FOLDER) and path.endswith(".yml")):
        read = read_governance(path, files[path])
        if not isinstance(read, Governance):
            yield from read
