"""What was done on machines and through the firewall, and which devices are the account's.

Source: Microsoft Defender for Endpoint, "Take response actions on a device"; MITRE ATT&CK T1021,
T1059, T1048, T1550.001.
"""

from shared.models.base import Json
from shared.models.block import BlockName
from shared.models.next_step import NextStep, Urgency, Who
from shared.models.outcome import ActionStatus
from shared.models.plan import ActionName
from shared.playbook.reporting.case_view import CaseView
from shared.playbook.reporting.next_steps.quoting import kql
from shared.playbook.reporting.next_steps.steps import (
    MOST_NAMED,
    advice,
    at,
    listed,
    more_than,
    rows_of,
)

_DEVICES = "Microsoft Defender portal > Assets > Devices"


def movement_steps(view: CaseView, finding: Json) -> list[NextStep]:
    """Return which machines the account reached, as one step: they are looked at together."""
    rows = rows_of(finding)
    names = list(dict.fromkeys(view.text(row.get("DeviceName")) for row in rows))[:MOST_NAMED]
    if not names:
        return []
    sources = sorted({one for row in rows for one in _texts(view, row.get("Sources"))})
    start = f", from {', '.join(sources[:MOST_NAMED])}" if sources else ""
    return [
        advice(
            f"{view.who} logged on over the network to {', '.join(names)}{start}"
            f"{more_than(finding, len(rows))}: look for what was run there, isolate what is not "
            "clean.",
            who=Who.IRT,
            where=f"{_DEVICES} > {names[0]} > Timeline, Isolate device",
            command=f"DeviceProcessEvents | where DeviceName in~ ({', '.join(map(kql, names))}) "
            f"and AccountName =~ {kql(view.who.partition('@')[0])}",
            urgency=Urgency.NOW,
            techniques=[finding.get("technique")],
        )
    ]


def command_steps(view: CaseView, finding: Json) -> list[NextStep]:
    """Return which command lines have to be explained."""
    return [
        advice(
            f"On {view.text(row.get('DeviceName'))}{at(view, row)}, "
            f"{view.text(row.get('FileName'))} ran as {view.text(row.get('AccountName'))}, started "
            f"by {view.text(row.get('InitiatingProcessFileName'))}: "
            f"{view.text(row.get('ProcessCommandLine'))}. Isolate the device and find out what it "
            "left behind.",
            who=Who.IRT,
            where=f"{_DEVICES} > {view.text(row.get('DeviceName'))} > Timeline, Isolate device",
            urgency=Urgency.NOW,
            techniques=[finding.get("technique")],
        )
        for row in rows_of(finding)[:MOST_NAMED]
    ]


def transfer_steps(view: CaseView, finding: Json) -> list[NextStep]:
    """Return where data went through the firewall."""
    return [
        advice(
            f"{_size(row.get('BytesSent'))} went from {view.text(row.get('SourceIP'))} to "
            f"{view.text(row.get('DestinationIP'))}{at(view, row)}: find out which process sent "
            "what, and block the destination if nobody knows it.",
            who=Who.IRT,
            where="Microsoft Sentinel > Logs",
            command=f"CommonSecurityLog | where DestinationIP == {kql(row.get('DestinationIP'))}",
            urgency=Urgency.NOW,
            techniques=[finding.get("technique")],
        )
        for row in rows_of(finding)[:MOST_NAMED]
    ]


def token_steps(view: CaseView, finding: Json) -> list[NextStep]:
    """Return from which machines the account's tokens were used."""
    return [
        advice(
            f"Tokens of {view.who} were used from {view.text(row.get('Address'))} "
            f"({view.text(row.get('Country'))}, machine {view.text(row.get('Machine'))}) for "
            f"{listed(view, row.get('Apps')) or 'an unknown application'}: look for malware or a "
            "phishing page that took them, on the device where the user signs in.",
            who=Who.L2,
            where=f"Entra admin center > Users > {view.who} > Sign-in logs > User sign-ins "
            "(non-interactive)",
            techniques=[finding.get("technique")],
        )
        for row in rows_of(finding)[:MOST_NAMED]
    ]


def device_steps(view: CaseView) -> list[NextStep]:
    """Return what to look at on the account's devices; nothing when no device is known."""
    acted = view.outcomes(ActionStatus.SUCCEEDED)
    scanned = [one for one in acted if one.action is ActionName.SCAN_DEVICE]
    if scanned:
        found = view.text(scanned[0].detail)
        what = f"Malware: read the results of the scans of {view.who}'s devices ({found})."
        return [advice(what, where=f"{_DEVICES} > the device > Security info")]
    details = view.output(BlockName.SIGN_INS, "successful_login_details")
    name = details.get("device") if isinstance(details, dict) else None
    if not name:
        return []
    return [
        advice(
            f"Malware: the login came from device {view.text(name)}; start an EDR scan on it.",
            where=f"{_DEVICES} > {view.text(name)} > Run antivirus scan",
        )
    ]


def _texts(view: CaseView, values: object) -> list[str]:
    return [view.text(one) for one in values if one] if isinstance(values, list) else []


def _size(value: object) -> str:
    try:
        return f"{int(str(value)) / 1_000_000:,.0f} MB"
    except ValueError:
        return "An unknown amount"
