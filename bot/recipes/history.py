"""Which texts of a recipe a history holds, by version: `PASSPORT_BACKLOG@v3` is to name exactly one (pure)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.model.history import BlobName, Edit, Revision
from bot.model.json import digest_of
from bot.model.names import CommitSha, Digest, RecipeId
from bot.recipes.library import is_recipe_path
from bot.recipes.meaning import meaning_of
from bot.recipes.recipe import RecipeFile, read_recipe

_ID = re.compile(rb"^[\"']?id[\"']?\s*:\s*[\"']?([A-Z][A-Z0-9_]{1,63})\b", re.MULTILINE)
_VERSION = re.compile(rb"^[\"']?version[\"']?\s*:\s*([1-9][0-9]{0,5})\b", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """A text of a recipe as a commit brought it; `meaning` is None, and `fault` says why, if it cannot be read."""

    version: int
    path: str
    commit: CommitSha
    at: datetime
    content: bytes
    digest: Digest
    meaning: Digest | None
    fault: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """All texts that one `ID@vN` ever had, oldest first."""

    number: int
    editions: tuple[Edition, ...]

    @property
    def meanings(self) -> tuple[Edition, ...]:
        """The first text of each meaning: more than one, and the name is ambiguous.

        A text that no reader accepts does nothing, so it counts only where there is no other.
        """
        readable = [edition for edition in self.editions if edition.meaning is not None] or self.editions
        firsts = {edition.meaning or edition.digest: edition for edition in reversed(readable)}
        return tuple(sorted(firsts.values(), key=readable.index))

    @property
    def is_ambiguous(self) -> bool:
        """Whether the name means different things."""
        return len(self.meanings) > 1

    @property
    def first(self) -> Edition:
        """The text that began it."""
        return self.meanings[0]

    @property
    def newest(self) -> Edition:
        """The last text with a meaning: comments and layout may have changed since the first."""
        return next((each for each in reversed(self.editions) if each.meaning is not None), self.editions[-1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """The commit after which no file had the recipe any more."""

    commit: CommitSha
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeHistory:
    """A recipe's versions by number, what is there now, and how it went if nothing is."""

    recipe: RecipeId
    versions: tuple[Version, ...]
    present: Edition | None
    removal: Removal | None

    def version(self, number: int) -> Version | None:
        """Return a version by its number."""
        return next((version for version in self.versions if version.number == number), None)


def recipe_blobs(revisions: Sequence[Revision]) -> tuple[BlobName, ...]:
    """Name every content that a recipe's file ever had."""
    edits = (edit for revision in revisions for edit in revision.edits if is_recipe_path(edit.path))
    return tuple(dict.fromkeys(name for edit in edits for name in (edit.before, edit.after) if name is not None))


def known_recipes(contents: Mapping[BlobName, bytes]) -> tuple[RecipeId, ...]:
    """Return the ids that stand in any of the contents, as a quick look tells."""
    found = {match.decode("ascii") for content in contents.values() for match in _ID.findall(content)}
    return tuple(RecipeId(name) for name in sorted(found))


def trace(
    recipe: RecipeId, revisions: Sequence[Revision], contents: Mapping[BlobName, bytes]
) -> RecipeHistory | None:
    """Follow a recipe through the revisions (oldest first), in whatever files it stood; None if it never did."""
    texts = _Texts(recipe, contents)
    editions: list[Edition] = []
    standing: dict[str, Edition] = {}
    removal: Removal | None = None
    for revision in revisions:
        was_there = bool(standing)
        for edit in revision.edits:
            standing.pop(edit.path, None)
            if (edition := texts.edition(edit, revision)) is not None:
                editions.append(edition)
                standing[edit.path] = edition
        if was_there and not standing:
            removal = Removal(commit=revision.commit, at=revision.at)
    if not editions:
        return None
    numbers = sorted({edition.version for edition in editions})
    present = max(standing.values(), key=editions.index, default=None)
    return RecipeHistory(
        recipe=recipe,
        versions=tuple(Version(number=number, editions=tuple(_of(editions, number))) for number in numbers),
        present=present,
        removal=None if standing else removal,
    )


def _of(editions: Sequence[Edition], number: int) -> Iterator[Edition]:
    return (edition for edition in editions if edition.version == number)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """What a content says that it is."""

    version: int
    digest: Digest
    meaning: Digest | None
    fault: str = ""


class _Texts:
    """Reads contents of one recipe, each once."""

    def __init__(self, recipe: RecipeId, contents: Mapping[BlobName, bytes]) -> None:
        self._recipe = recipe
        self._contents = contents
        self._read: dict[BlobName, _Read | None] = {}

    def edition(self, edit: Edit, revision: Revision) -> Edition | None:
        """Return the text that a commit brought if it is one of the recipe."""
        name = edit.after
        if name is None or not is_recipe_path(edit.path):
            return None
        if name not in self._read:
            self._read[name] = self._look(edit.path, self._contents[name])
        read = self._read[name]
        if read is None:
            return None
        return Edition(
            version=read.version,
            path=edit.path,
            commit=revision.commit,
            at=revision.at,
            content=self._contents[name],
            digest=read.digest,
            meaning=read.meaning,
            fault=read.fault,
        )

    def _look(self, path: str, content: bytes) -> _Read | None:
        if self._recipe.encode("ascii") not in content:
            return None  # most texts of a history are of other recipes: they need no reading
        found = read_recipe(path, content)
        if isinstance(found, RecipeFile):
            recipe = found.recipe
            is_own = recipe.id == self._recipe
            return _Read(version=recipe.version, digest=recipe.digest, meaning=meaning_of(recipe)) if is_own else None
        if self._recipe.encode("ascii") not in _ID.findall(content):
            return None
        version = _VERSION.search(content)
        number = int(version[1]) if version else 1
        return _Read(version=number, digest=digest_of(content), meaning=None, fault=found[0].message)
