"""A recipe that was edited while its change was live: a person looks at the rollback first."""

import pytest
from monitor.watchtower import DAY, HOUR, RECIPE, a_watch

from bot.model.names import RecipeId
from bot.model.record import Phase
from bot.monitor.edited import RecipeSince, recipe_since

BLUR, PATH = RecipeId("BLUR"), "pow/blur.yml"
OTHER = RECIPE.replace(b"id: BLUR", b"id: BLUR_TWO")
CASES: dict[str, tuple[dict[str, bytes], RecipeSince]] = {
    "untouched": ({PATH: RECIPE}, RecipeSince.SAME),
    "a comment": ({PATH: b"# why\n" + RECIPE}, RecipeSince.SAME),
    "another file": ({"pow/moved.yml": RECIPE}, RecipeSince.SAME),
    "a neighbour beside it": ({PATH: RECIPE, "pow/two.yml": OTHER}, RecipeSince.SAME),
    "another limit": ({PATH: RECIPE.replace(b"> 5%", b"> 50%")}, RecipeSince.EDITED),
    "another patch": ({PATH: RECIPE.replace(b"px: 4", b"px: 6")}, RecipeSince.EDITED),
    "removed": ({}, RecipeSince.GONE),
    "renamed": ({PATH: OTHER}, RecipeSince.GONE),
    "no recipe any more": ({PATH: b"id: BLUR\n"}, RecipeSince.GONE),
    "claimed twice": ({PATH: RECIPE, "pow/two.yml": RECIPE}, RecipeSince.GONE),
}


@pytest.mark.parametrize(("now", "expected"), CASES.values(), ids=CASES)
def test_what_became_of_a_recipe(now: dict[str, bytes], expected: RecipeSince):
    assert recipe_since(BLUR, {PATH: RECIPE}, now) is expected


EDITS: dict[str, tuple[bytes, bytes, bool]] = {
    "in a comment": (b"id: BLUR", b"id: BLUR  # blurred photos", False),
    "in its limit": (b"> 5%", b"> 4%", True),
}


@pytest.mark.parametrize(("old", "new", "is_draft"), EDITS.values(), ids=EDITS)
def test_a_change_whose_recipe_was_edited_since_the_merge_is_taken_back_as_a_draft(
    old: bytes, new: bytes, *, is_draft: bool
):
    tower, change = a_watch()
    tower.go(HOUR)
    tower.edit(PATH, old, new)
    tower.go(DAY, errors=0.3)
    tower.monitor()
    (pull,) = tower.rollback_pulls(change)
    assert pull.draft is is_draft
    (intent,) = tower.of(change, Phase.REVERTED)
    assert ("its recipe was edited" in str(intent.facts["draft_because"])) is is_draft
