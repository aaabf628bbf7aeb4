"""What would be granted and taken away, without doing it."""

from collections.abc import Iterator
from typing import Any

from tools.provision.cloud import Cloud, CloudError, Json

DONE = ("granted: ", "taken away: ")
"""How the steps begin a line that says what they did."""


class Preview:
    """Reads as another does, and changes nothing."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def get(self, url: str) -> Json:
        """Read a resource."""
        return self._cloud.get(url)

    def send(self, method: str, url: str, body: Json | None = None) -> Json:
        """Change nothing, unless it is a read."""
        return self._cloud.send(method, url, body) if method.lower() == "get" else {}

    def command(self, *arguments: str) -> Any:
        """Run nothing: what a command does is not known here.

        Raises:
            CloudError: always.
        """
        raise CloudError(f"no preview of {arguments[0]}")

    def remember(self, name: str, value: str) -> None:
        """Keep nothing."""

    def value(self, name: str) -> str:
        """Return a value of azd's environment."""
        return self._cloud.value(name)

    def knows(self, name: str) -> bool:
        """Whether azd's environment has the value at all."""
        return self._cloud.knows(name)


def only_said(lines: Iterator[str]) -> Iterator[str]:
    """Yield what steps say that were given a preview, as what would be done."""
    for line in lines:
        yield f"would be {line}" if line.startswith(DONE) else line
