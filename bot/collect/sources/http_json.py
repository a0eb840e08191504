"""Feeds that answer over HTTP with JSON: one GET with `since` and `until`, bounded in time, bytes and hops.

No credentials, no proxies from the environment, no redirects, no compression: what is asked for is what is read.
"""

from datetime import UTC, datetime, timedelta

import httpx

from bot.collect.query import Access, Query, Row
from bot.collect.sources.http_get import feed_url, fetch_all
from bot.collect.sources.json_rows import rows_of_json
from bot.model.clock import format_time


def feed_client() -> httpx.Client:
    """Build the client for all feeds: it reads nothing from the environment and follows no redirect."""
    return httpx.Client(trust_env=False, follow_redirects=False)


def read(query: Query, access: Access) -> list[Row]:
    """Ask the feed for the query's window and return its rows."""
    times = {"since": format_time(query.window.start), "until": format_time(_whole_second(query.window.end))}
    url = feed_url(query, access.base, query.spec.path).copy_merge_params(times)
    return rows_of_json(fetch_all([url], query, access)[0], query)


def _whole_second(moment: datetime) -> datetime:
    """Round up, so that nothing of the window is missed; what is too much is filtered afterwards."""
    in_utc = moment.astimezone(UTC)
    return in_utc if not in_utc.microsecond else in_utc.replace(microsecond=0) + timedelta(seconds=1)
