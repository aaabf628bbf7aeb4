"""Okta's System Log as Sentinel's ``OktaV2_CL`` table has it: the connector's own column names.

Source: the connector's transformation (Azure-Sentinel, ``OktaSSOv2_DCR.json``).
"""

from shared.models.directory import OKTA
from shared.models.signin import SignIn
from shared.playbook.sign_ins.shapes.entra import make_id
from shared.playbook.sign_ins.shapes.okta import application, is_okta_sign_in, okta_code, okta_mfa
from shared.playbook.sign_ins.shapes.row import Row


def read_okta_v2(row: Row) -> SignIn | None:
    """Return the sign-in of an ``OktaV2_CL`` row, ``None`` when it is none or has no usable time.

    Raises:
        ValueError: the row has a value that no sign-in can have.
    """
    kind = (row.text("EventOriginalType") or "").lower()
    at = row.time("TimeGenerated")
    if not is_okta_sign_in(kind) or at is None:
        return None
    factor, reason = row.row("DebugData").text("factor"), row.text("EventOriginalResultDetails")
    code = okta_code(kind, row.text("OriginalOutcomeResult"), reason, factor)
    user, address = row.text("OriginalActorAlternateId"), row.address("SrcIpAddr")
    return SignIn(
        id=row.text("EventOriginalUid") or make_id(row, at, user, address, code),
        at=at,
        directory=OKTA,
        user_id=row.text("OriginalUserId"),
        user_principal_name=user,
        address=address,
        result_code=code,
        result_description=reason or "",
        country=row.text("SrcGeoCountry"),
        city=row.text("SrcGeoCity"),
        latitude=row.coordinate("SrcGeoLatitude", limit=90),
        # Misspelt by the connector itself.
        longitude=row.coordinate("SrcGeoLongtitude", limit=180),
        asn=row.integer("SecurityContextAsNumber"),
        app=application(row.objects("OriginalTarget")),
        user_agent=row.text("HttpUserAgent"),
        operating_system=row.text("SrcDvcOs"),
        browser=row.text("ActingAppName"),
        authentication_methods=[factor] if factor else [],
        mfa_result=okta_mfa(kind, code, factor),
        session_id=row.text("ActorSessionId"),
        correlation_id=row.text("ActorSessionId", "TransactionId"),
        notes=row.notes,
    )
