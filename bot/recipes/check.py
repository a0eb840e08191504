"""Every check that recipes and settings go through, by the id that a diagnostic carries; it checks nothing itself.

Faults inside a rule carry the rule language's own ids.
"""

from enum import StrEnum
from types import MappingProxyType


class Check(StrEnum):
    """The ids; 00x reading, 01x shape, 02x settings, 03x loading, 04x against the rest of the repository.

    From 050 on they are lints: what a recipe means, and not only whether it can be read.
    """

    ENCODING = "POW001"
    SYNTAX = "POW002"
    FEATURE = "POW003"
    DUPLICATE_KEY = "POW004"
    AMBIGUOUS = "POW005"
    DEPTH = "POW006"
    SIZE = "POW007"
    MISSING_KEY = "POW010"
    UNKNOWN_KEY = "POW011"
    KIND = "POW012"
    VALUE = "POW013"
    MISSING_FILE = "POW020"
    ENDPOINT = "POW021"
    FEED = "POW022"
    TARGET = "POW023"
    POLICY = "POW024"
    OVERRIDE = "POW025"
    UNKNOWN_FEED = "POW030"
    DUPLICATE_RECIPE = "POW031"
    TEST_VALUES = "POW032"
    TEST_MISFIT = "POW033"
    NOT_ADOPTED = "POW040"
    UNKNOWN_JOURNEY = "POW041"
    NO_CHANGE = "POW042"
    ABOVE_CAP = "POW043"
    OUT_OF_RANGE = "POW044"
    NO_DENOMINATOR = "POW045"
    CONTRADICTION = "POW046"
    OTHER_KIND = "POW047"
    FILE_NAME = "POW048"
    NOT_READ = "POW049"
    UNTESTED = "POW050"
    UNGUARDED_SHARE = "POW051"
    UNREACHED_MINIMUM = "POW052"
    FALSE_ROLLBACK = "POW053"
    CENSORED = "POW054"
    SINGLE_SAMPLE = "POW055"
    UNEVEN_HOLD = "POW056"
    OVERLAPPING_WINDOWS = "POW057"
    NOT_KEPT = "POW058"
    FOREGONE = "POW059"
    DIRECTION = "POW060"
    NEVER_ARMED = "POW061"
    ANY_GROUP = "POW062"
    AFTER_DEADLINE = "POW063"
    SAME_VERSION = "POW064"
    REUSED_VERSION = "POW065"
    CANNOT_SILENCE = "POW066"
    IDLE_SILENCE = "POW067"
    UNBOUNDED = "POW068"
    SET_TWICE = "POW069"
    UNCOUNTED = "POW070"
    GUARD_NAME = "POW080"
    NO_DATA_POLICY = "POW081"
    OPEN_CASES = "POW082"
    TEST_UNFIT = "POW083"
    CLEAR_WHEN = "POW084"


SILENCEABLE = frozenset(
    {
        Check.NO_CHANGE,
        Check.NO_DENOMINATOR,
        Check.UNTESTED,
        Check.UNGUARDED_SHARE,
        Check.UNREACHED_MINIMUM,
        Check.FALSE_ROLLBACK,
        Check.CENSORED,
        Check.SINGLE_SAMPLE,
        Check.UNEVEN_HOLD,
        Check.OVERLAPPING_WINDOWS,
        Check.NOT_KEPT,
        Check.FOREGONE,
        Check.DIRECTION,
        Check.NEVER_ARMED,
        Check.ANY_GROUP,
        Check.AFTER_DEADLINE,
        Check.UNCOUNTED,
    }
)
"""What a recipe's author may waive with a reason: the doubtful, never the unreadable, unsafe or untraceable."""

OBSERVED = frozenset({Check.UNREACHED_MINIMUM, Check.FALSE_ROLLBACK})
"""What only the data can tell: `pow lint --observe` reads the feeds for it."""

VERSIONED = frozenset({Check.SAME_VERSION, Check.REUSED_VERSION})
"""What only history can tell: `pow lint --base` reads it."""

