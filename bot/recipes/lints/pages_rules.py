"""The pages of the lints: what recipes mean."""

from bot.recipes.check import Check
from bot.recipes.lints.page import Page, Pages

_RECIPE = "# file: pow/passport_backlog.yml\n"
_FEEDS = "# file: pow/settings/feeds.yml\nfeeds:\n"
_SHARE = "  metrics.passport.error_rate:\n    source: http_json\n    endpoint: metrics\n    path: /passport/error\n"
_WAIT = "  metrics.passport.wait_time:\n    source: http_json\n    endpoint: metrics\n    path: /passport/wait\n"
_ADR = "docs/adr/0013-wilson-and-persistence.md"

RULE_PAGES: Pages = {
    Check.NO_DENOMINATOR: Page(
        why="5% is one failure of twenty or fifty of a thousand. Without the denominator no test can tell "
        "chance from "
        "harm, so the rollback rests on bare percentages.",
        bad=f"{_FEEDS}{_SHARE}    rows: windows\n    columns: {{at: at, value: percent}}\n    unit: '%'\n    "
        f"window: 5min\n"
        f'{_RECIPE}rollback_on: «"error_rate > 5%"»\n',
        good=f"{_FEEDS}{_SHARE}    rows: windows\n    columns: {{at: at, value: errors, of: requests}}\n    "
        f"window: 5min\n",
    ),
    Check.CONTRADICTION: Page(
        why="Where both hold a rollback wins, so a change that did what it should is taken back. Rules on the same "
        "number are compared, part by part; rules on different numbers may rightly hold together.",
        bad=f'{_RECIPE}success_metric: "wait_time < 7_days for 3_days"\nrollback_on: «"wait_time > 5_days"»\n',
        good=f'{_RECIPE}success_metric: "wait_time < 7_days for 3_days"\nrollback_on: "wait_time > 12_days"\n',
    ),
    Check.UNTESTED: Page(
        why="A test shows when a recipe fires, succeeds and is taken back, before it does so to a public "
        "service, and "
        "still shows it after the next edit.",
        bad="# no file: pow/tests/backlog_tests.yml\n# file: pow/passport_backlog.yml\nid: «PASSPORT_BACKLOG»\n",
        good="# whole file: pow/tests/backlog_tests.yml\nrecipe: PASSPORT_BACKLOG\ntests:\n"
        "  - name: short waits fire nothing\n    series:\n      wait_time: {every: 1_h, values: 5x48}\n",
    ),
    Check.UNGUARDED_SHARE: Page(
        why="With a minimum of one, the first request decides: 0% or 100%. A window without an error is then proof "
        "of success, however few were in it.",
        bad=f'{_RECIPE}bottleneck_rule: "p90(wait_time) > 20_days"\nsuccess_metric: "error_rate < 2% for 3_days"\n'
        "watch:\n  min_samples: «1»\n",
        good=f'{_RECIPE}success_metric: "error_rate < 2% for 3_days"\nwatch:\n  min_samples: 50\n',
    ),
    Check.UNREACHED_MINIMUM: Page(
        why="A window with fewer cases than the minimum says nothing. Where the traffic never reaches it, the "
        "rule is "
        "switched off without anybody noticing: in a simulation with 5 requests in five minutes, a rule that "
        "asked for "
        "50 in half an hour never fired, whatever went wrong. `pow lint --observe` reads the feeds for this check.",
        bad=f'# observed: metrics.passport.error_rate 0 of 2 every 5min\n{_RECIPE}rollback_on: «"error_rate > 5%"»\n',
        good=f'# observed: metrics.passport.error_rate 0 of 20 every 5min\n{_RECIPE}rollback_on: "error_rate > 5%"\n',
    ),
    Check.FALSE_ROLLBACK: Page(
        why="A limit that is looked at every few minutes is broken by chance sooner or later. The check plays "
        "watches of "
        "three days on the observed volumes and the observed share, once steady and once as bursty as "
        "observed, through "
        "the monitor's own test, and warns above 0.5%. A bare `error_rate > 5%` would take back a healthy "
        "change (2%) "
        f"with near certainty at 5, 20 and 100 requests in five minutes ({_ADR}). `pow lint --observe` reads "
        f"the feeds "
        "for this check.",
        bad="# observed: metrics.passport.error_rate 1 of 21 every 5min\n"
        f'{_RECIPE}rollback_on: «"error_rate > 5%"»\n',
        good=f'# observed: metrics.passport.error_rate 1 of 50 every 5min\n{_RECIPE}rollback_on: "error_rate > 5%"\n',
    ),
    Check.CENSORED: Page(
        why="After a change only samples since the change count. A feed that dates each case by its beginning then "
        "knows only young cases, and none that began three days ago can have waited a week: in 200 simulated runs "
        "without any improvement, `< 7 days for 3 days` was called a success every time, on day three. Date cases by "
        "when they end, or ask `for` longer than the limit. By a column's name alone it is a warning.",
        bad=f"{_FEEDS}{_WAIT}    columns: {{at: opened, start: opened, end: closed}}\n    unit: days\n"
        f'{_RECIPE}success_metric: «"wait_time < 7_days for 3_days"»\n',
        good=f"{_FEEDS}{_WAIT}    columns: {{start: opened, end: closed}}\n    unit: days\n"
        f'{_RECIPE}success_metric: "wait_time < 7_days for 3_days"\n',
    ),
    Check.SINGLE_SAMPLE: Page(
        why="The largest of a window is decided by one stuck ticket, the least by one lucky one. Without a "
        "minimum the "
        "window may hold nothing else.",
        bad=f'{_RECIPE}bottleneck_rule: "max(wait_time) > 20_days"\nwatch:\n  min_samples: «1»\n',
        good=f'{_RECIPE}bottleneck_rule: "p90(wait_time) > 20_days"\nwatch:\n  min_samples: 1\n',
    ),
    Check.UNEVEN_HOLD: Page(
        why="`for` is looked at in whole windows, so another length is rounded up. And two windows are no trend: one "
        "quiet week would be a success.",
        bad=f'{_RECIPE}success_metric: "mean(wait_time over 2_days) < 7_days «for 3_days»"\n',
        good=f'{_RECIPE}success_metric: "mean(wait_time over 2_days) < 7_days for 6_days"\n',
    ),
    Check.OVERLAPPING_WINDOWS: Page(
        why="Windows follow each other by the narrowest of a rule; a wider one then overlaps with its "
        "neighbours, and "
        "one bad hour counts in many of them. In a simulation at 20 requests in five minutes, `3 of 5` overlapping "
        "windows of half an hour took back 75% of healthy changes.",
        bad=f'{_RECIPE}rollback_on: "count(error_rate) > 20 and error_rate over 1_h > 5% «in 8 of 12 windows»"\n',
        good=f'{_RECIPE}rollback_on: "count(error_rate) > 20 and error_rate > 5% in 8 of 12 windows"\n',
    ),
    Check.NOT_KEPT: Page(
        why="A statistic over thirty days of a feed that keeps seven is one over seven days, and nothing says so. "
        "`before` needs its data until the watch ends.",
        bad=f"{_FEEDS}{_WAIT}    columns: {{at: closed_at, value: days}}\n    unit: days\n    keeps: 7_days\n"
        f'{_RECIPE}bottleneck_rule: «"max(wait_time over 30_days) > 20_days"»\n',
        good=f"{_FEEDS}{_WAIT}    columns: {{at: closed_at, value: days}}\n    unit: days\n    keeps: 90_days\n"
        f'{_RECIPE}bottleneck_rule: "max(wait_time over 30_days) > 20_days"\n',
    ),
    Check.FOREGONE: Page(
        why="A rule whose answer no data can change never fires, or always does. What a feed can say follows from "
        "its min_value and max_value; what divides by zero is never measured, counts are not negative, a window "
        "without samples is no count of zero but no data, and a share is taken to be from 0% to 100% unless its feed "
        "says otherwise (then it is a warning).",
        bad=f"{_FEEDS}{_WAIT}    columns: {{at: closed_at, value: days}}\n    unit: days\n    max_value: 15\n"
        f'{_RECIPE}bottleneck_rule: "«max(wait_time) > 20_days»"\n',
        good=f"{_FEEDS}{_WAIT}    columns: {{at: closed_at, value: days}}\n    unit: days\n    max_value: 400\n",
    ),
    Check.DIRECTION: Page(
        why="A success that points the same way as the bottleneck is reached by doing nothing, and one that "
        "leaves the "
        "bottleneck firing is proposed again. A rule that contradicts its metric's name, such as `error_rate < "
        "5%` as a "
        "bottleneck, is a doubt.",
        bad=f'{_RECIPE}bottleneck_rule: "max(wait_time) > 20_days"\nsuccess_metric: «"wait_time > 7_days for '
        f'3_days"»\n',
        good=f'{_RECIPE}bottleneck_rule: "max(wait_time) > 20_days"\nsuccess_metric: "wait_time < 7_days for '
        f'3_days"\n',
    ),
    Check.NEVER_ARMED: Page(
        why="A breach that was there before the change does not take it back: a person is asked. Where "
        "rollback_on holds "
        "whenever the recipe fires, that is every time.",
        bad=f'{_RECIPE}bottleneck_rule: "wait_time > 20_days"\nrollback_on: «"wait_time > 15_days"»\n',
        good=f'{_RECIPE}bottleneck_rule: "wait_time > 20_days"\nrollback_on: "wait_time > 30_days"\n',
    ),
    Check.ANY_GROUP: Page(
        why="`by office` is met as soon as one office meets it. That is right for harm; as a success it hides "
        "all other "
        "offices.",
        bad=f"{_FEEDS}{_WAIT}    columns: {{at: closed_at, value: days}}\n    unit: days\n    labels: "
        f"{{office: office}}\n"
        f'{_RECIPE}success_metric: "mean(wait_time) < 7_days «by office» for 3_days"\n',
        good=f"{_FEEDS}{_WAIT}    columns: {{at: closed_at, value: days}}\n    unit: days\n    labels: "
        f"{{office: office}}\n"
        f'{_RECIPE}success_metric: "mean(wait_time) < 7_days by every office for 3_days"\n',
    ),
    Check.AFTER_DEADLINE: Page(
        why="At the deadline a person is asked. A success that takes longer never comes.",
        bad=f'{_RECIPE}success_metric: "wait_time < 7_days «for 30_days»"\n',
        good=f'{_RECIPE}success_metric: "wait_time < 7_days for 30_days"\nwatch:\n  deadline: 60_days\n',
    ),
    Check.SAME_VERSION: Page(
        why="An auditor reads PASSPORT_BACKLOG@v3 in a record and must find the one text that it was. "
        "Comments, layout, "
        "the order of keys, the file's name and what it silences change no meaning. `pow lint --base REF` "
        "compares with "
        "a branch.",
        bad='# base: pow/passport_backlog.yml\nrollback_on: "error_rate > 5%"\n'
        '# file: pow/passport_backlog.yml\nid: «PASSPORT_BACKLOG»\nrollback_on: "error_rate > 8%"\n',
        good='# base: pow/passport_backlog.yml\nrollback_on: "error_rate > 5%"\n'
        '# file: pow/passport_backlog.yml\nversion: 2\nrollback_on: "error_rate > 8%"\n',
    ),
    Check.REUSED_VERSION: Page(
        why="A version that history has with another meaning would name two texts from then on. `pow show` lists the "
        "versions that there were.",
        bad='# history: pow/passport_backlog.yml\nversion: 2\nrollback_on: "error_rate > 9%"\n'
        '# base: pow/passport_backlog.yml\nrollback_on: "error_rate > 5%"\n'
        '# file: pow/passport_backlog.yml\nversion: «2»\nrollback_on: "error_rate > 8%"\n',
        good='# history: pow/passport_backlog.yml\nversion: 2\nrollback_on: "error_rate > 9%"\n'
        '# base: pow/passport_backlog.yml\nrollback_on: "error_rate > 5%"\n'
        '# file: pow/passport_backlog.yml\nversion: 3\nrollback_on: "error_rate > 8%"\n',
    ),
    Check.CANNOT_SILENCE: Page(
        why="Doubts can be answered by a reason. That a file cannot be read, that a value is out of range or a "
        "version "
        "was not raised cannot; and an id that does not exist silences nothing.",
        bad=f"{_RECIPE}lint:\n  ignore:\n    - {{id: «POW044», reason: this range is too narrow for us}}\n",
        good=f"{_RECIPE}watch:\n  min_samples: 1\nlint:\n  ignore:\n"
        "    - {id: POW055, reason: the feed is a daily total}\n",
    ),
    Check.IDLE_SILENCE: Page(
        why="An entry that silences nothing today hides a real doubt tomorrow.",
        bad=f"{_RECIPE}lint:\n  ignore:\n    - {{id: «POW055», reason: the feed is a daily total}}\n",
        good=f"{_RECIPE}watch:\n  min_samples: 1\nlint:\n  ignore:\n"
        "    - {id: POW055, reason: the feed is a daily total}\n",
    ),
    Check.GUARD_NAME: Page(
        why="Reports, records and later looks call a rule by its name, so two rules cannot share one. `success` and "
        "`rollback` are the names of the recipe's own rules.",
        bad=f'{_RECIPE}guardrails:\n  - {{rule: "wait_time > 30_days", name: slow}}\n'
        f'  - {{rule: «"wait_time > 40_days"», name: slow}}\n',
        good=f'{_RECIPE}guardrails:\n  - {{rule: "wait_time > 30_days", name: slow}}\n',
    ),
    Check.NO_DATA_POLICY: Page(
        why="A feed of incidents is silent when all is well, a feed of requests when something is broken. `no_data: "
        "ok` on the second would let a change pass that stopped all traffic, `no_data: breach` on the first would "
        "take back every change. So both need a feed that says which of the two it is.",
        bad=f"{_RECIPE}watch:\n  no_data: «ok»\n",
        good=f"{_FEEDS}{_SHARE}    rows: windows\n    columns: {{at: at, value: errors, of: requests}}\n    "
        f"window: 5min\n    kind: sparse\n{_RECIPE}watch:\n  no_data: ok\n",
    ),
    Check.OPEN_CASES: Page(
        why="A case that is open has lasted so long and will last longer. Its mean, its sum and the largest are not "
        "known yet; a median is, as soon as half of the cases have ended (the product-limit estimate of Kaplan and "
        "Meier), and so is any percentile.",
        bad=f"{_FEEDS}{_WAIT}    columns: {{start: opened, end: closed}}\n    unit: days\n    open_cases: true\n"
        f'{_RECIPE}bottleneck_rule: «"max(wait_time) > 20_days"»\n'
        f'success_metric: "median(wait_time over 30_days) < 7_days"\n',
        good=f"{_FEEDS}{_WAIT}    columns: {{start: opened, end: closed}}\n    unit: days\n    open_cases: true\n"
        f'{_RECIPE}bottleneck_rule: "p90(wait_time over 60_days) > 20_days"\n'
        f'success_metric: "median(wait_time over 30_days) < 7_days"\n',
    ),
    Check.TEST_UNFIT: Page(
        why="A test proves one kind of thing: wilson and cusum that a share is beyond its limit, kaplan_meier that a "
        "quantile of cases is, of which some are open, mann_whitney that one metric lies above a baseline's. Held to "
        "a rule of another kind it would never prove anything, and the rule would never take a change back. The "
        "groups of `control` are told by the labels of the feed.",
        bad=f'{_RECIPE}rollback_on: "wait_time > 30_days"\nrollback_test: «cusum»\n',
        good=f'{_RECIPE}rollback_on: "error_rate > 5%"\nrollback_test: cusum\n',
    ),
    Check.CLEAR_WHEN: Page(
        why="A proposal that nobody has decided on is closed when its bottleneck is gone. Another feed may be fine "
        "while citizens still wait; and a bottleneck that fires is not gone.",
        bad=f'{_RECIPE}clear_when: «"error_rate < 1%"»\n',
        good=f'{_RECIPE}clear_when: "max(wait_time) < 15_days"\n',
    ),
}
