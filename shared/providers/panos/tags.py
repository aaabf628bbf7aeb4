"""PAN-OS: an address gets a tag with a time limit, and a rule denies a dynamic address group.

Tag, group and rule are made at deployment; registering needs no commit and is in force at once.
The firewall forgets the tag by itself when the time is over, even if nobody lifts the block.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cached_property

from shared.errors import NotConfigured, PermanentError
from shared.models.firewall import BlockAnswer, WantedBlock
from shared.models.message import BlockState
from shared.providers.addresses import parse_address, public_address
from shared.providers.http import VendorClient
from shared.providers.panos.messages import (
    VENDOR,
    read_answer,
    register,
    show_registered,
    tags_of,
    unregister,
)
from shared.providers.response import VendorResponse
from shared.providers.retry import Retry
from shared.settings import Settings


class PanOs:
    """A ``Firewall``: the addresses that have our tag, IPv4 and IPv6."""

    name = VENDOR

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def _client(self) -> VendorClient:
        key = self._settings.panos_api_key
        if not self._settings.panos_url or key is None:
            message = "TOURNIQUET_PANOS_URL or TOURNIQUET_PANOS_API_KEY is not set"
            raise NotConfigured(message, vendor=VENDOR)

        async def authorize() -> dict[str, str]:
            return {"X-PAN-KEY": key.get_secret_value()}

        url = self._settings.panos_url
        headers = {"Accept": "application/xml"}
        return VendorClient(
            VENDOR, url, settings=self._settings, authorize=authorize, headers=headers
        )

    @property
    def _rule_id(self) -> str:
        return f"tag/{self._settings.panos_tag}"

    def why_not(self, address: str) -> str | None:
        """Return why the address can never be tagged (not a public one), or ``None``."""
        try:
            public_address(address, vendor=VENDOR)
        except PermanentError as error:
            return str(error.args[0])
        return None

    async def get_block(self, address: str) -> BlockState:
        """Return whether the address has the tag; a tagged address is in force.

        Raises:
            NotConfigured: no firewall is configured.
            TourniquetError: see ``shared.errors``.
        """
        plain = str(public_address(address, vendor=VENDOR))
        operation = "show.registered-ip"
        answer = await self._send(operation, {"type": "op", "cmd": show_registered(plain)})
        found = tags_of(read_answer(answer.body, operation=operation), plain)
        present = self._settings.panos_tag in found
        return BlockState(rule_id=self._rule_id, present=present, provisioned=True)

    async def change(
        self, block: Sequence[WantedBlock], lift: Sequence[str]
    ) -> dict[str, BlockAnswer]:
        """Take the tag off some addresses and put it on others, until their time is over.

        A tagged address keeps its old time limit, so from a renewed one the tag is taken off first,
        in a message of its own: of one with both, PAN-OS does the registrations before the rest
        (as documented for login and logout, api-lab.paloaltonetworks.com/ip-user.html). A renewal
        that fails in between leaves the address without its tag until it is tried again.

        Raises:
            NotConfigured: no firewall is configured.
            PermanentError: PAN-OS refuses the message.
            RetryableError: see ``shared.errors``.
        """
        refused = {one.address: self.why_not(one.address) for one in block}
        now = datetime.now(UTC)
        timeouts = {
            _plain(one.address): int((one.until - now).total_seconds()) + 1
            for one in block
            if refused[one.address] is None
        }
        renewed = [_plain(one.address) for one in block if one.renewed]
        gone = [*map(_plain, lift), *(address for address in renewed if address in timeouts)]
        if gone:
            await self._send("unregister", _form(unregister(self._settings.panos_tag, gone)))
        if timeouts:
            await self._send("register", _form(register(self._settings.panos_tag, timeouts)))
        answers = {address: BlockAnswer(rule_id=self._rule_id) for address in lift}
        for address, why in refused.items():
            answers[address] = BlockAnswer(rule_id="" if why else self._rule_id, refused=why)
        return answers

    async def _send(self, operation: str, form: dict[str, str]) -> VendorResponse:
        def check(answer: VendorResponse) -> None:
            read_answer(answer.body, operation=operation)

        return await self._client.request(
            operation,
            "POST",
            "/api/",
            data=form,
            expect="text",
            check=check,
            # Tagging twice is as good as once.
            retry=Retry.ALWAYS,
        )


def _form(message: str) -> dict[str, str]:
    return {"type": "user-id", "cmd": message}


def _plain(address: str) -> str:
    return str(parse_address(address, vendor=VENDOR))
