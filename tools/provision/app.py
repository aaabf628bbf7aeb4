"""The app after it was provisioned or deployed: its signing key, its events, its health."""

import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from tools.provision.cloud import ARM, Cloud, CloudError, Missing
from tools.provision.lookups import LINK_KEY, secret_name

ROOT = Path(__file__).resolve().parent.parent.parent
KEY_BYTES = 48
TRIES, PAUSE_SECONDS = 20, 15.0
NOT_YET = "endpoint not found"
"""What Event Grid says of a function that it does not know yet (Azure/bicep#11656)."""
type Fetch = Callable[[str], int]


def make_link_key(cloud: Cloud) -> Iterator[str]:
    """Make the key that signs decision links, once; an existing one is never replaced.

    The value goes to the vault through Azure Resource Manager, which works behind a private
    network too, and is kept nowhere else.

    Raises:
        CloudError: there was one, somebody deleted it, and its name is not free for 90 days.
    """
    subscription, group = cloud.value("AZURE_SUBSCRIPTION_ID"), cloud.value("AZURE_RESOURCE_GROUP")
    place = f"{ARM}/subscriptions/{subscription}/resourceGroups/{group}/providers"
    vault = f"{place}/Microsoft.KeyVault/vaults/{cloud.value('TOURNIQUET_VAULT_NAME')}"
    url = f"{vault}/secrets/{secret_name(LINK_KEY)}?api-version=2024-11-01"
    try:
        cloud.get(url)
    except Missing:
        try:
            cloud.send("put", url, {"properties": {"value": secrets.token_urlsafe(KEY_BYTES)}})
        except CloudError as error:
            if "conflict" not in str(error).lower():
                raise
            name = cloud.value("TOURNIQUET_VAULT_NAME")
            raise CloudError(
                "the signing key was deleted: run `az keyvault secret recover --vault-name "
                f"{name} --name {secret_name(LINK_KEY)}` ({error})"
            ) from error
        yield "made the key that signs decision links"
    # The app asks for a reference it could not resolve only once a day, unless it is told to.
    app = f"{place}/Microsoft.Web/sites/{cloud.value('TOURNIQUET_APP_NAME')}"
    cloud.send("post", f"{app}/config/configreferences/appsettings/refresh?api-version=2022-03-01")


def connect_events(cloud: Cloud, *, pause: float = PAUSE_SECONDS) -> Iterator[str]:
    """Let Event Grid deliver to the app, which it refuses before it knows the function.

    That takes a while after the code was deployed.

    Raises:
        CloudError: Azure refused for another reason, or for five minutes.
    """
    given = {
        "topicName": "TOURNIQUET_EVENT_TOPIC",
        "siteName": "TOURNIQUET_APP_NAME",
        "storageAccountName": "TOURNIQUET_HOST_ACCOUNT",
        "deadLetterContainer": "TOURNIQUET_DEAD_LETTER_CONTAINER",
    }
    values = [f"{name}={cloud.value(variable)}" for name, variable in given.items()]
    command = (
        *("deployment", "group", "create", "--name", "tourniquet-events"),
        *("--resource-group", cloud.value("AZURE_RESOURCE_GROUP")),
        *("--template-file", str(ROOT / "infra" / "events.bicep"), "--parameters", *values),
    )
    for left in reversed(range(TRIES)):
        try:
            cloud.command(*command)
            break
        except CloudError as error:
            if NOT_YET not in str(error).lower() or not left:
                raise
            time.sleep(pause)
    yield f"events sent to {cloud.value('TOURNIQUET_EVENT_ENDPOINT')} reach the app"


def wait_for_health(
    cloud: Cloud, *, fetch: Fetch | None = None, pause: float = PAUSE_SECONDS
) -> Iterator[str]:
    """Wait until the app answers.

    Raises:
        CloudError: it did not within five minutes.
    """
    url = f"{cloud.value('TOURNIQUET_APP_URL')}/api/health"
    for _ in range(TRIES):
        if (fetch or _status)(url) == 200:
            yield f"the app answers: {url}"
            return
        time.sleep(pause)
    raise CloudError(f"the app does not answer at {url}: look at its log stream")


def _status(url: str) -> int:
    if not url.startswith("https://"):
        raise CloudError(f"{url} is not https")
    try:
        with urlopen(url, timeout=30) as answer:  # noqa: S310 - https, as just checked
            return int(answer.status)
    except (URLError, OSError):
        return 0
