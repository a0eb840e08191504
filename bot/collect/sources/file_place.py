"""Where a feed's file is: below the repository, or below an endpoint's `file:` folder, and never anywhere else."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from bot.collect.query import Access, Query, UnreadableError
from bot.model.series import FailureKind

_NOT_IN_A_PATH = frozenset("*?[]{}\\\0:")


def place_of(query: Query, access: Access) -> Path:
    """Return the file's real path; UnreadableError if it is outside, absent, no plain file, or too large."""
    root = _folder(query, access)
    written = query.spec.path.lstrip("/") if access.base else query.spec.path
    if _NOT_IN_A_PATH & set(written) or written.startswith("/") or ".." in written.split("/"):
        raise _refusal(query, "is not a plain path below its folder")
    try:
        place = (root / written).resolve()
        if not place.is_relative_to(root):
            raise _refusal(query, "leads out of its folder")
        if not place.is_file():
            raise UnreadableError(
                FailureKind.UNREACHABLE,
                f"there is no file `{written}`",
                hint=f"check `path` of {query.spec.name}, and the folder that it is in",
            )
        size = place.stat().st_size
    except OSError as error:
        raise UnreadableError(
            FailureKind.UNREACHABLE, f"`{written}` cannot be read ({type(error).__name__})"
        ) from None
    if size > query.spec.max_bytes:
        raise UnreadableError(
            FailureKind.TOO_LARGE,
            f"`{written}` has {size:,} bytes, more than {query.spec.max_bytes:,}",
            hint=f"raise `max_bytes` of {query.spec.name} in pow/settings/feeds.yml",
        )
    return place


def _folder(query: Query, access: Access) -> Path:
    if not access.base:
        return access.root.resolve()
    parts = urlsplit(access.base)
    if parts.scheme != "file" or parts.netloc not in {"", "localhost"} or not parts.path.startswith("/"):
        raise UnreadableError(
            FailureKind.SETTINGS,
            f"the endpoint `{query.spec.endpoint}` is no folder, and {query.spec.source} feeds are files",
            hint=f"set POW_ENDPOINT_{query.spec.endpoint.upper()}=file:///folder/of/the/data",
        )
    return Path(unquote(parts.path)).resolve()


def _refusal(query: Query, what: str) -> UnreadableError:
    return UnreadableError(
        FailureKind.SETTINGS,
        f"`path` {what}",
        hint=f"check `path` of {query.spec.name} in pow/settings/feeds.yml: no `..`, no address, no wildcard",
    )
