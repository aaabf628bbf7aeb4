"""One harmless read of every vendor that is configured."""

import importlib
import importlib.util
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial

from shared.bootstrap import Providers
from shared.errors import NotFound, TourniquetError
from shared.models.check import Checked, CheckStatus
from shared.policy import observes
from shared.ports import Directory
from shared.providers.azure_firewall.check import lacking
from shared.settings import Settings

NOBODY = "tourniquet-doctor@invalid.example"
"""A name that no directory has; asking for it shows that we may ask."""
AN_ADDRESS = "1.1.1.1"
"""A public resolver: every reputation source knows it."""

AZURE_FIREWALL = "azure_firewall"
PEOPLE = "Tickets and channels"

type Ask = Callable[[], Awaitable[str]]
type Check = Callable[[Settings], Awaitable[str]]


async def check_vendors(settings: Settings, providers: Providers) -> list[Checked]:
    """Ask every configured vendor something harmless, one after the other."""
    lines = []
    for area, what, ask in _questions(settings, providers):
        lines.append(await answer_of(area, what, ask))
    if settings.firewall_ip_group_id:
        lines += await _check_firewall(settings)
    return [*lines, *await _check_people(settings, providers)]


def _questions(settings: Settings, providers: Providers) -> list[tuple[str, str, Ask]]:
    asked: list[tuple[str, str, Ask]] = []
    for name, directory in _directories(providers).items():
        asked.append((f"Directory {name}", "read an account", _read_nobody(directory)))
    if settings.siem == "google_secops":
        asked.append(("Google SecOps", "search", lambda: _search(providers)))
    elif providers.siem is not None and settings.log_analytics_workspace_id:
        asked.append(("Log Analytics", "query", lambda: _query(providers)))
    if providers.cases is not None:
        asked.append(("Blob", f"read container {settings.case_container}", _list_cases(providers)))
    if providers.evidence is not None:
        what = f"read container {settings.evidence_container}"
        asked.append(("Blob", what, _read_evidence(providers)))
    if providers.endpoint is not None:
        asked.append(("Defender for Endpoint", "list devices", _list_devices(providers)))
    for source in providers.reputation:
        asked.append(("Reputation", source.name, _look_up(source.lookup)))
    if providers.geo is not None:
        asked.append(("GeoIP", "databases", _look_up(providers.geo.locate)))
    for firewall in providers.firewalls:
        if firewall.name != AZURE_FIREWALL:
            asked.append(("Firewall", firewall.name, _look_up(firewall.get_block)))
    return asked


async def _check_people(settings: Settings, providers: Providers) -> list[Checked]:
    """Ask ticketing and channels, whose providers have a ``check`` module of their own."""
    names = [one.name for one in providers.ticketing]
    names += [one.channel for one in providers.notifiers]
    lines = []
    for name in names:
        module = f"shared.providers.{name}.check"
        if importlib.util.find_spec(module) is None:
            detail = "cannot be tried without writing"
            lines.append(Checked(area=PEOPLE, what=name, status=CheckStatus.WARNING, detail=detail))
            continue
        check: Check = importlib.import_module(module).check
        lines.append(await answer_of(PEOPLE, name, partial(check, settings)))
    return lines


async def answer_of(area: str, what: str, ask: Ask) -> Checked:
    """Return what a question brought; a refusal is a line, never an exception."""
    try:
        detail = await ask()
    except TourniquetError as error:
        return Checked(area=area, what=what, status=CheckStatus.MISSING, detail=error.describe())
    return Checked(area=area, what=what, status=CheckStatus.OK, detail=detail)


def _directories(providers: Providers) -> dict[str, Directory]:
    named = {"entra": providers.directory, **providers.directories}
    return {name: one for name, one in named.items() if one is not None}


def _read_nobody(directory: Directory) -> Ask:
    async def ask() -> str:
        try:
            await directory.get_user(NOBODY)
        except NotFound:
            return "accounts can be read"
        return "accounts can be read"

    return ask


async def _query(providers: Providers) -> str:
    now = datetime.now(UTC)
    start = now - timedelta(hours=1)
    await providers.require("siem").run_query("print 1", parameters={}, start=start, end=now)
    return "queries run"


async def _search(providers: Providers) -> str:
    now = datetime.now(UTC)
    start = now - timedelta(hours=1)
    log = providers.require("sign_in_log")
    await log.get_sign_ins(object_id=None, user_principal_name=NOBODY, start=start, end=now)
    return "searches run"


def _list_cases(providers: Providers) -> Ask:
    async def ask() -> str:
        await providers.require("cases").list_cases(page_size=1, token=None)
        return "records can be listed; writing is not tried"

    return ask


def _read_evidence(providers: Providers) -> Ask:
    async def ask() -> str:
        try:
            await providers.require("evidence").get("case-" + "0" * 24, "doctor.json")
        except NotFound:
            return "evidence can be read; writing is not tried"
        return "evidence can be read; writing is not tried"

    return ask


def _list_devices(providers: Providers) -> Ask:
    async def ask() -> str:
        await providers.require("endpoint").list_devices(NOBODY)
        return "devices can be listed"

    return ask


def _look_up(look_up: Callable[[str], Awaitable[object]]) -> Ask:
    async def ask() -> str:
        await look_up(AN_ADDRESS)
        return f"answers about {AN_ADDRESS}"

    return ask


async def _check_firewall(settings: Settings) -> list[Checked]:
    area, what = "Azure Firewall", "IP group"
    try:
        missing = await lacking(settings)
    except TourniquetError as error:
        return [Checked(area=area, what=what, status=CheckStatus.MISSING, detail=error.describe())]
    if not missing:
        detail = "the group may be read and changed"
        return [Checked(area=area, what=what, status=CheckStatus.OK, detail=detail)]
    without = "BlockIP fails; block by hand"
    return [
        Checked(
            area=area,
            what=action,
            status=CheckStatus.WARNING if observes(settings) else CheckStatus.MISSING,
            detail=f"not allowed on {settings.firewall_ip_group_id}: {without}",
        )
        for action in missing
    ]
