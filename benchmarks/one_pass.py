"""How long one pass of the monitor takes: 10,000 changes under watch, over 1,000 feeds, held to ten seconds.

Run with `python benchmarks/one_pass.py [--changes N]`; it exits 1 if a pass takes longer. Inside the clock is all
a pass does on this machine, as `pow monitor` does it, garbage being left where it is: the records folded, the merges
read from a real clone, each recipe compiled, every feed read from its file and reduced, every rule measured, every
verdict given, every comment that is due rendered, and a record of each measurement sealed into the chain. Outside is
what GitHub takes its time for: the fetch before it, the one commit that brings the records, and the comments
themselves. The work is what processors did, that of git included. The peer reads the same feeds by the same
collector and takes the mean of each, once.
"""

import argparse
import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.collect.gather import Collector
from bot.collect.sources.http_json import feed_client
from bot.forge.git import GitRepository
from bot.ledger.chain import chained
from bot.ledger.site import Site
from bot.model.clock import format_time
from bot.model.forge import RepoRef
from bot.model.names import BranchName, ChangeId
from bot.model.record import Draft, Phase, Record
from bot.model.settings import FeedSpec, Settings
from bot.monitor import step
from bot.recipes.library import load_library

CHANGES, FEEDS, SERVICES, KEYS = 10_000, 1_000, 1_000, 10
RECIPES = FEEDS // 2
LIMIT = 10.0
NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
HOUR, QUARTER = timedelta(hours=1), timedelta(minutes=15)

RECIPE = """\
id: R{number}
watch_feeds: [metrics.p{number}.wait_time, metrics.p{number}.error_rate]
bottleneck_rule: "max(wait_time) > 20_days"
fix_recipe:
  service_patch:
    service: S{number}
    config: {{k0: 4}}
hitl_threshold: MEDIUM
success_metric: "wait_time < 7_days for 3_days"
rollback_on: "error_rate > 5%"
"""
FEED = """\
  metrics.p{number}.wait_time:
    source: json_file
    path: data/w{number}.json
    columns: {{at: at, value: days}}
    unit: days
    window: 1_day
  metrics.p{number}.error_rate:
    source: json_file
    path: data/e{number}.json
    columns: {{at: at, value: errors, of: requests}}
    window: 15_minutes
"""
TARGETS = """\
endpoints:
  gateway: https://api.example
gateway:
  endpoint: gateway
  patch: /patch
  service: /services/{service}
  journey: /journeys/{journey}
syncs: {}
"""
POLICY = """\
approvals:
  LOW: {}
  MEDIUM: {supervisors: 1}
  HIGH: {supervisors: 1}
threshold_cap: MEDIUM
impact:
  default: MEDIUM
  unknown_key: HIGH
  keys: {}
  journeys: MEDIUM
"""


class QuietForge:
    """Takes comments and labels, and counts them: what GitHub does with them is not measured."""

    def __init__(self) -> None:
        self.comments = 0

    def put_comment(self, number: int, *, marker: str, body: str) -> None:
        """Take a comment that was rendered."""
        del number, marker, body
        self.comments += 1


class Shelf:
    """A ledger in memory, with the real chain."""

    def __init__(self) -> None:
        self._records: tuple[Record, ...] = ()

    def records(self) -> tuple[Record, ...]:
        """Return every record, by index."""
        return self._records

    def of(self, change: ChangeId) -> tuple[Record, ...]:
        """Return one change's records."""
        return tuple(record for record in self._records if record.change == change)

    def append(self, draft: Draft) -> Record:
        """Append one record."""
        return self.append_all((draft,))[0]

    def append_all(self, drafts: Sequence[Draft]) -> tuple[Record, ...]:
        """Seal records into the chain."""
        found, added = chained(self._records, drafts)
        self._records = (*self._records, *(record for record, _ in added))
        return found


def settings_files() -> dict[str, str]:
    """Return what stands below `pow/`."""
    feeds = "feeds:\n" + "".join(FEED.format(number=number) for number in range(RECIPES))
    settings = {"feeds": feeds, "targets": TARGETS, "policy": POLICY}
    recipes = {f"pow/r{number}.yml": RECIPE.format(number=number) for number in range(RECIPES)}
    return {**{f"pow/settings/{name}.yml": text for name, text in settings.items()}, **recipes}


def service_file(service: int, values: Sequence[int]) -> str:
    """Return a service's desired state."""
    keys = "".join(f"  k{number}: {value}\n" for number, value in enumerate(values))
    return f"service: S{service}\nchanges:\n{keys}"


def service_path(service: int) -> str:
    """Say where a service's desired state stands."""
    return f"patches/services/S{service}.yml"


def history(changes: int) -> Iterator[str]:
    """Write a history for `git fast-import`: a first commit, then a side commit and a merge for each change."""
    values = [[2] * KEYS for _ in range(SERVICES)]
    first = {**settings_files(), **{service_path(each): service_file(each, values[each]) for each in range(SERVICES)}}
    yield commit("refs/heads/main", 1, "Begin", first)
    for number in range(changes):
        service, key = number % SERVICES, number // SERVICES % KEYS
        values[service][key] = 4
        changed = {service_path(service): service_file(service, values[service])}
        side, merge, before = 2 * number + 2, 2 * number + 3, 2 * number + 1
        yield commit("refs/heads/side", side, "Propose", changed, f"from :{before}\n")
        yield commit("refs/heads/main", merge, "Merge", changed, f"from :{before}\nmerge :{side}\n")
    yield "done\n"


