"""Event logs in XES, the IEEE standard's XML, plain or gzipped: streamed, without document types or entities."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol
from xml.parsers import expat

from bot.model.errors import BotError
from bot.model.names import FeedName
from bot.model.process import ProcessEvent, ProcessLog

_CHUNK = 1 << 20
_DEEPEST = 64
_ACTIVITY = "concept:name"
_RESOURCE = "org:resource"
_TIME = "time:timestamp"
_TRANSITION = "lifecycle:transition"
_WANTED = frozenset({_ACTIVITY, _RESOURCE, _TIME, _TRANSITION})


class _Bytes(Protocol):
    """A file that can be read in parts."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes; none at the end."""
        ...


def read_xes(path: Path, *, max_bytes: int) -> ProcessLog:
    """Read a log's completed events; BotError if it is no XES log or has more than `max_bytes` when unpacked."""
    reader = _Reader()
    try:
        with _opened(path) as stream:
            _feed(reader, stream, max_bytes=max_bytes, name=path.name)
    except (expat.ExpatError, OSError, EOFError, zlib.error, ValueError) as error:
        place = f" at line {error.lineno}" if isinstance(error, expat.ExpatError) else ""
        raise BotError(
            f"{path.name} is not an XES log{place}", hint="give a .xes, .xes.gz, .csv or .parquet log"
        ) from None
    return ProcessLog(feed=FeedName(path.stem), window=None, events=tuple(reader.events), dropped=reader.dropped)


@contextmanager
def _opened(path: Path) -> Iterator[_Bytes]:
    with path.open("rb") as plain:
        if path.suffix == ".gz":
            with gzip.open(plain) as unpacked:
                yield unpacked
        else:
            yield plain


def _feed(reader: "_Reader", stream: _Bytes, *, max_bytes: int, name: str) -> None:
    size = 0
    while part := stream.read(_CHUNK):
        size += len(part)
        if size > max_bytes:
            raise BotError(f"{name} has more than {max_bytes:,} bytes unpacked", hint="cut it to a shorter time")
        reader.parser.Parse(part)
    reader.parser.Parse(b"", True)  # noqa: FBT003 - expat takes it by position only


class _Reader:
    """Takes in the elements one by one; only direct attributes of a trace or an event count, nested ones do not.

    Transitions other than `complete` are left out: what they say is not the end of an activity.
    """

    def __init__(self) -> None:
        self.events: list[ProcessEvent] = []
        self.dropped = 0
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.StartDoctypeDeclHandler = self._refuse
        self._path: list[str] = []
        self._case = ""
        self._waiting: list[dict[str, str]] = []
        self._event: dict[str, str] = {}

    def _refuse(self, *_: object) -> None:
        raise ValueError("a document type is not allowed")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        parent = self._path[-1] if self._path else ""
        self._path.append(name)
        if len(self._path) > _DEEPEST:
            raise ValueError("nested too deeply")
        if name == "trace":
            self._case, self._waiting = "", []
        elif name == "event":
            self._event = {}
        elif parent == "event" and attributes.get("key") in _WANTED:
            self._event[attributes["key"]] = attributes.get("value", "")
        elif parent == "trace" and attributes.get("key") == _ACTIVITY:
            self._case = attributes.get("value", "")

    def _end(self, tag: str) -> None:
        self._path.pop()
        match tag.rpartition(":")[2]:
            case "event":
                self._waiting.append(self._event)
            case "trace":
                self._close_trace()

    def _close_trace(self) -> None:
        for event in self._waiting:
            if event.get(_TRANSITION, "complete").lower() != "complete":
                continue
            activity, end = event.get(_ACTIVITY, ""), _time(event.get(_TIME, ""))
            if not self._case or not activity or end is None:
                self.dropped += 1
            else:
                self.events.append(
                    ProcessEvent(case=self._case, activity=activity, end=end, resource=event.get(_RESOURCE, ""))
                )


def _time(text: str) -> datetime | None:
    """Read a time; one without an offset is UTC."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
