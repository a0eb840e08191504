"""A console in a town: what a workflow's job is given and a clone, for commands in this process or another."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.town import Town

POW = (sys.executable, "-m", "bot.cli.main")
FORGOTTEN = ("GITHUB_", "POW_", "NO_COLOR", "COLUMNS")
"""Beginnings of variables that a test's own machine may have set."""


@dataclass(frozen=True, kw_only=True)
class Console:
    """Where commands run."""

    town: Town
    clone: Path
    environment: Mapping[str, str]


def a_console(town: Town, clone: Path) -> Console:
    """Clone the town's repository and return what a job there is given."""
    machine = town.machine()
    subprocess.run(["git", "clone", "--quiet", str(town.bare), str(clone)], check=True, capture_output=True)
    subprocess.run(["git", "-C", str(clone), "remote", "set-url", "origin", machine.clone_url], check=True)
    environment = {
        **machine.variables,
        **machine.secrets,
        **machine.environment,
        "GITHUB_TOKEN": machine.token,
        "POW_BOT_LOGIN": machine.login,
        "GITHUB_API_URL": machine.api_url,
        "GITHUB_SERVER_URL": machine.server_url,
        "GITHUB_REPOSITORY": machine.repository,
        "GITHUB_WORKSPACE": str(clone),
    }
    return Console(town=town, clone=clone, environment=environment)


def a_process(
    *arguments: str, folder: Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run one command to its end in a process with a bare environment."""
    return subprocess.run(
        [*POW, *arguments],
        cwd=folder,
        env=bare(folder, environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=60,
    )


def bare(home: Path, environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of an empty machine, with some variables on top."""
    return {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", **(environment or {})}
