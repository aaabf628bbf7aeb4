"""The question who else addresses sign in, as KQL: one query for all addresses of a case.

It counts in the workspace, so that the answer has one row for each address, however many people are
behind it. ``neighbours`` says what the counts mean.
"""

from collections.abc import Iterable
from typing import Literal

from shared.playbook.sign_ins.codes import GUESSING_CODES, PASSWORD_RIGHT_CODES
from shared.playbook.sign_ins.neighbours import SETTLED_DAYS, SHARING_DAYS, USUAL_DAYS

type OktaTable = Literal["OktaV2_CL", "Okta_CL"]

_MOST_ADDRESSES = 1_000


def _codes(codes: Iterable[str]) -> str:
    return ", ".join(f'"{code}"' for code in sorted(codes))


def _entra(name: str, interactive: str) -> str:
    return f"""({name}
    | where IPAddress in (addresses)
    | where not(UserId =~ userId or UserPrincipalName =~ userPrincipalName)
    | project TimeGenerated, Who = iff(isempty(UserPrincipalName), UserId, UserPrincipalName),
        IPAddress, ResultType, Required = AuthenticationRequirement,
        Level = RiskLevelDuringSignIn, State = RiskState, Interactive = {interactive})"""


def _okta(name: str, user: str, login: str, address: str, event: str, outcome: str) -> str:
    return f"""({name}
    | extend Login = {login}, User = {user}, Address = {address}, Event = {event}
    | where Address in (addresses) and {outcome} == "SUCCESS"
    | where Event == "user.session.start" or Event startswith "user.authentication."
    | where not(User =~ userId or Login =~ userPrincipalName)
    | project TimeGenerated, Who = iff(isempty(Login), User, Login), IPAddress = Address,
        ResultType = "0", Required = "", Level = "", State = "", Interactive = false)"""


_OKTA: dict[OktaTable, str] = {
    "OktaV2_CL": _okta(
        "OktaV2_CL",
        user="OriginalUserId",
        login="OriginalActorAlternateId",
        address="SrcIpAddr",
        event="EventOriginalType",
        outcome="OriginalOutcomeResult",
    ),
    # Of the older connector's table, whose columns come with its rows: every event has these.
    "Okta_CL": _okta(
        "Okta_CL",
        user="actor_id_s",
        login="actor_alternateId_s",
        address="client_ipAddress_s",
        event="eventType_s",
        outcome="outcome_result_s",
    ),
}


def neighbours_query(okta_table: OktaTable | None = None) -> str:
    """Return the query.

    Values come as ``addresses``, ``userId``, ``userPrincipalName`` and ``attackDay`` (a time).
    Tokens that clients renew by themselves, and Okta's sign-ins, show where people sit; guesses are
    looked for among Entra's interactive sign-ins alone. Somebody who has one name in both
    directories is one account. A table that the workspace does not have is left out.

    Args:
        okta_table: where Okta's System Log is, if there is one.
    """
    tables = [
        _entra("SigninLogs", "true"),
        _entra("AADNonInteractiveUserSignInLogs", "false"),
        *([_OKTA[okta_table]] if okta_table else []),
    ]
    return f"union isfuzzy=true\n{',\n'.join(tables)}\n{_COUNTS}"


UDM_QUERY = """\
metadata.event_type = "USER_LOGIN"
and metadata.log_type = /^(AZURE_AD|OKTA)$/
and ${any principal.ip addresses}
"""
"""The same question to Google SecOps, whose search does not count: ``neighbours.address_rows``."""

_COUNTS = f"""\
| extend Success = ResultType == "0", Day = bin(TimeGenerated, 1d), Who = tolower(Who),
    Guess = Interactive and ResultType in ({_codes(GUESSING_CODES)}),
    Right = Interactive and ResultType in ({_codes({"0", *PASSWORD_RIGHT_CODES})})
| where Guess or Right or Success
| extend Usual = Success and TimeGenerated < attackDay and State != "confirmedCompromised"
    and Level != "high" and (Level != "medium" or Required == "multiFactorAuthentication")
| summarize Guesses = countif(Guess), Rights = countif(Right),
    Days = dcountif(Day, Success and Interactive), UsualDays = dcountif(Day, Usual),
    OldDays = countif(Usual and TimeGenerated < attackDay - {SETTLED_DAYS}d) by IPAddress, Who
| summarize GuessedAccounts = countif(Guesses > 0), RightAccounts = countif(Rights > 0),
    RegularAccounts = countif(Days >= {SHARING_DAYS}),
    UsualAccounts = countif(UsualDays >= {USUAL_DAYS}),
    SettledAccounts = countif(UsualDays >= {USUAL_DAYS} and OldDays > 0) by IPAddress
| take {_MOST_ADDRESSES}
"""
