"""Markdown as the bot writes it, taken apart into plain values that a page draws (pure).

A small part of GitHub's Markdown. Nothing is ever turned into HTML; what is not understood stays text.
"""

import html
import re
from collections.abc import Iterator, Mapping

from bot.model.json import Json

Block = Mapping[str, Json]

_INLINE = re.compile(
    r"\\(?P<escaped>[!-/:-@\[-`{-~])"
    r"|(?P<ticks>`{1,3})(?P<code>[^`]+)(?P=ticks)(?!`)"
    r"|\*\*(?P<strong>(?:\\.|[^*\\])+)\*\*"
    r"|(?<![\w\\])_(?P<emphasis>(?:\\.|[^_\\])+)_(?!\w)"
    r"|\[(?P<link>(?:\\.|[^\[\]\\])*)\]\([^)\s]*\)"
)
_MOST_INLINE = 4_000
_FENCE = re.compile(r"(?P<ticks>`{3,})(?P<language>[a-z]{0,20})\s*")
_HEADING = re.compile(r"(?P<marks>#{1,6})\s+(?P<text>.+)")
_ITEM = re.compile(r"(?P<indent> *)(?:-|\d{1,9}\.)\s+(?P<text>.+)")
_DIVIDER = re.compile(r"\|?(?:\s*:?-+:?\s*\|)+\s*(?::?-+:?\s*)?")
_CELL = re.compile(r"(?<!\\)\|")
_COMMENT = re.compile(r"<!--.*-->")
_SERIES = re.compile(r"\s*line \[(?P<values>[-0-9., ]+)\]")
_LABELS = re.compile(r'\s*x-axis \[(?P<labels>"[^\]]*")\]')


def blocks_of(text: str) -> list[Block]:
    """Return a text's blocks: heading, paragraph, quote, item, table, code, chart or rule, each with its `kind`."""
    return list(_blocks(text.replace("\r\n", "\n").split("\n")))


def plain_of(block: Block) -> str:
    """Return the words of a block of one line."""
    spans = block.get("text")
    texts = [span["text"] for span in spans if isinstance(span, Mapping)] if isinstance(spans, list) else []
    return "".join(text for text in texts if isinstance(text, str))


def spans_of(text: str) -> list[Json]:
    """Return a line's spans, each `{"style", "text"}`: plain, strong, emphasis, code; of a link only its words."""
    spans: list[tuple[str, str]] = []
    end = 0
    for match in _INLINE.finditer(text, 0, _MOST_INLINE):
        spans += [("plain", _shown(text[end : match.start()])), _span(match)]
        end = match.end()
    spans.append(("plain", _shown(text[end:])))
    joined: list[tuple[str, str]] = []
    for style, words in spans:
        if joined and joined[-1][0] == style == "plain":
            joined[-1] = (style, joined[-1][1] + words)
        elif words:
            joined.append((style, words))
    return [{"style": style, "text": words} for style, words in joined]


def _span(match: re.Match[str]) -> tuple[str, str]:
    match match.lastgroup:
        case "escaped":
            return "plain", match["escaped"]
        case "code":
            return "code", match["code"]
        case "strong" | "emphasis" as style:
            return style, _words(match[style])
        case _:
            return "plain", _words(match["link"])


def _words(text: str) -> str:
    """Return the words of a span without marks inside it."""
    return _shown(re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text).replace("`", ""))


def _shown(text: str) -> str:
    """Undo what the bot does to text so that GitHub acts on none of it: here nothing acts."""
    return html.unescape(text).replace("\u200b", "")


def _blocks(lines: list[str]) -> Iterator[Block]:
    place = 0
    while place < len(lines):
        line = lines[place]
        if fence := _FENCE.fullmatch(line):
            end = _closing(lines, place + 1, fence["ticks"])
            yield _code(fence["language"], lines[place + 1 : end])
            place = end + 1
        elif _is_table(lines, place):
            end = _end_of(lines, place + 2, "|")
            yield _table(lines[place], lines[place + 1], lines[place + 2 : end])
            place = end
        elif line.startswith(">"):
            end = _end_of(lines, place, ">")
            yield {"kind": "quote", "text": spans_of(" ".join(each[1:].strip() for each in lines[place:end]))}
            place = end
        else:
            block = _line(line)
            place += 1
            if block is not None:
                yield block


def _line(line: str) -> Block | None:
    """Read a line that is a block of its own."""
    if not line.strip() or _COMMENT.fullmatch(line.strip()):
        return None
    if heading := _HEADING.fullmatch(line):
        return {"kind": "heading", "level": len(heading["marks"]), "text": spans_of(heading["text"])}
    if item := _ITEM.fullmatch(line):
        return {"kind": "item", "depth": min(len(item["indent"]) // 2, 6), "text": spans_of(item["text"])}
    if line.strip() == "---":
        return {"kind": "rule"}
    return {"kind": "paragraph", "text": spans_of(line.strip())}


def _closing(lines: list[str], start: int, ticks: str) -> int:
    """Find the line that ends a fence; an open one goes on to the end."""
    closes = (place for place in range(start, len(lines)) if re.fullmatch(rf"`{{{len(ticks)},}}\s*", lines[place]))
    return next(closes, len(lines))


def _end_of(lines: list[str], start: int, mark: str) -> int:
    return next((place for place in range(start, len(lines)) if not lines[place].startswith(mark)), len(lines))


def _is_table(lines: list[str], place: int) -> bool:
    return lines[place].startswith("|") and place + 1 < len(lines) and bool(_DIVIDER.fullmatch(lines[place + 1]))


def _table(head: str, divider: str, rows: list[str]) -> Block:
    return {
        "kind": "table",
        "numeric": [cell.strip().endswith(":") for cell in _cells(divider)],
        "head": [spans_of(cell) for cell in _cells(head)],
        "rows": [[spans_of(cell) for cell in _cells(row)] for row in rows],
    }


def _cells(row: str) -> list[str]:
    inner = row.strip().removeprefix("|")
    inner = inner[:-1] if inner.endswith("|") and not inner.endswith("\\|") else inner
    return [cell.strip().replace("\\|", "|") for cell in _CELL.split(inner)]


def _code(language: str, lines: list[str]) -> Block:
    if language == "mermaid" and (chart := _chart(lines)) is not None:
        return chart
    return {"kind": "code", "language": language, "lines": list(lines)}


def _chart(lines: list[str]) -> Block | None:
    """Read the one kind of diagram that the bot draws: lines over days."""
    labels = next((match["labels"] for line in lines if (match := _LABELS.fullmatch(line))), None)
    series = [_numbers(match["values"]) for line in lines if (match := _SERIES.fullmatch(line))]
    if labels is None or not series or not all(series):
        return None
    names: list[Json] = [label.strip().strip('"') for label in labels.split(",")]
    if any(len(values) != len(names) for values in series):
        return None
    return {"kind": "chart", "labels": names, "lines": series}


def _numbers(text: str) -> list[Json]:
    try:
        return [float(value) for value in text.split(",")]
    except ValueError:
        return []
