"""Writes a file of a checkout all at once: a reader sees the old bytes or the new ones, and nothing in between.

And writes what a command found to a file that its caller names.
"""

import os
import tempfile
from pathlib import Path

from bot.model.change import FileEdit
from bot.model.errors import BotError

_MODE = 0o644


def write_file(folder: Path, edit: FileEdit) -> None:
    """Put an edit's new bytes in place; BotError if the file changed since it was read, or leads elsewhere."""
    path = folder / edit.path
    if (linked := _link_in(folder, edit.path)) is not None:
        raise BotError(f"{linked} is a symbolic link", hint="nothing but regular files is ever read")
    try:
        if (path.read_bytes() if path.exists() else None) != edit.before:
            raise BotError(f"{edit.path} changed while it was worked on", hint="run the command again")
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, edit.after)
    except OSError as error:
        raise BotError(
            f"cannot write {edit.path}: {error.strerror}", hint="check the folder's permissions"
        ) from error


def write_result(path: Path, text: str) -> None:
    """Write what a command found to where its caller wants it; BotError if that cannot be."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BotError(
            f"{path} cannot be written: {error.strerror}", hint="name a file in a folder that is there"
        ) from error


def _link_in(folder: Path, path: str) -> Path | None:
    """Return the first part of the way to a file that leads elsewhere."""
    way = folder
    for part in Path(path).parts:
        way /= part
        if way.is_symlink():
            return way
    return None


def _replace(path: Path, content: bytes) -> None:
    """Write beside the file and rename: the rename is what the file system does whole."""
    mode = path.stat().st_mode & 0o777 if path.exists() else _MODE
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
