"""Ticketing, channels and threat intelligence: keys, tokens and scopes of their own."""

from functools import partial

from shared.permissions.need import Need, Section

_other = partial(Need, section=Section.OTHER)

OTHER_NEEDS: tuple[Need, ...] = (
    _other(
        purpose="Tag an address on a Palo Alto firewall, read it back, take the tag off",
        vendor="panos",
        operations=("register", "unregister", "show.registered-ip"),
        permission="An API key of PAN-OS, of an administrator whose role allows the XML API's "
        "User-ID Agent and Operational Requests and nothing else",
        without="This part of `BlockIP` fails and is named.",
        setting="panos_api_key",
        changes=True,
    ),
    _other(
        purpose="Ticket",
        vendor="servicenow",
        operations=("incident.list", "incident.post", "incident.patch"),
        permission="A ServiceNow user with the role `itil`, who may read `correlation_id`",
        without="No ticket: emergency e-mail with the whole case, and the ticket is tried again "
        "until it exists.",
        setting="servicenow_url",
    ),
    _other(
        purpose="Ticket in Jira",
        vendor="jira",
        operations=("search.jql", "issue.post", "issue.put", "comment.post"),
        permission="A Jira user with *Browse projects*, *Create issues*, *Edit issues* and *Add "
        "comments* in the project, and an API token of that user",
        without="As for ServiceNow.",
        setting="jira_url",
    ),
    _other(
        purpose="Sign-ins, hunts, evidence and a summary of the account, with Google SecOps",
        vendor="google_secops",
        operations=("udmSearch", "summarizeEntitiesFromQuery", "summarizeEntity"),
        permission="IAM role *Chronicle API Viewer* (`roles/chronicle.viewer`) of the service "
        "account on the instance's project",
        without="As for Log Analytics.",
        setting="google_secops_url",
    ),
    _other(
        purpose="Comment on the case of Google SecOps that a case began with, and its state",
        vendor="google_secops_soar",
        operations=("cases.get", "caseAlerts.list", "caseComments.list", "caseComments.create"),
        permission="As for tickets in the next row",
        without="No comment, and no incident context in the record.",
        setting="google_secops_url",
    ),
    _other(
        purpose="Ticket as a case of Google SecOps' SOAR",
        vendor="google_secops_soar",
        operations=(
            "cases.search",
            "cases.create",
            "cases.get",
            "cases.patch",
            "cases.assign",
            "cases.close",
            "cases.reopen",
            "caseCloseDefinitions.list",
            "caseComments.list",
            "caseComments.create",
            "tasks.list",
            "tasks.create",
        ),
        permission="IAM role *Chronicle API Editor* (`roles/chronicle.editor`) of the service "
        "account on the instance's project",
        without="As for ServiceNow.",
        setting="google_secops_case_assignee",
    ),
    _other(
        purpose="Message in Teams",
        vendor="teams",
        operations=("webhook.post",),
        permission="The address of the Workflows webhook: whoever has it can post",
        without="Noted; the other channels go on.",
        setting="teams_webhook_url",
    ),
    _other(
        purpose="Message",
        vendor="slack",
        operations=("chat.postMessage", "chat.update", "auth.test"),
        permission="Slack scope `chat:write`; the bot is a member of the channel",
        without="Noted; the other channels go on.",
        setting="slack_bot_token",
    ),
    _other(
        purpose="Whose account a Slack user has, so that nobody decides about their own",
        vendor="slack",
        operations=("users.info",),
        permission="Slack scopes `users:read` and `users:read.email`",
        without="Nobody decides in Slack about a case with an account; the page takes the answer.",
        setting="slack_bot_token",
    ),
    _other(
        purpose="Page whoever is on call",
        vendor="pagerduty",
        operations=("enqueue",),
        permission="An integration key of a PagerDuty service (Events API v2): whoever has it can "
        "page",
        without="Noted; the other channels go on, and nobody is woken.",
        setting="pagerduty_routing_key",
    ),
    _other(
        purpose="E-mail",
        vendor="email",
        operations=("message.send",),
        permission="An SMTP account",
        without="Noted.",
        setting="smtp_host",
    ),
    _other(
        purpose="Reputation",
        vendor="virustotal",
        operations=("ip_addresses.get",),
        permission="An API key of VirusTotal",
        without="Reputation from the other sources, or `unknown`.",
        setting="virustotal_api_key",
    ),
    _other(
        purpose="Reputation",
        vendor="abuseipdb",
        operations=("check",),
        permission="An API key of AbuseIPDB",
        without="Reputation from the other sources, or `unknown`.",
        setting="abuseipdb_api_key",
    ),
    _other(
        purpose="Reputation: scanners of the whole internet, and common services",
        vendor="greynoise",
        operations=("community.get",),
        permission="An API key of GreyNoise",
        without="Reputation from the other sources, or `unknown`; `BlockIP` is asked.",
        setting="greynoise_api_key",
    ),
)
