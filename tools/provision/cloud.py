"""The Azure CLI and azd, as the steps use them."""

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

GRAPH = "https://graph.microsoft.com/v1.0"
ARM = "https://management.azure.com"
SUBSCRIPTION, ENVIRONMENT = "AZURE_SUBSCRIPTION_ID", "AZURE_ENV_NAME"
OF_A_SUBSCRIPTION = ("deployment", "provider")
"""Commands that act in a subscription which their arguments do not name."""
BATCH_FILES = (".cmd", ".bat")
SPECIAL = re.compile(r"[&|<>^()]")
"""What the command interpreter of Windows takes for its own outside of quotes."""
_REFUSED = re.compile(r"(?:ERROR: )?(Bad Request|Unauthorized|Forbidden|Not Found|Conflict)\(")
type Json = dict[str, Any]


class CloudError(Exception):
    """Azure refused, or the command is not there; the text is for people."""


class Missing(CloudError):
    """There is no such thing."""


class Denied(CloudError):
    """The deployer may not do this."""


class NoScope(Denied):
    """The Azure CLI may not do this, whoever is signed in to it as a person.

    Its own registration has no such permission in Graph (Azure/azure-cli#33062, #23906); only a
    service principal that was granted it can.
    """


class Cloud(Protocol):
    """What a step may do."""

    def get(self, url: str) -> Json:
        """Read a resource."""

    def send(self, method: str, url: str, body: Json | None = None) -> Json:
        """Change something."""

    def command(self, *arguments: str) -> Any:
        """Run a command of the Azure CLI and return its JSON."""

    def remember(self, name: str, value: str) -> None:
        """Keep a value in azd's environment, for this and later provisioning."""

    def value(self, name: str) -> str:
        """Return a value of azd's environment; empty when there is none."""

    def knows(self, name: str) -> bool:
        """Whether azd's environment has the value at all; it may be blank."""


class AzureCli:
    """The real one."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._values = dict(os.environ if environment is None else environment)

    def get(self, url: str) -> Json:
        """Read a resource.

        Raises:
            Missing: there is no such resource.
            Denied: the deployer may not read it.
            CloudError: Azure refused otherwise.
        """
        return self.send("get", url)

    def send(self, method: str, url: str, body: Json | None = None) -> Json:
        """Call Azure Resource Manager or Graph; a body goes through a file, never the command line.

        Raises:
            Missing: there is no such resource.
            Denied: the deployer may not do it.
            CloudError: Azure refused otherwise.
        """
        with _body_file(body) as options:
            found = self.command("rest", "--method", method.lower(), "--url", url, *options)
        return found if isinstance(found, dict) else {}

    def command(self, *arguments: str) -> Any:
        """Run a command of the Azure CLI.

        Raises:
            Missing: there is no such thing.
            Denied: the deployer may not do it.
            CloudError: it failed otherwise, or there is no Azure CLI.
        """
        # Without it, they go to whatever subscription the Azure CLI has as its default.
        chosen = self.value(SUBSCRIPTION) if arguments[0] in OF_A_SUBSCRIPTION else ""
        options = ["--subscription", chosen] if chosen else []
        answer = _run(["az", *arguments, *options, "--output", "json", "--only-show-errors"])
        return json.loads(answer) if answer.strip() else None

    def remember(self, name: str, value: str) -> None:
        """Keep a value in azd's environment."""
        if self.value(name) != value:
            # Named, because azd's default environment may be another one than this hook's.
            environment = self.value(ENVIRONMENT)
            options = ["--environment", environment] if environment else []
            _run(["azd", "env", "set", name, value, *options])
            self._values[name] = value

    def value(self, name: str) -> str:
        """Return a value of azd's environment."""
        return self._values.get(name, "").strip()

    def knows(self, name: str) -> bool:
        """Whether azd's environment has the value at all."""
        return name in self._values


@contextmanager
def _body_file(body: Json | None) -> Iterator[list[str]]:
    if body is None:
        yield []
        return
    # mkdtemp lets nobody else in: a body may hold a secret.
    with tempfile.TemporaryDirectory(prefix="tourniquet-") as folder:
        path = Path(folder) / "body.json"
        path.write_text(json.dumps(body), encoding="utf-8")
        yield ["--body", f"@{path}", "--headers", "Content-Type=application/json"]


def _run(command: list[str]) -> str:
    # On Windows az is a batch file, az.cmd, which is not found by its bare name
    # (Azure/GPT-RAG#602).
    program = shutil.which(command[0])
    if program is None:
        raise CloudError(f"{command[0]} is not installed")
    line = [program, *command[1:]]
    batch = os.name == "nt" and program.lower().endswith(BATCH_FILES)
    done = subprocess.run(
        batch_line(line) if batch else line, check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise error_of(done.stderr)
    return done.stdout


def batch_line(command: list[str]) -> str:
    """Return the command line of a batch file, in which nothing starts another command.

    Windows' command interpreter reads it before the batch file does, and takes an ``&`` that is
    in no quotes for the end of the command (Azure/azure-cli#15214); Python quotes for blanks only.

    Raises:
        CloudError: an argument has a quotation mark or a line break, which nothing protects.
    """
    if any(one in argument for argument in command for one in '"\r\n'):
        raise CloudError("an argument for a batch file has a quotation mark or a line break")
    return " ".join(_quoted(one) for one in command)


def _quoted(argument: str) -> str:
    if not SPECIAL.search(argument):
        return subprocess.list2cmdline([argument])
    # With a blank at its beginning it is quoted, also where it ends in a backslash.
    return f'"{subprocess.list2cmdline([f" {argument}"])[2:]}'


def error_of(text: str) -> CloudError:
    """Return the error that the Azure CLI's words mean."""
    short = " ".join(text.split())[:500]
    found = _REFUSED.search(text)
    word = found.group(1) if found else ""
    if word == "Not Found" or "ResourceNotFound" in text or "does not exist" in text:
        return Missing(short)
    if "scopes are missing in the token" in text:
        return NoScope(short)
    if word in ("Forbidden", "Unauthorized") or "AuthorizationFailed" in text:
        return Denied(short)
    return CloudError(short)
