"""Recipes and settings that nobody can mean: by id, the file that is broken and its bytes.

Each of them must be refused: by `pow lint` with a place in the file, with exit code 1, and with little effort.
"""

from collections.abc import Iterator

from recipes.repository_files import FEEDS, POLICY, RECIPE, TARGETS

RECIPE_PATH = "pow/passport_backlog.yml"
FEEDS_PATH, TARGETS_PATH, POLICY_PATH = (f"pow/settings/{name}.yml" for name in ("feeds", "targets", "policy"))
KEYS = ("id", "watch_feeds", "bottleneck_rule", "fix_recipe", "hitl_threshold", "success_metric", "rollback_on")
NESTED = ("journey_patch", "service_patch", "service", "config", "max_blur_px")
EXTRA = ("version", "process_log", "reversible", "cooldown", "watch", "lint")
RULE = "max(wait_time) > 20_days"
MILLION = 1_000_000

OTHER_KINDS = {
    "nothing": "",
    "a tilde": "~",
    "true": "true",
    "a number": "12",
    "a fraction": "-1.5",
    "an empty list": "[]",
    "a list of lists": "[[], []]",
    "an empty mapping": "{}",
    "a mapping": "{a: b}",
    "an empty text": '""',
    "a blank": '" "',
}
FITS = {
    ("version", "a number"),
    ("reversible", "true"),
    ("watch", "an empty mapping"),
    ("lint", "an empty mapping"),
    ("max_blur_px", "a number"),
}
"""What happens to be right, or is refused for another reason than its kind."""

# what stands in a recipe, what stands there instead
EDITS = {
    "anchor": ("MEDIUM", "&level MEDIUM"),
    "alias": ("MEDIUM", "*level"),
    "anchor and alias": ("id: PASSPORT_BACKLOG", "x: &a PASSPORT_BACKLOG\nid: *a"),
    "merge key": ("id: PASSPORT_BACKLOG", "<<: {id: PASSPORT_BACKLOG}"),
    "merge of an alias": ("id: PASSPORT_BACKLOG", "x: &a {id: A}\n<<: *a"),
    "Python object": ("MEDIUM", "!!python/object/apply:os.system ['true']"),
    "Python name": ("MEDIUM", "!!python/name:os.system"),
    "Python module": ("MEDIUM", "!!python/module:os"),
    "binary tag": ("MEDIUM", "!!binary TUVESVVN"),
    "set tag": ("MEDIUM", "!!set {MEDIUM}"),
    "timestamp tag": ("MEDIUM", "!!timestamp 2026-01-05"),
    "string tag": ("MEDIUM", "!!str MEDIUM"),
    "local tag": ("MEDIUM", "!secret level"),
    "tag of a stranger": ("MEDIUM", "!<tag:example.org,2026:level> MEDIUM"),
    "complex key": ("id: PASSPORT_BACKLOG", "? [id]\n: PASSPORT_BACKLOG"),
    "mapping as a key": ("id: PASSPORT_BACKLOG", "{id: A}: PASSPORT_BACKLOG"),
    "key without text": ("id: PASSPORT_BACKLOG", '"": PASSPORT_BACKLOG'),
    "stray colon": ("id: PASSPORT_BACKLOG", ": PASSPORT_BACKLOG"),
    "no blank after the colon": ("id: PASSPORT_BACKLOG", "id:PASSPORT_BACKLOG"),
    "equals sign": ("id: PASSPORT_BACKLOG", "id = PASSPORT_BACKLOG"),
    "two colons": ("id: PASSPORT_BACKLOG", "id: : PASSPORT_BACKLOG"),
    "open quote": ("MEDIUM", '"MEDIUM'),
    "open single quote": ("MEDIUM", "'MEDIUM"),
    "text after a quote": ("MEDIUM", '"MEDIUM" HIGH'),
    "unknown escape": ("MEDIUM", '"\\q"'),
    "escaped NUL": ("MEDIUM", '"MED\\0IUM"'),
    "escaped override": ("MEDIUM", '"MED\\u202eIUM"'),
    "escaped surrogate": ("MEDIUM", '"\\ud83d\\ude00"'),
    "cut-off escape": ("MEDIUM", '"\\u20"'),
    "open bracket": ("[metrics.passport.wait_time]", "[metrics.passport.wait_time"),
    "stray bracket": ("[metrics.passport.wait_time]", "metrics.passport.wait_time]"),
    "wrong bracket": ("[metrics.passport.wait_time]", "[metrics.passport.wait_time}"),
    "empty entry": ("[metrics.passport.wait_time]", "[metrics.passport.wait_time,,]"),
    "entry twice": ("[metrics.passport.wait_time]", "[metrics.passport.wait_time, metrics.passport.wait_time]"),
    "at sign": ("MEDIUM", "@MEDIUM"),
    "backtick": ("MEDIUM", "`MEDIUM`"),
    "percent": ("MEDIUM", "%MEDIUM"),
    "block text": ("MEDIUM", "|\n  MEDIUM"),
    "folded text": ("MEDIUM", ">\n  MEDIUM"),
    "second line": ("MEDIUM", "MEDIUM\n  HIGH"),
    "document before": ("id: PASSPORT_BACKLOG", "a: 1\n---\nid: PASSPORT_BACKLOG"),
    "document after": ("rollback_on: error_rate > 5%", "rollback_on: error_rate > 5%\n---\na: 1"),
    "directive": ("id: PASSPORT_BACKLOG", "%YAML 1.1\n---\nid: PASSPORT_BACKLOG"),
    "list at the top": ("id: PASSPORT_BACKLOG", "- id: PASSPORT_BACKLOG"),
    "tab for indentation": ("  service_patch:", "\tservice_patch:"),
    "tab after a colon": ("id: PASSPORT_BACKLOG", "id:\tPASSPORT_BACKLOG"),
    "indented too far": ("hitl_threshold: MEDIUM", "  hitl_threshold: MEDIUM"),
    "indented too little": ("      max_blur_px: 4", "    max_blur_px: 4"),
    "indented between": ("    service: PHOTO_VALIDATOR", "   service: PHOTO_VALIDATOR"),
    "indentation swapped": ("  service_patch:\n    service:", "    service_patch:\n  service:"),
    "carriage return alone": ("hitl_threshold", "\rhitl_threshold"),
    "NUL": ("MEDIUM", "MED\0IUM"),
    "bell": ("MEDIUM", "MED\aIUM"),
    "escape sequence": ("MEDIUM", "\x1b[31mMEDIUM\x1b[0m"),
    "delete": ("MEDIUM", "MEDIUM\x7f"),
    "next line": ("MEDIUM", "MEDIUM\u0085"),
    "line separator": ("MEDIUM", "MEDIUM\u2028"),
    "no-break space": ("id: PASSPORT_BACKLOG", "id:\u00a0PASSPORT_BACKLOG"),
    "ideographic space": ("id: PASSPORT_BACKLOG", "id:\u3000PASSPORT_BACKLOG"),
    "zero-width space": ("PASSPORT_BACKLOG", "PASS\u200bPORT_BACKLOG"),
    "zero-width joiner": ("PASSPORT_BACKLOG", "PASS\u200dPORT_BACKLOG"),
    "soft hyphen": ("PASSPORT_BACKLOG", "PASS\u00adPORT_BACKLOG"),
    "byte order mark inside": ("PASSPORT_BACKLOG", "\ufeffPASSPORT_BACKLOG"),
    "right-to-left override": ("PASSPORT_BACKLOG", "\u202eGOLKCAB\u202c"),
    "isolate in a comment": ("id: PASSPORT_BACKLOG", "id: PASSPORT_BACKLOG # \u2067x\u2069"),
    "tag characters": ("PASSPORT_BACKLOG", "PASSPORT\U000e0041"),
    "replacement character": ("PASSPORT_BACKLOG", "PASSPORT\ufffd"),
    "noncharacter": ("PASSPORT_BACKLOG", "PASSPORT\uffff"),
    "Cyrillic look-alike": ("PASSPORT_BACKLOG", "P\u0410SSPORT_BACKLOG"),
    "fullwidth letters": ("PASSPORT_BACKLOG", "\uff30ASSPORT"),
    "composed accent": ("PASSPORT_BACKLOG", "P\u00c4SSPORT"),
    "decomposed accent": ("PASSPORT_BACKLOG", "PA\u0308SSPORT"),
    "key in another script": ("hitl_threshold", "hitl_thresh\u043eld"),
    "emoji": ("PASSPORT_BACKLOG", "\U0001f4a5"),
    "octal version": ("id: PASSPORT_BACKLOG", "id: PASSPORT_BACKLOG\nversion: 010"),
    "hexadecimal version": ("id: PASSPORT_BACKLOG", "id: PASSPORT_BACKLOG\nversion: 0x10"),
    "version with an underscore": ("id: PASSPORT_BACKLOG", "id: PASSPORT_BACKLOG\nversion: 1_0"),
    "version with a plus": ("id: PASSPORT_BACKLOG", "id: PASSPORT_BACKLOG\nversion: +1"),
    "version 1e3": ("id: PASSPORT_BACKLOG", "id: PASSPORT_BACKLOG\nversion: 1e3"),
    "version 1.0": ("id: PASSPORT_BACKLOG", "id: PASSPORT_BACKLOG\nversion: 1.0"),
    "version zero": ("id: PASSPORT_BACKLOG", "id: PASSPORT_BACKLOG\nversion: 0"),
    "version below zero": ("id: PASSPORT_BACKLOG", "id: PASSPORT_BACKLOG\nversion: -1"),
    "version of a thousand digits": ("id: PASSPORT_BACKLOG", f"id: PASSPORT_BACKLOG\nversion: {'9' * 1000}"),
    "sexagesimal version": ("id: PASSPORT_BACKLOG", "id: PASSPORT_BACKLOG\nversion: 1:30"),
    "value 1e999": ("max_blur_px: 4", "max_blur_px: 1e999"),
    "value infinity": ("max_blur_px: 4", "max_blur_px: .inf"),
    "value not a number": ("max_blur_px: 4", "max_blur_px: .nan"),
    "value of a thousand digits": ("max_blur_px: 4", f"max_blur_px: {'9' * 1000}"),
    "value past 2 to the 53": ("max_blur_px: 4", "max_blur_px: 9007199254740993"),
    "value with a lost zero": ("max_blur_px: 4", "max_blur_px: 4.10"),
    "value minus zero": ("max_blur_px: 4", "max_blur_px: -0"),
    "path as an id": ("id: PASSPORT_BACKLOG", "id: ../../etc/passwd"),
    "path as a service": ("service: PHOTO_VALIDATOR", "service: ../../../etc"),
    "path as a journey": ("journeys/passport_renewal@v2", "journeys/../../x@v2"),
    "shell as a service": ("service: PHOTO_VALIDATOR", "service: $(id)"),
    "template as an id": ("id: PASSPORT_BACKLOG", "id: ${{ github.token }}"),
    "workflow command": ("id: PASSPORT_BACKLOG", 'id: "::set-output name=x::y"'),
    "markup as an id": ("id: PASSPORT_BACKLOG", "id: <script>alert(1)</script>"),
    "format as an id": ("id: PASSPORT_BACKLOG", 'id: "{0.__class__}"'),
    "line feed in an id": ("id: PASSPORT_BACKLOG", 'id: "PASSPORT_BACKLOG\\n"'),
    "unknown key": ("hitl_threshold:", "on: push\nhitl_threshold:"),
    "key of __class__": ("hitl_threshold:", "__class__: object\nhitl_threshold:"),
    "key of a thousand letters": ("hitl_threshold:", f"{'k' * 1000}: 1\nhitl_threshold:"),
    "quoted key twice": ("id: PASSPORT_BACKLOG", 'id: PASSPORT_BACKLOG\n"id": OTHER'),
    "escaped key twice": ("id: PASSPORT_BACKLOG", 'id: PASSPORT_BACKLOG\n"\\x69d": OTHER'),
}
RULES = {
    "nothing but blanks": "   ",
    "a number": "20",
    "a metric": "wait_time",
    "no metric": "1 > 2",
    "two rules": "wait_time > 1_days; wait_time > 2_days",
    "an assignment": "wait_time = 20_days",
    "Python": "__import__('os').system('true')",
    "a comparison chain": "1_days < wait_time < 2_days",
    "an unknown metric": "watt_time > 20_days",
    "an unknown function": "maximum_of(wait_time) > 20_days",
    "an unknown unit": "wait_time > 20_lightyears",
    "other units": "wait_time > 20%",
    "no unit": "wait_time > 20",
    "a number past all bounds": f"wait_time > {'9' * 400}_days",
    "1e999": "wait_time > 1e999_days",
    "infinity": "wait_time > inf",
    "not a number": "wait_time > nan",
    "division by nothing": "wait_time / > 20_days",
    "an open parenthesis": "(wait_time > 20_days",
    "a stray parenthesis": "wait_time > 20_days)",
    "only operators": "< > = !",
    "a curly quote": "wait_time > \u201c20_days\u201d",
    "a look-alike sign": "wait_time \u2265 20_days",
    "a full-width digit": "wait_time > \uff12\uff10_days",
    "an Arabic digit": "wait_time > \u0662_days",
    "a look-alike metric": "w\u0430it_time > 20_days",
    "a duration past all bounds": "wait_time > 20_days for 99999_weeks",
    "a duration of nothing": "wait_time > 20_days for 0_days",
    "windows of nothing": "wait_time > 20_days in 0 of 0 windows",
    "more windows than there are": "wait_time > 20_days in 13 of 12 windows",
    "fractions of windows": "wait_time > 20_days in 1.5 of 12 windows",
    "windows without end": "wait_time over 1_ms > 20_days in 9999999 of 9999999 windows",
    "grouped by nothing": "wait_time > 20_days by",
    "grouped by an unknown label": "wait_time > 20_days by office",
    "before nothing": "before() > 20_days",
    "a unit of its own": "wait_time > 20_days_days",
    "100 KB of ands": " and ".join(["wait_time > 20_days"] * 4_200),
    "100 KB of one name": "w" * 100_000 + " > 20_days",
    "100 KB of digits": "wait_time > " + "9" * 100_000,
    "100 KB of blanks": "wait_time >" + " " * 100_000 + "20_days",
    "100 KB of stray signs": "?" * 100_000,
    "10,000 parentheses": "(" * 10_000 + RULE + ")" * 10_000,
    "1,000 parentheses": "(" * 1_000 + RULE + ")" * 1_000,
    "10,000 nots": "not " * 1_000 + RULE,
    "1,000 minus signs": "wait_time > " + "-" * 1_000 + "20_days",
    "a call in a call, 1,000 times": "max(" * 1_000 + "wait_time" + ")" * 1_000 + " > 20_days",
    "a sum of 1,000": " + ".join(["wait_time"] * 400) + " > 20_days",
    "before before before": "before(" * 500 + "wait_time" + ")" * 500 + " > 20_days",
}


