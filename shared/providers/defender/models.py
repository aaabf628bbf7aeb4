"""Defender's answers, and what they mean in our words.

Source: learn.microsoft.com/defender-endpoint/api (machine, machineaction, user resource types).
"""

from pydantic import AliasChoices, Field

from shared.models.base import UtcDatetime, VendorModel
from shared.models.device import Device, DeviceAction, DeviceActionState, Logon


class MachineAnswer(VendorModel):
    """One machine."""

    id: str
    name: str | None = Field(default=None, alias="computerDnsName")
    platform: str | None = Field(default=None, alias="osPlatform")
    health: str | None = Field(default=None, alias="healthStatus")
    value: str | None = Field(default=None, alias="deviceValue")

    def to_device(self, logons: list[Logon] | None) -> Device:
        """Return it as ours, with who was on it."""
        return Device(
            id=self.id,
            name=self.name or self.id,
            platform=self.platform or "",
            health=self.health or "Unknown",
            value=self.value or "Normal",
            logons=logons,
        )


class Machines(VendorModel):
    """A list of machines."""

    value: list[MachineAnswer]


class LogonUser(VendorModel):
    """One account that logged on to a machine."""

    account: str = Field(alias="accountName")
    domain: str | None = Field(default=None, alias="accountDomain")
    last_seen: UtcDatetime | None = Field(default=None, alias="lastSeen")
    kinds: str | None = Field(default=None, alias="logonTypes")
    only_network: bool | None = Field(default=None, alias="isOnlyNetworkUser")

    def to_logon(self) -> Logon:
        """Return it as ours; Defender writes the logon types as one text."""
        kinds = [kind.strip() for kind in (self.kinds or "").split(",")]
        return Logon(
            account=self.account,
            domain=self.domain or "",
            last_seen_at=self.last_seen,
            kinds=[kind for kind in kinds if kind],
            only_network=bool(self.only_network),
        )


class LogonUsers(VendorModel):
    """A list of accounts."""

    value: list[LogonUser]


class MachineActionAnswer(VendorModel):
    """One machine action; the id is a GUID and the machine's 40 hexadecimal digits."""

    id: str
    kind: str = Field(alias="type")
    state: DeviceActionState = Field(alias="status")
    device_id: str = Field(alias="machineId")
    device_name: str | None = Field(default=None, alias="computerDnsName")
    comment: str | None = Field(default=None, alias="requestorComment")
    created_at: UtcDatetime | None = Field(
        default=None, validation_alias=AliasChoices("creationDateTimeUtc", "created_at")
    )

    def to_action(self) -> DeviceAction:
        """Return it as ours."""
        return DeviceAction(
            id=self.id,
            device_id=self.device_id,
            device_name=self.device_name or self.device_id,
            kind=self.kind,
            state=self.state,
            comment=self.comment or "",
            created_at=self.created_at,
        )


class MachineActions(VendorModel):
    """A list of machine actions."""

    value: list[MachineActionAnswer]
