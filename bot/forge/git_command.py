"""Runs git: a fixed program, a scrubbed environment, and a token that no argument list and no message ever holds."""

import base64
import os
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bot.model.errors import UnavailableError, WorkspaceError

_SETTINGS = {
    "core.quotePath": "false",
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "core.autocrlf": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "diff.renames": "false",
    "log.showRoot": "true",
    "log.follow": "false",
    "protocol.ext.allow": "never",
    "submodule.recurse": "false",
    "user.name": "pow-bot",
    "user.email": "pow-bot@users.noreply.github.com",
    "commit.gpgSign": "false",
    "rerere.enabled": "false",
    "credential.helper": "",
}
"""What a clone's own settings must not decide."""
_VARIABLES = {
    "HOME": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_EDITOR": "true",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
}
_PASSED = (
    "PATH",
    *("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", "SSH_AUTH_SOCK"),
)
"""All that git is told of our own environment: how to find programs and how to reach the network."""
_LONGEST = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a git command ended."""

    code: int
    output: bytes
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GitCommand:
    """Git on one clone; `token` is sent to `server_url` only."""

    root: Path
    server_url: str = ""
    token: str | None = field(default=None, repr=False)
    timeout: float = 120.0

    def attempt(
        self,
        *arguments: str,
        stdin: bytes = b"",
        folder: Path | None = None,
        variables: Mapping[str, str] | None = None,
        remote: bool = False,
    ) -> Outcome:
        """Run one command and tell how it ended; only a `remote` one is given the token."""
        try:
            done = subprocess.run(
                ["git", *arguments],
                cwd=folder or self.root,
                input=stdin,
                capture_output=True,
                check=False,
                timeout=self.timeout,
                env={**self._environment(remote=remote), **(variables or {})},
            )
        except FileNotFoundError as error:
            raise WorkspaceError(f"cannot run git in {folder or self.root}", hint="install git >= 2.38") from error
        except subprocess.TimeoutExpired as error:
            raise UnavailableError(f"git {arguments[0]} took longer than {self.timeout:.0f} s") from error
        return Outcome(code=done.returncode, output=done.stdout, error=self._scrubbed(done.stderr))

    def run(
        self,
        *arguments: str,
        stdin: bytes = b"",
        folder: Path | None = None,
        variables: Mapping[str, str] | None = None,
        accept: Iterable[int] = (0,),
    ) -> bytes:
        """Run one command and return its output; WorkspaceError with git's words for any other exit code."""
        outcome = self.attempt(*arguments, stdin=stdin, folder=folder, variables=variables)
        if outcome.code not in accept:
            raise WorkspaceError(f"git {arguments[0]} failed: {outcome.error or f'exit code {outcome.code}'}")
        return outcome.output

    def _environment(self, *, remote: bool) -> dict[str, str]:
        settings = [*_SETTINGS.items(), ("safe.directory", str(self.root)), *(self._header() if remote else ())]
        keys = {f"GIT_CONFIG_KEY_{place}": key for place, (key, _) in enumerate(settings)}
        values = {f"GIT_CONFIG_VALUE_{place}": value for place, (_, value) in enumerate(settings)}
        passed = {name: os.environ[name] for name in _PASSED if name in os.environ}
        return {**passed, **_VARIABLES, "GIT_CONFIG_COUNT": str(len(settings)), **keys, **values}

    def _header(self) -> tuple[tuple[str, str], ...]:
        """Bind the token to the server's address, so that no other remote sees it; the empty value drops others."""
        if not self.token or not self.server_url:
            return ()
        key = f"http.{self.server_url.rstrip('/')}/.extraHeader"
        return ((key, ""), (key, f"Authorization: Basic {_basic(self.token)}"))

    def _scrubbed(self, error: bytes) -> str:
        text = " ".join(error.decode(errors="replace").split())
        if self.token:
            text = text.replace(_basic(self.token), "***").replace(self.token, "***")
        return text if len(text) <= _LONGEST else "…" + text[-_LONGEST:]


def _basic(token: str) -> str:
    return base64.b64encode(f"x-access-token:{token}".encode()).decode("ascii")
