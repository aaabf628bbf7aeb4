"""The scan finds secrets, the audit never calls silence a pass, the bill of materials fits."""

import base64
import datetime as dt
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.unit.source_files import ROOT, repository_files
from tools.supply_chain import audit, history, sbom, scan

LETTERS = "Qm7RtZx3WnB5vXjVyK2dLhPs9GfTcE4uMa"
ACCOUNT_KEY = base64.b64encode(bytes(range(7, 250, 4)) + b"abc").decode()
PLANTED = {
    "settings.json": json.dumps({"token": "-".join(("xoxb", "738105924617", LETTERS[:24]))}),
    "store.py": f"C = 'AccountName=contoso;{'Account'}Key={ACCOUNT_KEY}'",
    "notes/deploy.md": "GH_TOKEN=" + "_".join(("ghp", f"{LETTERS}b8")),
    "key.pem": f"-----BEGIN {'PRIVATE'} KEY-----\n{LETTERS * 20}\n-----END {'PRIVATE'} KEY-----\n",
}
"""In pieces, so that this file is not found itself."""

LOCK = "".join(
    f"{name}=={version} \\\n    --hash=sha256:{digest * 64}\n    # via nothing\n"
    for name, version, digest in (("One.Package", "1.0", "a"), ("other", "2.0", "b"))
)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / ".gitignore").write_text("ignored.txt\n")
    (tmp_path / "harmless.py").write_text('WORDS = "token password secret"\n')
    return tmp_path


def test_planted_secrets_are_found_and_not_shown(clone: Path) -> None:
    if not scan.KINGFISHER.exists():
        pytest.skip("tools/setup.sh supply_chain has not run; `make check` does it")
    (clone / "ignored.txt").write_text(PLANTED["settings.json"])
    for name, text in PLANTED.items():
        (clone / name).parent.mkdir(exist_ok=True)
        (clone / name).write_text(text)
    problems = scan.scan(clone)
    assert {line.split(":")[0] for line in problems} == set(PLANTED)
    assert not any(LETTERS[:12] in line for line in problems)


def test_a_scanner_that_finds_nothing_is_a_problem(
    clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "KINGFISHER", clone)
    monkeypatch.setattr(scan, "findings", lambda _: [])
    assert scan.scan(clone) == ["the scanner does not see the secret that is planted in every run"]


def test_a_scanner_that_is_not_there_is_a_problem(
    clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "KINGFISHER", clone / "nowhere")
    for found in (scan.scan(clone), history.problems(clone)):
        assert found == ["the scanner is not installed: run tools/setup.sh supply_chain"]


def test_a_scanner_that_fails_is_not_a_pass(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "KINGFISHER", Path("/bin/false"))
    with pytest.raises(RuntimeError, match="failed"):
        scan.scan(clone)


def commit(clone: Path, *, removes: bool = False, says: str = "x") -> None:
    if removes:
        for one in clone.iterdir():
            if one.is_file():
                one.unlink()
    who = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.com")
    subprocess.run(["git", "add", "--all"], cwd=clone, check=True)
    done = ["git", *who, "commit", "-q", "-m", says, "--no-gpg-sign"]
    subprocess.run(done, cwd=clone, check=True)


def test_what_was_taken_out_again_is_found_in_the_history(clone: Path) -> None:
    if not scan.KINGFISHER.exists():
        pytest.skip("tools/setup.sh supply_chain has not run; `make check` does it")
    commit(clone)
    assert history.problems(clone) == []
    somebodys = "8c1e5a3f-0f5e-4b55-8a51-" + "6d1f5b0c9a77"
    (clone / "settings.json").write_text(PLANTED["settings.json"])
    (clone / "main.bicep").write_text(f"var place = '/subscriptions/{somebodys}'")
    commit(clone)
    commit(clone, removes=True)
    assert scan.scan(clone) == []
    found = "\n".join(history.problems(clone))
    assert re.search(r"^[0-9a-f]{12} settings\.json:1: looks like a secret", found, re.MULTILINE)
    assert f"main.bicep: {somebodys} may be" in found
    assert LETTERS[:12] not in found


def test_ids_of_a_merge_and_of_a_message_are_found_in_the_history(clone: Path) -> None:
    if not scan.KINGFISHER.exists():
        pytest.skip("tools/setup.sh supply_chain has not run; `make check` does it")
    merged, said = (f"8c1e5a3f-0f5e-4b55-8a5{one}-" + "6d1f5b0c9a77" for one in (1, 2))

    def git(*arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=clone, check=True, capture_output=True)

    commit(clone)
    git("checkout", "-q", "-b", "side")
    (clone / "side.txt").write_text("x")
    commit(clone, says=f"Deployed with --subscription {said}")
    git("checkout", "-q", "-")
    (clone / "other.txt").write_text("x")
    commit(clone)
    who = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.com")
    git(*who, "merge", "-q", "--no-commit", "--no-ff", "side")
    (clone / "harmless.py").write_text(f"TENANT = '{merged}'\n")
    commit(clone)
    found = "\n".join(history.problems(clone))
    assert f"harmless.py: {merged} may be" in found
    assert f"in its message: {said} may be" in found


