"""An endpoint protection in memory: devices and the orders they were given."""

from datetime import UTC, datetime, timedelta

from shared.models.device import (
    Device,
    DeviceAction,
    DeviceActionKind,
    DeviceActionState,
    Logon,
)
from tests.support.fake_stores import Fake

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def logon(
    account: str = "ada.lind", *, hours: float = 1, kinds: str = "Interactive", domain: str = ""
) -> Logon:
    """Return a logon so many hours before now."""
    return Logon(
        account=account,
        domain=domain,
        last_seen_at=NOW - timedelta(hours=hours),
        kinds=[kind.strip() for kind in kinds.split(",")],
        only_network=kinds == "Network",
    )


def device(number: int = 1, *logons: Logon, **changes: object) -> Device:
    """Return a laptop that ada.lind used an hour ago, unless told otherwise."""
    usual = {
        "id": f"{number:040x}",
        "name": f"lt-{number}",
        "platform": "Windows11",
        "health": "Active",
        "logons": list(logons) or [logon()],
    }
    return Device.model_validate(usual | changes)


class FakeEndpoint(Fake):
    """Orders end as ``end`` says, at once."""

    name = "defender"

    def __init__(self) -> None:
        super().__init__()
        self.devices: list[Device] = [device()]
        self.actions: list[DeviceAction] = []
        self.end = DeviceActionState.SUCCEEDED

    async def list_devices(self, account: str) -> list[Device]:
        self._call("list_devices")
        return self.devices

    def order(self, device_id: str, kind: DeviceActionKind, comment: str) -> DeviceAction:
        """Put an order beside the others."""
        action = DeviceAction(
            id=str(len(self.actions)),
            device_id=device_id,
            kind=kind,
            state=DeviceActionState.PENDING,
            comment=comment,
            created_at=NOW + timedelta(seconds=len(self.actions)),
        )
        self.actions.append(action)
        return action

    def _ended(self, action: DeviceAction) -> DeviceAction:
        return action.model_copy(update={"state": self.end})

    async def scan(self, device: Device, *, comment: str) -> DeviceAction:
        self._call(f"scan {device.name}")
        return self.order(device.id, DeviceActionKind.SCAN, comment)

    async def isolate(self, device: Device, *, comment: str) -> DeviceAction:
        self._call(f"isolate {device.name}")
        return self.order(device.id, DeviceActionKind.ISOLATE, comment)

    async def release(self, device_id: str, *, comment: str) -> DeviceAction:
        self._call("release")
        return self.order(device_id, DeviceActionKind.RELEASE, comment)

    async def list_actions(self, device_id: str) -> list[DeviceAction]:
        self._call("list_actions")
        mine = [one for one in self.actions if one.device_id == device_id]
        return [self._ended(one) for one in reversed(mine)]

    async def get_action(self, action_id: str) -> DeviceAction:
        self._call("get_action")
        return self._ended(self.actions[int(action_id)])
