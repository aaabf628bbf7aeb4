"""What goes with the Bicep files is right, and each check notices the mistake that it is for."""

import json
import re
from collections.abc import Mapping

import pytest

from tests.infra.conftest import INFRA, text_of
from tests.unit.source_files import ROOT
from tools.bicep.reader import read
from tools.bicep.syntax import BicepFile
from tools.infra import files, fixed, parameters, policies, relay, workflow

RULES_FILE = f"infra/{fixed.RULES}"
RULE_OFF = 'parameter-default": { "level": "off"'
REUSED = "uses: someone/else/.github/workflows/x.yml@main\n    secrets: inherit\n"


def test_the_files_are_right(bicep: Mapping[str, BicepFile]) -> None:
    assert files.check(ROOT, bicep) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"location": {', '"locations": {', "main.bicep has no locations"),
        ('"location": {', '"locations": {', "location is missing"),
        ("${DURABLE_BACKEND=azureStorage}", "${DURABLE_BACKEND=azureManaged}", "by default"),
        ("${TOURNIQUET_MODE=observe}", "${TOURNIQUET_MODE=automatic}", "observe by default"),
        ("${TOURNIQUET_OKTA_URL=}", "${TOURNIQUET_OKTA_URL=x}", "blank by default"),
        ("${PRIVATE_NETWORK=false}", "no", "one variable of azd"),
        ("${TOURNIQUET_MODE=observe}", "${TOURNIQUET_MODES=observe}", "its own variable"),
        ("${TOURNIQUET_OKTA_URL=}", "https://example.okta.com", "its own variable"),
        ('"parameters": {', '"parameters": ', "cannot be read"),
    ],
)
def test_a_wrong_parameter_is_noticed(
    bicep: Mapping[str, BicepFile], old: str, new: str, said: str
) -> None:
    text = text_of("infra/main.parameters.json", old, new)
    assert said in "\n".join(parameters.check(text, bicep["main.bicep"]))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"count": 8', '"count": 800', "retryPolicy"),
        ('"PT10M"', '"PT10X"', "retryPolicy"),
        ('"type": "Terminate"', '"type": "Stop"', "Stop"),
        ('"contentVersion": "1.0.0.0",', "", "contentVersion"),
        ('"Read_function_key": ["Succeeded"]', '"Read_key": ["Succeeded"]', "is not there"),
        ('"Read_function_key": ["Succeeded"]', '"Read_function_key": ["Done"]', "Done"),
        ('"runAfter": {},', '"runAfter": {"Hand_over_incident": ["Failed"]},', "each other"),
        ("body('Read_function_key')", "body('Read_key')", "read and not there"),
        ("parameters('keysUrl')", "parameters('keyUrl')", "used or declared"),
        ('"appUrl": { "type": "String" }', '"url": { "type": "String" }', "is not given url"),
        ("?['default']", "?['master']", "x-functions-key must be"),
        ('"/Incidents/Comment"', '"/Incidents/Comments"', "inputs.path must be"),
        ('"/incident-creation"', '"/alert-creation"', "incident-creation"),
        (
            '"method": "POST",\n        "uri": "@p',
            '"method": "GET",\n        "uri": "@p',
            "method must",
        ),
        (
            '"method": "POST",\n        "uri": "@{',
            '"method": "PUT",\n        "uri": "@{',
            "method must",
        ),
        ('"audience": "@parameters(\'keysA', '"audience": "@parameters(\'keysU', "must be"),
        ("/api/incidents", "/api/cases", "actions.Hand_over_incident.inputs.uri must be"),
        (
            '["Failed", "Skipped", "TimedOut"]',
            '["Succeeded"]',
            "Say_that_it_failed.runAfter must be",
        ),
        ('"properties": ["outputs"]', '"properties": ["inputs"]', "out of the history"),
        ('"properties": ["inputs"]', '"properties": ["outputs"]', "out of the history"),
        ('"parameters": {', '"parameters": ', "cannot be read"),
        ('"type": "ManagedServiceIdentity"', '"type": "Basic"', "ManagedServiceIdentity"),
    ],
)
def test_a_wrong_relay_is_noticed(
    bicep: Mapping[str, BicepFile], old: str, new: str, said: str
) -> None:
    text = text_of("infra/relay.workflow.json", old, new)
    assert said in "\n".join(relay.check(text, bicep))


