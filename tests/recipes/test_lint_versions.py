from datetime import UTC, datetime, timedelta

import pytest
from recipes.repository_files import RECIPE

from bot.model.errors import Diagnostic
from bot.model.history import BlobName, Edit, Revision
from bot.model.names import CommitSha, RecipeId
from bot.recipes.lints.versions import changed_recipes, published_by, version_faults

PATH = "pow/passport_backlog.yml"
VERSIONED = f"version: 3\n{RECIPE}"


def faults(
    text: str, base: str = VERSIONED, *history: str, path: str = PATH, base_path: str = PATH
) -> tuple[Diagnostic, ...]:
    """Compare a text with that on the base branch, and with the texts that history had before."""
    texts = [*history, base]
    contents = {BlobName(str(index)): each.encode() for index, each in enumerate(texts)}
    revisions = [
        Revision(
            commit=CommitSha(f"{index:040}"),
            at=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=index),
            edits=(Edit(path=base_path, before=None, after=BlobName(str(index))),),
        )
        for index in range(len(texts))
    ]
    files, old = {path: text.encode()}, {base_path: base.encode()}
    return version_faults(files, old, published_by(changed_recipes(files, old), revisions, contents))


STRICTER = VERSIONED.replace("error_rate > 5%", "error_rate > 3%")


@pytest.mark.parametrize(
    "text",
    [
        VERSIONED,
        f"# a comment\n{VERSIONED}",
        VERSIONED.replace('"max(wait_time) > 20_days"', "max( wait_time )>20_days"),
        VERSIONED.replace("config:\n      max_blur_px: 4", "config: {max_blur_px: 4}"),
        VERSIONED + "watch: {min_samples: 5}\ncooldown: 1_week\n",
        VERSIONED + "lint: {ignore: [{id: POW055, reason: the feed is a daily total}]}\n",
        VERSIONED.replace("version: 3\n", "") + "version: 3\n",
        VERSIONED.replace("version: 3", "version: 4"),
        STRICTER.replace("version: 3", "version: 4"),
        STRICTER.replace("version: 3", "version: 9"),
        "id: [\n",
    ],
)
def test_comments_layout_and_higher_versions_are_free(text):
    assert faults(text) == ()
    assert faults(text, path="pow/renamed.yml") == ()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("error_rate > 5%", "error_rate > 3%"),
        ("wait_time < 7_days for 3_days", "wait_time < 7_days for 4_days"),
        ("max_blur_px: 4", "max_blur_px: 5"),
        ("passport_renewal@v2", "passport_renewal@v3"),
        ("MEDIUM", "LOW"),
        ("[metrics.passport.wait_time]", "[metrics.passport.wait_time, complaints.passport]"),
        ("hitl_threshold", "cooldown: 8_days\nhitl_threshold"),
        ("hitl_threshold", "reversible: false\nhitl_threshold"),
        ("hitl_threshold", "watch: {mode: shadow}\nhitl_threshold"),
        ("hitl_threshold", "process_log: events.passport\nhitl_threshold"),
    ],
)
def test_another_meaning_needs_another_version(old, new):
    assert old in VERSIONED
    (fault,) = faults(VERSIONED.replace(old, new))

    assert (fault.id, fault.path, fault.line, fault.column) == ("POW064", PATH, 1, 10)
    assert fault.hint == "write `version: 4`"
    assert "PASSPORT_BACKLOG@v3" in fault.message


def test_without_a_version_the_id_is_pointed_to():
    (fault,) = faults(RECIPE.replace("5%", "3%"), RECIPE)

    assert (fault.id, fault.line, fault.column, fault.hint) == ("POW064", 1, 5, "write `version: 2`")


@pytest.mark.parametrize("text", [VERSIONED, STRICTER])
def test_a_version_never_goes_down(text):
    (fault,) = faults(text.replace("version: 3", "version: 2"))

    assert fault.id == "POW064"
    assert fault.message == "the version goes down: on the base branch it is 3"


def test_a_version_that_history_has_with_another_meaning_is_not_taken_again():
    fourth = STRICTER.replace("version: 3", "version: 4")
    again = fourth.replace("3%", "2%")

    (fault,) = faults(again, VERSIONED, fourth)

    assert (fault.id, fault.line, fault.column) == ("POW065", 1, 10)
    assert fault.hint == "write `version: 5`; `pow show PASSPORT_BACKLOG` lists those that there were"
    assert faults(fourth, VERSIONED, fourth) == ()


def test_a_recipe_that_comes_back_is_held_against_its_history():
    other = RECIPE.replace("PASSPORT_BACKLOG", "OTHER")

    assert [fault.id for fault in faults(STRICTER, other, VERSIONED, base_path="pow/other.yml")] == ["POW065"]
    assert faults(VERSIONED, other, VERSIONED, base_path="pow/other.yml") == ()
    assert faults(RECIPE.replace("PASSPORT_BACKLOG", "NEW"), other, base_path="pow/other.yml") == ()


def test_what_was_unreadable_in_history_names_nothing():
    broken = VERSIONED.replace("version: 3", "version: 4").replace("MEDIUM", "MIDDLING")

    assert faults(STRICTER.replace("version: 3", "version: 4"), VERSIONED, broken) == ()


def test_only_recipes_in_changed_files_are_looked_at():
    files = {PATH: VERSIONED.encode(), "pow/settings/feeds.yml": b"feeds: {}\n", "pow/a.yml": RECIPE.encode()}

    assert changed_recipes(files, {PATH: VERSIONED.encode()}) == (RecipeId("PASSPORT_BACKLOG"),)
    assert changed_recipes(files, files) == ()