def test_a_history_that_is_not_all_here_is_a_problem(clone: Path, tmp_path: Path) -> None:
    if not scan.KINGFISHER.exists():
        pytest.skip("tools/setup.sh supply_chain has not run; `make check` does it")
    commit(clone)
    shallow = tmp_path / "shallow"
    (clone / "second.txt").write_text("x")
    commit(clone)
    subprocess.run(["git", "clone", "-q", "--depth=1", f"file://{clone}", shallow], check=True)
    assert history.problems(shallow) == ["the history is not all here: git fetch --unshallow"]


def program(folder: Path, answer: str) -> Path:
    """Make a stand-in for pip-audit that prints an answer."""
    file = folder / "pip-audit"
    (folder / "answer").write_text(answer)
    file.write_text(f'#!/bin/sh\ncat "{folder}/answer"\n')
    file.chmod(0o755)
    return file


def pip_answer(**package: Any) -> str:
    return json.dumps({"dependencies": [{"name": "a", "version": "1", "vulns": []} | package]})


NOBODY_ANSWERED = ""
PASSED_OVER = pip_answer(skip_reason="not found")
CLEAN = pip_answer()
VULNERABLE = pip_answer(vulns=[{"id": "PYSEC-1", "fix_versions": ["2"]}])


@pytest.mark.parametrize(
    ("answer", "quick", "status", "says"),
    [
        (CLEAN, True, 0, "without a known vulnerability"),
        (VULNERABLE, True, 1, "PYSEC-1"),
        (NOBODY_ANSWERED, True, 0, "NOT CHECKED"),
        (PASSED_OVER, True, 0, "NOT CHECKED"),
        (NOBODY_ANSWERED, False, 1, "NOT CHECKED"),
        (PASSED_OVER, False, 1, "NOT CHECKED"),
    ],
)
def test_an_audit_says_what_it_did(
    answer: str,
    quick: bool,
    status: int,
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(audit, "PIP_AUDIT", program(tmp_path, answer))
    monkeypatch.setattr(audit, "NPM_FOLDERS", ())
    assert audit.main(["--quick"] if quick else []) == status
    shown = capsys.readouterr()
    assert says in shown.out + shown.err
    assert (says == "NOT CHECKED") is ("without" not in shown.out and "PYSEC" not in shown.err)


def test_npm_answers_are_read() -> None:
    via = {"url": "https://x.example/GHSA-aaaa", "severity": "high", "title": "bad"}
    answer = {"vulnerabilities": {"qs": {"via": [via]}, "above": {"via": ["qs"]}}}
    assert audit.read_npm(answer, "lab", []) == ["lab: qs: GHSA-aaaa, high: bad"]
    assert audit.read_npm(answer, "lab", ["GHSA-aaaa"]) == []
    with pytest.raises(audit.NotCheckedError):
        audit.read_npm({"message": "405"}, "lab", [])


def test_an_exception_has_an_end() -> None:
    page = "| GHSA-aaaa-bbbb | qs | not reached by us | 2026-12-31 |\n"
    assert audit.exceptions(page, dt.date(2026, 12, 31)) == ["GHSA-aaaa-bbbb"]
    assert audit.exceptions(page, dt.date(2027, 1, 1)) == []
    assert audit.exceptions("| GHSA-aaaa-bbbb | qs | for ever | |\n", dt.date(2026, 1, 1)) == []


def test_the_page_of_exceptions_is_read_as_it_is_written() -> None:
    page = audit.EXCEPTIONS.read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith(("| GHSA", "| CVE", "| PYSEC"))]
    assert len(audit.EXCEPTION.findall(page)) == len(rows)


def components(lock: str) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "version": version,
            "externalReferences": [{"hashes": [{"content": one} for one in sorted(hashes)]}],
        }
        for name, (version, hashes) in sbom.locked(lock).items()
    ]


def test_a_bill_of_materials_that_differs_from_the_lock_is_noticed() -> None:
    assert not sbom.differences({"components": components(LOCK)}, LOCK)
    for change in (
        components(LOCK)[:1],
        [*components(LOCK), *components(LOCK)[:1]],
        components(LOCK.replace("2.0", "2.1")),
        components(LOCK.replace("b" * 64, "c" * 64)),
        [*components(LOCK), {"name": "unasked", "version": "1"}],
    ):
        assert sbom.differences({"components": change}, LOCK)


def test_every_package_of_the_lock_is_read() -> None:
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    assert len(sbom.locked(text)) == text.count("==")


def test_actions_of_workflows_are_pinned_by_commit() -> None:
    workflows = sorted((ROOT / ".github" / "workflows").glob("*.yaml"))
    used = [
        one
        for file in workflows
        for one in re.findall(r"uses: (\S+)", file.read_text(encoding="utf-8"))
    ]
    assert len(workflows) > 1
    assert [one for one in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", one)] == []


def test_an_exception_from_bandits_rules_says_why() -> None:
    for file in (name for name in repository_files() if name.endswith(".py")):
        for line in (ROOT / file).read_text(encoding="utf-8").splitlines():
            assert not re.search(r"# noqa:[^-]*\bS\d{3}[\s,\w]*$", line), f"{file}: {line}"
            assert not re.search(r"# (?:ruff: noqa|nosec)\b", line), f"{file}: {line}"
