"""VirusTotal, AbuseIPDB, ServiceNow, Slack and mail."""

import smtplib
import ssl
from email.message import EmailMessage
from typing import Any

import pytest

from tests.lab.simulators_support import ATTACKER, World, state_file

CHANNEL = "C0LABSOC01"


# -- reputation


def test_virustotal_knows_what_the_tenant_says(world: World) -> None:
    data = world.virustotal(ATTACKER).json()["data"]
    assert data["id"] == ATTACKER
    assert data["attributes"]["last_analysis_stats"]["malicious"] == 9
    assert data["attributes"]["country"] == "NG"


def test_an_address_nobody_reported(world: World) -> None:
    stats = world.virustotal("198.51.100.77").json()["data"]["attributes"]["last_analysis_stats"]
    assert (stats["malicious"], stats["undetected"]) == (0, 94)
    data = world.abuseipdb(ipAddress="198.51.100.77").json()["data"]
    assert (data["abuseConfidenceScore"], data["lastReportedAt"]) == (0, None)
    assert data["isPublic"] is True
    assert world.abuseipdb(ipAddress="10.0.0.1").json()["data"]["isPublic"] is False


def test_virustotal_can_know_nothing_at_all(empty: World) -> None:
    empty.lab.tenant(addresses={"203.0.113.9": {"virustotal": None}})
    assert empty.virustotal("203.0.113.9").status_code == 404


def test_reputation_services_want_a_key_and_an_address(world: World) -> None:
    assert world.virustotal("example").json()["error"]["code"] == "InvalidArgumentError"
    answer = world.abuseipdb(ipAddress="example")
    assert (answer.status_code, answer.json()["errors"][0]["source"]["parameter"]) == (
        422, "ipAddress",
    )  # fmt: skip
    assert world.abuseipdb(ipAddress=ATTACKER, maxAgeInDays="0").status_code == 422
    assert world.abuseipdb().status_code == 422
    virustotal = f"{world.env['TOURNIQUET_VIRUSTOTAL_URL']}/ip_addresses/{ATTACKER}"
    for headers, code in (
        ({}, "AuthenticationRequiredError"),
        ({"x-apikey": "no"}, "WrongCredentialsError"),
    ):
        answer = world.http.get(virustotal, headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, code)
    url = f"{world.env['TOURNIQUET_ABUSEIPDB_URL']}/check?ipAddress={ATTACKER}"
    assert world.http.get(url, headers={"Key": "no"}).status_code == 401


# -- ServiceNow


def test_a_ticket_is_opened_found_and_completed(world: World) -> None:
    body = {
        "short_description": "x", "impact": "1", "urgency": "2", "correlation_id": "case-1",
        "assignment_group": "soc",
    }  # fmt: skip
    answer = world.servicenow("POST", body=body)
    assert answer.status_code == 201
    ticket = answer.json()["result"]
    assert ticket["number"] == "INC0010001"
    assert ticket["priority"] == "2", "follows from impact and urgency"
    assert ticket["assignment_group"]["value"] == "soc"
    query = "?sysparm_query=correlation_id=case-1^nonsense&sysparm_limit=1&sysparm_fields=sys_id"
    assert world.servicenow("GET", query).json()["result"] == [{"sys_id": ticket["sys_id"]}]
    note = {"work_notes": "contained", "state": "6"}
    assert world.servicenow("PATCH", f"/{ticket['sys_id']}", note).json()["result"]["state"] == "6"
    assert world.servicenow("PATCH", f"/{ticket['sys_id']}", {"state": "6"}).status_code == 200
    assert world.effects("servicenow") == [
        ("incident.post", "INC0010001"), ("incident.patch", "INC0010001"),
    ]  # fmt: skip
    kept = world.lab.state()["tickets"][0]
    assert [entry["value"] for entry in kept["journal"]] == ["contained"]
    assert all(isinstance(value, str) for key, value in kept.items() if key != "journal")


def test_servicenow_queries(world: World) -> None:
    for name in ("a", "b"):
        world.servicenow("POST", body={"short_description": name, "correlation_id": f"case-{name}"})

    def found(query: str) -> list[str]:
        answer = world.servicenow("GET", f"?sysparm_query={query}")
        return [row["correlation_id"] for row in answer.json()["result"]]

    assert found("correlation_id=case-b") == ["case-b"]
    assert found("correlation_idINcase-a,case-x") == ["case-a"]
    assert found("correlation_idSTARTSWITHcase-^ORDERBYDESCcorrelation_id") == ["case-b", "case-a"]
    assert found("no_such_field=1") == ["case-a", "case-b"], "an invalid part is ignored"
    assert found("correlation_id=none") == []


def test_servicenow_refusals(world: World) -> None:
    assert world.servicenow("GET", "/" + "0" * 32).json()["error"]["message"] == "No Record found"
    assert world.servicenow("POST", body={"short_descriptoin": "x"}).status_code == 400
    url = f"{world.env['TOURNIQUET_SERVICENOW_URL']}/api/now/table/incident"
    answer = world.http.get(url, headers={"Authorization": "Basic bm86bm8="})
    assert answer.status_code == 401
    assert answer.json()["status"] == "failure"


