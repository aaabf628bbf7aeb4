"""Slack as the app sees it: whose mail address it tells, and what is said in threads."""

from shared.providers.slack import Slack


class Workspace(Slack):
    """Slack that shows a mail address, hides it, or is away; remembers what was said."""

    def __init__(self, mail: str | Exception | None) -> None:
        self.mail = mail
        self.said: list[str] = []

    async def mail_of(self, user: str) -> str | None:
        if isinstance(self.mail, Exception):
            raise self.mail
        return self.mail

    async def reply(self, *, channel: str, ts: str, user: str, text: str) -> None:
        self.said.append(text)
