"""`PASSPORT_BACKLOG@v3` names one text, wherever its file went; where it names two, that is told."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from recipes.repository_files import RECIPE

from bot.model.history import BlobName, Edit, Revision
from bot.model.json import digest_of
from bot.model.names import CommitSha, RecipeId
from bot.recipes.history import RecipeHistory, known_recipes, recipe_blobs, trace

BACKLOG = RecipeId("PASSPORT_BACKLOG")
PATH = "pow/passport_backlog.yml"
START = datetime(2026, 1, 5, tzinfo=UTC)
Files = Mapping[str, str | None]


def text(version: int = 1, days: int = 20, comment: str = "") -> str:
    return f"version: {version}\n" + RECIPE.replace("20_days", f"{days}_days") + (f"# {comment}\n" if comment else "")


def commits(*steps: Files) -> tuple[tuple[Revision, ...], Mapping[BlobName, bytes]]:
    """Return what Git would say of commits that each set or remove files."""
    state: dict[str, BlobName] = {}
    contents: dict[BlobName, bytes] = {}
    revisions = []
    for number, files in enumerate(steps, start=1):
        edits = []
        for path, content in sorted(files.items()):
            name = None if content is None else BlobName(digest_of(content.encode()))
            if name is not None and content is not None:
                contents[name] = content.encode()
            edits.append(Edit(path=path, before=state.pop(path, None), after=name))
            state |= {path: name} if name else {}
        at = START + timedelta(days=number)
        revisions.append(Revision(commit=CommitSha(f"{number:040x}"), at=at, edits=tuple(edits)))
    return tuple(revisions), contents


def traced(*steps: Files, recipe: RecipeId = BACKLOG) -> RecipeHistory:
    found = trace(recipe, *commits(*steps))
    assert found is not None
    return found


def told(found: RecipeHistory) -> dict[int, list[int]]:
    """Tell by which commits each version's texts came."""
    return {v.number: [int(e.commit, 16) for e in v.editions] for v in found.versions}


def test_each_version_is_found_with_its_commit():
    found = traced({PATH: text(1)}, {PATH: text(2, days=21)}, {PATH: text(3, days=22)})
    assert told(found) == {1: [1], 2: [2], 3: [3]}
    assert found.present is not None
    assert (found.present.version, found.removal) == (3, None)
    assert not any(version.is_ambiguous for version in found.versions)
    second = found.version(2)
    assert second is not None
    assert second.newest.content == text(2, days=21).encode()
    assert found.version(4) is None


def test_comments_and_layout_leave_a_name_with_one_meaning():
    found = traced({PATH: text(1)}, {PATH: text(1, comment="why 20")}, {PATH: "# first\n" + text(1)})
    version = found.versions[0]
    assert told(found) == {1: [1, 2, 3]}
    assert not version.is_ambiguous
    assert (int(version.first.commit, 16), int(version.newest.commit, 16)) == (1, 3)


def test_a_meaning_that_changed_under_one_name_is_ambiguous():
    found = traced({PATH: text(1)}, {PATH: text(1, comment="x")}, {PATH: text(1, days=30)}, {PATH: text(1)})
    version = found.versions[0]
    assert version.is_ambiguous
    assert [int(each.commit, 16) for each in version.meanings] == [1, 3]


def test_a_revert_brings_no_second_meaning():
    found = traced({PATH: text(1)}, {PATH: text(2, days=30)}, {PATH: text(1)})
    assert told(found) == {1: [1, 3], 2: [2]}
    assert not any(version.is_ambiguous for version in found.versions)
    assert found.present is not None
    assert found.present.version == 1


def test_a_renamed_file_is_the_same_recipe():
    found = traced({PATH: text(1)}, {PATH: None, "pow/new_name.yml": text(1)}, {"pow/new_name.yml": text(2)})
    assert found.present is not None
    assert (found.present.path, found.present.version) == ("pow/new_name.yml", 2)
    assert found.removal is None
    assert not found.versions[0].is_ambiguous


