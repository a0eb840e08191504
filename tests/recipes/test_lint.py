import pytest
from recipes.repository_files import FILES, RECIPE, ROOT, SHORT_NAMES, edited, files

from bot.model.errors import Severity
from bot.recipes.files import read_files
from bot.recipes.lint import lint, unread_fault

RECIPE_NAME = "passport_backlog"

# (file, what stands there, what stands there instead, id, line, column, a part of the message)
FAULTS = [
    # a recipe's shape
    (RECIPE_NAME, "id: PASSPORT_BACKLOG\n", "", "POW010", 1, 1, "`id` is missing"),
    (RECIPE_NAME, "id: PASSPORT_BACKLOG", "id: passport", "POW013", 1, 5, "expected a recipe's id"),
    (RECIPE_NAME, "id: PASSPORT_BACKLOG", "id: 12", "POW012", 1, 5, "found the number 12"),
    (RECIPE_NAME, "id: PASSPORT_BACKLOG", "id: |\n  PASSPORT_BACKLOG", "POW013", 1, 5, "expected a recipe's id"),
    (RECIPE_NAME, "id: PASSPORT_BACKLOG", "id:", "POW012", 1, 1, "found nothing"),
    (RECIPE_NAME, "id: PASSPORT_BACKLOG", "id: A\nid: B", "POW004", 2, 1, "twice"),
    (RECIPE_NAME, "id: PASSPORT_BACKLOG", "id: PASSPORT_BACKLOG\nversion: 1.5", "POW012", 2, 10, "whole number"),
    (RECIPE_NAME, "id: PASSPORT_BACKLOG", "id: PASSPORT_BACKLOG\nversion: 2.0", "POW012", 2, 10, "whole number"),
    (RECIPE_NAME, "id: PASSPORT_BACKLOG", "id: PASSPORT_BACKLOG\nversion: 0", "POW013", 2, 10, "less than 1"),
    (RECIPE_NAME, "id: PASSPORT_BACKLOG", "id: PASSPORT_BACKLOG\nversion: true", "POW012", 2, 10, "found true"),
    (RECIPE_NAME, "hitl_threshold", "hitl_treshold", "POW010", 1, 1, "`hitl_threshold` is missing"),
    (RECIPE_NAME, "MEDIUM", "CRITICAL", "POW013", 10, 17, "a level: LOW, MEDIUM or HIGH"),
    (RECIPE_NAME, "MEDIUM", "medium", "POW013", 10, 17, 'found the text "medium"'),
    (RECIPE_NAME, "watch_feeds: [metrics.passport.wait_time]", "watch_feeds: x", "POW012", 2, 14, "a list of feed"),
    (RECIPE_NAME, "watch_feeds: [metrics.passport.wait_time]", "watch_feeds: []", "POW013", 2, 1, "is empty"),
    (RECIPE_NAME, "[metrics.passport.wait_time]", "[a.b, a.b]", "POW013", 2, 20, "`a.b` stands twice"),
    (RECIPE_NAME, "[metrics.passport.wait_time]", "[Wait Time]", "POW013", 2, 15, "expected a feed's name"),
    (RECIPE_NAME, "[metrics.passport.wait_time]", "[{a: 1}]", "POW012", 2, 15, "found a mapping"),
    (RECIPE_NAME, "passport_renewal@v2", "passport_renewal", "POW013", 5, 18, "journeys/passport_renewal@v2"),
    (
        RECIPE_NAME,
        "journeys/passport_renewal@v2",
        "journeys/../x@v2",
        "POW013",
        5,
        18,
        "expected a journey's version",
    ),
    (RECIPE_NAME, "journeys/passport_renewal@v2", "[]", "POW013", 5, 3, "is empty"),
    (RECIPE_NAME, "    service: PHOTO_VALIDATOR\n", "", "POW010", 6, 3, "`service` is missing"),
    (RECIPE_NAME, "service: PHOTO_VALIDATOR", "service: ../../etc", "POW013", 7, 14, "expected a service's name"),
    (RECIPE_NAME, "    config:\n      max_blur_px: 4\n", "", "POW010", 6, 3, "`config` is missing"),
    (
        RECIPE_NAME,
        "    config:",
        "    changes: {a: 1}\n    config:",
        "POW013",
        9,
        5,
        "write either `config` or `changes`",
    ),
    (RECIPE_NAME, "max_blur_px: 4", "max_blur_px: [4]", "POW012", 9, 7, "found a list"),
    (RECIPE_NAME, "max_blur_px: 4", "max_blur_px:", "POW012", 9, 7, "found nothing"),
    (RECIPE_NAME, "max_blur_px: 4", "max blur: 4", "POW013", 9, 7, "is not a configuration key"),
    (RECIPE_NAME, "max_blur_px: 4", f"max_blur_px: {'x' * 501}", "POW013", 9, 20, "longer than 500"),
    (RECIPE_NAME, "max_blur_px: 4", "max_blur_px: 1.10", "POW005", 9, 20, "last zero"),
    (RECIPE_NAME, "rollback_on:", "reversible: yes\nrollback_on:", "POW012", 12, 13, "expected true or false"),
    (RECIPE_NAME, "rollback_on:", "cooldown: 7\nrollback_on:", "POW012", 12, 11, "expected a length of time"),
    (RECIPE_NAME, "rollback_on:", "cooldown: soon\nrollback_on:", "POW013", 12, 11, "expected a length of time"),
    (RECIPE_NAME, "rollback_on:", "watch: {mode: on}\nrollback_on:", "POW013", 12, 15, "a rollback mode"),
    (RECIPE_NAME, "rollback_on:", "watch: {coverage: 2}\nrollback_on:", "POW013", 12, 19, "more than 1"),
    (RECIPE_NAME, "rollback_on:", "watch: {coverage: 150%}\nrollback_on:", "POW013", 12, 19, "a share such as 90%"),
    (RECIPE_NAME, "rollback_on:", "watch: {deadline: 0_days}\nrollback_on:", "POW013", 12, 19, "above zero"),
    (RECIPE_NAME, "rollback_on:", "watch: {min_samples: '5'}\nrollback_on:", "POW012", 12, 22, "a whole number"),
    (RECIPE_NAME, "rollback_on:", "watch: [x]\nrollback_on:", "POW012", 12, 1, "found a list"),
    (RECIPE_NAME, RECIPE, "- a\n- b\n", "POW012", 1, 1, "expected a mapping, found a list"),
    (RECIPE_NAME, RECIPE, "12\n", "POW012", 1, 1, "found the number 12"),
    # rules, at their very characters
    (RECIPE_NAME, "max(wait_time) > 20_days", "max(wait_tme) > 20_days", "rule-unknown-name", 3, 23, "wait_tme"),
    (RECIPE_NAME, "max(wait_time) > 20_days", "max(wait_time) > 20%", "rule-unit-mismatch", 3, 36, "a ratio (%)"),
    (RECIPE_NAME, "error_rate > 5%", "count(complaints.passport) > 5", "rule-not-a-metric", 12, 20, "no metric"),
    (RECIPE_NAME, "max(wait_time) > 20_days", "max(wait_time) >", "rule-syntax", 3, 35, ""),
    (RECIPE_NAME, "max(wait_time) > 20_days", "x" * 5000, "POW013", 3, 18, "longer than 4096"),
    (RECIPE_NAME, "error_rate > 5%", ">-\n  error_rate\n  > 5_dys", "rule-unknown-unit", 14, 5, "dys"),
    # a recipe's feeds
    (RECIPE_NAME, "[metrics.passport.wait_time]", "[metrics.passport.wait]", "POW030", 2, 15, "no feed"),
    (RECIPE_NAME, "rollback_on:", "process_log: events.visa\nrollback_on:", "POW030", 12, 14, "no feed"),
    (
        RECIPE_NAME,
        "rollback_on:",
        "process_log: complaints.passport\nrollback_on:",
        "POW030",
        12,
        14,
        "not of events",
    ),
    # a recipe against the repository
    (RECIPE_NAME, "max_blur_px: 4", "min_size: 4", "POW040", 9, 7, "a revert could not restore it"),
    (
        RECIPE_NAME,
        "PHOTO_VALIDATOR",
        "FORM_VALIDATOR",
        "POW040",
        9,
        7,
        "there is no patches/services/FORM_VALIDATOR.yml",
    ),
    (RECIPE_NAME, "passport_renewal@v2", "visa@v2", "POW041", 5, 18, "there is no patches/journeys/visa.yml"),
    (RECIPE_NAME, "passport_renewal@v2", "passport_renewal@v1", "POW042", 5, 18, "runs v1 already"),
    (RECIPE_NAME, "max_blur_px: 4", "max_blur_px: 2", "POW042", 9, 20, "is 2 already"),
    (RECIPE_NAME, "max_blur_px: 4", "mode: strict", "POW042", 9, 13, 'is "strict" already'),
    (RECIPE_NAME, "max_blur_px: 4", "mode: 4", "POW047", 9, 13, 'is text ("strict"), the patch makes it a number'),
    (RECIPE_NAME, "max_blur_px: 4", "retry: no", "POW047", 9, 14, "is true or false (true), the patch makes it text"),
    (RECIPE_NAME, "max_blur_px: 4", "max_blur_px: true", "POW047", 9, 20, "the patch makes it true or false"),
    (RECIPE_NAME, "max_blur_px: 4", 'max_blur_px: "+50"', "POW047", 9, 20, "the patch makes it text"),
    # what is computed
    (RECIPE_NAME, "max_blur_px: 4", "max_blur_px: +50", "POW005", 9, 20, "`+50` is a number to some readers"),
    (RECIPE_NAME, "max_blur_px: 4", "max_blur_px: *2", "POW003", 9, 20, "an alias is not allowed"),
    (RECIPE_NAME, "max_blur_px: 4", "max_blur_px: {plus: 2}", "POW011", 9, 21, "unknown key `plus`"),
    (RECIPE_NAME, "max_blur_px: 4", "max_blur_px: {}", "POW010", 9, 7, "`add` is missing"),
    (RECIPE_NAME, "max_blur_px: 4", "max_blur_px: {add: 2, multiply: 3}", "POW013", 9, 26, "write either `add` or"),
    (RECIPE_NAME, "max_blur_px: 4", "max_blur_px: {add: two}", "POW013", 9, 26, "a share of the present value such"),
    (RECIPE_NAME, "max_blur_px: 4", "max_blur_px: {add: true}", "POW012", 9, 26, "found true"),
    (RECIPE_NAME, "max_blur_px: 4", "max_blur_px: {multiply: 0}", "POW013", 9, 31, "less than 0.001"),
    (RECIPE_NAME, "max_blur_px: 4", "max_blur_px: {multiply: 10%}", "POW012", 9, 31, "a number from 0.001"),
    (RECIPE_NAME, "max_blur_px: 4", "mode: {add: 2}", "POW047", 9, 7, "mode is text, so nothing can be computed"),
    (RECIPE_NAME, "max_blur_px: 4", "retry: {add: 2}", "POW047", 9, 7, "retry is true or false"),
    (RECIPE_NAME, "max_blur_px: 4", "mode: {add: 2}", "POW068", 9, 7, "policy has no range for it"),
    (RECIPE_NAME, "max_blur_px: 4", "min_size: {add: 2}", "POW040", 9, 7, "a revert could not restore it"),
    (RECIPE_NAME, "max_blur_px: 4", "max_blur_px: {multiply: 1.2}", "POW042", 9, 7, "2.4, rounded to 2"),
    (RECIPE_NAME, "max_blur_px: 4", "max_blur_px: {add: -1}\n      max_px: 1", "POW040", 10, 7, "could not restore"),
    (RECIPE_NAME, "max_blur_px: 4", "max_blur_px: 13", "POW044", 9, 20, "outside 1 to 12"),
    (RECIPE_NAME, "max_blur_px: 4", "max_blur_px: 0.5", "POW044", 9, 20, "outside 1 to 12"),
    (RECIPE_NAME, "MEDIUM", "HIGH", "POW043", 10, 17, "above the policy's cap MEDIUM"),
    (RECIPE_NAME, "error_rate > 5%", "wait_time > 5_days", "POW046", 12, 14, "both hold at 6 days"),
    (RECIPE_NAME, "error_rate > 5%", "wait_time < 10_days", "POW046", 12, 14, "both hold at"),
    (
        "feeds",
        "columns: {at: at, value: errors, of: requests}",
        "columns: {at: at, value: pct}\n    unit: '%'",
        "POW045",
        12,
        14,
        "1 of 20 looks like 50 of 1,000",
    ),
    # feeds
    (
        "feeds",
        "    columns: {at: at, topic: topic}",
        "    columns: {at: at, topic: topic}\n    people: true",
        "POW022",
        21,
        5,
        "is no metric",
    ),
    ("feeds", "feeds:", "feds:", "POW010", 1, 1, "`feeds` is missing"),
    ("feeds", "  metrics.passport.wait_time:", "  wait_time:", "POW013", 2, 3, "`wait_time` is not a feed's name"),
    ("feeds", "source: csv", "source: ftp", "POW013", 23, 13, "a kind of source"),
    (
        "feeds",
        "    endpoint: metrics\n    path: /passport/wait",
        "    path: /passport/wait",
        "POW010",
        2,
        3,
        "`endpoint`",
    ),
    (
        "feeds",
        "    endpoint: metrics\n    path: /passport/wait",
        "    endpoint: metric\n    path: /passport/wait",
        "POW022",
        4,
        15,
        "no endpoint `metric`",
    ),
    (
        "feeds",
        "    endpoint: metrics\n    path: /passport/wait",
        "    endpoint: share\n    path: /passport/wait",
        "POW022",
        4,
        15,
        "is not a server",
    ),
    (
        "feeds",
        "    path: logs/passport.csv",
        "    endpoint: metrics\n    path: logs/x.csv",
        "POW022",
        24,
        15,
        "not a folder",
    ),
    ("feeds", "/passport/wait", "passport/wait", "POW022", 5, 11, "does not fit its source"),
    ("feeds", "/passport/wait", "//evil.example/wait", "POW022", 5, 11, "leads out of its endpoint"),
    ("feeds", "/passport/wait", "/../admin", "POW022", 5, 11, "leads out of its endpoint"),
    ("feeds", "logs/passport.csv", "/etc/passwd", "POW022", 24, 11, "does not fit its source"),
    ("feeds", "logs/passport.csv", "logs/../../x.csv", "POW022", 24, 11, "leads out of its endpoint"),
    ("feeds", "logs/passport.csv", "https://evil.example/x.csv", "POW022", 24, 11, "leads out of its endpoint"),
    ("feeds", "    unit: days\n", "", "POW022", 2, 3, "has no unit"),
    ("feeds", "unit: days", "unit: Furlongs", "POW013", 7, 11, "a unit such as days"),
    ("feeds", "unit: days", "unit: furlongs", "POW022", 7, 11, "no unit `furlongs`"),
    ("feeds", "feeds:", "units: [permits, Chf]\nfeeds:", "POW013", 1, 18, "a unit's name such as permits"),
    ("feeds", "feeds:", "units: [permits, weeks]\nfeeds:", "POW022", 1, 18, "means something in a rule already"),
    ("feeds", "feeds:", "units: [permits, not]\nfeeds:", "POW022", 1, 18, "means something in a rule already"),
    (
        "feeds",
        "unit: days",
        "unit: days\n    labels: {any: office}",
        "POW022",
        8,
        14,
        "means something in a rule already",
    ),
    (
        "feeds",
        "{at: closed_at, value: days}",
        "{start: s, end: e, case: c, activity: a}\n    hand_over: {source: A, target: B}\n    labels: {office: o}",
        "POW022",
        8,
        5,
        "cannot have labels",
    ),
    ("feeds", "unit: days", "unit: days\n    labels: {Office: id}", "POW013", 8, 14, "a label such as office"),
    ("feeds", "unit: days", "unit: days\n    max_value: 1\n    min_value: 2", "POW022", 9, 16, "above max_value"),
    ("feeds", "{at: closed_at, value: days}", "{at: closed_at}", "POW022", 6, 5, "which field is its `value`"),
    (
        "feeds",
        "{at: closed_at, value: days}",
        "{at: closed_at, end: e}",
        "POW022",
        6,
        5,
        "which field is its `start`",
    ),
    (
        "feeds",
        "{at: closed_at, value: days}\n    unit: days",
        "{start: s, end: e}\n    unit: '%'",
        "POW022",
        7,
        11,
        "a span",
    ),
    (
        "feeds",
        "unit: days",
        "unit: days\n    query: SELECT 1",
        "POW022",
        8,
        5,
        "a source of `http_json` takes no query",
    ),
    ("feeds", "source: csv", "source: sql", "POW022", 21, 3, "`events.passport` does not say what is asked"),
    ("feeds", "window: 5min", "window: 5min\n    unit: days", "POW022", 15, 11, "a value divided by `of` is a ratio"),
    ("feeds", "unit: days", "unit: days\n    time_zone: Mars/Base", "POW022", 8, 16, "no time zone `Mars/Base`"),
    ("feeds", "unit: days", "unit: days\n    time_zone: ../../etc", "POW013", 8, 16, "expected a time zone"),
    ("feeds", "unit: days", "unit: days\n    hand_over: {source: A, target: B}", "POW022", 6, 5, "its `activity`"),
    ("feeds", "window: 5min", "window: 0min", "POW013", 14, 13, "above zero"),
    ("feeds", "{at: at, topic: topic}", "{at: at}", "POW022", 20, 5, "which field is its `topic`"),
    (
        "feeds",
        "{case: case, activity: activity, end: end}",
        "{case: case}",
        "POW022",
        25,
        5,
        "which field is its `activity`",
    ),
    ("feeds", "{at: closed_at, value: days}", "{at: closed_at, valu: days}", "POW011", 6, 30, "unknown key `valu`"),
    # targets
    ("targets", "https://metrics.gov", "http://metrics.gov", "POW021", 2, 12, "plain http to another machine"),
    ("targets", "  endpoint: gateway", "  endpoint: gate", "POW023", 6, 13, "no endpoint `gate`"),
    ("targets", "  endpoint: gateway", "  endpoint: share", "POW023", 6, 13, "is not a server"),
    ("targets", "    endpoint: share", "    endpoint: gateway", "POW023", 13, 15, "is not a folder"),
    ("targets", "/v1/mgt/services/{service}", "/v1/mgt/services", "POW013", 8, 12, "a path with {service}"),
    ("targets", "/v1/mgt/patch", "/v1/../patch", "POW023", 7, 10, "leads out of its endpoint"),
    ("targets", "/v1/mgt/patch", "v1/mgt/patch", "POW023", 7, 10, "does not fit its endpoint"),
    ("targets", "path: status.txt", "path: /status.txt", "POW023", 14, 11, "does not fit its endpoint"),
    ("targets", ", width: 12", "", "POW023", 19, 9, "field `VALUE` has no width"),
    ("targets", "      - {name: KEY, source: key, width: 20}\n", "", "POW023", 16, 5, "no field holds the key"),
    ("targets", "kind: fixed_width", "kind: excel", "POW010", 11, 3, "`sheet` is missing"),
    ("targets", "kind: fixed_width", "kind: ftp", "POW013", 12, 11, "a kind of adapter"),
    # policy
    (
        "policy",
        "  HIGH: {supervisors: 1, security: 1}",
        "  HIGH: {}",
        "POW024",
        4,
        3,
        "nobody approves a change of impact HIGH",
    ),
    ("policy", "MEDIUM: {supervisors: 1}", "MEDIUM: {supervisors: 0}", "POW013", 3, 25, "less than 1"),
    ("policy", "  LOW: {}\n", "", "POW010", 1, 1, "`LOW` is missing"),
    ("policy", "minimum: 1, ", "minimum: 13, ", "POW024", 12, 3, "13 is above 12"),
    ("policy", "above: 50%", "above: many", "POW013", 10, 15, "how much more or less"),
    (
        "policy",
        "ranges:",
        "rollback: {windows: 5}\nranges:",
        "POW024",
        11,
        11,
        "8 breaches of 5 windows never happen",
    ),
    ("policy", "ranges:", "rollback: {pool: 1min}\nranges:", "POW024", 11, 18, "shorter than one `window`"),
    ("policy", "ranges:", "rollback: {confidence: 100%}\nranges:", "POW024", 11, 24, "not between"),
    ("policy", "ranges:", "rollback: {alpha: 0%}\nranges:", "POW024", 11, 19, "`alpha` is not between"),
    ("policy", "ranges:", "rollback: {test: cusum, reach: 1min}\nranges:", "POW024", 11, 32, "one and 10,000"),
    ("policy", "ranges:", "rollback: {test: cusum, reach: 10w}\nranges:", "POW024", 11, 32, "one and 10,000"),
    (
        "policy",
        "ranges:",
        "waiting: {escalate_after: 30_days}\nranges:",
        "POW024",
        11,
        27,
        "`escalate_after` is not before `expire_after`",
    ),
    (
        RECIPE_NAME,
        "rollback_on: error_rate > 5%",
        "rollback_on: error_rate > 5%\nclear_when: nothing < 5",
        "rule-unknown-name",
        13,
        13,
        "unknown metric `nothing`",
    ),
    ("policy", "ranges:", "rollback: {test: sprt}\nranges:", "POW013", 11, 18, "sprt"),
    ("policy", "ranges:", "calendar: {time_zone: Nowhere}\nranges:", "POW024", 11, 23, "no time zone `Nowhere`"),
    ("policy", "ranges:", "calendar: {allow: [Mon 9-5]}\nranges:", "POW024", 11, 20, "`Mon 9-5` names no hours"),
    (
        "policy",
        "ranges:",
        "calendar: {freeze: [{from: 2026-02-30, through: 2026-03-01, reason: why}]}\nranges:",
        "POW024",
        11,
        28,
        "between days that exist",
    ),
    (
        "policy",
        "ranges:",
        "calendar: {freeze: [{from: 2026-03-02, through: 2026-03-01, reason: why}]}\nranges:",
        "POW024",
        11,
        28,
        "ends before it begins",
    ),
    ("policy", "ranges:", "muted: [x]\nranges:", "POW013", 11, 9, "expected a recipe's id"),
    ("policy", "ranges:", "pausd: true\nranges:", "POW011", 11, 1, "unknown key `pausd`"),
    # the desired state
    ("PHOTO_VALIDATOR", "service: PHOTO_VALIDATOR", "service: OTHER", "POW048", 1, 10, "not named after its service"),
    ("PHOTO_VALIDATOR", "max_blur_px: 2", "max_blur_px: {a: 1}", "POW012", 3, 3, "found a mapping"),
    ("PHOTO_VALIDATOR", "max_blur_px: 2", "max_blur_px: 20", "POW044", 3, 16, "outside 1 to 12"),
    ("PHOTO_VALIDATOR", "max_blur_px: 2", "max_blur_px: wide", "POW044", 3, 16, "outside 1 to 12"),
    ("PHOTO_VALIDATOR", "changes:", "window: {start: now}\nchanges:", "POW010", 2, 1, "`end` is missing"),
    (
        "passport_renewal",
        "journey: passport_renewal",
        "journey: visa",
        "POW048",
        1,
        10,
        "not named after its journey",
    ),
    ("passport_renewal", "version: v1", "version: 1", "POW012", 2, 10, "expected a version such as v2"),
]


