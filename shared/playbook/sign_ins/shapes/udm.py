"""Logins as Google's Unified Data Model has them (``USER_LOGIN``), from Entra's and Okta's logs.

UDM has no place for a directory's own result code: parsers put it where they like, so a known code
is looked for in the result's texts, then what the texts say. A failure that says nothing is of
unknown kind: neither a guess nor a success. Fields: cloud.google.com/chronicle/docs/reference/
udm-field-list.
"""

import re

from shared.models.base import Json
from shared.models.directory import ENTRA, OKTA
from shared.models.signin import MfaResult, SignIn
from shared.playbook.sign_ins.codes import (
    GUESSING_CODES,
    MFA_STOP_CODES,
    PASSWORD_RIGHT_CODES,
    POLICY_STOP_CODES,
)
from shared.playbook.sign_ins.shapes.entra import UNKNOWN_RESULT, make_id
from shared.playbook.sign_ins.shapes.mfa import mfa_result
from shared.playbook.sign_ins.shapes.okta import okta_code
from shared.playbook.sign_ins.shapes.row import Row

LOGIN = "USER_LOGIN"
_DIRECTORIES = {"AZURE_AD": ENTRA, "OKTA": OKTA}
_CODE = re.compile(r"(?<![\d.])(\d{5,6})(?!\d|\.\d)")
_KNOWN = {*GUESSING_CODES, *MFA_STOP_CODES, *POLICY_STOP_CODES, *PASSWORD_RIGHT_CODES, "50034"}
_WORDS = {
    "50053": re.compile(r"\blocked"),
    "50055": re.compile(r"expired"),
    "500121": re.compile(r"strong authentication|\bmfa\b|multi-?factor|second factor"),
    "53003": re.compile(r"conditional access|policy"),
    "50126": re.compile(r"password"),
}
"""What the texts of a failure say, to Entra's code for the same; the first that fits."""
_PASSED = frozenset({"ALLOW", "ALLOW_WITH_MODIFICATION"})
_SECOND_FACTORS = frozenset({"OTP", "HARDWARE_KEY", "BADGE_READER"})
"""Mechanisms that are never the only one."""


def read_udm(row: Row) -> SignIn | None:
    """Return the sign-in of an event, ``None`` when it is none of a directory or has no time.

    Raises:
        ValueError: the event has a value that no sign-in can have.
    """
    metadata = row.row("metadata")
    directory = _DIRECTORIES.get(metadata.text("logType") or "")
    at = metadata.time("eventTimestamp") or row.time("TimeGenerated")
    if metadata.text("eventType") != LOGIN or directory is None or at is None:
        return None
    principal, target, network = row.row("principal"), row.row("target"), row.row("network")
    user, more = target.row("user"), row.row("additional")
    place = principal.row("location")
    point = place.row("regionCoordinates")
    results = row.objects("securityResult")
    code = _code(results, more, directory)
    address = _address(principal)
    name = _first(user, "emailAddresses") or user.text("userid")
    auth = row.row("extensions").row("auth")
    methods = _strings(auth.value("mechanism"))
    said = " ".join([auth.text("authDetails") or "", *(t for one in results for t in _texts(one))])
    required = more.text("authenticationRequirement")
    return SignIn(
        id=metadata.text("productLogId", "id") or make_id(row, at, name, address, code),
        at=at,
        directory=directory,
        user_id=user.text("productObjectId"),
        user_principal_name=name,
        address=address,
        result_code=code,
        result_description=_description(results),
        interactive=more.truth("isInteractive") is not False,
        country=place.text("countryOrRegion"),
        city=place.text("city"),
        latitude=point.coordinate("latitude", limit=90),
        longitude=point.coordinate("longitude", limit=180),
        asn=network.integer("asn"),
        app=target.text("application"),
        client_app=more.text("clientAppUsed"),
        user_agent=network.row("http").text("userAgent"),
        device_id=principal.row("asset").text("productObjectId", "assetId"),
        device_name=principal.row("asset").text("hostname") or principal.text("hostname"),
        operating_system=principal.row("asset").row("platformSoftware").text("platformVersion"),
        browser=more.text("browser"),
        authentication_requirement=required,
        authentication_methods=methods,
        mfa_result=_mfa(code, methods, required, said),
        conditional_access_status=more.text("conditionalAccessStatus"),
        risk_level=more.text("riskLevelDuringSignIn"),
        risk_state=more.text("riskState"),
        session_id=network.text("sessionId"),
        correlation_id=more.text("correlationId"),
        notes=[*row.notes, *metadata.notes, *principal.notes],
    )


def _code(results: list[Json], more: Row, directory: str) -> str:
    """Return Entra's code for the event's result."""
    actions = {action for one in results for action in _strings(one.get("action"))}
    if actions & _PASSED:
        return "0"
    given = more.text("errorCode", "resultType") or ""
    if given in _KNOWN:
        return given
    texts = [text for one in results for text in _texts(one)]
    for text in texts:
        known = [str(one) for one in _CODE.findall(text) if one in _KNOWN]
        if known:
            return known[0]
    if directory == OKTA:
        for text in texts:
            code = okta_code("", "FAILURE", text, None)
            if code != UNKNOWN_RESULT:
                return code
    if not actions:
        return UNKNOWN_RESULT
    if "CHALLENGE" in actions:
        return "50074"
    said = " ".join(texts).lower()
    return next((code for code, words in _WORDS.items() if words.search(said)), UNKNOWN_RESULT)


def _mfa(code: str, methods: list[str], required: str | None, said: str) -> MfaResult:
    """Return what happened to the second factor: its mechanism, else what the texts say."""
    if code == "0" and _SECOND_FACTORS & set(methods):
        return MfaResult.SATISFIED
    return mfa_result(code=code, requirement=required, steps=[], additional_details=said)


def _texts(result: Json) -> list[str]:
    """Return what a result says in words, its own fields first, then the labelled ones."""
    found = [result.get(name) for name in ("ruleId", "summary", "description", "ruleName")]
    labels = result.get("detectionFields")
    found += (
        [one.get("value") for one in labels if isinstance(one, dict)]
        if isinstance(labels, list)
        else []
    )
    return [text for text in found if isinstance(text, str) and text]


def _description(results: list[Json]) -> str:
    return next((text for one in results for text in _texts(one) if not text.isdecimal()), "")


def _strings(value: object) -> list[str]:
    items = value if isinstance(value, list) else [value]
    return [one for one in items if isinstance(one, str)]


def _first(row: Row, name: str) -> str | None:
    return next(iter(_strings(row.value(name))), None)


def _address(principal: Row) -> str | None:
    """Return the first address; UDM has a list of them."""
    for text in _strings(principal.value("ip")):
        if address := Row({"ip": text}).address("ip"):
            return address
    return None
