"""Offers a known word for an unknown one, and keeps quoted words short; it knows no words itself."""

from collections.abc import Sequence

_BRIEF = 60


def suggest(word: str, known: Sequence[str]) -> str:
    """Offer the likeliest of the known words, or all of them; empty when none is known."""
    import difflib  # noqa: PLC0415 -- only what is wrong needs it

    near = difflib.get_close_matches(word, known, n=1) if len(word) <= _BRIEF else []
    folded = [other for other in known if other.lower() == word.lower()]
    if choice := folded or near:
        return f"did you mean `{choice[0]}`?"
    return f"known: {', '.join(known)}" if known else ""


def brief(text: str) -> str:
    """Cut a long quotation."""
    return text if len(text) <= _BRIEF else text[:_BRIEF] + "…"