HINTS = [
    ("watch_feeds: [metrics.passport.wait_time]", "watch_feeds: a.b", "write a list: `[a.b]`"),
    ("rollback_on:", "lint: {ignore: [POW050]}\nrollback_on:", "write its keys: `id:`, `reason:`"),
    ("rollback_on:", "watch:\nrollback_on:", "write its keys: `mode:`, `min_samples:`, `coverage:`, `arm_after:`"),
    ("PHOTO_VALIDATOR", "PHOTO_VALIDTOR", "did you mean `PHOTO_VALIDATOR`? otherwise `pow adopt PHOTO_VALIDTOR"),
    ("max_blur_px", "max_blurr_px", "did you mean `max_blur_px`? otherwise `pow adopt PHOTO_VALIDATOR max_blurr_px`"),
    ("max_blur_px", "zoom", "`pow adopt PHOTO_VALIDATOR zoom` brings its live value in"),
    ("passport_renewal@v2", "pasport_renewal@v2", "did you mean `passport_renewal`? otherwise `pow adopt journeys/"),
]


@pytest.mark.parametrize(("old", "new", "hint"), HINTS)
def test_a_hint_says_what_to_write(old, new, hint):
    found = lint(edited(RECIPE_NAME, old, new), endpoints={})
    assert next(fault.hint for fault in found).startswith(hint), found


