"""An Entra account as the Graph simulator gets it."""

from typing import Any

ANNA = "6f1d4c55-9d0e-4f6a-8d1c-2b103f0a52c1"
BEN = "11111111-2222-4333-8444-555555555555"
UPN = "anna.berg@contoso.example"
USER: dict[str, Any] = {
    "id": ANNA,
    "userPrincipalName": UPN,
    "displayName": "Anna Berg",
    "department": "Finance",
    "jobTitle": "Accountant",
    "usageLocation": "SE",
    "createdDateTime": "2021-03-04T08:00:00Z",
    "lastPasswordChangeDateTime": "2026-01-10T08:00:00Z",
    "signInSessionsValidFromDateTime": "2026-01-10T08:00:00Z",
    "transitiveMemberOf": [
        {"id": BEN, "displayName": "Finance"},
        {
            "displayName": "Directory Readers",
            "roleTemplateId": "88d8e3e3-8f55-4a1e-953a-9b9898b8876b",
        },
    ],
    "registrationDetails": {
        "isMfaCapable": True,
        "isAdmin": True,
        "methodsRegistered": ["microsoftAuthenticatorPush"],
    },
    "riskyUser": {
        "riskLevel": "high",
        "riskState": "atRisk",
        "riskDetail": "none",
        "riskLastUpdatedDateTime": "2026-11-20T12:00:00.1234567Z",
    },
}
