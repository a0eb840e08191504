"""Plays the examples of lint pages: their parts are laid over a small repository that is right, and checked."""

import operator
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from recipes.repository_files import FILES

from bot.model.errors import Diagnostic
from bot.model.history import BlobName, Edit, Revision
from bot.model.names import CommitSha, FeedName
from bot.model.series import Reading, Sample, Series, Window
from bot.recipes.library import load_library
from bot.recipes.lint import lint
from bot.recipes.lints.silence import silenced
from bot.recipes.lints.subject import Subject
from bot.recipes.lints.versions import changed_recipes, published_by, version_faults
from bot.recipes.recipe_tests import RecipeTestFile, read_test_file
from bot.recipes.recipe_tests_fit import Fitter
from bot.recipes.recipe_tests_index import is_test_path
from bot.rehearse.traffic import traffic_faults

NOW = datetime(2026, 1, 5, tzinfo=UTC)
_HEADER = re.compile(r"^[«»]*# ([a-z ]+): (.*)$")
_KEY = re.compile(r"[«»]*([\w.]+)[»]*:")
_OBSERVED = re.compile(r"(\S+) (\d+) of (\d+) every (\d+)min")


@dataclass(kw_only=True)
class Setting:
    """A repository, its past and its surroundings, as an example describes them; texts still have their marks."""

    files: dict[str, str] = field(default_factory=lambda: dict(FILES))
    base: dict[str, str] = field(default_factory=dict)
    history: list[tuple[str, str]] = field(default_factory=list)
    endpoints: dict[str, str] = field(default_factory=dict)
    observed: list[tuple[str, int, int, int]] = field(default_factory=list)
    path: str = ""

    @property
    def mark(self) -> tuple[str, int, int]:
        """Where the example's mark stands: path, line and column."""
        for path, text in self.files.items():
            if "«" in text:
                before = text[: text.index("«")]
                return path, before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1
        return self.path, 1, 1


def read(example: str) -> Setting:
    """Lay an example over the small repository."""
    setting = Setting()
    parts = re.split(r"(?m)^(?=[«»]*# (?:[a-z]+ )?(?:file|base|history|copy|environment|observed|size): )", example)
    for part in filter(None, parts):
        first, _, body = part.partition("\n")
        header = _HEADER.match(first)
        assert header, first
        _lay(setting, header[1], header[2], body)
        setting.path = setting.path or ("environment" if header[1] == "environment" else header[2])
    return setting


def _lay(setting: Setting, what: str, value: str, body: str) -> None:
    match what:
        case "file":
            setting.files[value] = merge(setting.files.get(value, ""), body)
        case "whole file":
            setting.files[value] = body
        case "copy":
            setting.files[value] = merge(FILES["pow/passport_backlog.yml"], body)
        case "no file":
            del setting.files[value]
        case "base":
            setting.base[value] = merge(FILES[value], body)
        case "history":
            setting.history.append((value, merge(FILES[value], body)))
        case "environment":
            name, _, url = value.partition("=")
            setting.endpoints[name.removeprefix("POW_ENDPOINT_").lower()] = url
        case "size":
            setting.files[setting.path] += "# ".ljust(int(value), "-") + "\n"
        case "observed":
            match = _OBSERVED.fullmatch(value)
            assert match, value
            setting.observed.append((match[1], int(match[2]), int(match[3]), int(match[4])))
        case _:
            raise AssertionError(what)


def merge(text: str, lines: str) -> str:
    """Put an example's keys in the place of a file's own; feeds one by one."""
    own, new = _blocks(text, ""), _blocks(lines, "")
    if "feeds" in own and "feeds" in new:
        inner = _blocks(own["feeds"].partition("\n")[2], "  ") | _blocks(new["feeds"].partition("\n")[2], "  ")
        new["feeds"] = "feeds:\n" + "".join(inner.values())
    return "".join((own | new).values())


def _blocks(text: str, indent: str) -> dict[str, str]:
    """Cut a text at its keys; a key that stands twice keeps both."""
    found: dict[str, str] = {}
    key = ""
    for line in text.splitlines(keepends=True):
        match = _KEY.match(line.removeprefix(indent)) if line.startswith(indent) else None
        if match and not line.removeprefix(indent).startswith((" ", "#")):
            key = match[1]
        found[key] = found.get(key, "") + line
    return found


def check(setting: Setting) -> tuple[Diagnostic, ...]:
    """Say everything that the bot says of an example."""
    files = _bytes(setting.files)
    found = list(lint(files, endpoints=setting.endpoints))
    if setting.base:
        found += _versions(files, setting)
    if setting.observed:
        found += _traffic(files, setting)
    if any(is_test_path(path) and setting.files[path] != FILES.get(path) for path in setting.files):
        found += _misfits(files)
    return tuple(sorted(set(found)))


def _bytes(texts: Mapping[str, str]) -> Mapping[str, bytes]:
    return {path: text.replace("«", "").replace("»", "").encode() for path, text in texts.items()}


def _misfits(files: Mapping[str, bytes]) -> Iterator[Diagnostic]:
    """Say what `pow test` says of test files before it plays them."""
    library = load_library(files, endpoints={})
    for path in filter(is_test_path, files):
        file = read_test_file(path, files[path])
        if isinstance(file, RecipeTestFile) and library.settings is not None and not library.has_error:
            for fitted in Fitter(library, library.settings).fit(file):
                yield from fitted.faults


def _versions(files: Mapping[str, bytes], setting: Setting) -> tuple[Diagnostic, ...]:
    base = _bytes({**FILES, **setting.base})
    texts = [*setting.history, *setting.base.items()]
    contents = {BlobName(str(index)): text.encode() for index, (_, text) in enumerate(texts)}
    revisions = [
        Revision(
            commit=CommitSha(f"{index:040}"),
            at=NOW + timedelta(days=index),
            edits=(Edit(path=path, before=None, after=BlobName(str(index))),),
        )
        for index, (path, _) in enumerate(texts)
    ]
    return version_faults(files, base, published_by(changed_recipes(files, base), revisions, contents))


def _traffic(files: Mapping[str, bytes], setting: Setting) -> list[Diagnostic]:
    library = load_library(files, endpoints={})
    assert library.settings is not None
    feeds = {feed.name: feed for feed in library.settings.feeds}
    data: dict[FeedName, Reading] = {}
    for text, hits, trials, minutes in setting.observed:
        spec, step = feeds[FeedName(text)], timedelta(minutes=minutes)
        times = (NOW - step * back for back in range(timedelta(days=3) // step, 0, -1))
        samples = tuple(Sample(at=at, value=hits, of=trials) for at in times)
        data[spec.name] = Series(
            feed=spec.name,
            unit=spec.unit,
            kind=spec.kind,
            window=spec.window,
            span=Window(start=NOW - timedelta(days=3), end=NOW),
            samples=samples,
        )
    found: list[Diagnostic] = []
    for file, compiled in zip(library.files, library.recipes, strict=True):
        subject = Subject(document=file.document, compiled=compiled, feeds=feeds)
        found += silenced(file.recipe, traffic_faults(subject, data, library.settings.policy))
    return found


by_place = operator.attrgetter("path", "line", "column")
