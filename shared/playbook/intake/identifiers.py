"""Deterministic identifiers: the same thing sent twice must get the same name."""

import hashlib

NO_ACCOUNT = "no-account"
"""Stands for the account in the id of a case that has none."""


def account_key(identity: str) -> str:
    """Return the hash that names an account in entity keys and ids (32 hex digits).

    ``identity`` is the object id when known, else the user principal name, else the name.
    """
    return _digest(identity.lower())[:32]


def case_id_for(namespace: str, incident: str, key: str | None) -> str:
    """Return the id of the case of one account of one incident: ``case-`` and 24 hex digits.

    Letter case does not matter: ARM writes the same id in different ones.
    """
    parts = (namespace.lower(), incident.strip().lower(), key or NO_ACCOUNT)
    return "case-" + _digest("\n".join(parts))[:24]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()
