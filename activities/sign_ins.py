"""The sign-in log: analysing an account's sign-ins, late logs included, and the re-check."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

from durabletask import task

from activities.directories import names_in_log
from activities.neighbours_udm import accounts_in_udm
from activities.support import explain, utc_now
from shared.bootstrap import get_providers
from shared.errors import TourniquetError
from shared.models.base import Json, format_utc
from shared.models.block import BlockName, BlockStatus, make_block
from shared.models.case import CaseRequest
from shared.models.query import QueryResult
from shared.models.signin import SignIn, SignInLogResult
from shared.playbook.acting.subject import query_parameters
from shared.playbook.sign_ins import neighbours
from shared.playbook.sign_ins.analysis import analyse_sign_ins as analyse
from shared.playbook.sign_ins.late_logs import (
    ReportedSuccess,
    as_sign_in,
    is_missing,
    is_shown,
    may_still_come,
    reported_success,
)
from shared.playbook.sign_ins.models import REPORTED_BY_ALERT, SignInAnalysis, SuccessfulLogin
from shared.playbook.sign_ins.neighbours_query import neighbours_query
from shared.playbook.sign_ins.places import sign_in_places
from shared.playbook.sign_ins.suspect import last_success
from shared.playbook.sign_ins.times import sign_in_times
from shared.settings import get_settings

_OUTPUTS = (
    "successful_login_details",
    "mfa_result_successful_login",
    "login_location_variance",
    "failed_logins_count",
    "failed_login_details",
)


async def analyse_sign_ins(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Analyse the account's sign-ins: the failures, the success, what was unusual about it.

    Input: ``{"case": CaseRequest, "waited_seconds": number}``; the second is how long the log has
    been asked again. Returns a block result; the whole analysis is in ``details["analysis"]``.
    When the alert reports a success that the log does not show, the alert's own data stands in for
    it, the block is partial, and ``details["awaited"]`` says whether the log can be late with it.
    When the log cannot be read the block is partial and asks for a review by hand (seed 004).

    Effect: none, reads only.
    Idempotency: a read.
    Permission: Log Analytics Reader on the workspace. When the incident tells neither object id nor
    principal name: User.Read.All (Microsoft Graph), okta.users.read for Okta.
    """
    case = CaseRequest.model_validate(payload["case"])
    started = utc_now()
    account = case.account
    if account is None:
        raise ValueError("analyse_sign_ins needs a case with an account")
    began = _attack_day(case, None)
    try:
        log = get_providers().require("sign_in_log")
        object_id, name = await names_in_log(account)
        found, accounts = await asyncio.gather(
            log.get_sign_ins(
                object_id=object_id,
                user_principal_name=name,
                start=_baseline_start(case),
                end=case.now,
            ),
            _accounts_of_addresses(case, case.addresses, began),
        )
    except TourniquetError as error:
        note = f"sign-in log: {explain(error)}; review the sign-in logs by hand"
        return _without_log(case, note, started)
    reported = reported_success(case)
    model = _analyse(case, found.events)
    missing = reported is not None and is_missing(reported, model, _window(case))
    events, notes = found.events, []
    if reported and missing:
        events = _with_reported(reported, case, events)
        model = _analyse(case, events)
        waited = float(payload.get("waited_seconds") or 0)
        notes.append(_late_note(reported, model, waited))
    model, unseen = await _with_neighbours(model, case, accounts, began)
    awaited = bool(reported and missing and may_still_come(reported, case.received_at))
    block = _block(case, model, found, events, notes, awaited=awaited, started=started)
    block["block"]["notes"] += unseen
    return block


def _baseline_start(case: CaseRequest) -> datetime:
    return case.now - timedelta(days=get_settings().baseline_days)


def _attack_day(case: CaseRequest, model: SignInAnalysis | None) -> datetime:
    """Return the day on which the attack began, as far as incident and analysis tell."""
    login = model.successful_login_details if model else None
    return neighbours.attack_day(
        case.incident.first_activity_at,
        case.successful_login_time,
        case.now,
        model.first_guess_at if model else None,
        login.time if login else None,
    )


async def _accounts_of_addresses(
    case: CaseRequest, addresses: list[str], before: datetime
) -> QueryResult | str:
    """Return who else the addresses signed in, or why that could not be asked."""
    siem, settings = get_providers().siem, get_settings()
    if siem is None or not addresses:
        return "not asked" if addresses else "the incident names no address"
    if siem.language == "udm":
        return await accounts_in_udm(siem, case, addresses, _baseline_start(case), before)
    try:
        return await siem.run_query(
            neighbours_query(settings.okta_log_table if settings.okta_url else None),
            parameters=query_parameters(case, None) | {"addresses": addresses, "attackDay": before},
            start=_baseline_start(case),
            end=case.now,
        )
    except TourniquetError as error:
        return explain(error)