def commit(ref: str, mark: int, message: str, files: dict[str, str], parents: str = "") -> str:
    """Write one commit for `git fast-import`."""
    edits = "".join(f"M 100644 inline {path}\ndata {len(text.encode())}\n{text}\n" for path, text in files.items())
    who = f"committer Bot <bot@agency.example> {int(NOW.timestamp())} +0000\n"
    return f"commit {ref}\nmark :{mark}\n{who}data {len(message)}\n{message}\n{parents}{edits}\n"


def repository(root: Path, changes: int) -> tuple[GitRepository, list[str]]:
    """Make a clone with so many merges; returns it and their names."""
    git("init", "--quiet", "--initial-branch=main", cwd=root)
    marks = root / "marks"
    stream = "".join(history(changes))
    git("fast-import", "--quiet", "--done", f"--export-marks={marks}", cwd=root, stdin=stream)
    named = dict(line.split() for line in marks.read_text().splitlines())
    git("remote", "add", "origin", str(root), cwd=root)
    git("fetch", "--quiet", "origin", cwd=root)
    return GitRepository.open(root), [named[f":{2 * number + 3}"] for number in range(changes)]


def git(*arguments: str, cwd: Path, stdin: str = "") -> None:
    """Run git."""
    subprocess.run(["git", *arguments], cwd=cwd, input=stdin.encode(), check=True, capture_output=True)


def write_feeds(root: Path) -> None:
    """Write four days of every feed: waits each hour, errors each quarter of an hour."""
    (root / "data").mkdir()
    start = NOW - timedelta(days=4)
    for number in range(RECIPES):
        waits = [{"at": format_time(start + HOUR * i), "days": 9.0 + i % 5} for i in range(98)]
        errors = [
            {"at": format_time(start + QUARTER * i), "errors": (i + number) % 3, "requests": 60} for i in range(392)
        ]
        (root / "data" / f"w{number}.json").write_text(json.dumps(waits))
        (root / "data" / f"e{number}.json").write_text(json.dumps(errors))


def deployed(merges: Sequence[str]) -> list[Draft]:
    """Return the records of changes that went live within the last two days, those of one recipe at many moments."""
    drafts: list[Draft] = []
    for number, merge in enumerate(merges):
        change = ChangeId(f"{number:016x}")
        # After 6,000 changes recipe and hour come again: some minutes apart, no two share what is measured of them.
        at = NOW - HOUR * (1 + number % 48) - timedelta(minutes=number // 6_000)
        target, key = f"S{number % SERVICES}", f"k{number // SERVICES % KEYS}"
        keys = [{"target": target, "key": key, "before": 2, "after": 4}]
        proposed = {"recipe": f"R{number % RECIPES}", "version": 1, "pull": number + 1, "keys": keys}
        for phase, facts in (
            (Phase.PROPOSED, proposed),
            (Phase.DECIDED, {"result": "approved", "pull": number + 1}),
            (Phase.MERGED, {"pull": number + 1, "merge": merge}),
            (Phase.DEPLOYED, {"merge": merge, "effective_at": format_time(at)}),
        ):
            drafts.append(Draft(change=change, phase=phase, at=at, facts=facts, key=merge))
    return drafts


def settings_of(files: dict[str, bytes]) -> Settings:
    """Load the settings."""
    library = load_library(files, endpoints={})
    if library.settings is None or library.diagnostics:
        raise ValueError(f"the settings are wrong: {library.diagnostics[:3]}")
    return library.settings


def reduced(collector: Collector, specs: Sequence[FeedSpec]) -> float:
    """The peer: read every feed once, and take its mean."""
    series = collector.gather(specs, now=NOW).series.values()
    return sum(statistics.fmean(sample.value / sample.of for sample in each.samples) for each in series)


def work_done() -> float:
    """Return the seconds that processors worked for this process and the git processes it waited for."""
    return sum(os.times()[:4])


def main() -> int:
    """Time two passes and the peer; 1 if a pass takes too long."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changes", type=int, default=CHANGES)
    changes = parser.parse_args().changes
    with tempfile.TemporaryDirectory() as folder, feed_client() as client:
        root = Path(folder)
        write_feeds(root)
        clone, merges = repository(root, changes)
        base = clone.head(BranchName("main"))
        if base is None:
            raise ValueError("the clone has no main")
        settings = settings_of(dict(clone.read_many("pow/", base)))
        collector = Collector(endpoints={}, root=root, client=client)
        ledger, forge = Shelf(), QuietForge()
        ledger.append_all(deployed(merges))
        print(f"{changes:,} changes under watch, {FEEDS:,} feeds, {len(ledger.records()):,} records")
        slowest = 0.0
        began = time.perf_counter()
        reduced(collector, settings.feeds)
        peer = time.perf_counter() - began
        for name, now in (("the first pass", NOW), ("a pass an hour later", NOW + HOUR)):
            repo = RepoRef(owner="agency", name="pow")
            site = Site(repo=repo, forge=forge, repository=clone, ledger=ledger, now=now)
            comments = forge.comments
            gc.collect()
            gc.disable()
            began, worked = time.perf_counter(), work_done()
            report = step.run(site, settings=settings, base=base, collector=collector)
            seconds, worked = time.perf_counter() - began, work_done() - worked
            gc.enable()
            slowest = max(slowest, seconds)
            shown = forge.comments - comments
            print(
                f"{name:24} {seconds:6.2f} s, {worked:5.2f} s of them work, {seconds / peer:5.1f} times the peer; "
                f"{len(report.events):,} looks, {shown:,} comments"
            )
        print(f"{'feeds read and reduced':24} {peer:6.2f} s")
    if slowest >= LIMIT:
        print(f"a pass took {slowest:.1f} s, less than {LIMIT:g} s allowed", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