@pytest.mark.parametrize("case", FAULTS, ids=lambda case: f"{case[0]}: {case[2][:30]!r}")
def test_what_is_wrong_is_told_at_its_place(case):
    name, old, new, check, line, column, message = case
    found = [fault for fault in lint(edited(name, old, new), endpoints={}) if fault.id == check]

    assert [(fault.line, fault.column) for fault in found][:1] == [(line, column)], found
    assert message in found[0].message
    warnings = {"POW042", "POW045"}
    assert found[0].severity is (Severity.WARNING if check in warnings else Severity.ERROR)


def test_the_small_repository_of_these_tests_is_right():
    assert lint(files(), endpoints={}) == ()


def test_the_repositorys_own_recipes_and_settings_are_right():
    own = read_files(ROOT)

    assert {path for path in own if path.startswith("pow/")} >= {"pow/passport_backlog.yml", "pow/settings/feeds.yml"}
    assert lint(own, endpoints={}) == ()


@pytest.mark.parametrize("name", ["feeds", "targets", "policy"])
def test_missing_settings_are_told_by_their_path(name):
    found = lint(files(**{name: None}), endpoints={})

    assert [(fault.path, fault.id) for fault in found] == [(SHORT_NAMES[name], "POW020")]


def test_an_empty_repository_lacks_its_settings_only():
    assert [fault.path for fault in lint({}, endpoints={})] == ["pow"]
    lone = {"pow/README.md": b"notes"}
    assert [fault.id for fault in lint(lone, endpoints={})] == ["POW020"] * 3


