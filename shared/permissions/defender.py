"""Microsoft Defender for Endpoint: application permissions of ``WindowsDefenderATP``.

Source: the API's reference pages (learn.microsoft.com/defender-endpoint/api). Microsoft publishes
no list of the ids; these are those of the service principal that every tenant has.
"""

from functools import partial

from shared.permissions.need import Need, Section

_defender = partial(Need, section=Section.DEFENDER, vendor="defender", setting="defender_enabled")

DEFENDER_NEEDS: tuple[Need, ...] = (
    _defender(
        purpose="The account's devices, and how far orders are",
        operations=("users.machines.list", "machineactions.list", "machineactions.get"),
        calls=("GET /api/users/{id}/machines", "GET /api/machineactions"),
        permission="Machine.ReadWrite.All",
        role_id="aa027352-232b-4ed4-b963-a705fc4d6d2c",
        without="`ScanDevice` and `IsolateDevice` `failed`. (Microsoft asks for the write "
        "permission to list a user's machines; the app writes no machine.)",
    ),
    _defender(
        purpose="Who logged on to a device",
        operations=("machines.logonusers.list",),
        calls=("GET /api/machines/{id}/logonusers",),
        permission="User.Read.All",
        role_id="a833834a-4cf1-4732-8acf-bbcfa13fb610",
        without="No device is taken: which are the person's is not known. All are left to people.",
    ),
    _defender(
        purpose="Quick scan",
        operations=("machines.runAntiVirusScan",),
        calls=("POST /api/machines/{id}/runAntiVirusScan",),
        permission="Machine.Scan",
        role_id="a86d9824-b2b6-45f8-b042-16bc4922ed4e",
        without="`ScanDevice` `failed`: scan by hand.",
        changes=True,
    ),
    _defender(
        purpose="Isolate a device, and release it (undo)",
        operations=("machines.isolate", "machines.unisolate"),
        calls=("POST /api/machines/{id}/isolate", "POST /api/machines/{id}/unisolate"),
        permission="Machine.Isolate",
        role_id="7e4e1300-e1b9-4102-88ba-f0cb6e6d5974",
        without="`IsolateDevice` `failed`: isolate by hand. Only done when a person chose it.",
        changes=True,
    ),
)