def test_the_relay_keeps_incidents_and_the_function_key_out_of_its_history() -> None:
    definition = json.loads((INFRA / "relay.workflow.json").read_text("utf-8"))
    (trigger,), actions = definition["triggers"].values(), definition["actions"]
    assert trigger["runtimeConfiguration"]["secureData"]["properties"] == ["outputs"]
    key, sent = actions["Read_function_key"], actions["Hand_over_incident"]
    assert key["runtimeConfiguration"]["secureData"]["properties"] == ["outputs"]
    assert sent["runtimeConfiguration"]["secureData"]["properties"] == ["inputs"]
    assert "DisableAsyncPattern" in sent["operationOptions"], "202 is the app's last word"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("@11bd71901bbe5b1630ceea73d27597364c9af683", "@v4", "not pinned"),
        ("id-token: write", "id-token: none", "without id-token"),
        ("${{ vars.AZURE_CLIENT_ID }}", "${{ secrets.AZURE_CLIENT_ID }}", "a secret is used"),
        ("${{ vars.AZURE_TENANT_ID }}", "contoso", "must be a variable"),
        ("  contents: read\n\nconc", "  contents: write\n\nconc", "contents: read"),
        ("  azd provision --preview", "  azd provision", "provision --preview"),
        (
            "provision --preview --no-prompt",
            "provision --preview\n          azd up",
            "deploys: azd up",
        ),
        ("  azd provision", "  azd provision --no-prompt; #", "deploys: azd provision"),
        ("run: az bicep install", "run: az deployment sub create #", "deploys: az deployment"),
        ("  AZURE_PRINCIPAL_TYPE:", "  AZURE_CLIENT_SECRET:", "a secret is used: AZURE_CLIENT_S"),
        ("    timeout-minutes: 10\n", "", "timeout-minutes"),
        ("jobs:\n", "works:\n", "cannot be read"),
        (
            "run: az bicep install --version v0.45.15",
            "run: curl -sL https://install.example/bicep.sh | sudo bash",
            "that it downloads",
        ),
        ("jobs:\n", f"jobs:\n  other:\n    {REUSED}", "x.yml@main is not pinned"),
        ("jobs:\n", f"jobs:\n  other:\n    {REUSED}", "a secret is used"),
        ("      contents: read\n", "      contents: write\n", "more than it may"),
        ("      contents: read\n", "      packages: write\n", "more than it may"),
        ("    timeout-minutes: 10\n", "    permissions: write-all\n", "more than it may"),
        ("    needs: compile\n", "    container: ubuntu:latest\n", "pinned to a digest"),
        ("${{ vars.AZURE_LOCATION }}", "${{ secrets['AZURE_LOCATION'] }}", "a secret is used"),
        ("${{ vars.AZURE_LOCATION }}", "${{ toJSON(secrets) }}", "a secret is used"),
        ("  pull_request:\n", "  pull_request_target:\n", "must not start it"),
        ("credentials: false", "credentials: true", "must check out"),
        ("head.repo.full_name == github.repository", "id > 0", "for a fork, too"),
        ("  pull_request:\n", "  workflow_run:\n", "must not start it"),
        (
            "            az bicep lint",
            "            echo az bicep lint",
            "nothing runs az bicep lint",
        ),
        (
            "          for file in",
            "          echo ${{ github.event.pull_request.title }}\n          for file in",
            "what a stranger wrote",
        ),
    ],
)
def test_a_wrong_workflow_is_noticed(old: str, new: str, said: str) -> None:
    text = text_of(".github/workflows/infra.yaml", old, new)
    assert said in "\n".join(workflow.check(text))


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        (fixed.LINTER, 'parameter-default": { "level": "error"', RULE_OFF, "default must be error"),
        (fixed.LINTER, '"enabled": true', '"enabled": false', "must be on"),
        (fixed.HOST, 'Outputs": false', 'Outputs": true', "traceInputsAndOutputs must be False"),
        (fixed.HOST, '"Reject"', '"Ignore"', "versionFailureStrategy must be Reject"),
        (f"infra/{fixed.RULES}", "/token_theft.yaml", "/mfa_fatigue.yaml", "tokenTheft is ../"),
        (f"infra/{fixed.RULES}", ", tokenTheft]", "]", "token_theft is a file or deployed"),
        (f"infra/{fixed.RULES}", ", tokenTheft]", ", tokenTheft, mfaFatigue]", "deployed twice"),
    ],
)
def test_a_mistake_beside_the_templates_is_noticed(
    bicep: Mapping[str, BicepFile], file: str, old: str, new: str, said: str
) -> None:
    texts = {one: (ROOT / one).read_text("utf-8") for one in (fixed.LINTER, fixed.HOST)}
    texts[file] = text_of(file, old, new)
    rules = read(fixed.RULES, texts.get(f"infra/{fixed.RULES}", text_of(RULES_FILE, "", "")))
    found = fixed.check(
        texts[fixed.LINTER],
        texts[fixed.HOST],
        fixed.read_detections(ROOT),
        {**bicep, fixed.RULES: rules},
    )
    assert said in "\n".join(found)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("union isfuzzy=true\n", "union\n"),
        (
            "  | summarize At = min",
            "  | join kind=leftanti (SigninLogs) on Id\n  | summarize At = min",
        ),
        ("      (SigninLogs\n", "      (SigninLogs | union AADNonInteractiveUserSignInLogs\n"),
    ],
)
def test_a_rule_that_fails_without_one_of_the_tables_is_noticed(
    bicep: Mapping[str, BicepFile], old: str, new: str
) -> None:
    """Provisioning makes the rules when one of the sign-in tables is there."""
    texts = fixed.read_detections(ROOT)
    linter, host = ((ROOT / one).read_text("utf-8") for one in (fixed.LINTER, fixed.HOST))
    assert fixed.check(linter, host, texts, bicep) == []
    for name, text in texts.items():
        assert old in text
        wrong = {**texts, name: text.replace(old, new, 1)}
        assert f"{name}.yaml: reads" in "\n".join(fixed.check(linter, host, wrong, bicep))


