"""The recipes under docs/examples on the public data that they are written for, against facts computed elsewhere."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import realdata

from bot.collect.gather import Collector, Gathered, uses_of
from bot.collect.sources.http_json import feed_client
from bot.diagnose.decide import diagnose
from bot.diagnose.process import rank
from bot.model.finding import Finding
from bot.model.names import FeedName
from bot.model.series import Series, Window
from bot.model.settings import Settings
from bot.recipes.files import read_files
from bot.recipes.library import Library, load_library
from bot.recipes.lint import lint

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
NAMES = ("ca_dmv", "cfpb", "foia", "nyc_311", "receipt")
DAYS = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One example read at one moment."""

    root: Path
    library: Library
    settings: Settings
    gathered: Gathered
    now: datetime

    def finding(self) -> Finding:
        compiled = self.library.recipes[0]
        log = self.gathered.logs.get(compiled.recipe.process_log or FeedName(""))
        feeds = compiled.recipe.watch_feeds
        found = diagnose(
            compiled,
            self.gathered.readings,
            now=self.now,
            ranking=rank(log) if log else None,
            sources=uses_of(self.gathered, feeds),
        )
        assert isinstance(found, Finding), found
        return found


def collected(name: str, data: Path, now: datetime) -> Example:
    """Collect an example's feeds; `data` is its data file."""
    root = EXAMPLES / name
    library = load_library(read_files(root), endpoints={"data": data.parents[1].as_uri()})
    assert library.settings is not None, library.diagnostics
    with feed_client() as client:
        collector = Collector(endpoints=library.settings.targets.endpoints, root=root, client=client)
        gathered = collector.gather(library.settings.feeds, now=now)
    assert gathered.failures == {}
    return Example(root=root, library=library, settings=library.settings, gathered=gathered, now=now)


@pytest.mark.parametrize("name", NAMES)
def test_every_example_is_free_of_faults(name: str):
    assert lint(read_files(EXAMPLES / name), endpoints={}) == ()


def test_every_example_is_tested():
    assert tuple(sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir())) == NAMES


def test_the_building_permits_lose_most_time_before_the_stop_advice():
    example = collected("receipt", realdata.path("receipt/receipt.parquet"), datetime(2012, 2, 1, tzinfo=UTC))
    finding = example.finding()
    assert finding.observed == "3.062 days"
    assert finding.ranking is not None
    assert round(finding.ranking.total / DAYS, 2) == 7_755.28
    assert len(finding.ranking.hand_overs) == 99
    first = finding.ranking.hand_overs[0]
    assert (first.source[:3], first.target[:3], first.passages) == ("T05", "T06", 791)
    assert round(first.total / DAYS, 2) == 2_422.14
    assert [use.samples for use in finding.sources] == [8_577, 791]


def test_the_dmv_offices_wait_longest_in_april():
    example = collected("ca_dmv", realdata.path("ca_dmv/ca_dmv_waits.parquet"), datetime(2025, 5, 1, 7, tzinfo=UTC))
    assert example.finding().observed == "61.25 minutes"


@pytest.mark.parametrize(
    ("start", "end", "minutes", "readings"),
    [
        (datetime(2024, 10, 1, 7, tzinfo=UTC), datetime(2024, 11, 1, 7, tzinfo=UTC), 25, 34_938),
        (datetime(2025, 4, 1, 7, tzinfo=UTC), datetime(2025, 5, 1, 7, tzinfo=UTC), 61, 32_836),
        (datetime(2025, 10, 1, 7, tzinfo=UTC), datetime(2025, 11, 1, 7, tzinfo=UTC), 39, 24_384),
    ],
)
def test_the_dmv_months_have_their_known_means(start: datetime, end: datetime, minutes: int, readings: int):
    data = realdata.path("ca_dmv/ca_dmv_waits.parquet")
    settings = load_library(read_files(EXAMPLES / "ca_dmv"), endpoints={"data": data.parents[1].as_uri()}).settings
    assert settings is not None
    with feed_client() as client:
        collector = Collector(endpoints=settings.targets.endpoints, root=EXAMPLES, client=client)
        series = collector.series(settings.feeds[0], Window(start=start, end=end))
    assert isinstance(series, Series)
    assert len(series.samples) == readings
    assert round(sum(sample.value for sample in series.samples) / readings) == minutes
    hours = {sample.at for sample in series.samples}
    assert (len(series.samples) + series.dropped) % 188 == 0
    assert timedelta(days=0) < max(hours) - min(hours) < end - start


def test_the_foia_backlog_is_a_seventh_of_the_requests_received():
    example = collected("foia", realdata.path("foia/foia_annual_2008_2019.csv"), datetime(2019, 6, 1, tzinfo=UTC))
    year = datetime(2019, 1, 1, tzinfo=UTC)
    figures = {
        name: [sample.value for sample in series.samples if sample.at == year]
        for name, series in example.gathered.series.items()
    }
    assert sum(figures[FeedName("metrics.foia.received")]) == 858_952
    assert sum(figures[FeedName("metrics.foia.backlog")]) == 120_436
    assert max(figures[FeedName("metrics.foia.backlog")]) == 31_454
    assert example.finding().observed == "14.02%"


def test_service_requests_are_counted_by_type_and_measured_at_their_closing():
    example = collected("nyc_311", realdata.path("nyc_311/nyc_311_1000.csv"), datetime(2018, 11, 1, 4, tzinfo=UTC))
    counted = example.gathered.complaints[FeedName("complaints.nyc")]
    assert counted.total == 91
    assert next(iter(counted.topics.items())) == ("General Construction/Plumbing", 13)
    assert example.finding().observed == "21.07 days"
    assert example.gathered.series[FeedName("metrics.nyc.closing_time")].dropped == 14


def test_complaints_of_each_category_are_counted_and_nothing_of_their_text_is_kept():
    example = collected("cfpb", realdata.path("cfpb/cfpb_220_labelled.json"), datetime(2024, 1, 1, tzinfo=UTC))
    counted = example.gathered.complaints[FeedName("complaints.cfpb")]
    assert (counted.total, set(counted.topics.values()), len(counted.topics)) == (220, {20}, 11)
    assert "XXXX" not in repr((example.gathered, example.finding()))
    assert example.finding().observed == "9.091%"
