"""Feeds that answer over HTTP with JSON: one GET with `since` and `until`, bounded in time, bytes and hops.

No credentials, no proxies from the environment, no redirects, no compression: what is asked for is what is read.
"""

from datetime import UTC, datetime, timedelta

import httpx

from bot.collect.query import Access, Query, Row, UnreadableError
from bot.collect.sources.deadline import Deadline
from bot.collect.sources.json_rows import rows_of_json
from bot.model.clock import format_time
from bot.model.series import FailureKind

# One connection per exchange: the deadline can then cut it without hurting another feed's.
_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity", "Connection": "close"}


def feed_client() -> httpx.Client:
    """Build the client for all feeds: it reads nothing from the environment and follows no redirect."""
    return httpx.Client(trust_env=False, follow_redirects=False)


def read(query: Query, access: Access) -> list[Row]:
    """Ask the feed for the query's window and return its rows."""
    url = _url(query, access.base)
    with Deadline(access.seconds) as deadline:
        try:
            content = _get(url, query=query, access=access, deadline=deadline)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            if deadline.passed or isinstance(error, httpx.TimeoutException):
                raise _timeout(url, access) from None
            raise UnreadableError(
                FailureKind.UNREACHABLE,
                f"no answer from {url.host} ({type(error).__name__})",
                hint=f"is the endpoint `{query.spec.endpoint}` in pow/settings/targets.yml right, and up?",
            ) from None
        if deadline.passed:
            raise _timeout(url, access)
    return rows_of_json(content, query)


def _url(query: Query, base: str) -> httpx.URL:
    try:
        url = httpx.URL(base.rstrip("/") + "/" + query.spec.path.lstrip("/"))
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in {"http", "https"} or not url.host or url.userinfo:
        raise UnreadableError(
            FailureKind.SETTINGS,
            f"the endpoint `{query.spec.endpoint}` is no http(s) address, or holds a password",
            hint="give the endpoint as https://host in pow/settings/targets.yml",
        )
    times = {"since": format_time(query.window.start), "until": format_time(_whole_second(query.window.end))}
    return url.copy_merge_params(times)


def _whole_second(moment: datetime) -> datetime:
    """Round up, so that nothing of the window is missed; what is too much is filtered afterwards."""
    in_utc = moment.astimezone(UTC)
    return in_utc if not in_utc.microsecond else in_utc.replace(microsecond=0) + timedelta(seconds=1)


def _get(url: httpx.URL, *, query: Query, access: Access, deadline: Deadline) -> bytes:
    timeout = httpx.Timeout(access.seconds)
    extensions = {"trace": deadline.trace}
    with access.client.stream("GET", url, headers=_HEADERS, timeout=timeout, extensions=extensions) as response:
        _refuse_bad_answer(response, query)
        received = bytearray()
        for part in response.iter_raw():
            received += part
            if len(received) > query.spec.max_bytes:
                raise UnreadableError(
                    FailureKind.TOO_LARGE,
                    f"the answer of {url.host} has more than {query.spec.max_bytes:,} bytes",
                    hint=f"raise `max_bytes` of {query.spec.name}, or shorten its `history`",
                )
        return bytes(received)


def _refuse_bad_answer(response: httpx.Response, query: Query) -> None:
    host, status = response.url.host, response.status_code
    if response.is_redirect:
        raise UnreadableError(
            FailureKind.REFUSED,
            f"{host} answers with a redirect ({status}), and redirects are not followed",
            hint=f"give the final address as endpoint `{query.spec.endpoint}` in pow/settings/targets.yml",
        )
    if status >= 500 or status == 429:
        raise UnreadableError(
            FailureKind.UNREACHABLE, f"{host} answers {status}", hint="it is tried again at the next run"
        )
    if status != 200:
        raise UnreadableError(
            FailureKind.REFUSED,
            f"{host} answers {status}",
            hint=f"check `path` of {query.spec.name} in pow/settings/feeds.yml; feeds are read without credentials",
        )
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise UnreadableError(
            FailureKind.SHAPE,
            f"{host} sends a compressed answer, which was not asked for",
            hint="let the feed answer without compression when the request does not accept it",
        )


def _timeout(url: httpx.URL, access: Access) -> UnreadableError:
    return UnreadableError(
        FailureKind.TIMEOUT,
        f"{url.host} did not finish its answer within {access.seconds:.3g} seconds",
        hint="it is tried again at the next run; a slow feed may be given a longer `timeout`",
    )
