"""The activities that the app registers."""

from activities.addresses import check_address
from activities.analysis import analyse_activity, get_case_context
from activities.answers import keeps_answers
from activities.asking import check_silence, claim_decision
from activities.break_glass import never_break_glass
from activities.campaign import claim_campaign_note, find_campaign
from activities.communication import comment_incident, notify_analysts
from activities.containment import (
    disable_account,
    force_password_reset,
    read_account_state,
    revoke_sessions,
    verify_account,
)
from activities.deciding import decide_response
from activities.deciding_early import decide_early
from activities.devices import isolate_devices, release_devices, scan_devices, verify_devices
from activities.directory_size import count_users
from activities.enrichment import enrich_user
from activities.escalation import evaluate_escalation
from activities.evidence import list_unexported, preserve_evidence
from activities.evidence_late import export_late_rows
from activities.evidence_seal import seal_evidence
from activities.firewall import change_firewall, list_firewalls, read_block
from activities.joining import release_account, take_joined
from activities.persistence import (
    disable_inbox_rules,
    remove_authentication_methods,
    revoke_oauth_grants,
)
from activities.persistence_read_back import verify_persistence
from activities.recheck import recheck_sign_ins
from activities.record import save_case
from activities.restoring import enable_inbox_rules, restore_oauth_grants
from activities.risk import confirm_compromised, dismiss_risk
from activities.seen import tells_states
from activities.sign_ins import analyse_sign_ins
from activities.telling import tell_people
from activities.ticket_looks import look_at_tickets
from activities.ticketing import open_ticket
from activities.undoing import enable_account
from shared.models.plan import ActionName

ACTIVITIES = (
    keeps_answers(enrich_user),
    keeps_answers(check_address),
    keeps_answers(analyse_sign_ins),
    keeps_answers(analyse_activity),
    keeps_answers(get_case_context),
    decide_response,
    decide_early,
    read_account_state,
    disable_account,
    force_password_reset,
    revoke_sessions,
    never_break_glass(ActionName.CONFIRM_COMPROMISED, confirm_compromised),
    verify_account,
    enable_account,
    list_firewalls,
    read_block,
    change_firewall,
    count_users,
    preserve_evidence,
    seal_evidence,
    tells_states(save_case),
    open_ticket,
    notify_analysts,
    comment_incident,
    recheck_sign_ins,
    take_joined,
    release_account,
    never_break_glass(ActionName.SCAN_DEVICE, scan_devices),
    never_break_glass(ActionName.ISOLATE_DEVICE, isolate_devices),
    verify_devices,
    release_devices,
    never_break_glass(ActionName.REMOVE_AUTHENTICATION_METHODS, remove_authentication_methods),
    never_break_glass(ActionName.DISABLE_INBOX_RULES, disable_inbox_rules),
    never_break_glass(ActionName.REVOKE_OAUTH_GRANTS, revoke_oauth_grants),
    verify_persistence,
    enable_inbox_rules,
    restore_oauth_grants,
    dismiss_risk,
    find_campaign,
    claim_campaign_note,
    claim_decision,
    check_silence,
    evaluate_escalation,
    export_late_rows,
    list_unexported,
    look_at_tickets,
    tells_states(tell_people),
)
