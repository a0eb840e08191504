"""The issue that says: many proposals would be closed at once, so none is; with what was measured of each."""

from dataclasses import dataclass

from bot.model.names import PullNumber, RecipeId
from bot.report.untrusted import code, sanitize

ATTENTION_LABEL = "pow:attention"
_ROWS = 100
_MOST = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """A proposal that has nothing left to do, as a run found, and why."""

    pull: PullNumber | None
    recipe: RecipeId
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MassClosing:
    """Proposals that one run would have closed, after `recent` that were within a day; `limit` is how many may be."""

    gone: tuple[Gone, ...]
    recent: int
    limit: int


def mass_closing_sentence(mass: MassClosing) -> str:
    """Say in one line what is not done, and why."""
    count = len(mass.gone)
    what = "1 proposal has" if count == 1 else f"{count} proposals have"
    after = f" after {mass.recent} within a day" if mass.recent else ""
    return f"{what} nothing left to do{after}, and {mass.limit} a day may be closed: none of them is, people look"


def mass_closing_marker(mass: MassClosing) -> str:
    """Return the hidden marker: one issue for as long as the same pull request is the first of them."""
    first = min((each.pull for each in mass.gone if each.pull is not None), default=0)
    return f"<!-- pow:closings:{first} -->"


def mass_closing_title(mass: MassClosing) -> str:
    """Return one line without a word from outside."""
    count = len(mass.gone)
    return f"{count} proposal{'' if count == 1 else 's'} would be closed at once: is that so?"


def mass_closing_body(mass: MassClosing) -> str:
    """Return the pull requests with what was found of each, and what to do."""
    rows = [
        f"| {f'#{each.pull}' if each.pull else 'not known'} | {code(each.recipe)} | "
        f"{sanitize(each.sentence, limit=_MOST)} |"
        for each in mass.gone[:_ROWS]
    ]
    more = [f"\nAnd {len(mass.gone) - _ROWS} more."] if len(mass.gone) > _ROWS else []
    return "\n".join(
        [
            "### Many proposals have nothing left to do, all at once",
            "",
            f"Within a day {mass.limit} may be closed for that, and {mass.recent} were. So none of these is:",
            "",
            "| pull request | recipe | what was found |",
            "|---|---|---|",
            *rows,
            *more,
            "",
            "Many that end together often have one cause: a feed that answers nonsense, a filter that was changed, a",
            "folder that was deleted. Look there first.",
            "",
            "- Are the figures wrong? Mend the feed; the proposals are as they were.",
            "- Are they right? Close what is of no use: that rejects it until its cool-down ends. Or raise",
            f"  {code('closings_per_day')} in {code('pow/settings/policy.yml')}, and the next run closes them; what",
            "  comes back within 7 days is then opened again.",
        ]
    )
