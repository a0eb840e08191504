"""Reads the documents: their fenced blocks, links and headings, and the console sessions that a page tells."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"
_FENCE = re.compile(
    r"(?:^<!-- run: (?P<run>[^>]+?) -->\n)?^```(?P<language>[\w-]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
_FILE = re.compile(r"# (?P<how>file|part of): (?P<path>\S+)\n")
_ANY = "…"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block; `stage` and `remark` are what the comment above it says of how it is run."""

    page: str
    line: int
    language: str
    text: str
    stage: str
    remark: str

    @property
    def place(self) -> tuple[str, str] | None:
        """For YAML: whether it is a whole file or a part of one, and which."""
        match = _FILE.match(self.text)
        return (match["how"], match["path"]) if match else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command of a console block, with the output that the page shows for it."""

    text: str
    output: tuple[str, ...]
    fails: bool


def documents() -> list[Path]:
    """Return every page that a person wrote or that is made from the program."""
    found = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
    return [*found, *sorted((ROOT / "docs").rglob("*.md"))]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def blocks(path: Path) -> Iterator[Block]:
    text = path.read_text(encoding="utf-8")
    for match in _FENCE.finditer(text):
        stage, _, remark = (match["run"] or "").partition(";")
        yield Block(
            page=name_of(path),
            line=text.count("\n", 0, match.start()) + 1,
            language=match["language"],
            text=match["text"],
            stage=stage.strip(),
            remark=remark.strip(),
        )


def prose(path: Path) -> str:
    """Return a page without its fenced blocks."""
    return _FENCE.sub("", path.read_text(encoding="utf-8"))


def anchors(path: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", prose(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def commands(block: Block) -> tuple[Command, ...]:
    """Cut a console block into its commands; `> ` goes on with a command, everything else is output."""
    found: list[tuple[list[str], list[str]]] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            found.append(([line[2:]], []))
        elif line.startswith("> ") and found and not found[-1][1]:
            found[-1][0].append(line[2:])
        else:
            found[-1][1].append(line)
    fails = block.remark.startswith("fails")
    return tuple(Command(text="\n".join(text), output=tuple(output), fails=fails) for text, output in found)


def pattern_of(output: tuple[str, ...]) -> re.Pattern[str]:
    """Turn shown output into a pattern: a line of `…` stands for any lines, `…` within a line for anything in it."""
    parts = [
        r"(?:[^\n]*\n)*" if line == _ANY else "[^\n]*".join(map(re.escape, line.split(_ANY))) + "\n"
        for line in output
    ]
    return re.compile("".join(parts))