@pytest.mark.parametrize(
    "path", ["pow/backlog.yaml", "pow/more/backlog.yml", "pow/settings/feed.yml", "patches/x.yml"]
)
def test_a_file_that_only_looks_as_if_it_counted_is_told(path):
    found = lint({**files(), path: b"a: 1\n"}, endpoints={})

    assert [(fault.path, fault.id, fault.severity) for fault in found] == [(path, "POW049", Severity.WARNING)]


@pytest.mark.parametrize("path", ["pow/README.md", "pow/tests/README.md", "patches/.gitkeep", "docs/a.yml", "x.py"])
def test_other_files_are_left_alone(path):
    assert lint({**files(), path: b"\xff"}, endpoints={}) == ()


def test_one_broken_recipe_hides_nothing_about_another():
    second = FILES["pow/passport_backlog.yml"].replace("PASSPORT_BACKLOG", "SECOND").replace("max_blur_px: 4", "x: 4")
    found = lint({**files(passport_backlog="id: [\n"), "pow/second.yml": second.encode()}, endpoints={})

    assert [(fault.path, fault.id) for fault in found] == [
        ("pow/passport_backlog.yml", "POW002"),
        ("pow/second.yml", "POW050"),
        ("pow/second.yml", "POW040"),
    ]


def test_a_broken_desired_state_is_told_once_and_not_again_by_every_recipe():
    found = lint(files(PHOTO_VALIDATOR="service: [\n", passport_renewal="x: 1\n"), endpoints={})

    assert {fault.path for fault in found} == {
        "patches/journeys/passport_renewal.yml",
        "patches/services/PHOTO_VALIDATOR.yml",
    }


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ('"+50"', "write {add: 50}"),
        ('"-3"', "write {add: -3}"),
        ('"+ 10%"', "write {add: 10%}"),
        ("-10%", "write {add: -10%}"),
        ('"*1.2"', "write {multiply: 1.2}"),
        ("x2", "write {multiply: 2}"),
        ("fast", "write a number"),
        ("+50", "write {add: 50}"),
        ("*2", "write {multiply: 2}"),
        ("*1.2", "write {multiply: 1.2}"),
    ],
)
def test_whoever_writes_a_calculation_as_text_is_told_how_to(text, hint):
    found = lint(edited(RECIPE_NAME, "max_blur_px: 4", f"max_blur_px: {text}"), endpoints={})

    assert any(hint in fault.hint for fault in found)


