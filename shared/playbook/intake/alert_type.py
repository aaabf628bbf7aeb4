"""Which kind of attack an incident is about, from its words and its MITRE ATT&CK techniques."""

import re
from collections.abc import Iterable

from shared.models.case import AlertType

# First match wins, so the more specific words come first: "MFA fatigue after password spray" is
# answered as MFA fatigue. Titles are those of Microsoft's own rules and of common custom ones.
_WORDS: tuple[tuple[AlertType, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        (
            AlertType.MFA_FATIGUE,
            r"(mfa|multi-?factor|push|authenticator)\W+(request\W+)?"
            r"(fatigue|bomb|spam|flood|abuse|harass)"
            r"|(repeated|multiple|excessive|numerous|denied|rejected)\W+"
            r"(denied\W+|rejected\W+)?(mfa|multi-?factor|push)",
        ),
        (
            AlertType.TOKEN_THEFT,
            r"(token|cookie|session)\W+(theft|stolen|hijack|replay|reuse)"
            r"|(stolen|anomalous|hijacked|replayed)\W+(session\W+|access\W+|refresh\W+)?"
            r"(token|cookie|session)"
            r"|primary refresh token|pass[- ]the[- ](cookie|prt)|token issuer anomaly",
        ),
        (AlertType.PASSWORD_SPRAY, r"spray"),
        (
            AlertType.IMPOSSIBLE_TRAVEL,
            r"(impossible|atypical|improbable|unlikely|infeasible)\W+travel"
            r"|geographically distant|superman",
        ),
        (AlertType.PHISHING, r"phish|adversary[- ]in[- ]the[- ]middle|\baitm\b|evilginx"),
        (
            AlertType.BRUTE_FORCE_SUCCESS,
            r"brute[- ]?force|credential stuffing|password guessing"
            r"|(fail|unsuccessful).{0,70}\b(followed by|then|and|before)\b.{0,40}\bsuccess"
            r"|success.{0,50}\b(after|following)\b.{0,60}\bfail",
        ),
    )
)
_TECHNIQUES: tuple[tuple[AlertType, tuple[str, ...]], ...] = (
    (AlertType.MFA_FATIGUE, ("T1621",)),
    (AlertType.TOKEN_THEFT, ("T1539", "T1550.001", "T1550.004", "T1528")),
    (AlertType.PASSWORD_SPRAY, ("T1110.003",)),
    (AlertType.PHISHING, ("T1566", "T1557", "T1598")),
    (AlertType.BRUTE_FORCE_SUCCESS, ("T1110",)),
)


def choose_alert_type(texts: Iterable[str], techniques: Iterable[str]) -> AlertType:
    """Return the kind of alert; words decide first, then techniques.

    ``texts`` are ordered: the incident's title, then alert names and rule names. A technique also
    stands for its sub-techniques. Nothing known: ``compromised_account``.
    """
    for text in texts:
        for kind, pattern in _WORDS:
            if pattern.search(text):
                return kind
    given = {technique.upper() for technique in techniques}
    for kind, known in _TECHNIQUES:
        if any(one == base or one.startswith(base + ".") for one in given for base in known):
            return kind
    return AlertType.COMPROMISED_ACCOUNT
