"""Reads `pow/` and `patches/` of a folder: the only place in this room that touches the file system."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from bot.recipes.fast_text import MAX_BYTES

ROOTS = ("pow", "patches")
_CHUNK = 16 * 1024
"""So much is read at once: nearly every file, in a buffer that costs no memory of its own to take and give back."""
_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)


def read_files(root: Path) -> Mapping[str, bytes]:
    """Return every regular file's bytes by its path below `root`, as `lint` and `load_library` take them.

    Symbolic links are left out, as they are when a commit is read; `unread_entries` names them. Of a file that is too
    large to be read anyway only as much is taken as shows that.
    """
    return {name: _content(entry.path) for name, entry in _walk_all(root) if entry.is_file(follow_symlinks=False)}


def unread_entries(root: Path) -> tuple[str, ...]:
    """Return the paths of what is neither a file nor a folder below `root`, such as symbolic links."""
    return tuple(name for name, entry in _walk_all(root) if not entry.is_file(follow_symlinks=False))


def _walk_all(root: Path) -> Iterator[tuple[str, os.DirEntry[str]]]:
    return (each for folder in ROOTS for each in _walk(os.fspath(root / folder), folder))


def _walk(folder: str, name: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield what stands below a folder by name, but for folders themselves; a scan asks the system least."""
    if os.path.islink(folder) or not os.path.isdir(folder):  # noqa: PTH112, PTH114 -- text all the way down
        return
    with os.scandir(folder) as scan:
        entries = sorted(scan, key=lambda entry: entry.name)
    for entry in entries:
        below = f"{name}/{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(entry.path, below)
        else:
            yield below, entry


def _content(path: str) -> bytes:
    file = os.open(path, _FLAGS)
    try:
        content = os.read(file, _CHUNK)
        while (room := MAX_BYTES + 1 - len(content)) and (more := os.read(file, min(room, _CHUNK))):
            content += more
        return content
    finally:
        os.close(file)
