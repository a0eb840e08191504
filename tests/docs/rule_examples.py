"""Rules that the reference shows: one for every function, and one for every form that a rule can have.

Tests compile and measure them over the feeds of the rule cases, so that no page shows what does not work.
"""

from rules.environment import CATALOG, scope

from bot.rules.catalog import Metric
from bot.rules.compile import Rule, compile_rule

FUNCTIONS = {
    "max": "max(wait_time) > 20_days",
    "min": "min(wait_time) > 2_days",
    "mean": "mean(wait_time over 7_days) < 7_days",
    "median": "median(wait_time) > 10_days and p90(wait_time) > 20_days",
    "sum": "sum(error_rate) >= 20",
    "count": "count(error_rate) < 100",
    "last": "last(queue) > 500",
    "rate": "rate(queue over 6_hours) > 20_per_hour",
    "stddev": "stddev(wait_time) > 5_days",
    "p50": "p50(wait_time) > 10_days",
    "p99": "p99(wait_time) - p50(wait_time) > 20_days",
}
"""A rule for every function that the page has a row for."""

FORMS = {
    "metric": (
        "The mean over the feed's own window; of a ratio, all numerators over all denominators.",
        "queue > 500",
    ),
    "x over WINDOW": ("Over another window, up to now.", "wait_time over 7_days > 20_days"),
    "before(x)": (
        "Over the window of the same width that ends at the change.",
        "error_rate > 1.5 * before(error_rate over 7_days)",
    ),
    "and, or, not": ("See the truth tables.", "wait_time > 20_days or not queue < 500"),
    "by LABEL": ("At least one group must meet the rule; `by any` is the same.", "processing > 20_days by office"),
    "by every LABEL": ("Every group must meet it.", "refusals < 5% by every office, kind"),
    "for DURATION": ("In consecutive windows all that time.", "wait_time < 7_days for 3_days"),
    "in N of M windows": ("In so many of the last windows.", "error_rate > 5% in 6 of 12 windows"),
}
"""For every form what it means, and a rule that has it."""

EXAMPLES = (*FUNCTIONS.values(), *(example for _, example in FORMS.values()))


def example_rule(text: str) -> Rule:
    """Compile an example."""
    rule = compile_rule(text, scope())
    if not isinstance(rule, Rule):
        raise TypeError(f"{text}: {rule}")
    return rule


def example_metrics() -> list[Metric]:
    """Return the metrics that the examples name."""
    named = {feed for text in EXAMPLES for feed in example_rule(text).feeds}
    return [metric for metric in CATALOG if metric.name in named]
