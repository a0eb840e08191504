"""GET requests for feeds: bounded in time and bytes, without credentials, redirects or compression."""

from collections.abc import Sequence

import httpx

from bot.collect.query import Access, Query, UnreadableError
from bot.collect.sources.deadline import Deadline
from bot.model.series import FailureKind

# One connection per exchange: the deadline can then cut it without hurting another feed's.
_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity", "Connection": "close"}


def feed_url(query: Query, base: str, path: str) -> httpx.URL:
    """Return the address of a path below an endpoint; UnreadableError if that is no http(s) address."""
    try:
        url = httpx.URL(base.rstrip("/") + "/" + path.lstrip("/"))
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in {"http", "https"} or not url.host or url.userinfo:
        raise UnreadableError(
            FailureKind.SETTINGS,
            f"the endpoint `{query.spec.endpoint}` is no http(s) address, or holds a password",
            hint="give the endpoint as https://host in pow/settings/targets.yml",
        )
    return url


def fetch_all(urls: Sequence[httpx.URL], query: Query, access: Access) -> list[bytes]:
    """Return the bodies of some addresses of one host, read one after the other, all within the feed's time."""
    host = urls[0].host
    with Deadline(access.seconds) as deadline:
        try:
            bodies = [_get(url, query=query, access=access, deadline=deadline) for url in urls]
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            if deadline.passed or isinstance(error, httpx.TimeoutException):
                raise _timeout(host, access) from None
            raise UnreadableError(
                FailureKind.UNREACHABLE,
                f"no answer from {host} ({type(error).__name__})",
                hint=f"is the endpoint `{query.spec.endpoint}` in pow/settings/targets.yml right, and up?",
            ) from None
        if deadline.passed:
            raise _timeout(host, access)
    return bodies


def _get(url: httpx.URL, *, query: Query, access: Access, deadline: Deadline) -> bytes:
    if deadline.passed:
        raise _timeout(url.host, access)
    if access.client is None:
        raise UnreadableError(FailureKind.SETTINGS, "nothing is asked over the network here")
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
        asked = "`path` and `query`" if query.spec.query else "`path`"
        raise UnreadableError(
            FailureKind.REFUSED,
            f"{host} answers {status}",
            hint=f"check {asked} of {query.spec.name} in pow/settings/feeds.yml; feeds are read without credentials",
        )
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise UnreadableError(
            FailureKind.SHAPE,
            f"{host} sends a compressed answer, which was not asked for",
            hint="let the feed answer without compression when the request does not accept it",
        )


def _timeout(host: str, access: Access) -> UnreadableError:
    return UnreadableError(
        FailureKind.TIMEOUT,
        f"{host} did not finish its answer within {access.seconds:.3g} seconds",
        hint="it is tried again at the next run; a slow feed may be given a longer `timeout`",
    )