@pytest.mark.parametrize("rule", ["{add: 2}", "{add: -50%}", "{multiply: 1.5}"])
def test_a_computed_value_within_policys_range_is_fine(rule):
    assert lint(edited(RECIPE_NAME, "max_blur_px: 4", f"max_blur_px: {rule}"), endpoints={}) == ()


def test_a_journey_that_two_patches_set_is_told():
    both = "[journeys/passport_renewal@v2, journeys/passport_renewal@v3]"
    found = lint(edited(RECIPE_NAME, "journeys/passport_renewal@v2", both), endpoints={})

    assert [(fault.id, fault.line, fault.column) for fault in found] == [("POW069", 5, 49)]


def test_a_list_of_patches_is_checked_at_each_place():
    text = RECIPE.replace("journeys/passport_renewal@v2", "[journeys/passport_renewal@v2, journeys/visa@v1]").replace(
        "  service_patch:\n    service: PHOTO_VALIDATOR\n    config:\n      max_blur_px: 4\n",
        "  service_patch:\n    - {service: PHOTO_VALIDATOR, changes: {max_blur_px: 4}}\n"
        "    - {service: PHOTO_VALIDATOR, config: {max_blur_px: 99}}\n",
    )
    found = lint(files(passport_backlog=text), endpoints={})

    assert [(fault.id, fault.line, fault.column) for fault in found] == [
        ("POW041", 5, 49),
        ("POW069", 8, 43),
        ("POW044", 8, 56),
    ]


