"""What can go wrong, as few classes as are ever told apart; a negative answer is a value, not an error."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class BotError(Exception):
    """An expected failure: one sentence, and a hint with the command that helps."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Severity(StrEnum):
    """How bad a diagnostic is; only an error fails a command."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Diagnostic:
    """One fault in something a person wrote, with its place (line and column count from 1)."""

    path: str
    line: int
    column: int
    id: str
    message: str
    severity: Severity = Severity.ERROR
    source: str = ""
    width: int = 1
    hint: str = ""


class DiagnosticError(BotError):
    """Everything that is wrong with what a person wrote, all at once."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        count = len(diagnostics)
        super().__init__(f"{count} error{'s' if count != 1 else ''} in recipes or settings", hint="run `pow lint`")
        self.diagnostics = diagnostics


class ForgeError(BotError):
    """The forge refused or did not answer."""


class NotFoundError(ForgeError):
    """No such thing, or not ours to see."""


class ConflictError(ForgeError):
    """The world moved: an expected head is not the head, or the name is taken."""


class PermissionDeniedError(ForgeError):
    """The token may not do this."""


class RateLimitedError(ForgeError):
    """The forge asks to wait until a time."""

    def __init__(self, message: str, *, until: datetime | None, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.until = until


class UnavailableError(ForgeError):
    """No answer, or a server's fault; whether a write happened is unknown until it is read back."""


class WorkspaceError(BotError):
    """A git command failed where it should not."""


class TargetError(BotError):
    """A gateway, a management layer or a legacy system refused or did not answer."""


class LedgerError(BotError):
    """The ledger cannot be read or does not hang together."""
