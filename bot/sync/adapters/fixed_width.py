"""The adapter for files of fixed-width records that a mainframe rereads: one line per service and key.

A value that does not fit is an error, never a longer line: such readers crash on a wrong length.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.model.deployment import Synced, SyncItem
from bot.model.errors import TargetError
from bot.model.json import digest_of
from bot.model.settings import FieldSpec, SyncSpec
from bot.sync.files import locate, rewrite
from bot.sync.setting import text_of


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedWidthAdapter:
    """One file below a `file:` endpoint; the record's fields are the spec's, in order, without separators."""

    spec: SyncSpec
    endpoint: str

    def push(self, item: SyncItem) -> Synced:
        """Bring the file to the item's values, all other lines kept byte for byte.

        Without a version among the fields the file cannot tell an older item from a newer one: then only the order
        of pushes does.
        """
        layout = Layout.of(self.spec)
        records = {key: layout.record(item, key) for key in item.values}
        path = locate(self.endpoint, self.spec.path)
        content = rewrite(path, lambda before: self._edited(before or b"", layout, item, records))
        lines = _split(content)
        held = layout.version_held(lines, item)
        found = self._find(lines, layout, records)
        if (held is None or held <= item.version) and any(lines[found[key]] != records[key] for key in records):
            raise TargetError(f"{path} does not show what was written", hint="see who else writes this file")
        shown = b"\n".join(lines[place] for place in found.values())
        return Synced(name=self.spec.name, version=max(held or 0, item.version), digest=digest_of(shown))

    def _edited(self, before: bytes, layout: "Layout", item: SyncItem, records: Mapping[str, bytes]) -> bytes | None:
        lines = _split(before)
        held = layout.version_held(lines, item)
        if held is not None and held > item.version:
            return None
        end = b"\r\n" if before.split(b"\n", 1)[0].endswith(b"\r") else b"\n"
        raw = before.split(b"\n")
        found = self._find(lines, layout, records)
        for key, place in found.items():
            raw[place] = records[key] + (b"\r" if raw[place].endswith(b"\r") else b"")
        body = b"\n".join(raw)
        if body and not body.endswith(b"\n"):
            body += end
        return body + b"".join(record + end for key, record in records.items() if key not in found)

    def _find(self, lines: list[bytes], layout: "Layout", records: Mapping[str, bytes]) -> dict[str, int]:
        """Return the line of each key; TargetError where a key stands twice."""
        found: dict[str, int] = {}
        names = {layout.identity(record): key for key, record in records.items()}
        for place, line in enumerate(lines):
            key = names.get(layout.identity(line)) if len(line) == layout.width else None
            if key is None:
                continue
            if key in found:
                raise TargetError(
                    f"{self.spec.name} holds {key} twice, in lines {found[key] + 1} and {place + 1}",
                    hint=f"remove one of them from {self.spec.path}",
                )
            found[key] = place
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where each field lies in a record; its key, and its service if it has one, tell records apart."""

    name: str
    fields: tuple[FieldSpec, ...]
    width: int

    @classmethod
    def of(cls, spec: SyncSpec) -> "Layout":
        """Take a spec's fields; TargetError where records could not be told apart."""
        sources = {field.source for field in spec.fields}
        missing = {"key", "value"} - sources | ({"service"} - sources if len(spec.services) > 1 else set())
        wrong = next((field.name for field in spec.fields if field.width < 1), "")
        if missing or wrong:
            lack = f"no field for {' and '.join(sorted(missing))}" if missing else f"no width for the field {wrong}"
            raise TargetError(f"{spec.name} has {lack}", hint="complete its `fields` in pow/settings/targets.yml")
        return cls(name=spec.name, fields=spec.fields, width=sum(field.width for field in spec.fields))

    def record(self, item: SyncItem, key: str) -> bytes:
        """Write the record of one key, without a line end; TargetError where a value does not fit."""
        texts = {
            "service": item.service,
            "key": key,
            "value": text_of(item.values[key]),
            "change": item.change,
            "version": str(item.version),
        }
        return b"".join(self._padded(field, texts.get(field.source)) for field in self.fields)

    def identity(self, line: bytes) -> tuple[bytes, ...]:
        """Return the part of a record that tells which service and key it is of."""
        return tuple(self._slice(line, index) for index in self._indices("service", "key"))

    def version_held(self, lines: list[bytes], item: SyncItem) -> int | None:
        """Return the highest version of the item's service in the file; None where records hold no version."""
        services = self._indices("service")
        mine = [self._padded(self.fields[index], item.service) for index in services]
        texts = (
            self._slice(line, index).strip()
            for index in self._indices("version")
            for line in lines
            if len(line) == self.width and [self._slice(line, index) for index in services] == mine
        )
        return max((int(text) for text in texts if text.isdigit()), default=None)

    def _indices(self, *sources: str) -> list[int]:
        return [index for index, field in enumerate(self.fields) if field.source in sources]

    def _slice(self, line: bytes, index: int) -> bytes:
        start = sum(field.width for field in self.fields[:index])
        return line[start : start + self.fields[index].width]

    def _padded(self, field: FieldSpec, text: str | None) -> bytes:
        if text is None:
            raise TargetError(
                f"{self.name}: nothing is known as `{field.source}`",
                hint="a field's source is service, key, value, change or version",
            )
        if not (text.isascii() and (text.isprintable() or not text)):
            raise TargetError(
                f"{self.name}: {field.name} takes plain ASCII only: {text!a}", hint="choose another value"
            )
        if len(text) > field.width:
            raise TargetError(
                f"{self.name}: `{text}` is {len(text)} characters long and {field.name} takes {field.width}",
                hint="choose a shorter value, or widen the field here and in its reader",
            )
        return (text.rjust(field.width) if field.align == "right" else text.ljust(field.width)).encode("ascii")


def _split(content: bytes) -> list[bytes]:
    return [line.removesuffix(b"\r") for line in content.split(b"\n")]
