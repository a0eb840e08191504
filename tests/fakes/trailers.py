"""Git's reading of a commit message's trailers, for the fakes; the contract tests hold it to git itself."""

import re

_TRAILER = re.compile(r"([A-Za-z0-9-]+)[ \t]*:(.*)")


def trailers_of(message: str) -> tuple[tuple[str, str], ...]:
    """Return the trailers of the last paragraph, provided that it holds nothing else and is not the title."""
    paragraphs = re.split(r"\n[ \t]*\n+", message.strip("\n"))
    if len(paragraphs) < 2:
        return ()
    found: list[tuple[str, str]] = []
    for line in paragraphs[-1].splitlines():
        match = _TRAILER.fullmatch(line)
        if line[:1].isspace() and found:
            key, value = found.pop()
            found.append((key, f"{value} {line.strip()}"))
        elif match is None:
            return ()
        else:
            found.append((match[1], match[2].strip()))
    return tuple(found)