def test_every_workflow_is_held_to_the_same() -> None:
    texts = workflow.read_all(ROOT)
    assert len(texts) > 1
    assert workflow.check_all(texts) == []
    for file, text in texts.items():
        loose = {**texts, file: re.sub(r"@[0-9a-f]{40}", "@v5", text, count=1)}
        assert f"{file}: " in "\n".join(workflow.check_all(loose))
    assert "is not there" in "\n".join(workflow.check_all({}))


def report(*, failed: str = "", seen: bool = True, unread: int = 0) -> str:
    checks = [
        {
            "check_id": check,
            "check_name": "a policy",
            "file_path": file,
            "resource": "x.y",
        }
        for check, file in ((policies.SEEDED, f"/{policies.SEED}"), (failed, "/main.bicep"))
        if check and (seen or check == failed)
    ]
    return json.dumps(
        {
            "results": {"failed_checks": checks},
            "summary": {"parsing_errors": unread},
        }
    )


def test_what_checkov_finds_is_a_problem_unless_there_is_a_reason() -> None:
    assert policies.read_report(report()) == []
    assert policies.read_report(report(failed="CKV_AZURE_17")) == []
    assert "CKV_AZURE_44" in policies.read_report(report(failed="CKV_AZURE_44"))[0]


def test_what_checkov_could_not_read_is_a_problem() -> None:
    assert "cannot read 1" in policies.read_report(report(unread=1))[0]
    assert "did not answer" in policies.read_report("Traceback")[0]


def test_a_checkov_that_is_not_there_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policies, "PYTHON", ROOT / "nowhere")
    assert "is not installed" in policies.check(INFRA)[0]


def test_a_checkov_that_notices_nothing_is_a_problem() -> None:
    assert "not noticed" in policies.read_report(report(seen=False))[0]
    assert "not noticed" in policies.read_report("{}")[0]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("createIncident: true", "createIncident: false"),
        ("triggerThreshold: 0", "triggerThreshold: 100"),
        ("triggerOperator: gt", "triggerOperator: lt"),
    ],
)
def test_a_detection_that_hands_nothing_over_is_noticed(
    bicep: Mapping[str, BicepFile], old: str, new: str
) -> None:
    texts = fixed.read_detections(ROOT)
    texts["mfa_fatigue"] = text_of("infra/detections/mfa_fatigue.yaml", old, new)
    linter, host = ((ROOT / one).read_text("utf-8") for one in (fixed.LINTER, fixed.HOST))
    (problem,) = fixed.check(linter, host, texts, bicep)
    assert "mfa_fatigue.yaml: every row it finds must open an incident" in problem
