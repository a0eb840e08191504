"""Git's machine-readable outputs as our values (pure)."""

from datetime import UTC, datetime

from bot.model.forge import ChangedFile, Commit, FileStatus
from bot.model.names import CommitSha

COMMIT_FORMAT = "%H%x00%P%x00%T%x00%ct%x00%B%x00%(trailers:only,unfold)%x00"
"""One commit of `git log -z`: six fields, each ended by a zero byte, which no field can hold.

The trailers are git's own reading: the last paragraph if it holds nothing else, whatever dividers or look-alikes
stand before it; unfolded, each is one line, and a key holds no colon.
"""
_FIELDS = 6
REGULAR = {"100644", "100755"}
"""The modes of files that the bot reads."""
_ABSENT = "000000"


def commits_of(output: bytes) -> tuple[Commit, ...]:
    """Read the output of `git log -z --format=COMMIT_FORMAT`."""
    fields = output.decode("utf-8", errors="replace").split("\0")
    step = _FIELDS + 1  # `-z` puts a zero byte of its own between commits
    rows = [fields[start : start + _FIELDS] for start in range(0, len(fields) - _FIELDS + 1, step)]
    return tuple(_commit(row) for row in rows)


def _commit(row: list[str]) -> Commit:
    sha, parents, tree, seconds, message, trailers = row
    return Commit(
        sha=CommitSha(sha),
        parents=tuple(CommitSha(parent) for parent in parents.split()),
        tree=tree,
        message=message.rstrip("\n"),
        committed_at=datetime.fromtimestamp(int(seconds), UTC),
        trailers=tuple(_trailer(text) for text in trailers.split("\n") if text),
    )


def _trailer(text: str) -> tuple[str, str]:
    key, _, value = text.partition(":")
    return key, value.strip()


def changes_of(output: bytes) -> tuple[ChangedFile, ...]:
    """Read the output of `git diff-tree -r -z --no-renames --raw`, by path."""
    parts = output.decode("utf-8", errors="surrogateescape").split("\0")
    pairs = zip(parts[0::2], parts[1::2], strict=False)
    changes = (ChangedFile(path=path, status=_status(facts)) for facts, path in pairs)
    return tuple(sorted(changes, key=lambda change: change.path))


def _status(facts: str) -> FileStatus:
    before, after, *_ = facts.lstrip(":").split()
    if any(mode not in {*REGULAR, _ABSENT} for mode in (before, after)):
        return FileStatus.OTHER
    if before == _ABSENT:
        return FileStatus.ADDED
    if after == _ABSENT:
        return FileStatus.REMOVED
    return FileStatus.MODIFIED if before == after else FileStatus.OTHER


def regular_files_of(output: bytes) -> dict[str, str]:
    """Read the output of `git ls-tree -r -z`: the blob of every regular file, by path."""
    found = {}
    for record in output.split(b"\0")[:-1]:
        facts, _, path = record.partition(b"\t")
        mode, _, blob = facts.decode("ascii").split()
        if mode in REGULAR:
            found[path.decode("utf-8", errors="surrogateescape")] = blob
    return found


def blobs_of(output: bytes) -> dict[str, bytes]:
    """Read the output of `git cat-file --batch`: the content of every blob, by name."""
    found, position = {}, 0
    while position < len(output):
        end = output.index(b"\n", position)
        name, kind, size = output[position:end].decode("ascii").split()
        start = end + 1
        if kind != "blob":
            raise ValueError(f"{name} is a {kind}, not a blob")
        found[name] = output[start : start + int(size)]
        position = start + int(size) + 1
    return found
