"""What `pow lint --observe` reads: the feeds of each recipe's rules, over their history, or files in their place."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import click

from bot.cli.environment import Environment
from bot.cli.patience import patience
from bot.cli.show import one_line
from bot.collect.gather import Collector
from bot.collect.sources.http_json import feed_client
from bot.model.errors import Diagnostic
from bot.model.names import FeedName
from bot.model.series import FeedFailure, Reading, Window
from bot.model.settings import FeedSpec, Settings
from bot.recipes.library import Library, load_library
from bot.recipes.lints.silence import silenced
from bot.recipes.lints.subject import Subject
from bot.rehearse.backtest import feeds_of
from bot.rehearse.read_past import Asked, read_past
from bot.rehearse.traffic import traffic_faults


def observed_faults(
    files: Mapping[str, bytes], folder: Path, data: Path | None, *, environment: Environment
) -> tuple[Diagnostic, ...]:
    """Check all recipes that compile against what their feeds say; a feed that says nothing is named on stderr."""
    library = load_library(files, endpoints=environment.endpoints)
    if library.settings is None:
        return ()
    with patience("reading the feeds ..."):
        readings = _read(library, library.settings, folder, data, environment)
    for failure in (each for each in readings.values() if isinstance(each, FeedFailure)):
        click.echo(f"not observed: {one_line(f'{failure.feed}: {failure.message}')}", err=True)
    feeds = {feed.name: feed for feed in library.settings.feeds}
    compiled = {each.recipe.id: each for each in library.recipes}
    found: list[Diagnostic] = []
    for file in library.files:
        own = compiled.get(file.recipe.id)
        if own is not None:
            subject = Subject(document=file.document, compiled=own, feeds=feeds)
            found += silenced(file.recipe, traffic_faults(subject, readings, library.settings.policy))
    return tuple(found)


def _read(
    library: Library, settings: Settings, folder: Path, data: Path | None, environment: Environment
) -> Mapping[FeedName, Reading]:
    """Read every feed that a rule names, each over its own history; of files, the last of what they hold."""
    wanted = frozenset(name for recipe in library.recipes for name in feeds_of(recipe))
    specs = [feed for feed in settings.feeds if feed.name in wanted]
    root = folder.resolve() if data is None else data
    with feed_client() as client:
        collector = Collector(endpoints=settings.targets.endpoints, root=root, client=client)
        if data is None:
            now = environment.now
            return {spec.name: collector.series(spec, Window(start=now - _length(spec), end=now)) for spec in specs}
        files = frozenset(path.name for path in data.iterdir())
        asked = Asked(since=None, until=None, now=environment.now, files=files)
        past = read_past(library.recipes, settings, collector, asked) if specs else None
    return {spec.name: _last(past.readings[spec.name], past.span.end, _length(spec)) for spec in specs if past}


def _length(spec: FeedSpec) -> timedelta:
    return spec.history if spec.keeps is None else min(spec.history, spec.keeps)


def _last(reading: Reading, end: datetime, length: timedelta) -> Reading:
    """Cut a series to the time before an end."""
    if isinstance(reading, FeedFailure):
        return reading
    span = Window(start=end - length, end=end)
    return replace(reading, span=span, samples=tuple(sample for sample in reading.samples if span.holds(sample.at)))
