"""The page that says how to add a hunt and a weight, done as it says: two files, and it counts."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from lab.scenarios.loader import load_scenario
from lab.simulators.kql.store import KqlStore
from shared.playbook.hunts import evaluate_hunt, parse_hunt
from tests.unit.playbook.builders import brute_force, facts, plain_address
from tests.unit.playbook.hunt_rows import office, run
from tests.unit.source_files import ROOT

SECTION = (ROOT / "docs/scoring.md").read_text(encoding="utf-8").partition("## Adding a hunt")[2]
SCORE = """
import json, sys
from shared.playbook.confidence.scoring import score
from shared.playbook.confidence.scoring_input import ScoringInput
from shared.playbook.hunts import load_hunts
verdict = score(ScoringInput.model_validate(json.load(sys.stdin)))
reasons = {reason.id: reason.weight for reason in verdict.reasons}
print(json.dumps({"hunts": [hunt.id for hunt in load_hunts()], "reasons": reasons}))
"""


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", SECTION, re.DOTALL)
    assert found is not None
    return found[1]


def test_two_files_make_a_hunt_count(tmp_path: Path) -> None:
    hunt = parse_hunt(block("kusto"))
    store = KqlStore()
    (row,) = load_scenario("brute-force-success").tenant.tables["OfficeActivity"]
    written = json.dumps((row.model_extra or {})["Parameters"])
    store.load({"OfficeActivity": [office("New-InboxRule", Parameters=written)]})
    finding = evaluate_hunt(hunt, run(store, hunt))
    assert finding is not None
    copy = shutil.copytree(ROOT / "shared", tmp_path / "shared")
    (copy / "playbook/hunts" / f"{hunt.id}.kql").write_text(block("kusto"), encoding="utf-8")
    with (copy / "playbook/confidence/ruleset.toml").open("a", encoding="utf-8") as rules:
        rules.write("\n" + block("toml"))
    known = facts(brute_force(), plain_address(), findings=[finding])
    answer = subprocess.run(
        [sys.executable, "-c", SCORE],
        cwd=tmp_path,
        input=json.dumps(known.to_json()),
        capture_output=True,
        text=True,
        check=True,
    )
    said = json.loads(answer.stdout)
    assert hunt.id in said["hunts"]
    assert said["reasons"][f"activity_{hunt.id}"] == 0.8
    assert 'stands "+0.8 Mailbox rule about invoices or payments after the success"' in " ".join(
        SECTION.split()
    )
