"""Ports of what stops an attacker outside the directory: firewalls, endpoint protection."""

from collections.abc import Sequence
from typing import Protocol

from shared.models.device import Device, DeviceAction
from shared.models.firewall import BlockAnswer, WantedBlock
from shared.models.message import BlockState


class Firewall(Protocol):
    """Whatever keeps source addresses out; several may be configured."""

    name: str
    """Unique among those configured."""

    def why_not(self, address: str) -> str | None:
        """Return why it can never take this address, or ``None``. Asks nobody."""
        ...

    async def get_block(self, address: str) -> BlockState:
        """Return whether the address is blocked and the firewall has put it in force."""
        ...

    async def change(
        self, block: Sequence[WantedBlock], lift: Sequence[str]
    ) -> dict[str, BlockAnswer]:
        """Block and lift addresses in as few writes as possible, and return at once.

        One answer for each address; one that is refused does not stop the others. Nothing is
        written when the firewall has it so already. Never called twice at the same time for one
        firewall by this app.
        """
        ...


class BlockList(Firewall, Protocol):
    """The list of blocked addresses that firewalls fetch by themselves."""

    async def list_addresses(self) -> list[str]:
        """Return the addresses that are blocked now, in a stable order; none that has expired."""
        ...


class Endpoint(Protocol):
    """Endpoint protection (EDR): an account's devices and the orders they are given.

    An order is taken at once and carried out by the device later; ``comment`` names the case and
    finds the order again when its answer was lost.
    """

    name: str

    async def list_devices(self, account: str) -> list[Device]:
        """Return the devices the account is known on, with who was on each; empty if none."""
        ...

    async def scan(self, device: Device, *, comment: str) -> DeviceAction:
        """Order a quick scan, or return the one that is under way."""
        ...

    async def isolate(self, device: Device, *, comment: str) -> DeviceAction:
        """Order isolation from the network, or return the order that is under way."""
        ...

    async def release(self, device_id: str, *, comment: str) -> DeviceAction:
        """Order the end of isolation, or return the order that is under way."""
        ...

    async def list_actions(self, device_id: str) -> list[DeviceAction]:
        """Return the device's latest orders, newest first, whoever gave them."""
        ...

    async def get_action(self, action_id: str) -> DeviceAction:
        """Return how far an order is."""
        ...
