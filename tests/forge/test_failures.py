from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fakes.builders import START
from github import BadAttributeException, GithubException, RateLimitExceededException
from requests.exceptions import ReadTimeout

from bot.forge.failures import translated
from bot.model.errors import (
    ConflictError,
    ForgeError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    UnavailableError,
)


def told(error: Exception) -> ForgeError:
    with pytest.raises(ForgeError) as caught, translated("do it"):
        raise error
    return caught.value


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, ForgeError),
        (401, PermissionDeniedError),
        (403, PermissionDeniedError),
        (404, NotFoundError),
        (405, ConflictError),
        (409, ConflictError),
        (422, ForgeError),
        (429, RateLimitedError),
        (500, UnavailableError),
        (504, UnavailableError),
    ],
)
def test_each_status_is_one_kind_of_error(status: int, kind: type[ForgeError]) -> None:
    assert type(told(GithubException(status, {"message": "no"}, {}))) is kind


@pytest.mark.parametrize(
    ("headers", "until"),
    [
        ({"Retry-After": "60", "Date": "Mon, 02 Mar 2026 09:00:00 GMT"}, START + timedelta(minutes=1)),
        ({"retry-after": "60"}, None),
        ({"retry-after": "soon", "date": "Mon, 02 Mar 2026 09:00:00 GMT"}, None),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1772445600"}, datetime(2026, 3, 2, 10, 0, tzinfo=UTC)),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "9" * 30}, None),
        ({"x-ratelimit-remaining": "0"}, None),
        ({"retry-after": "60", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1772445600"}, None),
    ],
)
def test_a_limit_tells_in_the_forges_time_until_when(headers: dict[str, str], until: datetime | None) -> None:
    error = told(GithubException(403, {"message": "slow down"}, headers))
    assert isinstance(error, RateLimitedError)
    assert error.until == until


@pytest.mark.parametrize(
    ("headers", "until"),
    [
        ({"date": "Mon, 02 Mar 2026 09:00:00 GMT"}, START + timedelta(minutes=1)),
        (
            {
                "date": "Mon, 02 Mar 2026 09:00:00 GMT",
                "x-ratelimit-remaining": "4000",
                "x-ratelimit-reset": "1772445600",
            },
            START + timedelta(minutes=1),
        ),
        ({"x-ratelimit-remaining": "4000", "x-ratelimit-reset": "1772445600"}, None),
        ({}, None),
    ],
)
def test_a_secondary_limit_is_known_by_its_words_and_lasts_a_minute(
    headers: dict[str, str], until: datetime | None
) -> None:
    error = told(RateLimitExceededException(403, {"message": "secondary"}, headers))
    assert isinstance(error, RateLimitedError)
    assert error.until == until


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"message": "Validation Failed", "errors": [{"message": "No commits between"}]}, "No commits between"),
        (
            {"message": "Failed", "errors": [{"resource": "Issue", "field": "body", "code": "long"}]},
            "Issue body long",
        ),
        ({"message": "Failed", "errors": ["plain"]}, "plain"),
        ({"message": "two\nlines\x1b[31m"}, "two lines"),
        ("<html>", "500"),
        (None, "500"),
    ],
)
def test_githubs_words_are_quoted_on_one_line(data: Any, said: str) -> None:
    message = told(GithubException(500, data, None)).message
    assert said in message
    assert message.isprintable()


def test_a_long_answer_is_cut() -> None:
    assert len(told(GithubException(422, {"message": "x" * 10_000}, {})).message) < 400


@pytest.mark.parametrize(
    "error",
    [
        ReadTimeout("slow"),
        ValueError("not JSON"),
        RuntimeError("redirected"),
        BadAttributeException(1, (str, str), None),
    ],
)
def test_whatever_else_goes_wrong_on_the_way_is_no_usable_answer(error: Exception) -> None:
    assert isinstance(told(error), UnavailableError)


def test_a_bug_of_ours_is_not_called_githubs() -> None:
    with pytest.raises(KeyError), translated("do it"):
        raise KeyError("ours")
