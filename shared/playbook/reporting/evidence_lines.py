"""What ticket and comment say about the evidence: where it is, and by which hash it is held."""

from shared.models.block import BlockName
from shared.models.case import CaseRecord
from shared.playbook.acting.evidence import counted


def evidence_lines(record: CaseRecord) -> list[str]:
    """Return the lines about the sealed evidence; none before it is sealed.

    The hash belongs in the ticket: whoever can change the evidence and the case record cannot
    change what the ticket says.
    """
    block = record.blocks.get(BlockName.EVIDENCE)
    details = block.details if block else {}
    manifest = details.get("manifest") or {}
    if not manifest.get("sha256"):
        return []
    # What the orchestration knows of a case when storage is away has no items, but their number.
    known = details.get("counted") or counted(details.get("items") or [])
    twice = f", {known['by_address']} of them by address (an account's own are by account, too)"
    where = block.outputs.get("evidence_storage_location") if block else None
    words = f"{known['items']} items, {known['rows']} log rows"
    words += twice if known["by_address"] else ""
    lines = [words + (f", in {where}" if where else "")]
    lines.append(f"SHA-256 of {manifest['name']}: {manifest['sha256']}")
    lines.append(f"Check: make verify-evidence CASE={record.case_id} SHA256={manifest['sha256']}")
    return lines
