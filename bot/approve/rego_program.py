"""Runs `opa` or `conftest`: fixed arguments, no shell, nothing of our environment, bounded in time and size.

The policies are written into a folder that is gone afterwards, from the base branch's bytes and not from a checkout.
No token and no proxy is in the program's environment. It is not kept from the network: where a policy must not call
out, the runner has to see to that.
"""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from bot.approve.rego import QUERY, Failed, RegoAnswer, read_answer
from bot.model.json import Json, canonical
from bot.model.settings import RegoKind

_ARGUMENTS = {
    RegoKind.OPA: ("eval", "--format", "json", "--stdin-input", "--data", "{policies}", QUERY),
    RegoKind.CONFTEST: (
        "test",
        "--output",
        "json",
        "--no-color",
        "--parser",
        "json",
        "--namespace",
        "pow",
        "--policy",
        "{policies}",
        "-",
    ),
}
_EXITS = {RegoKind.OPA: {0}, RegoKind.CONFTEST: {0, 1}}
"""conftest ends with 1 where something is denied."""
_READ = (".rego", ".json")


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalProgram:
    """A program of this machine, found on `path` (None: the usual places)."""

    path: str | None = None
    seconds: float = 20.0
    most: int = 1_000_000

    def ask(self, kind: RegoKind, policies: Mapping[str, bytes], document: Json) -> RegoAnswer:
        """Run the policies with the document as input."""
        program = shutil.which(kind.value, path=self.path)
        if program is None:
            return Failed(reason=f"the program {kind} is not installed")
        with tempfile.TemporaryDirectory(prefix="pow-rego-") as name:
            folder = Path(name)
            if not _write(folder / "policies", policies):
                return Failed(reason="there is no policy in Rego on the base branch")
            arguments = [each.format(policies=folder / "policies") for each in _ARGUMENTS[kind]]
            with (folder / "output").open("w+b") as output:
                code = self._run([program, *arguments], canonical(document), output.fileno(), folder)
                if code is None:
                    return Failed(reason=f"{kind} took longer than {self.seconds:g} seconds")
                output.seek(0)
                said = output.read(self.most + 1)
        if code not in _EXITS[kind]:
            return Failed(reason=f"{kind} ended with code {code}")
        if len(said) > self.most:
            return Failed(reason=f"{kind} said more than {self.most:,} bytes")
        return read_answer(kind, said)

    def _run(self, command: list[str], given: bytes, output: int, folder: Path) -> int | None:
        """Run a command to its end, or kill it with all that it started; returns its exit code, None if killed."""
        environment = {"HOME": str(folder), "TMPDIR": str(folder)}
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.DEVNULL,
                cwd=folder,
                env=environment,
                start_new_session=True,
            )
        except OSError:
            return -1
        try:
            process.communicate(given, timeout=self.seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return None
        return process.returncode


def _write(folder: Path, policies: Mapping[str, bytes]) -> bool:
    """Write what Rego reads; tells whether there was a policy among it."""
    kept = {name: content for name, content in policies.items() if name.endswith(_READ) and _is_below(name)}
    for name, content in kept.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return any(name.endswith(".rego") for name in kept)


def _is_below(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts
