"""Ports of what stops an attacker outside the directory: firewalls, endpoint protection."""

from typing import Protocol

from shared.models.device import Device, DeviceAction
from shared.models.message import BlockState


class Firewall(Protocol):
    """A firewall that can block a source address."""

    name: str

    async def block(self, address: str) -> BlockState:
        """Ask for the block and return at once; ``provisioned`` may still be false."""
        ...

    async def get_block(self, address: str) -> BlockState:
        """Return whether the address is blocked and the firewall has put it in force."""
        ...

    async def unblock(self, address: str) -> BlockState:
        """Lift the block; ``present`` is false afterwards."""
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
