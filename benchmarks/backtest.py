"""`pow backtest` over a year of five-minute samples of two feeds, the whole process, against a bare interpreter.

Run with `python benchmarks/backtest.py`. Each row is the median of alternating runs; the limit is two seconds.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import duckdb

ROOT = Path(__file__).resolve().parents[1]
START = datetime(2025, 1, 1, tzinfo=UTC)
SAMPLES = 105_120
ROUNDS = 5
LIMIT = 2.0
FEEDS = ("metrics.passport.wait_time", "metrics.passport.error_rate")


def write_year(folder: Path) -> None:
    """Write a year in which waits are long in spring, and errors burst one night."""
    random = Random(14)
    with (folder / f"{FEEDS[0]}.csv").open("w") as waits, (folder / f"{FEEDS[1]}.csv").open("w") as errors:
        waits.write("at,value\n")
        errors.write("at,value,of\n")
        for number in range(SAMPLES):
            at = f"{START + number * timedelta(minutes=5):%Y-%m-%dT%H:%M:%SZ}"
            waits.write(f"{at},{random.uniform(8, 12) + 14 * (30_000 < number < 52_000):.3f}\n")
            count = random.randint(80, 120)
            share = 0.12 if 40_000 < number < 40_100 else 0.02
            errors.write(f"{at},{sum(random.random() < share for _ in range(count))},{count}\n")


def as_parquet(source: Path, target: Path) -> None:
    """Write the same tables as Parquet files."""
    with duckdb.connect() as connection:
        for feed in FEEDS:
            relation = connection.read_csv(str(source / f"{feed}.csv"))
            relation.write_parquet(str(target / f"{feed}.parquet"))


def seconds(command: list[str]) -> float:
    """Run a command to its end."""
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    return time.perf_counter() - began


def main() -> int:
    """Measure both formats; exit code 1 above the limit."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed has its bytecode, ours and the peers
    slow = False
    print(f"{'ours':48} {'peer':16} {'ratio':>7} {'ours':>9} {'peer':>9}")
    with tempfile.TemporaryDirectory() as csv, tempfile.TemporaryDirectory() as parquet:
        write_year(Path(csv))
        as_parquet(Path(csv), Path(parquet))
        bare = [sys.executable, "-c", "pass"]
        pow_ = [str(Path(sys.executable).parent / "pow"), "backtest", "PASSPORT_BACKLOG", "--json", "--data"]
        for name, folder in (("CSV", csv), ("Parquet", parquet)):
            pairs = [(seconds([*pow_, folder]), seconds(bare)) for _ in range(ROUNDS + 1)][1:]
            ours, peer = (statistics.median(side) for side in zip(*pairs, strict=True))
            ratio = statistics.median(a / b for a, b in pairs)
            title = f"pow backtest, 2 x {SAMPLES:,} samples, {name}"
            print(f"{title:48} {'python -c pass':16} {ratio:7.1f} {ours:8.2f}s {peer:8.3f}s")
            slow = slow or ours > LIMIT
    return int(slow)


if __name__ == "__main__":
    sys.exit(main())
