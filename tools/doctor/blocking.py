"""Whether what the app fills with attackers' addresses really blocks them."""

from shared.errors import TourniquetError
from shared.models.check import Checked, CheckStatus
from shared.policy import observes
from shared.providers.azure_firewall.rules import denials, users_of_group
from shared.providers.conditional_access.check import BlockingPolicy, blocking_policies
from shared.settings import Settings

LOCATION_AREA = "Conditional Access"
LOCATION_WHAT = "policy that blocks the named location"
FIREWALL_AREA = "Azure Firewall"
FIREWALL_WHAT = "rule that denies the IP group"
NOT_STOPPED = "BlockIP would report addresses as blocked that nobody stops"
NOT_LOOKED_AT = "not checked: its protocols, ports, destinations, and allow rules before it"


async def check_blocking(settings: Settings) -> list[Checked]:
    """Return a line for the named location and one for the IP group, where they are configured."""
    lines = []
    if settings.named_location_id:
        lines.append(await _check_location(settings))
    if settings.firewall_ip_group_id:
        lines.append(await _check_group(settings))
    return lines


async def _check_location(settings: Settings) -> Checked:
    try:
        found = await blocking_policies(settings)
    except TourniquetError as error:
        detail = f"policies cannot be read: {error.describe()}"
        return _location(CheckStatus.WARNING, detail)
    enforced = [one for one in found if one.enabled]
    complete = [one for one in enforced if not one.leaves_out]
    if complete:
        return _location(CheckStatus.OK, "; ".join(map(_named, complete)))
    if enforced:
        return _location(CheckStatus.WARNING, "; ".join(map(_named, enforced)))
    idle = ", ".join(f'"{one.name}" ({_state(one)})' for one in found)
    there = f"only {idle}" if idle else "none is there"
    return _location(_serious(settings), f"no enabled policy blocks it, {there}: {NOT_STOPPED}")


def _named(policy: BlockingPolicy) -> str:
    left = "".join(f"; {one}" for one in policy.leaves_out)
    except_ = f", except {policy.exceptions} users, groups or roles" if policy.exceptions else ""
    return f'"{policy.name}" blocks it{except_}{left}'


def _state(policy: BlockingPolicy) -> str:
    return "report-only" if policy.report_only else "off"


def _location(status: CheckStatus, detail: str) -> Checked:
    return Checked(area=LOCATION_AREA, what=LOCATION_WHAT, status=status, detail=detail)


async def _check_group(settings: Settings) -> Checked:
    """Look from the group to what uses it, and there for a rule that denies it."""
    try:
        users = await users_of_group(settings)
    except TourniquetError as error:
        return _group(CheckStatus.WARNING, f"the group cannot be read: {error.describe()}")
    denied: list[str] = []
    unknown = [f"{_name(one)} uses it by rules of its own, not read" for one in users.firewalls]
    for policy in users.policies:
        try:
            found = await denials(settings, policy)
        except TourniquetError as error:
            unknown.append(f"the rules of {_name(policy)} cannot be read: {error.describe()}")
            continue
        denied += [f"{_name(policy)}: {rule}" for rule in found.rules]
        if not found.complete:
            unknown.append(f"not all rules of {_name(policy)} were read")
    if denied:
        return _group(CheckStatus.OK, f"{'; '.join(denied)} ({NOT_LOOKED_AT})")
    if unknown:
        return _group(CheckStatus.WARNING, "; ".join(unknown))
    names = ", ".join(map(_name, users.policies))
    who = (
        f"{names} uses it, but no rule denies"
        if names
        else "no firewall or policy uses it, so no rule denies"
    )
    return _group(_serious(settings), f"{who} what comes from it: {NOT_STOPPED}")


def _name(resource_id: str) -> str:
    return resource_id.rstrip("/").rpartition("/")[2]


def _group(status: CheckStatus, detail: str) -> Checked:
    return Checked(area=FIREWALL_AREA, what=FIREWALL_WHAT, status=status, detail=detail)


def _serious(settings: Settings) -> CheckStatus:
    return CheckStatus.WARNING if observes(settings) else CheckStatus.MISSING
