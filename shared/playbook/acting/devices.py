"""Whose devices they are, which of them may be scanned or isolated, and what came of it.

A device is the account's when the account itself logged on at it lately, not when it only reached
it over the network. Isolation cuts a device off for everybody who uses it, so a server (a domain
controller is one) and whatever several people share is never isolated by the app: it becomes a
task for a person who can weigh that.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import Field

from shared.models.base import Json, Model
from shared.models.device import Device, DeviceAction, DeviceActionState, Logon
from shared.models.outcome import ActionOutcome, ActionStatus
from shared.models.plan import ActionName

DEVICE_ACTIONS = (ActionName.SCAN_DEVICE, ActionName.ISOLATE_DEVICE)
RECENT = timedelta(days=7)
"""A device the account has not used for longer is not where the attack went on."""
MOST_DEVICES = 5
"""An account on more devices is no person at a desk; the latest are taken, the rest is named."""
MOST_OTHERS = 2
"""Other people at a device that is still one person's: a colleague, an administrator."""
AT_THE_DEVICE = frozenset({"interactive", "remoteinteractive", "cachedinteractive", "unlock"})
"""Windows logon types of somebody who sits at the device or on its desktop."""
PERSONAL_PLATFORMS = ("windows10", "windows11", "macos")
"""What people work at; every other platform counts as a server."""
ENTRA_JOINED = "azuread"
"""The domain of an account of Entra ID on a device that is joined to Entra ID only."""
LEFT_TO_PEOPLE = "left to people"
"""Starts the part of a detail that names what the app did not do to some devices."""


class DeviceChoice(Model):
    """Which devices an action takes, the latest used first, and why it does not take the others."""

    chosen: list[Device] = Field(default_factory=list)
    left_out: dict[str, str] = Field(default_factory=dict)
    """Device name to the reason."""


class DeviceResult(Model):
    """What became of one device."""

    device_id: str
    name: str
    action_id: str | None = None
    """The order; ``None`` when none was needed or none was taken."""
    state: DeviceActionState
    was_before: bool = False
    """It was so before this case: nothing was ordered, nothing is to be taken back."""
    error: str = ""
    unsure: bool = False
    """With ``error``: the order may have been taken all the same, so it is taken back, too."""


@dataclass(frozen=True)
class Owner:
    """An account as devices name it: one bare name, in one of the domains that it is known in.

    A domain without an account is anybody's guess and counts as the account's own; a namesake of
    another domain is somebody else.
    """

    name: str
    domains: frozenset[str]

    @classmethod
    def of(cls, account: str, also: Collection[str] = ()) -> "Owner":
        """Return the owner that a principal name means; a bare name is at home everywhere.

        Windows domains mostly bear the first label of the account's own domain; ``also`` names
        those that do not.
        """
        name, _, domain = account.lower().partition("@")
        label = domain.partition(".")[0]
        known = {domain, label, ENTRA_JOINED, *(one.lower() for one in also)} if domain else set()
        return cls(name, frozenset(known))

    def is_named(self, logon: Logon) -> bool:
        """Return whether a logon bears the account's bare name."""
        return logon.account.lower() == self.name

    def is_at_home(self, logon: Logon) -> bool:
        """Return whether a logon is from one of the account's domains."""
        domain = logon.domain.lower()
        return not domain or not self.domains or domain in self.domains


def choose_devices(
    action: ActionName,
    account: str,
    devices: Sequence[Device],
    *,
    now: datetime,
    domains: Collection[str] = (),
) -> DeviceChoice:
    """Return which of the devices an account is known on an action takes.

    Args:
        action: ``ScanDevice`` or ``IsolateDevice``.
        account: principal name or bare name.
        devices: with their logons, as the endpoint protection knows them.
        now: the case's time, against which "lately" is measured.
        domains: Windows domains that the account may be from, besides those its name tells.
    """
    owner = Owner.of(account, domains)
    used: list[tuple[datetime, Device]] = []
    left_out: dict[str, str] = {}
    for device in devices:
        if device.logons is None:
            left_out[device.name] = "who uses it could not be read"
            continue
        logons = [one for one in _lately(device, now) if owner.is_named(one)]
        mine = [one.last_seen_at for one in logons if owner.is_at_home(one) and one.last_seen_at]
        if not mine:
            if logons:
                left_out[device.name] = _namesake(logons, account)
            continue
        why = _why_not(action, device, owner, now)
        if why:
            left_out[device.name] = why
        else:
            used.append((max(mine), device))
    used.sort(key=lambda one: (one[0], one[1].id), reverse=True)
    chosen = [device for _last, device in used]
    for device in chosen[MOST_DEVICES:]:
        left_out[device.name] = f"used less lately than the {MOST_DEVICES} that were taken"
    return DeviceChoice(chosen=chosen[:MOST_DEVICES], left_out=left_out)


