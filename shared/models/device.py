"""What the endpoint protection knows about an account's devices, and what it is doing to them."""

from enum import StrEnum

from pydantic import Field

from shared.models.base import Model, UtcDatetime


class Logon(Model):
    """One account on one device, as the sensor saw it."""

    account: str
    """Bare account name, without domain."""
    domain: str = ""
    """Where the account is from: a Windows domain, ``AzureAD``, or the device itself for a local
    account; empty when the sensor does not say."""
    last_seen_at: UtcDatetime | None = None
    kinds: list[str] = Field(default_factory=list)
    """Windows' logon types, for example ``Interactive`` or ``Network``."""
    only_network: bool = False
    """True: it never sat at the device, it only reached it over the network."""


class Device(Model):
    """One device that the account is known on."""

    id: str
    """Defender's machine id, 40 hexadecimal digits."""
    name: str
    platform: str = ""
    """For example ``Windows11`` or ``WindowsServer2022``."""
    health: str = "Unknown"
    """``Active``: the sensor reports; anything else cannot be acted upon."""
    value: str = "Normal"
    """What the organisation says that the device is worth: ``Low``, ``Normal`` or ``High``."""
    logons: list[Logon] | None = None
    """Who was on it; ``None`` when that could not be read."""


class DeviceActionKind(StrEnum):
    """The machine actions in use (Defender's own names)."""

    SCAN = "RunAntiVirusScan"
    ISOLATE = "Isolate"
    RELEASE = "Unisolate"


class DeviceActionState(StrEnum):
    """How far a machine action is (Defender's own names)."""

    PENDING = "Pending"
    IN_PROGRESS = "InProgress"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    TIME_OUT = "TimeOut"
    CANCELLED = "Cancelled"

    @property
    def under_way(self) -> bool:
        """Whether the device has yet to finish it."""
        return self in (DeviceActionState.PENDING, DeviceActionState.IN_PROGRESS)

    @property
    def lost(self) -> bool:
        """Whether it ended without being done."""
        return not self.under_way and self is not DeviceActionState.SUCCEEDED


class DeviceAction(Model):
    """One machine action; the device carries it out when it next hears of it."""

    id: str
    device_id: str
    device_name: str = ""
    kind: str
    """A ``DeviceActionKind``, or one that others use, such as ``LiveResponse``."""
    state: DeviceActionState
    comment: str = ""
    created_at: UtcDatetime | None = None
