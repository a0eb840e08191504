"""What the program cannot say of itself in a table: a line for each environment variable, exit code and fault.

A test fails when one is missing or no longer exists.
"""

from bot.model.verdict import RuleOutcome
from bot.rules.source import FaultId

EXIT_CODES = {
    0: "Done; also when there was nothing to do.",
    1: "An expected failure: a diagnostic, a refusal, no answer from somewhere. The output says what and where.",
    2: "The command was not understood.",
    3: "A bug in the bot; the trace is for its developers.",
    130: "Interrupted from the keyboard.",
}

ENVIRONMENT = {
    "GITHUB_ACTOR": "Who dispatched the run; what comes of it, they may not approve.",
    "GITHUB_API_URL": "Base URL of the REST interface; `https://api.github.com` where it is not set. "
    "On GitHub Enterprise Server and in the sandbox it names that server.",
    "GITHUB_EVENT_NAME": "Tells a dispatched run from a scheduled one, and a trigger from both.",
    "GITHUB_EVENT_PATH": "The file in which the runner hands an event over; a trigger's payload is read from it.",
    "GITHUB_REPOSITORY": "The repository to work on, `owner/name`.",
    "GITHUB_RUN_ATTEMPT": "Tells a run that somebody started once more.",
    "GITHUB_RUN_ID": "The workflow run; evidence and pull requests link to it.",
    "GITHUB_SERVER_URL": "Base URL of pages and of Git; the token is sent to Git at this address only.",
    "GITHUB_STEP_SUMMARY": "The summary of a workflow's run, a file: steps and comparisons add to it.",
    "GITHUB_TOKEN": "The token that the bot acts with: a GitHub App's, or the workflow's own.",
    "GITHUB_TRIGGERING_ACTOR": "Who started the run once more; they may not approve what comes of it.",
    "GITHUB_WORKSPACE": "The clone to work in; the current folder where it is not set.",
    "NO_COLOR": "Set to anything, there is no colour.",
    "POW_BOT_LOGIN": "The login of the token's account, such as `pow-bot[bot]`; GitHub does not tell an App its own.",
    "POW_ENDPOINT_*": "Replaces a base URL of `pow/settings/targets.yml`: `POW_ENDPOINT_METRICS` that of `metrics`.",
    "POW_GATEWAY_TOKEN": "The bearer token for the gateway and for adapters that speak HTTP; `pow deploy` needs it.",
    "POW_RESUME_REASON": "The reason of `pow resume` where no option gives one.",
    "POW_RESUME_TARGET": "What `pow resume` lets go on where no argument names it.",
    "POW_PULL": "The pull request that `pow backtest` compares where neither a recipe nor an option names one.",
    "POW_NOW": "The present, as `2026-01-05T09:00:00Z`; for the sandbox and for looking back. "
    "Where it is not set the machine's clock is read once.",
}

OUTCOMES = {
    RuleOutcome.HOLDS: "The rule is met.",
    RuleOutcome.DOES_NOT_HOLD: "The rule was measured and is not met.",
    RuleOutcome.GREY: "Beyond the limit, and not proven to be more than chance; only the monitor says so.",
    RuleOutcome.NO_DATA: "The window holds no sample.",
    RuleOutcome.INSUFFICIENT: "Fewer samples, or windows with an answer, than are needed; or a division by zero.",
    RuleOutcome.STALE: "The newest sample is older than two of the feed's windows and its delay.",
    RuleOutcome.ERROR: "The feed could not be read, a value is too large to compute, or there are too many groups.",
}

RULE_FAULTS = {
    FaultId.TOO_LONG: "The rule has more than 4,096 characters.",
    FaultId.TOO_DEEP: "The rule is nested more than 64 levels deep.",
    FaultId.CHARACTER: "A character that the language does not have.",
    FaultId.SYNTAX: "Something stands where something else is expected.",
    FaultId.CHAINED_COMPARISON: "`a < b < c`; write `a < b and b < c`.",
    FaultId.UNKNOWN_NAME: "No feed has this name.",
    FaultId.AMBIGUOUS_NAME: "A short name that several feeds end in; write the full name.",
    FaultId.NOT_A_METRIC: "The name is that of complaints or of a process log: rules read numbers in time.",
    FaultId.UNKNOWN_FUNCTION: "No function has this name.",
    FaultId.ARGUMENTS: "A function is given something else than one metric.",
    FaultId.UNKNOWN_UNIT: "No unit has this name.",
    FaultId.UNIT_MISMATCH: "Two sides whose units do not compare, such as days and a percentage.",
    FaultId.MISSING_UNIT: "A plain number where the other side has a unit.",
    FaultId.NUMBER_SIZE: "A number that is too large to compute with.",
    FaultId.NOT_A_CONDITION: "A number where a condition is expected.",
    FaultId.NOT_A_NUMBER: "A condition where a number is expected.",
    FaultId.NO_METRIC: "A comparison that no metric takes part in: its answer would never change.",
    FaultId.SEVERAL_SERIES: "A metric with labels is several series where one is meant.",
    FaultId.LABEL: "`by` names a label that a feed of the rule does not have, or names one twice.",
    FaultId.NO_CHANGE: "`before` in a rule that is measured without a change: `bottleneck_rule`.",
    FaultId.WINDOW: "`over` with something that is no usable window, or not after a metric.",
    FaultId.SUSTAIN: "`for` or `in … windows` with numbers that make no sense.",
}