def _lately(device: Device, now: datetime) -> list[Logon]:
    """Return the logons of those who sat at a device lately."""
    return [
        one
        for one in device.logons or ()
        if _sat_there(one) and one.last_seen_at and now - one.last_seen_at <= RECENT
    ]


def _namesake(logons: Sequence[Logon], account: str) -> str:
    names = ", ".join(sorted({f"{one.domain}\\{one.account}" for one in logons}))
    return f"used by {names}, who need not be {account}: make sure, then do it by hand"


def _sat_there(logon: Logon) -> bool:
    return not logon.only_network and any(kind.lower() in AT_THE_DEVICE for kind in logon.kinds)


def _why_not(action: ActionName, device: Device, owner: Owner, now: datetime) -> str:
    if device.health != "Active":
        return f"its sensor does not report ({device.health})"
    if action is not ActionName.ISOLATE_DEVICE:
        return ""
    if not device.platform.lower().startswith(PERSONAL_PLATFORMS):
        return f"a server is never isolated by the app ({device.platform or 'platform unknown'})"
    if device.value == "High":
        return "marked as a high-value device"
    others = {
        (one.domain.lower(), one.account.lower())
        for one in _lately(device, now)
        if not (owner.is_named(one) and owner.is_at_home(one))
    }
    if len(others) > MOST_OTHERS:
        return f"shared with {len(others)} other people"
    return ""


def is_isolated(actions: Sequence[DeviceAction]) -> bool:
    """Return whether a device's orders (newest first) leave it isolated, or on the way there."""
    for action in actions:
        if action.kind in ("Isolate", "Unisolate") and not action.state.lost:
            return action.kind == "Isolate"
    return False


def describe(
    action: ActionName,
    target: str,
    results: Sequence[DeviceResult],
    left_out: dict[str, str],
    *,
    at: datetime,
) -> ActionOutcome:
    """Return the one outcome of an action on all of an account's devices.

    ``failed`` when any device could not be taken, so that somebody acts; ``skipped`` when there was
    none to take. ``verified`` is true when every device has done it (a scan: has begun it), false
    when one reported that it could not, ``None`` while one has not reported yet.
    """
    failed = [one for one in results if one.error]
    lost = [one for one in results if not one.error and one.state.lost]
    open_ones = [one for one in results if not one.error and not _is_done(action, one.state)]
    status = ActionStatus.SUCCEEDED if results else ActionStatus.SKIPPED
    if failed:
        status = ActionStatus.FAILED
    verified = False if lost else None if open_ones else True
    isolated = [
        one.device_id
        for one in results
        if one.unsure or (not one.error and not one.was_before and not one.state.lost)
    ]
    undo: Json | None = None
    if action is ActionName.ISOLATE_DEVICE and isolated:
        undo = {"devices": isolated}
    return ActionOutcome(
        action=action,
        target=target,
        status=status,
        verified=verified if status is ActionStatus.SUCCEEDED else None,
        detail="; ".join([*_lines(action, results), *_left_lines(results, left_out)]),
        at=at,
        undo=undo,
    )


def left_to_people(outcome: ActionOutcome) -> str:
    """Return what an outcome leaves to people, as ``device: why`` parts; empty for nothing."""
    _done, found, rest = outcome.detail.partition(f"{LEFT_TO_PEOPLE}: ")
    return rest if found else ""


def _is_done(action: ActionName, state: DeviceActionState) -> bool:
    if state is DeviceActionState.SUCCEEDED:
        return True
    return action is ActionName.SCAN_DEVICE and state is DeviceActionState.IN_PROGRESS


def _lines(action: ActionName, results: Sequence[DeviceResult]) -> list[str]:
    done = "scan" if action is ActionName.SCAN_DEVICE else "isolation"
    words: dict[str, list[str]] = {}
    for one in results:
        if one.error:
            text = f"{done} failed ({one.error})"
        elif one.was_before:
            text = f"{done} was so before this case"
        else:
            text = {
                DeviceActionState.PENDING: f"{done} ordered, the device has not begun",
                DeviceActionState.IN_PROGRESS: f"{done} under way",
                DeviceActionState.SUCCEEDED: f"{done} done",
            }.get(one.state, f"{done} ended with {one.state}")
        words.setdefault(text, []).append(one.name)
    return [f"{text}: {', '.join(names)}" for text, names in words.items()]


def _left_lines(results: Sequence[DeviceResult], left_out: dict[str, str]) -> list[str]:
    if left_out:
        return [f"{LEFT_TO_PEOPLE}: " + ", ".join(f"{n} ({why})" for n, why in left_out.items())]
    if not results:
        return [f"no device that the account used in the last {RECENT.days} days is known"]
    return []