# -- Slack


def test_a_message_is_posted_and_changed(world: World) -> None:
    posted = world.slack("chat.postMessage", {"channel": CHANNEL, "text": "hello"}).json()
    assert posted["ok"]
    change = {"channel": posted["channel"], "ts": posted["ts"], "text": "bye"}
    assert all(world.slack("chat.update", change).json()["ok"] for _ in range(2))
    assert world.effects("slack") == [("chat.postMessage", CHANNEL), ("chat.update", posted["ts"])]
    assert [m["text"] for m in world.lab.state()["slack"]] == ["bye"]
    assert world.slack("auth.test", {}).json()["ok"]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"channel": "C0OTHER0001", "text": "x"}, "channel_not_found"),
        ({"channel": CHANNEL}, "no_text"),
        ({"channel": CHANNEL, "text": "x" * 40_001}, "msg_too_long"),
        ({"channel": CHANNEL, "text": "x", "blocks": [{"type": "header"}]}, "invalid_blocks"),
        ({"channel": CHANNEL, "txt": "x", "text": "x"}, "invalid_arguments"),
    ],
)
def test_slack_refuses_with_200(world: World, body: dict[str, Any], error: str) -> None:
    answer = world.slack("chat.postMessage", body)
    assert (answer.status_code, answer.json()["error"]) == (200, error)
    assert world.lab.ledger("slack")[-1]["violation"]
    assert world.effects("slack") == []


def test_slack_takes_forms_too_and_checks_the_token(world: World) -> None:
    url = f"{world.env['TOURNIQUET_SLACK_URL']}/chat.postMessage"
    form = {"channel": CHANNEL, "text": "x", "token": world.env["TOURNIQUET_SLACK_BOT_TOKEN"]}
    blocks = '[{"type": "divider"}]'
    assert world.http.post(url, data={**form, "blocks": blocks}).json()["ok"]
    assert world.http.post(url, data={**form, "token": "x"}).json()["error"] == "invalid_auth"
    assert world.http.post(url, json={"channel": CHANNEL}).json()["error"] == "not_authed"


def test_an_unknown_message_cannot_be_changed(world: World) -> None:
    change = {"channel": CHANNEL, "ts": "1700000000.000001", "text": "x"}
    assert world.slack("chat.update", change).json()["error"] == "message_not_found"


# -- mail


def _send(world: World, seconds: float = 60.0, **changes: str) -> None:
    env = {**world.env, **changes}
    context = ssl.create_default_context(cafile=state_file(world.lab, "ca.pem"))
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@b.example", "soc@b.example", "Häst"
    message.set_content("what happened")
    port = int(env["TOURNIQUET_SMTP_PORT"])
    with smtplib.SMTP(env["TOURNIQUET_SMTP_HOST"], port, timeout=seconds) as server:
        server.starttls(context=context)
        server.login(env["TOURNIQUET_SMTP_USERNAME"], env["TOURNIQUET_SMTP_PASSWORD"])
        server.send_message(message)


def test_a_mail_is_an_effect(world: World) -> None:
    _send(world)
    (line,) = world.lab.ledger("email")
    assert (line["operation"], line["target"], line["effect"]) == ("send", "soc@b.example", True)
    assert line["body"]["subject"] == "Häst"
    assert "what happened" in line["body"]["text"]
    assert len(world.lab.state()["mails"]) == 1


def test_mail_wants_tls_and_the_password(world: World) -> None:
    with pytest.raises(smtplib.SMTPAuthenticationError):
        _send(world, TOURNIQUET_SMTP_PASSWORD="wrong")
    host, port = world.env["TOURNIQUET_SMTP_HOST"], int(world.env["TOURNIQUET_SMTP_PORT"])
    with smtplib.SMTP(host, port, timeout=60) as server:
        server.ehlo()
        assert server.docmd("MAIL FROM:<a@b.example>")[0] == 530
    assert world.lab.ledger("email") == []


@pytest.mark.parametrize(("when", "effects"), [("before", 0), ("after", 1)])
def test_mail_can_fail(world: World, when: str, effects: int) -> None:
    world.lab.fault("email", "status", value=451, when=when)
    with pytest.raises(smtplib.SMTPDataError) as refused:
        _send(world)
    assert refused.value.smtp_code == 451
    assert len(world.effects("email")) == effects
    assert len(world.lab.state()["mails"]) == effects


@pytest.mark.parametrize("kind", ["reset", "malformed", "timeout"])
def test_mail_can_break_off(world: World, kind: str) -> None:
    world.lab.fault("email", kind)
    with pytest.raises((OSError, smtplib.SMTPException)):
        _send(world, seconds=2 if kind == "timeout" else 60)
    assert world.effects("email") == []
