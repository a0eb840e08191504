"""Reads `pow/` and `patches/` of a folder: the only place in this room that touches the file system."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from bot.recipes.text import MAX_BYTES

ROOTS = ("pow", "patches")


def read_files(root: Path) -> Mapping[str, bytes]:
    """Return every regular file's bytes by its path below `root`, as `lint` and `load_library` take them.

    Symbolic links are left out, as they are when a commit is read. Of a file that is too large to be read anyway
    only as much is taken as shows that.
    """
    return {path.relative_to(root).as_posix(): _content(path) for name in ROOTS for path in _walk(root / name)}


def _walk(folder: Path) -> Iterator[Path]:
    if folder.is_symlink() or not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        if path.is_symlink():
            continue
        if path.is_dir():
            yield from _walk(path)
        elif path.is_file():
            yield path


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)
