"""Every durable name: the wire contract with histories that are already stored.

Append only. Renaming one breaks every running case.
"""

from enum import StrEnum


class Orchestrator(StrEnum):
    """Names of orchestrations."""

    RESPOND = "respond"
    CONTAIN = "contain"
    BLOCK_ADDRESS = "block_address"
    OPEN_TICKET_LATE = "open_ticket_late"
    UNDO = "undo"
    CONTAIN_DEVICES = "contain_devices"
    JOIN_INCIDENTS = "join_incidents"
    ALIGN_FIREWALL = "align_firewall"
    LIFT_BLOCK = "lift_block"
    TELL_AGAIN = "tell_again"
    LINK_CAMPAIGN = "link_campaign"
    PAGE_SOC = "page_soc"
    KEEP_SERVICE_LEVELS = "keep_service_levels"


class Activity(StrEnum):
    """Names of activities."""

    ENRICH_USER = "enrich_user"
    CHECK_ADDRESS = "check_address"
    ANALYSE_SIGN_INS = "analyse_sign_ins"
    ANALYSE_ACTIVITY = "analyse_activity"
    GET_CASE_CONTEXT = "get_case_context"
    DECIDE_RESPONSE = "decide_response"
    READ_ACCOUNT_STATE = "read_account_state"
    DISABLE_ACCOUNT = "disable_account"
    FORCE_PASSWORD_RESET = "force_password_reset"  # noqa: S105 - a function name
    REVOKE_SESSIONS = "revoke_sessions"
    CONFIRM_COMPROMISED = "confirm_compromised"
    VERIFY_ACCOUNT = "verify_account"
    READ_BLOCK = "read_block"
    ENABLE_ACCOUNT = "enable_account"
    PRESERVE_EVIDENCE = "preserve_evidence"
    SAVE_CASE = "save_case"
    OPEN_TICKET = "open_ticket"
    NOTIFY_ANALYSTS = "notify_analysts"
    COMMENT_INCIDENT = "comment_incident"
    RECHECK_SIGN_INS = "recheck_sign_ins"
    SCAN_DEVICES = "scan_devices"
    ISOLATE_DEVICES = "isolate_devices"
    VERIFY_DEVICES = "verify_devices"
    RELEASE_DEVICES = "release_devices"
    TAKE_JOINED = "take_joined"
    RELEASE_ACCOUNT = "release_account"
    REMOVE_AUTHENTICATION_METHODS = "remove_authentication_methods"
    DISABLE_INBOX_RULES = "disable_inbox_rules"
    REVOKE_OAUTH_GRANTS = "revoke_oauth_grants"
    VERIFY_PERSISTENCE = "verify_persistence"
    ENABLE_INBOX_RULES = "enable_inbox_rules"
    RESTORE_OAUTH_GRANTS = "restore_oauth_grants"
    DISMISS_RISK = "dismiss_risk"
    LIST_FIREWALLS = "list_firewalls"
    CHANGE_FIREWALL = "change_firewall"
    COUNT_USERS = "count_users"
    SEAL_EVIDENCE = "seal_evidence"
    FIND_CAMPAIGN = "find_campaign"
    CLAIM_CAMPAIGN_NOTE = "claim_campaign_note"
    CLAIM_DECISION = "claim_decision"
    CHECK_SILENCE = "check_silence"
    EVALUATE_ESCALATION = "evaluate_escalation"
    EXPORT_LATE_ROWS = "export_late_rows"
    LIST_UNEXPORTED = "list_unexported"
    LOOK_AT_TICKETS = "look_at_tickets"
    DECIDE_EARLY = "decide_early"
    TELL_PEOPLE = "tell_people"


class Entity(StrEnum):
    """Names of entities."""

    ACCOUNT = "account"
    BREAKER = "breaker"
    ADDRESS = "address"
    FIREWALL = "firewall"


BREAKER_KEY = "tenant"
"""There is one breaker for everything that this app contains."""


class Event(StrEnum):
    """External events; raised on the instance whose id is the case id, unless said otherwise."""

    DECISION = "Decision"
    ACKNOWLEDGED = "Acknowledged"
    CLOSED = "Closed"
    JOINED = "Joined"
    BLOCKED = "Blocked"
    """Raised by ``block_address`` when every firewall has answered."""
    BLOCK = "Block"
    """Raised on a block's own instance (``block_instance``): a person lifts or extends it."""
    SERVICE_LEVEL = "ServiceLevel"
    """Raised on the instance that keeps a case's clocks (``clocks_instance``): what happened."""


def clocks_instance(case_id: str) -> str:
    """Return the instance that keeps the clocks of a case."""
    return f"{case_id}:sla"
