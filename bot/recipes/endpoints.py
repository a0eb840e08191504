"""Which base URLs the bot may talk to: https, plain http to this machine only, and folders as file: URLs."""

import re
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9a-fA-F:.]{2,45}\]")
_PATH = re.compile(r"[A-Za-z0-9._~/%+@ -]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class BadEndpoint:
    """Why a base URL is refused, and what to write."""

    message: str
    hint: str


def read_endpoint(url: str) -> str | BadEndpoint:
    """Return a base URL without its last slash, or why it is refused."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return _bad(url, "is not a URL")
    problem = _form_problem(url, parts) or (
        _folder_problem(url, parts) if parts.scheme == "file" else _web_problem(url, parts, port)
    )
    return problem or url.rstrip("/")


def is_folder(url: str) -> bool:
    """Tell whether an accepted base URL is a folder."""
    return url.startswith("file:")


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def is_safe_path(path: str) -> bool:
    """Tell whether a path stays below what it is joined to: no `..`, no second host, no query."""
    return (
        not path.startswith("//")
        and ".." not in path.split("/")
        and "\\" not in path
        and not any(sign in path for sign in ("://", "?", "#", "%2e", "%2E", "%2f", "%2F"))
        and path.isprintable()
    )


def _form_problem(url: str, parts: SplitResult) -> BadEndpoint | None:
    """Refuse what no base URL may have, and secrets without repeating them."""
    if "@" in parts.netloc:
        return _bad("", "holds a user or a password", "secrets come from the environment, never from a file")
    if parts.scheme not in {"https", "http", "file"}:
        return _bad(url, "begins with neither https:// nor file:///")
    if "?" in url or "#" in url:
        return _bad(url, "has a query or a fragment")
    if not _PATH.fullmatch(parts.path) or ".." in parts.path.split("/") or url != url.strip():
        return _bad(url, "has characters or `..` that a base URL cannot have")
    return None


def _web_problem(url: str, parts: SplitResult, port: int | None) -> BadEndpoint | None:
    if not _HOST.fullmatch(_bare_host(parts.netloc, port)):
        return _bad(url, "has no readable host")
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        return _bad(url, "is plain http to another machine", "write https://")
    return None


def _folder_problem(url: str, parts: SplitResult) -> BadEndpoint | None:
    if parts.netloc or not url.startswith("file:///"):
        return _bad(url, "is not a folder of this machine", "write file:///path/to/folder")
    return None if parts.path.strip("/") else _bad(url, "is the whole file system")


def _bare_host(netloc: str, port: int | None) -> str:
    return netloc.removesuffix(f":{port}") if port is not None else netloc


def _bad(url: str, why: str, hint: str = "write a base URL such as https://metrics.gov") -> BadEndpoint:
    shown = f"`{url[:100]}` " if url else "the URL "
    return BadEndpoint(message=shown + why, hint=hint)