async def _with_neighbours(
    model: SignInAnalysis, case: CaseRequest, accounts: QueryResult | str, asked_before: datetime
) -> tuple[SignInAnalysis, list[str]]:
    """Add what the suspicious address did to others.

    The question was asked beside the sign-ins, about what the incident tells. When these show
    another address, or that the attack began on an earlier day, it is asked again.
    """
    address = model.suspicious_address
    if address is None:
        return model, []
    began = _attack_day(case, model)
    use = _use(accounts, address, asked_before)
    if address not in case.addresses or (use and use.usual_accounts and began < asked_before):
        accounts = await _accounts_of_addresses(case, [address], began)
        use = _use(accounts, address, began)
    if use is None:
        return model, [f"other accounts of {address}: {accounts}"]
    return model.model_copy(update={"address_use": use}), []


def _use(
    accounts: QueryResult | str, address: str, before: datetime
) -> neighbours.AddressUse | None:
    if isinstance(accounts, str):
        return None
    return neighbours.read_address_use(
        accounts.rows, address, before=before, partial=accounts.partial
    )


def _window(case: CaseRequest) -> timedelta:
    return timedelta(minutes=case.detection_time_window_minutes)


def _analyse(case: CaseRequest, events: list[SignIn]) -> SignInAnalysis:
    return analyse(
        events,
        addresses=case.addresses,
        successful_login_time=case.successful_login_time,
        window_minutes=case.detection_time_window_minutes,
        now=case.now,
        period=_period(case),
    )


def _period(case: CaseRequest) -> tuple[datetime, datetime] | None:
    first, last = case.incident.first_activity_at, case.incident.last_activity_at
    return (min(first, last), max(first, last)) if first and last else None


def _with_reported(
    reported: ReportedSuccess, case: CaseRequest, events: list[SignIn]
) -> list[SignIn]:
    """Add the reported success, unless the log has another one of the incident."""
    if is_shown(reported, _analyse(case, events)):
        return events
    return [*events, as_sign_in(reported, case, events)]


def _late_note(reported: ReportedSuccess, model: SignInAnalysis, waited: float) -> str:
    login = model.successful_login_details
    shown = f"; it shows one at {format_utc(login.time)}" if login else ""
    if model.success_only_reported:
        shown = "; the alert's own data is used"
    asked = f" after {waited:.0f} s of asking again" if waited else ""
    return (
        f"incomplete: the sign-in log does not show the success that the alert reports at "
        f"{format_utc(reported.at)}{asked}{shown}"
    )


def _inputs(case: CaseRequest) -> Json:
    return {
        "user_id": case.account.user_id if case.account else None,
        "successful_login_ip": case.successful_login_ip,
        "successful_login_time": case.to_json()["successful_login_time"],
        "detection_time_window": case.detection_time_window_minutes,
    }


def _without_log(case: CaseRequest, note: str, started: datetime) -> dict[str, Any]:
    """Return the block when the log cannot be read: all there is, is what the alert reports."""
    reported = reported_success(case)
    login = None
    if reported and reported.address:
        supposed = SuccessfulLogin.supposed(reported.address, reported.at)
        login = supposed.model_copy(update={"id": REPORTED_BY_ALERT}).to_json()
    return make_block(
        BlockName.SIGN_INS,
        BlockStatus.PARTIAL,
        inputs=_inputs(case),
        outputs={"successful_login_details": login},
        notes=[note, *(["the successful login is the alert's own data"] if login else [])],
        started_at=started,
        finished_at=utc_now(),
    ).to_json()


def _block(
    case: CaseRequest,
    model: SignInAnalysis,
    found: SignInLogResult,
    events: list[SignIn],
    notes: list[str],
    *,
    awaited: bool,
    started: datetime,
) -> dict[str, Any]:
    analysis = model.to_json()
    times = sign_in_times(events, model)
    places = sign_in_places(events, model.suspicious_address, case.now)
    last = last_success(events, model.suspicious_address)
    complete = not (found.incomplete or notes)
    return make_block(
        BlockName.SIGN_INS,
        BlockStatus.COMPLETE if complete else BlockStatus.PARTIAL,
        inputs=_inputs(case),
        outputs={name: analysis[name] for name in _OUTPUTS},
        notes=[
            *notes,
            *analysis["notes"],
            *(f"incomplete: {line}" for line in found.incomplete),
        ],
        details={
            "analysis": analysis,
            "times": times.to_json() if times else None,
            "places": places.to_json() if places else None,
            "suspicious_address": analysis["suspicious_address"],
            "last_success_at": format_utc(last) if last else None,
            "complete": complete,
            "awaited": awaited,
            "rows": found.rows,
        },
        started_at=started,
        finished_at=utc_now(),
    ).to_json()