def test_a_rename_against_the_order_of_the_alphabet_removes_nothing():
    found = traced({"pow/z.yml": text(1)}, {"pow/z.yml": None, "pow/a.yml": text(1)})
    assert found.present is not None
    assert (found.present.path, found.removal) == ("pow/a.yml", None)


def test_an_id_that_moves_to_another_file_is_followed():
    other = text(1).replace("PASSPORT_BACKLOG", "OTHER")
    found = traced({PATH: text(1), "pow/b.yml": other}, {PATH: other, "pow/b.yml": text(2)})
    assert {v.number: v.first.path for v in found.versions} == {1: PATH, 2: "pow/b.yml"}


def test_a_deleted_recipe_keeps_its_versions_and_says_when_it_went():
    found = traced({PATH: text(1)}, {PATH: None}, {"pow/other.yml": text(1).replace("PASSPORT", "OTHER")})
    assert found.present is None
    assert found.removal is not None
    assert int(found.removal.commit, 16) == 2


def test_a_file_that_leaves_the_folder_is_gone_and_one_that_returns_is_there():
    gone = traced({PATH: text(1)}, {PATH: None, "pow/old/passport_backlog.yml": text(1)})
    assert gone.present is None
    back = traced({PATH: text(1)}, {PATH: None}, {PATH: text(1)})
    assert back.present is not None
    assert back.removal is None


def test_a_text_that_cannot_be_read_does_not_make_a_name_ambiguous():
    broken = text(1).replace("hitl_threshold: MEDIUM", "hitl_threshold: SOMETIMES")
    found = traced({PATH: broken}, {PATH: text(1)})
    version = found.versions[0]
    assert told(found) == {1: [1, 2]}
    assert "SOMETIMES" in version.editions[0].fault
    assert not version.is_ambiguous
    assert int(version.newest.commit, 16) == 2


def test_texts_of_which_none_can_be_read_are_told_apart_by_their_bytes():
    broken = text(4).replace("hitl_threshold: MEDIUM", "hitl_threshold: SOMETIMES")
    without_version = broken.replace("version: 4\n", "")
    assert traced({PATH: broken}, {PATH: broken + "\n"}).versions[0].is_ambiguous
    assert told(traced({PATH: broken}, {PATH: without_version})) == {1: [2], 4: [1]}


def test_a_text_that_only_names_the_recipe_is_none_of_it():
    mention = text(1).replace("PASSPORT_BACKLOG", "OTHER") + "# follows PASSPORT_BACKLOG\n"
    unreadable = "what: PASSPORT_BACKLOG\n"
    assert trace(BACKLOG, *commits({PATH: mention, "pow/x.yml": unreadable})) is None
    assert trace(BACKLOG, *commits({"pow/settings/feeds.yml": text(1)})) is None
    assert trace(BACKLOG, (), {}) is None


def test_only_recipes_files_are_asked_for():
    revisions, contents = commits({PATH: text(1), "pow/settings/feeds.yml": "x"}, {PATH: None})
    assert {contents[name] for name in recipe_blobs(revisions)} == {text(1).encode()}


def test_ids_are_known_at_a_glance():
    _, contents = commits({PATH: text(1), "pow/b.yml": "'id': \"OTHER_ONE\"\n", "pow/c.yml": "name: x\n"})
    assert known_recipes(contents) == ("OTHER_ONE", "PASSPORT_BACKLOG")


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(20, 22), st.sampled_from(["", "a", "b"])), max_size=8))
def test_a_name_is_ambiguous_exactly_if_it_had_two_meanings(history: list[tuple[int, int, str]]):
    found = trace(BACKLOG, *commits(*({PATH: text(*each)} for each in history)))
    meanings: dict[int, set[int]] = {}
    for version, days, _ in history:
        meanings.setdefault(version, set()).add(days)
    ambiguous = {v.number: v.is_ambiguous for v in found.versions} if found else {}
    assert ambiguous == {version: len(days) > 1 for version, days in meanings.items()}
