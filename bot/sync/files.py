"""Files on a share that others read: found below a `file:` endpoint, changed under a lock and in one piece."""

import fcntl
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from bot.model.errors import TargetError

MAX_BYTES = 64 * 1024 * 1024
LOCK_SECONDS = 10.0
_ENDPOINT_HINT = (
    "give an absolute folder, such as `file:///srv/share`, in pow/settings/targets.yml or by POW_ENDPOINT_*"
)


def locate(endpoint: str, path: str) -> Path:
    """Return where a file lies below a `file:` endpoint; TargetError where that would be elsewhere."""
    parts = urlsplit(endpoint)
    folder = Path(unquote(parts.path))
    if parts.scheme != "file" or parts.netloc not in {"", "localhost"} or not folder.is_absolute():
        raise TargetError(f"not a folder of this machine: `{endpoint}`", hint=_ENDPOINT_HINT)
    inside = PurePosixPath(path.removeprefix("/"))
    if not inside.parts or ".." in inside.parts:
        raise TargetError(f"not a path below {folder}: `{path}`", hint="name the file without `..`")
    root = folder.resolve()
    found = (root / inside).resolve()
    if not found.is_relative_to(root):
        raise TargetError(f"{inside} leads out of {folder}", hint="replace the symbolic link by the file")
    return found


def rewrite(path: Path, edit: Callable[[bytes | None], bytes | None], *, lock_seconds: float = LOCK_SECONDS) -> bytes:
    """Change a file in one piece and return its bytes as read back.

    `edit` is given the present bytes (None: no such file) and returns the new ones, or None to leave it alone.
    A process killed at any point leaves the former file or the new one. Writers that use this function wait for
    each other; TargetError where the file cannot be read or written, or is locked for too long.
    """
    try:
        with _locked(path.parent, lock_seconds):
            before = _read(path)
            after = edit(before)
            if after is not None and after != before:
                _replace(path, after)
            return _read(path) or b""
    except OSError as error:
        where = error.filename or path
        raise TargetError(
            f"{where}: {error.strerror or error}", hint="check that the share is mounted and writable for the bot"
        ) from error


def _read(path: Path) -> bytes | None:
    try:
        about = path.stat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(about.st_mode):
        raise TargetError(f"{path} is not a regular file", hint="move it away")
    if about.st_size > MAX_BYTES:
        raise TargetError(f"{path} is larger than {MAX_BYTES:,} bytes", hint="archive its old records")
    return path.read_bytes()


def _replace(path: Path, content: bytes) -> None:
    """Write beside the file, to the disk, then rename; what a killed run left there is overwritten."""
    beside = path.with_name(f".{path.name}.pow-part")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as file:
        if path.exists():
            os.fchmod(file.fileno(), stat.S_IMODE(path.stat().st_mode))
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)  # noqa: PTH105 -- the one call that matters here, by its system name
    with _opened(path.parent) as folder:
        os.fsync(folder)


@contextmanager
def _locked(folder: Path, seconds: float) -> Iterator[None]:
    """Hold the folder's advisory lock: nothing is left behind when a process is killed."""
    with _opened(folder) as descriptor:
        deadline = time.monotonic() + seconds
        while not _try_lock(descriptor):
            if time.monotonic() > deadline:
                raise TargetError(f"{folder} is locked by another run", hint="wait for it; the next run tries again")
            time.sleep(0.02)
        yield


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
