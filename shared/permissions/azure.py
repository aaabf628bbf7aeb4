"""Azure roles, each at the narrowest scope that serves.

Source: Azure built-in roles (learn.microsoft.com/azure/role-based-access-control/built-in-roles).
"""

from functools import partial

from shared.permissions.need import Need, Section

_azure = partial(Need, section=Section.AZURE)
LOG_ANALYTICS_READER = "73c42c96-874c-492b-b04d-ab87d138a893"
BLOB_CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"

AZURE_NEEDS: tuple[Need, ...] = (
    _azure(
        purpose="Sign-ins, hunts, evidence",
        vendor="log_analytics",
        operations=("query",),
        permission="Log Analytics Reader",
        role_id=LOG_ANALYTICS_READER,
        scope="the workspace",
        without="Sign-in analysis partial, the verdict is Medium; no hunts; evidence listed as "
        "missing, to be collected by hand.",
        setting="log_analytics_workspace_id",
    ),
    _azure(
        purpose="The incident as it is now",
        vendor="sentinel",
        operations=("incidents.get",),
        permission="Microsoft Sentinel Reader",
        role_id="8d289c81-5878-46d4-8554-54e1e3d8b5cb",
        scope="the workspace (in the next one)",
        without="No incident context in the record.",
        optional=True,
    ),
    _azure(
        purpose="Comment on the incident",
        vendor="sentinel",
        operations=("incidents.comments.put", "incidents.comments.list"),
        permission="Microsoft Sentinel Responder",
        role_id="3e150937-b8fe-4cfb-8069-0eaf05ecd056",
        scope="the workspace",
        without="No comment; the block `Incident_Creation_Notification` says so.",
        optional=True,
    ),
    _azure(
        purpose="The incident as a ticket: tags, severity, owner, status, classification, tasks",
        vendor="sentinel",
        operations=("incidents.put", "incidents.tasks.list", "incidents.tasks.put"),
        permission="Microsoft Sentinel Responder",
        role_id="3e150937-b8fe-4cfb-8069-0eaf05ecd056",
        scope="the workspace",
        without="As for ServiceNow.",
        setting="sentinel_tickets",
    ),
    _azure(
        purpose="E-mail by Azure Communication Services",
        vendor="communication_services",
        operations=("emails.send", "emails.operations.get"),
        permission="Communication and Email Service Owner",
        role_id="09976791-48a7-449e-bb21-39d1a415f350",
        scope="that Communication Services resource only",
        without="Noted; the other channels go on.",
        setting="mail_via",
        chosen="communication_services",
        by_hand=True,
    ),
    _azure(
        purpose="Block, read back and lift an address",
        vendor="azure_firewall",
        operations=("ipGroups.get", "ipGroups.put", "permissions.list"),
        permission="Microsoft.Network/ipGroups/read",
        also="and `Microsoft.Network/ipGroups/write`: a custom role",
        scope="that IP group only",
        without="Block `Conditional_Firewall_IP_Block` failed; the account's containment goes on.",
        setting="firewall_ip_group_id",
        changes=True,
    ),
    _azure(
        purpose="Whether a rule of a firewall policy denies that IP group (`make doctor` only)",
        vendor="azure_firewall",
        operations=("ruleCollectionGroups.list",),
        permission="Microsoft.Network/firewallPolicies/ruleCollectionGroups/read",
        also="in a custom role",
        scope="the firewall policy",
        without="`make doctor` cannot tell.",
        setting="firewall_ip_group_id",
        optional=True,
    ),
    _azure(
        purpose="Case record, claims, which case an account has, and which cases an address hit",
        vendor="blob",
        operations=(
            "record.get",
            "record.put",
            "record.properties",
            "record.list",
            "claim.get",
            "open_case.get",
            "open_case.put",
            "open_case.delete",
            "joining.list",
            "campaign.list",
            "campaign.get",
            "campaign.put",
            "campaign.delete",
            "dependency.list",
            "dependency.put",
            "turns.get",
            "turns.put",
        ),
        permission="Storage Blob Data Contributor",
        role_id=BLOB_CONTRIBUTOR,
        scope="the case container",
        without="No record, no claims, no ticket; people get the emergency e-mail: see [what "
        "happens when something is down](architecture.md#when-something-is-down).",
        setting="blob_url",
    ),
    _azure(
        purpose="The hosted block list, beside the case records",
        vendor="block_list",
        operations=("block-list.get", "block-list.put"),
        permission="Storage Blob Data Contributor",
        role_id=BLOB_CONTRIBUTOR,
        scope="the case container",
        without="This part of `BlockIP` fails and is named; `GET /api/block-list` answers 503, and "
        "firewalls keep the list they have.",
        setting="block_list_enabled",
        changes=True,
    ),
    _azure(
        purpose="Evidence",
        vendor="blob",
        operations=("evidence.put", "evidence.get", "evidence.list", "evidence.properties"),
        permission="Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
        also="and `.../blobs/write` and `.../blobs/add/action`: a custom role, which cannot delete",
        scope="the evidence container",
        without="Evidence listed as missing.",
        setting="blob_url",
    ),
    _azure(
        purpose="Make a missing container",
        vendor="blob",
        operations=("container.create",),
        permission="Storage Blob Data Contributor",
        role_id=BLOB_CONTRIBUTOR,
        scope="the account",
        without="Not needed where the deployment makes both containers.",
        setting="blob_url",
        optional=True,
        by_hand=True,
    ),
)
