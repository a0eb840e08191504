"""The pages of lint checks: as text for `pow lint --explain`, and what the documentation makes of them."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from textwrap import wrap

from bot.model.errors import BotError
from bot.model.json import Json
from bot.recipes.check import EXPLANATIONS, OBSERVED, SILENCEABLE, VERSIONED, Check
from bot.recipes.lints.page import Page, Pages, shown
from bot.recipes.lints.pages_files import FILE_PAGES
from bot.recipes.lints.pages_language import LANGUAGE_PAGES
from bot.recipes.lints.pages_rules import RULE_PAGES
from bot.recipes.lints.pages_settings import SETTINGS_PAGES
from bot.rules.source import FaultId

CHECK_PAGES = FILE_PAGES | SETTINGS_PAGES | RULE_PAGES
"""The pages of `pow lint`'s own checks."""
PAGES: Pages = CHECK_PAGES | LANGUAGE_PAGES
"""Every page by its id."""
_LONGEST = 160
_WIDTH = 100


def find_page(name: str) -> tuple[Check | FaultId, Page]:
    """Find a check by its id, in any case; BotError with what was likely meant for no id."""
    names = {each.value.lower(): each for each in PAGES}
    found = names.get(name.lower())
    if found is None:
        close = get_close_matches(name.lower(), names, n=1)
        hint = f"did you mean `{names[close[0]].value}`?" if close else "ids look like POW055 or rule-unit-mismatch"
        raise BotError(f"there is no check `{name}`", hint=hint)
    return found, PAGES[found]


def title_of(check: Check | FaultId) -> str:
    """Return what a check asks for; a fault of a rule has its reason only."""
    return EXPLANATIONS[check] if isinstance(check, Check) else PAGES[check].why


def notes_of(check: Check | FaultId) -> str:
    """Say when a check is made, and whether it can be silenced."""
    notes = []
    if check in OBSERVED:
        notes.append("It is checked with `pow lint --observe` only.")
    if check in VERSIONED:
        notes.append("It is checked with `pow lint --base REF` only.")
    if check in SILENCEABLE:
        notes.append(f"A recipe silences it with `lint: {{ignore: [{{id: {check.value}, reason: ...}}]}}`.")
    return " ".join(notes)


def example_of(text: str) -> str:
    """Return an example without its marks, with its files set apart and very long lines cut."""
    apart = re.sub(r"(?<=\n)(?=# (?:[a-z]+ )?(?:file|base|history|copy): )", "\n", shown(text))
    lines = (line if len(line) <= _LONGEST else f"{line[:_LONGEST]} …" for line in apart.splitlines())
    return "".join(f"{line}\n" for line in lines)


def page_text(name: str) -> str:
    """Write a check's page for a terminal."""
    check, page = find_page(name)
    title = title_of(check)
    parts = [f"{check.value}: {title}"]
    if title != page.why:
        parts.append(_wrapped(page.why))
    if notes := notes_of(check):
        parts.append(_wrapped(notes))
    parts += [f"Wrong:\n\n{_indented(page.bad)}", f"Right:\n\n{_indented(page.good)}"]
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def page_json(name: str) -> Mapping[str, Json]:
    """Return a check's page for other programs."""
    check, page = find_page(name)
    return {
        "id": check.value,
        "title": title_of(check),
        "why": page.why,
        "notes": notes_of(check),
        "wrong": shown(page.bad),
        "right": shown(page.good),
    }


def _indented(example: str) -> str:
    return re.sub(r"^(?=.)", "    ", example_of(example), flags=re.MULTILINE)


def _wrapped(text: str) -> str:
    return "\n".join(wrap(text, _WIDTH))
