"""Whether Slack takes our token, and which scopes it has."""

from shared.errors import PermissionDenied
from shared.providers.response import VendorResponse
from shared.providers.slack.chat import VENDOR, Slack, to_error
from shared.settings import Settings

NEEDED = "chat:write"


async def check(settings: Settings) -> str:
    """Return who we are in Slack.

    Raises:
        PermissionDenied: the token is refused, or lacks the scope.
        TourniquetError: see ``shared.errors``.
    """
    operation = "auth.test"

    def judge(answer: VendorResponse) -> None:
        if error := to_error(answer, operation):
            raise error

    client = Slack(settings)._client
    answer = await client.request(operation, "POST", "/auth.test", json={}, check=judge)
    scopes = {one.strip() for one in answer.headers.get("x-oauth-scopes", "").split(",")} - {""}
    if scopes and NEEDED not in scopes:
        raise PermissionDenied(f"the token lacks {NEEDED}", vendor=VENDOR, operation=operation)
    return f"{answer.body.get('user', 'bot')} in {answer.body.get('team', 'a workspace')}"