EXPLANATIONS = MappingProxyType(
    {
        Check.ENCODING: "a file is UTF-8 text without a byte order mark, tabs or invisible characters",
        Check.SYNTAX: "a file is one YAML document",
        Check.FEATURE: "anchors, aliases, tags, directives and keys that are not text are refused",
        Check.DUPLICATE_KEY: "a key stands once in a mapping",
        Check.AMBIGUOUS: "a number is written so that every reader takes it for the same number",
        Check.DEPTH: "a file is at most 32 levels deep",
        Check.SIZE: "a file is at most 256 KiB",
        Check.MISSING_KEY: "every required key is there",
        Check.UNKNOWN_KEY: "every key is known",
        Check.KIND: "every value is of the expected kind: text, number, list, mapping, true or false",
        Check.VALUE: "every value is among the values that its key can have",
        Check.MISSING_FILE: "the settings are there: feeds.yml, targets.yml and policy.yml in pow/settings/",
        Check.ENDPOINT: "an endpoint is an https URL, or plain http to this machine, or a file: folder",
        Check.FEED: "a feed has the columns and the unit that its shape needs, and a path below its endpoint",
        Check.TARGET: "the gateway and every sync name an endpoint of the kind they need",
        Check.POLICY: "the policy makes sense in itself",
        Check.OVERRIDE: "an endpoint that the environment replaces stands in targets.yml",
        Check.UNKNOWN_FEED: "a recipe names feeds of feeds.yml, of the shape that is meant",
        Check.DUPLICATE_RECIPE: "a recipe's id belongs to one file",
        Check.TEST_VALUES: "the values of a test's series are in the notation, and not more than a test may hold",
        Check.TEST_MISFIT: "a test names a recipe that loads, and series that fit the feeds",
        Check.NOT_ADOPTED: "a recipe patches keys whose present values stand in patches/services/",
        Check.UNKNOWN_JOURNEY: "a recipe patches journeys whose present versions stand in patches/journeys/",
        Check.NO_CHANGE: "a patch changes something",
        Check.ABOVE_CAP: "a recipe's hitl_threshold is not above the policy's cap",
        Check.OUT_OF_RANGE: "a value is within the range that policy allows for its key",
        Check.NO_DENOMINATOR: "a share that success or rollback rests on knows how many it is a share of",
        Check.CONTRADICTION: "success and rollback of a recipe cannot both hold",
        Check.OTHER_KIND: "a patch keeps the kind of the value: a number stays a number",
        Check.FILE_NAME: "a desired-state file is named after its service or journey",
        Check.NOT_READ: "every file below pow/ and patches/ is one that the bot reads",
        Check.UNTESTED: "a recipe has a test in pow/tests/",
        Check.UNGUARDED_SHARE: "a share is not judged on a single case",
        Check.UNREACHED_MINIMUM: "the traffic reaches the number of cases that a rule asks for",
        Check.FALSE_ROLLBACK: "at the observed traffic a healthy change is almost never rolled back",
        Check.CENSORED: "success does not rest on cases too young to have waited long",
        Check.SINGLE_SAMPLE: "one stuck or one lucky case does not decide a rule",
        Check.UNEVEN_HOLD: "`for` covers at least three whole windows",
        Check.OVERLAPPING_WINDOWS: "the windows that `for` and `in` count do not overlap",
        Check.NOT_KEPT: "a feed keeps its data as long as a rule looks back",
        Check.FOREGONE: "a condition can be met, and can fail to be met",
        Check.DIRECTION: "success leads away from the bottleneck",
        Check.NEVER_ARMED: "rollback_on does not hold already whenever the recipe fires",
        Check.ANY_GROUP: "success is asked of every group",
        Check.AFTER_DEADLINE: "success can be reached before the watch's deadline",
        Check.SAME_VERSION: "a recipe whose meaning changes has a higher version",
        Check.REUSED_VERSION: "a recipe's id and version name one text in history",
        Check.CANNOT_SILENCE: "what a recipe silences is a lint that may be silenced",
        Check.IDLE_SILENCE: "what a recipe silences would be said otherwise",
        Check.UNBOUNDED: "a computed value has a range in the policy",
        Check.SET_TWICE: "a recipe sets each value once",
        Check.UNCOUNTED: "where policy asks how many people are affected, a feed of the recipe counts them",
        Check.GUARD_NAME: "every rule that watches a change has a name of its own",
        Check.NO_DATA_POLICY: "what it means that there is no data fits how a feed's data comes",
        Check.TEST_UNFIT: "a test that a recipe chooses fits the rule that it is to prove",
        Check.CLEAR_WHEN: "that a bottleneck is gone is read off the feeds that show it, and not while it is there",
        Check.OPEN_CASES: "of cases that are still open only a median or a percentile is asked",
    }
)
"""What each check asks for, in one clause."""
