"""The three settings files at one commit → Settings, or every diagnostic; one broken file makes all unusable."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bot.model.errors import Diagnostic
from bot.model.settings import FeedSpec, Policy, Settings, SourceKind, Targets
from bot.recipes.check import Check
from bot.recipes.endpoints import is_folder
from bot.recipes.feeds import read_feeds
from bot.recipes.outcome import Outcome
from bot.recipes.policy import muted_recipes, read_policy
from bot.recipes.schema import SchemaName, check_shape
from bot.recipes.suggest import suggest
from bot.recipes.targets import read_targets
from bot.recipes.text import parse
from bot.recipes.tree import Document

_FILES = (SchemaName.FEEDS, SchemaName.TARGETS, SchemaName.POLICY)
PATHS = tuple(f"pow/settings/{name}.yml" for name in _FILES)
"""Where the settings stand in a repository."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedSettings:
    """What could be read; `feeds` and `policy` may be usable where the rest is not.

    So rules are still checked, and what was decided by a policy can be looked at again without an environment.
    """

    settings: Settings | None
    feeds: tuple[FeedSpec, ...] | None
    diagnostics: tuple[Diagnostic, ...]
    policy: Policy | None = None


def load_settings(files: Mapping[str, bytes], *, endpoints: Mapping[str, str]) -> LoadedSettings:
    """Read the settings among a repository's files; `endpoints` are base URLs in place of those written."""
    if not any(path.startswith("pow/") for path in files):
        return LoadedSettings(settings=None, feeds=None, diagnostics=(_nowhere(),))
    documents = {name: _read(files, name) for name in _FILES}
    faults = [fault for document in documents.values() for fault in document.faults]
    feeds_file, targets_file, policy_file = (document.value for document in documents.values())
    feeds = read_feeds(feeds_file) if feeds_file else None
    targets = read_targets(targets_file, endpoints) if targets_file else None
    policy = read_policy(policy_file, files[policy_file.path]) if policy_file else None
    faults += [fault for read in (feeds, targets, policy) if read for fault in read.faults]
    specs = feeds.value if feeds else None
    settings = None
    if feeds_file and policy_file and specs and targets and targets.value and policy and policy.value:
        misfits = tuple(_endpoint_faults(feeds_file, specs, targets.value))
        faults += misfits
        muted = muted_recipes(policy_file)
        whole = Settings(feeds=specs, targets=targets.value, policy=policy.value, muted=muted)
        settings = None if misfits else whole
    return LoadedSettings(
        settings=settings,
        feeds=specs,
        diagnostics=tuple(sorted(faults)),
        policy=policy.value if policy else None,
    )


def _nowhere() -> Diagnostic:
    message = "there is no folder pow/ here, so no recipe and no setting"
    hint = "run it in the top folder of the repository, or name that folder"
    return Diagnostic(path="pow", line=1, column=1, id=Check.MISSING_FILE.value, message=message, hint=hint)


def _read(files: Mapping[str, bytes], name: SchemaName) -> Outcome[Document]:
    path = f"pow/settings/{name}.yml"
    if path not in files:
        message = f"{path} is missing"
        hint = f"create it; what may stand in it is described in bot/recipes/schemas/{name}.json"
        fault = Diagnostic(path=path, line=1, column=1, id=Check.MISSING_FILE.value, message=message, hint=hint)
        return Outcome(value=None, faults=(fault,))
    document = parse(path, files[path])
    if not isinstance(document, Document):
        return Outcome(value=None, faults=document)
    faults = check_shape(document, name)
    return Outcome(value=None if faults else document, faults=faults)


def _endpoint_faults(document: Document, feeds: tuple[FeedSpec, ...], targets: Targets) -> Iterator[Diagnostic]:
    """Check that every feed's endpoint is there and is of the kind that its source reads."""
    for feed in feeds:
        path = ("feeds", feed.name, "endpoint")
        is_web = feed.source is SourceKind.HTTP_JSON
        if feed.endpoint and feed.endpoint not in targets.endpoints:
            message = f"no endpoint `{feed.endpoint}` in targets.yml"
            hint = suggest(feed.endpoint, list(targets.endpoints))
            yield document.fault(Check.FEED, document.place(path), message, hint=hint)
        elif feed.endpoint and is_folder(targets.endpoints[feed.endpoint]) == is_web:
            wanted, hint = ("a server", "https://host") if is_web else ("a folder", "file:///path")
            message = f"endpoint `{feed.endpoint}` is not {wanted}"
            place = document.place(path)
            yield document.fault(Check.FEED, place, message, hint=f"give it a base URL such as {hint}")
