"""What is known about the account, the address and the login, as labelled lines."""

from typing import NamedTuple

from shared.models.base import Json
from shared.models.block import BlockName, BlockStatus
from shared.models.case import CaseRecord
from shared.pages.answer import attack_address
from shared.pages.text import clock, when, words

MFA_WORDS = {
    "satisfied": "used",
    "satisfied_by_claim": "not used, an earlier one counted",
    "not_required": "not asked for",
    "denied": "refused, failed or not answered",
    "unknown": "not known",
}


class Fact(NamedTuple):
    """One labelled line; ``bad`` when it speaks for a compromise."""

    label: str
    value: str
    bad: bool = False
    more: str = ""
    """Where it comes from, in smaller words."""


def facts(case: CaseRecord) -> list[Fact]:
    """Return the facts that an analyst asks for first; what is not known says so."""
    return [*_account(case), *_address(case), *_login(case), *_others(case)]


def _account(case: CaseRecord) -> list[Fact]:
    user = _outputs(case, BlockName.USER)
    profile: Json = _details(case, BlockName.USER).get("profile") or {}
    account = case.account or {}
    name = user.get("user_principal_name") or account.get("user_principal_name")
    shown = user.get("user_display_name") or account.get("display_name")
    identity = [text for text in (shown, name or account.get("user_id")) if text]
    job = [text for text in (profile.get("job_title"), profile.get("department")) if text]
    kinds = [str(kind).replace("_", "-") for kind in account.get("kinds") or []]
    roles = [
        *(account.get("roles") or []),
        *(f"eligible for role {role}" for role in account.get("eligible_roles") or []),
    ]
    found = [Fact("Account", ", ".join(map(str, identity)) or "none in the incident")]
    if job:
        found.append(Fact("Work", ", ".join(map(str, job))))
    if kinds and kinds != ["ordinary"]:
        found.append(Fact("Kind of account", ", ".join(kinds), True, words(roles) if roles else ""))
    if groups := user.get("user_groups"):
        found.append(Fact("Groups", words(groups)))
    enabled = user.get("mfa_enabled")
    found.append(Fact("Second factor registered", words(enabled), bad=enabled is False))
    place, at = user.get("last_known_logon_location"), user.get("last_known_logon_time")
    if place or at:
        found.append(Fact("Last login before", f"{words(place)}, {when(at)}"))
    return found


def _others(case: CaseRecord) -> list[Fact]:
    """Return whether the case stands alone; what a case finds is known once there is a verdict."""
    if case.account is None or case.verdict is None:
        return []
    count = max(case.campaign_count, len(case.campaign))
    joined = f"{len(case.joined)} further" if case.joined else "no further"
    hit = f"{count} other" if count else "no other"
    return [
        Fact("Incidents on the account", f"{joined} while the case is open", bad=bool(case.joined)),
        Fact("Cases from the address", f"{hit} accounts within 7 days", bad=bool(count)),
    ]


def _address(case: CaseRecord) -> list[Fact]:
    ip = _outputs(case, BlockName.ADDRESS)
    verdict: Json = _details(case, BlockName.ADDRESS).get("verdict") or {}
    address = attack_address(case)
    if address is None:
        return [Fact("Address", "none in the incident")]
    place = ", ".join(str(ip[key]) for key in ("geo_city", "geo_country") if ip.get(key))
    number = f"AS{ip['asn']}" if ip.get("asn") else ""
    network = " ".join(str(part) for part in (number, verdict.get("network")) if part)
    others = len(case.addresses) - 1
    more = f"{others} more in the incident" if others > 0 else ""
    origin = "; ".join(part for part in (address, place, network, more) if part)
    score = ip.get("ip_reputation_score")
    reputation = "not known" if score is None else f"{score} of 100 (100 is worst)"
    matches = ip.get("ip_reputation_feed_matches")
    kinds = (("is_tor", "Tor"), ("is_vpn_proxy_service", "VPN or proxy"), ("is_hosting", "hosting"))
    used = [label for key, label in kinds if verdict.get(key) or ip.get(key)]
    asked = ip.get("is_vpn_proxy_service") is not None or verdict
    plain = "no VPN, proxy, Tor or hosting network" if asked else "not known"
    return [
        Fact("Address", origin),
        Fact(
            "Reputation",
            reputation,
            isinstance(score, int) and score >= 50,
            words(matches) if matches else "",
        ),
        Fact("Kind of network", ", ".join(used) or plain, bad=bool(used)),
    ]


def _login(case: CaseRecord) -> list[Fact]:
    login = _outputs(case, BlockName.SIGN_INS)
    block = case.blocks.get(BlockName.SIGN_INS)
    success: Json = login.get("successful_login_details") or {}
    count = login.get("failed_logins_count")
    found = [Fact("Failed logins before", _failures(count, login))]
    if success:
        system = [success.get(key) for key in ("app", "operating_system", "browser", "device")]
        parts = [when(success.get("time")), *(str(part) for part in system if part)]
        found.append(Fact("Successful login", ", ".join(parts)))
        mfa = str(login.get("mfa_result_successful_login") or "unknown")
        alarming = mfa in ("not_required", "satisfied_by_claim")
        found.append(Fact("Second factor then", MFA_WORDS.get(mfa, mfa), bad=alarming))
    else:
        complete = block is not None and block.status is BlockStatus.COMPLETE
        found.append(Fact("Successful login", "none found" if complete else "not known"))
    distance = login.get("login_location_variance")
    if isinstance(distance, int | float):
        far = f"{distance:,.0f} km" if distance else "a usual place"
        found.append(Fact("From usual places", far, bad=distance > 1000))
    return found


def _failures(count: object, login: Json) -> str:
    if not count:
        return words(count)
    detail: Json = login.get("failed_login_details") or {}
    text = str(count)
    if detail.get("first_at") and detail.get("last_at"):
        text += f" from {clock(detail['first_at'])} to {clock(detail['last_at'])} UTC"
    codes = [f"{code['meaning']} ({code['count']})" for code in detail.get("by_code") or []][:4]
    return f"{text}: {', '.join(codes)}" if codes else text


def _outputs(case: CaseRecord, name: BlockName) -> Json:
    block = case.blocks.get(name)
    return block.outputs if block else {}


def _details(case: CaseRecord, name: BlockName) -> Json:
    block = case.blocks.get(name)
    return block.details if block else {}