def _nested(depth: int, opening: str, closing: str) -> str:
    return opening * depth + "x" + closing * depth


def _steps(depth: int) -> str:
    return "".join(f"{' ' * level}a:\n" for level in range(depth)) + " " * depth + "a: 1\n"


def _bomb(levels: int) -> str:
    first = "a0: &a0 [" + ", ".join(["x"] * 9) + "]\n"
    rest = (f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, levels))
    return first + "".join(rest) + RECIPE


WHOLE = {
    "empty": b"",
    "one blank": b" ",
    "only line feeds": b"\n" * 1_000,
    "only a comment": b"# a recipe\n",
    "only comments": b"# a recipe\n" * 10_000,
    "only a document mark": b"---\n",
    "only the end of a document": b"...\n",
    "only a directive": b"%YAML 1.2\n",
    "one word": b"recipe\n",
    "one number": b"42\n",
    "nothing": b"~\n",
    "an empty list": b"[]\n",
    "an empty mapping": b"{}\n",
    "a list": b"- a\n- b\n",
    "JSON that is cut off": b'{"id": "PASSPORT_BACKLOG", ',
    "TOML": b'[recipe]\nid = "PASSPORT_BACKLOG"\n',
    "INI": b"[recipe]\nid=PASSPORT_BACKLOG\n",
    "XML": b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>\n",
    "a diff": b"--- a/pow/x.yml\n+++ b/pow/x.yml\n@@ -1 +1 @@\n-a\n+b\n",
    "a merge conflict": b"<<<<<<< HEAD\nid: A\n=======\nid: B\n>>>>>>> other\n",
    "a shell script": b"#!/bin/sh\nrm -rf /\n",
    "a pickle": b"\x80\x04\x95\x1a\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94.",
    "a zip file": b"PK\x03\x04\x14\x00\x00\x00\x08\x00",
    "a gzip file": b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03",
    "a PNG": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
    "an ELF file": b"\x7fELF\x02\x01\x01" + b"\0" * 9,
    "every byte": bytes(range(256)),
    "every byte, many times": bytes(range(256)) * 1_000,
    "zeros": b"\0" * 10_000,
    "0xFF": b"\xff" * 10_000,
    "byte order mark": b"\xef\xbb\xbf" + RECIPE.encode(),
    "UTF-16": RECIPE.encode("utf-16"),
    "UTF-16 without a mark": RECIPE.encode("utf-16-le"),
    "UTF-32": RECIPE.encode("utf-32"),
    "Latin 1": RECIPE.replace("PHOTO_VALIDATOR", "B\u00dcRO").encode("latin-1"),
    "an overlong slash": RECIPE.encode().replace(b"/", b"\xc0\xaf"),
    "a surrogate": RECIPE.encode().replace(b"MEDIUM", b"\xed\xa0\x80"),
    "a surrogate pair": RECIPE.encode().replace(b"MEDIUM", b"\xed\xa0\xbd\xed\xb8\x80"),
    "past Unicode": RECIPE.encode().replace(b"MEDIUM", b"\xf4\x90\x80\x80"),
    "a cut-off character": RECIPE.encode() + b"# \xe2\x82",
    "line ends of old Macs": RECIPE.encode().replace(b"\n", b"\r"),
    "CR CR LF": RECIPE.encode().replace(b"\n", b"\r\r\n"),
    "form feeds": RECIPE.encode().replace(b"\n", b"\n\f"),
    "256 KB and a byte": RECIPE.encode().ljust(256 * 1024, b"#") + b"\n",
    "10 MB": RECIPE.encode() + b"# x\n" * (10 * MILLION // 4),
    "a line of 1 MB": b"id: " + b"A" * MILLION,
    "a line of 200 KB": b"id: " + b"A" * 200_000,
    "a key of 200 KB": b"k" * 200_000 + b": 1\n",
    "a quoted text of 200 KB that does not end": b'id: "' + b"A" * 200_000,
    "200 KB of blanks": b"id:" + b" " * 200_000 + b"x: y",
    "200 KB of colons": b":" * 200_000,
    "200 KB of dashes": b"- " * 100_000,
    "200 KB of question marks": b"? " * 100_000,
    "200 KB of bangs": b"! " * 100_000,
    "200 KB of ampersands": b"&a " * 66_000,
    "200 KB of quotes": b"'" * 200_000,
    "200 KB of hashes behind a word": b"a" + b" #" * 100_000,
    "10,000 brackets": _nested(10_000, "[", "]").encode(),
    "10,000 open brackets": b"[" * 10_000,
    "10,000 braces": _nested(10_000, "{a: ", "}").encode(),
    "10,000 open braces": b"{" * 10_000,
    "10,000 dashes": b"- " * 10_000 + b"x",
    "33 levels": _nested(33, "[", "]").encode(),
    "100 levels by indentation": _steps(100).encode(),
    "600 levels by indentation": _steps(600).encode(),
    "10,000 keys": "".join(f"key_{n}: {n}\n" for n in range(10_000)).encode(),
    "10,000 keys beside a recipe": (RECIPE + "".join(f"key_{n}: {n}\n" for n in range(10_000))).encode(),
    "the same key 10,000 times": b"id: A\n" * 10_000,
    "10,000 anchors": "".join(f"k{n}: &a{n} 1\n" for n in range(10_000)).encode(),
    "10,000 tags": b"- !x 1\n" * 10_000,
    "10,000 feeds": RECIPE.replace(
        "metrics.passport.wait_time", ", ".join(f"a.b{n}" for n in range(10_000))
    ).encode(),
    "10,000 times one feed": RECIPE.replace("metrics.passport.wait_time", ", ".join(["a.b"] * 10_000)).encode(),
    "10,000 values": RECIPE.replace("max_blur_px: 4", "\n      ".join(f"k{n}: 4" for n in range(10_000))).encode(),
    "10,000 bad values": RECIPE.replace(
        "max_blur_px: 4", "\n      ".join(f"k{n}: []" for n in range(9_000))
    ).encode(),
    "10,000 bad names": RECIPE.replace("max_blur_px: 4", "\n      ".join(f"K-{n}: 4" for n in range(9_000))).encode(),
    "a bomb of 9 levels": _bomb(9).encode(),
    "a bomb of 40 levels": _bomb(40).encode(),
    "an alias of itself": b"a: &a [*a]\n" + RECIPE.encode(),
    "a merge of itself": b"a: &a {<<: *a}\n" + RECIPE.encode(),
    "10,000 documents": b"---\na: 1\n" * 10_000,
    "the recipe twice": (RECIPE * 2).encode(),
}
SETTINGS = {
    "empty": lambda _: b"",
    "only a comment": lambda _: b"# nothing\n",
    "one word": lambda _: b"settings\n",
    "a list": lambda _: b"- a\n",
    "every byte": lambda _: bytes(range(256)),
    "UTF-16": lambda text: text.encode("utf-16"),
    "a bomb": lambda _: _bomb(9).encode(),
    "10,000 brackets": lambda _: _nested(10_000, "[", "]").encode(),
    "10,000 keys": lambda _: "".join(f"key_{n}: {n}\n" for n in range(10_000)).encode(),
    "too large": lambda text: text.encode().ljust(300_000, b"#"),
    "twice": lambda text: (text * 2).encode(),
    "an unknown key": lambda text: f"{text}x: 1\n".encode(),
    "a tab": lambda text: text.replace("  ", "\t", 1).encode(),
    "an alias": lambda text: f"{text}x: *a\n".encode(),
    "a Python object": lambda text: f"{text}x: !!python/object/apply:os.system [id]\n".encode(),
    "cut off": lambda text: text[: len(text) // 2].encode(),
    "old line ends": lambda text: text.encode().replace(b"\n", b"\r"),
    "a hidden character": lambda text: text.replace(":", ":\u200b", 1).encode(),
}


def corpus() -> dict[str, tuple[str, bytes]]:
    """Return all of them."""
    return dict(_all())


def _all() -> Iterator[tuple[str, tuple[str, bytes]]]:
    yield from _other_values()
    for size in range(20, len(RECIPE) - 1, 20):
        yield f"cut off after {size} bytes", (RECIPE_PATH, RECIPE.encode()[:size])
    for key in KEYS:
        yield f"without {key}", (RECIPE_PATH, without(key).encode())
        yield f"with {key} twice", (RECIPE_PATH, (RECIPE + f"{key}: x\n").encode())
    for name, (old, new) in EDITS.items():
        assert old in RECIPE, name
        yield name, (RECIPE_PATH, RECIPE.replace(old, new, 1).encode())
    for name, rule in RULES.items():
        text = RECIPE.replace(f'"{RULE}"', f'"{rule}"')
        yield f"the rule: {name}", (RECIPE_PATH, text.encode())
    for name, content in WHOLE.items():
        yield f"the file: {name}", (RECIPE_PATH, content)
    for path, text in ((FEEDS_PATH, FEEDS), (TARGETS_PATH, TARGETS), (POLICY_PATH, POLICY)):
        for name, make in SETTINGS.items():
            yield f"{path.rsplit('/', 1)[-1]}: {name}", (path, make(text))


def _other_values() -> Iterator[tuple[str, tuple[str, bytes]]]:
    for key in (*KEYS, *NESTED, *EXTRA):
        for kind, value in OTHER_KINDS.items():
            if (key, kind) not in FITS and not (key == "max_blur_px" and kind in SCALARS):
                yield f"{key} is {kind}", (RECIPE_PATH, with_value(key, value).encode())


SCALARS = {"true", "a fraction", "an empty text", "a blank"}
"""What a configuration value may be, for the shape of the file."""


def with_value(key: str, value: str) -> str:
    """Return the recipe with another value for a key, whatever stands below the key left out."""
    lines = RECIPE.splitlines()
    at = next((n for n, line in enumerate(lines) if line.strip().startswith(f"{key}:")), None)
    if at is None:
        return f"{RECIPE}{key}: {value}\n"
    indent = len(lines[at]) - len(lines[at].lstrip())
    end = next((n for n in range(at + 1, len(lines)) if len(lines[n]) - len(lines[n].lstrip()) <= indent), len(lines))
    return "\n".join([*lines[:at], f"{' ' * indent}{key}: {value}", *lines[end:]]) + "\n"


def without(key: str) -> str:
    """Return the recipe without a key and what stands below it."""
    return "\n".join(line for line in with_value(key, "GONE").splitlines() if not line.startswith(f"{key}:")) + "\n"