def test_evidence_is_checked_against_its_schema():
    path = "patches/evidence/0123456789abcdef.json"
    found = lint({**files(), path: b'{\n  "change_id": "x",\n  "extra": 1.5\n}\n'}, endpoints={})

    assert {fault.path for fault in found} == {path}
    assert ("POW013", 2) in {(fault.id, fault.line) for fault in found}
    assert all("extra" not in fault.message for fault in found)


def test_evidence_that_is_not_json_is_told():
    path = "patches/evidence/0123456789abcdef.json"

    assert [fault.id for fault in lint({**files(), path: b"{"}, endpoints={})] == ["POW002"]


def test_a_file_full_of_faults_tells_a_readable_number_of_them():
    unknown = "".join(f"key_{number}: 1\n" for number in range(5_000))
    repeated = f"watch_feeds: [{', '.join(['a.b'] * 5_000)}]"

    for text in (RECIPE + unknown, RECIPE.replace("watch_feeds: [metrics.passport.wait_time]", repeated)):
        found = lint(files(passport_backlog=text), endpoints={})

        assert 0 < len(found) <= 60
        assert {fault.path for fault in found} == {SHORT_NAMES[RECIPE_NAME]}


@pytest.mark.parametrize("name", ["feeds", "targets", "policy"])
def test_settings_that_are_not_yaml_are_told_at_their_place(name):
    found = lint(files(**{name: "a: [\n"}), endpoints={})

    assert [(fault.path, fault.id, fault.line) for fault in found] == [(SHORT_NAMES[name], "POW002", 2)]


@pytest.mark.parametrize("text", ["id: 1.5\nversion: yes\nreversible: 'true'\n", "id: [1, 2]\nhitl_threshold: {}\n"])
def test_values_of_the_wrong_kind_never_stop_the_lint(text):
    assert {fault.path for fault in lint(files(passport_backlog=text), endpoints={})} == {SHORT_NAMES[RECIPE_NAME]}


def test_a_missing_key_hides_nothing_that_is_wrong_with_the_rules():
    broken = files()
    path = "pow/passport_backlog.yml"
    text = broken[path].replace(b"hitl_threshold: MEDIUM", b"hitl_threshold: NONE").replace(b"20_days", b"20%")
    found = {fault.id for fault in lint({**broken, path: text}, endpoints={})}
    assert {"POW013", "rule-unit-mismatch"} <= found


def test_what_is_no_file_is_a_doubt_about_its_place():
    fault = unread_fault("pow/link.yml")
    assert (fault.path, fault.id, fault.severity) == ("pow/link.yml", "POW049", Severity.WARNING)
    assert "symbolic link" in fault.message
