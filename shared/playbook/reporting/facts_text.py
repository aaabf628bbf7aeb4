"""The seed's ten fields of the ticket, and the facts that a message tells first."""

from shared.models.block import BLOCK_INPUTS, BlockName, BlockStatus
from shared.playbook.reporting.case_view import CaseView


def seed_fields(view: CaseView) -> list[tuple[str, str]]:
    """Return the ten fields that the seed wants in the ticket, by the seed's names."""
    verdict = view.record.verdict
    lead = verdict.reasons[0].title if verdict is not None and verdict.reasons else None
    special: dict[str, object] = {
        "compromise_confidence_score": view.confidence,
        "user_principal_name": view.output(BlockName.USER, "user_principal_name") or view.who,
        "successful_login_ip": view.address,
        "justification_for_score": lead and f"{lead} (all reasons under WHY)",
    }
    sources = {
        "ip_reputation_score": BlockName.ADDRESS,
        "successful_login_details": BlockName.SIGN_INS,
        "password_reset_status": BlockName.CONTAINMENT,
        "sessions_revoked_status": BlockName.CONTAINMENT,
        "ip_block_status": BlockName.FIREWALL,
        "exported_ad_logs_link": BlockName.EVIDENCE,
    }
    fields = []
    for name in BLOCK_INPUTS[BlockName.NOTIFICATION]:
        if name in special:
            fields.append((name, view.text(special[name])))
        else:
            value = view.output(sources[name], name)
            waiting = value is None and _not_run(view, sources[name])
            fields.append((name, "not done yet" if waiting else view.text(value)))
    return fields


def _not_run(view: CaseView, name: BlockName) -> bool:
    block = view.record.blocks.get(name)
    return block is None or block.status is BlockStatus.SKIPPED


def main_facts(view: CaseView) -> list[tuple[str, str]]:
    """Return what a message tells first, label and value."""
    fields = dict(seed_fields(view))
    address = view.address or "unknown"
    score = fields["ip_reputation_score"]
    mfa = view.output(BlockName.SIGN_INS, "mfa_result_successful_login")
    ticket = view.output(BlockName.NOTIFICATION, "incident_ticket_id")
    origin = f"{address} ({view.place})" if view.place else address
    facts = [
        ("Account", view.who),
        ("Confidence", view.confidence or "not known yet"),
        ("Address", f"{origin}, reputation {score}"),
        ("Login", view.login_time or "unknown"),
        ("MFA at login", view.text(mfa)),
        ("Password reset", fields["password_reset_status"]),
        ("Sessions revoked", fields["sessions_revoked_status"]),
        ("Address blocked", fields["ip_block_status"]),
    ]
    if kinds := sorted(view.kinds - {"ordinary"}):
        facts.insert(1, ("Account kind", ", ".join(kinds).replace("_", "-")))
    return facts + ([("Ticket", view.text(ticket))] if ticket else [])
