"""Every check that recipes and settings go through, by the id that a diagnostic carries; it checks nothing itself.

Faults inside a rule carry the rule language's own ids.
"""

from enum import StrEnum
from types import MappingProxyType


class Check(StrEnum):
    """The ids; 00x reading, 01x shape, 02x settings, 03x loading, 04x against the rest of the repository."""

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
        Check.NOT_ADOPTED: "a recipe patches keys whose present values stand in patches/services/",
        Check.UNKNOWN_JOURNEY: "a recipe patches journeys whose present versions stand in patches/journeys/",
        Check.NO_CHANGE: "a patch changes something",
        Check.ABOVE_CAP: "a recipe's hitl_threshold is not above the policy's cap",
        Check.OUT_OF_RANGE: "a value is within the range that policy allows for its key",
        Check.NO_DENOMINATOR: "a rollback on a share knows how many it is a share of",
        Check.CONTRADICTION: "success and rollback of a recipe cannot both hold",
        Check.OTHER_KIND: "a patch keeps the kind of the value: a number stays a number",
        Check.FILE_NAME: "a desired-state file is named after its service or journey",
        Check.NOT_READ: "every file below pow/ and patches/ is one that the bot reads",
    }
)
"""What each check asks for, in one clause."""
