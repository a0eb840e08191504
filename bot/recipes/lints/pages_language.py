"""The pages of the faults that a rule can have by itself: they come from the rule language, with its own ids."""

from bot.recipes.lints.page import Page, Pages
from bot.rules.source import FaultId

_FEEDS = "# file: pow/settings/feeds.yml\nfeeds:\n"
_OFFICES = (
    f"{_FEEDS}  metrics.passport.wait_time:\n    source: http_json\n    endpoint: metrics\n    path: /passport/wait\n"
    "    columns: {at: closed_at, value: days}\n    unit: days\n    labels: {office: office_id}\n"
)
_OTHER = (
    f"{_FEEDS}  metrics.visa.pages:\n    source: http_json\n    endpoint: metrics\n    path: /visa\n"
    "    columns: {at: at, value: n}\n    unit: count\n  metrics.permit.pages:\n    source: http_json\n"
    "    endpoint: metrics\n    path: /permit\n    columns: {at: at, value: n}\n    unit: count\n"
)


def _rule(text: str, key: str = "success_metric") -> str:
    return f'# file: pow/passport_backlog.yml\n{key}: "{text}"\n'


_LONG = " or ".join(["wait_time < 7_days"] * 200)

LANGUAGE_PAGES: Pages = {
    FaultId.TOO_LONG: Page(
        why="A rule has at most 4,096 characters: a longer one cannot be reviewed. In a recipe POW013 says so.",
        bad=f'# file: pow/passport_backlog.yml\nsuccess_metric: «"{_LONG}"»\n',
        good=_rule("wait_time < 7_days"),
    ),
    FaultId.TOO_DEEP: Page(
        why="A rule is at most 64 levels deep.",
        bad=_rule(f"{'(' * 64}«(»wait_time < 7_days{')' * 65}"),
        good=_rule("(wait_time < 7_days)"),
    ),
    FaultId.CHARACTER: Page(
        why="The language has few signs; others are most often slips of the keyboard.",
        bad=_rule("wait_time < 7_days «&» error_rate < 5%"),
        good=_rule("wait_time < 7_days and error_rate < 5%"),
    ),
    FaultId.SYNTAX: Page(
        why="Something stands where something else is expected; the message says what.",
        bad=_rule("wait_time < «for» 3_days"),
        good=_rule("wait_time < 7_days for 3_days"),
    ),
    FaultId.CHAINED_COMPARISON: Page(
        why="Other languages read a chain in two ways, so this one reads none.",
        bad=_rule("1_day < wait_time «<» 7_days"),
        good=_rule("1_day < wait_time and wait_time < 7_days"),
    ),
    FaultId.UNKNOWN_NAME: Page(
        why="A name that no feed has measures nothing.",
        bad=_rule("«wait_tme» < 7_days"),
        good=_rule("wait_time < 7_days"),
    ),
    FaultId.AMBIGUOUS_NAME: Page(
        why="A short name may end several feeds. The feeds that are watched come first, then their programme.",
        bad=_OTHER + _rule("«pages» < 7"),
        good=_OTHER + _rule("metrics.visa.pages < 7"),
    ),
    FaultId.NOT_A_METRIC: Page(
        why="Rules read numbers in time; complaints and process logs are no numbers.",
        bad="# file: pow/passport_backlog.yml\nwatch_feeds: [metrics.passport.wait_time, complaints.passport]\n"
        'success_metric: "«complaints.passport» < 7"\n',
        good=_rule("wait_time < 7_days"),
    ),
    FaultId.UNKNOWN_FUNCTION: Page(
        why="The reference lists all functions.",
        bad=_rule("«average»(wait_time) < 7_days"),
        good=_rule("mean(wait_time) < 7_days"),
    ),
    FaultId.ARGUMENTS: Page(
        why="A function reduces the samples of one metric; arithmetic is done with its result.",
        bad=_rule("max(«wait_time - 1_day») < 7_days"),
        good=_rule("max(wait_time) - 1_day < 7_days"),
    ),
    FaultId.UNKNOWN_UNIT: Page(
        why="A unit is one of the reference's, or one that feeds.yml declares.",
        bad=_rule("wait_time < «7_dys»"),
        good=_rule("wait_time < 7_days"),
    ),
    FaultId.UNIT_MISMATCH: Page(
        why="Days do not compare with a percentage: one of the two is a slip, and a comparison of bare numbers would "
        "have an answer all the same.",
        bad=_rule("wait_time < «7%»"),
        good=_rule("wait_time < 7_days"),
    ),
    FaultId.MISSING_UNIT: Page(
        why="`wait_time < 7` may mean days, hours or weeks.",
        bad=_rule("wait_time < «7»"),
        good=_rule("wait_time < 7_days"),
    ),
    FaultId.NUMBER_SIZE: Page(
        why="A number that is too large to compute with.",
        bad=_rule(f"wait_time < «1{'0' * 310}_days»"),
        good=_rule("wait_time < 100_000_days"),
    ),
    FaultId.NOT_A_CONDITION: Page(
        why="A rule is true or not; a number is neither.",
        bad=_rule("«wait_time»"),
        good=_rule("wait_time < 7_days"),
    ),
    FaultId.NOT_A_NUMBER: Page(
        why="Conditions are joined, not added or compared.",
        bad=_rule("(«wait_time < 7_days») + 1 > 2"),
        good=_rule("wait_time < 7_days and error_rate < 5%"),
    ),
    FaultId.NO_METRIC: Page(
        why="A comparison of two constants has the same answer for ever.",
        bad=_rule("wait_time < 7_days or «1 > 2»"),
        good=_rule("wait_time < 7_days"),
    ),
    FaultId.SEVERAL_SERIES: Page(
        why="A feed with labels holds several series. Where one number is meant, a rule says whether it is asked of "
        "each, or of all together.",
        bad=_OFFICES + _rule("«wait_time» < 7_days"),
        good=_OFFICES + _rule("wait_time < 7_days by every office"),
    ),
    FaultId.LABEL: Page(
        why="`by` names labels that all feeds of the rule have.",
        bad=_OFFICES + _rule("wait_time < 7_days by every «region»"),
        good=_OFFICES + _rule("wait_time < 7_days by every office"),
    ),
    FaultId.NO_CHANGE: Page(
        why="`bottleneck_rule` is measured when there is no change yet, so nothing is before it.",
        bad=_rule("wait_time > 2 * «before(wait_time)»", "bottleneck_rule"),
        good=_rule("wait_time > 2 * before(wait_time)", "rollback_on"),
    ),
    FaultId.WINDOW: Page(
        why="`over` says how far back a metric is looked at, so it stands right after its name.",
        bad=_rule("«max(wait_time) over 7_days» < 7_days"),
        good=_rule("max(wait_time over 7_days) < 7_days"),
    ),
    FaultId.SUSTAIN: Page(
        why="`for` takes a time above zero, `in … of … windows` two whole numbers.",
        bad=_rule("wait_time < 7_days «in 9 of 6 windows»"),
        good=_rule("wait_time < 7_days in 6 of 9 windows"),
    ),
}
