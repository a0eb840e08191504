from datetime import UTC, datetime

import pytest

from bot.model.errors import (
    BotError,
    ConflictError,
    Diagnostic,
    DiagnosticError,
    ForgeError,
    LedgerError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    TargetError,
    UnavailableError,
    WorkspaceError,
)

RESET = datetime(2026, 3, 2, 13, tzinfo=UTC)
FAULT = Diagnostic(path="pow/a.yml", line=1, column=1, id="POW010", message="`id` is missing")


@pytest.mark.parametrize(
    "kind",
    [
        BotError,
        ConflictError,
        ForgeError,
        LedgerError,
        NotFoundError,
        PermissionDeniedError,
        TargetError,
        UnavailableError,
        WorkspaceError,
    ],
)
def test_an_error_says_what_is_wrong_and_keeps_the_hint_apart(kind: type[BotError]):
    error = kind("it is gone", hint="run `pow status`")
    assert (str(error), error.hint) == ("it is gone", "run `pow status`")
    assert not kind("it is gone").hint


@pytest.mark.parametrize("until", [RESET, None])
def test_a_rate_limit_is_a_forge_error_that_may_know_its_end(until: datetime | None):
    error = RateLimitedError("too many requests", until=until, hint="wait")
    assert isinstance(error, ForgeError)
    assert (str(error), error.until, error.hint) == ("too many requests", until, "wait")


@pytest.mark.parametrize(("count", "words"), [(1, "1 error in"), (2, "2 errors in")])
def test_faults_are_raised_all_at_once_and_counted(count: int, words: str):
    error = DiagnosticError((FAULT,) * count)
    assert str(error).startswith(words)
    assert error.diagnostics == (FAULT,) * count
