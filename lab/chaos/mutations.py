"""`python -m lab.chaos.mutations`: the product, broken on purpose; does chaos find it?

Each mutation is a change of one place of the product, made in a temporary copy of the working tree
(never in the tree itself), in which a chaos run is then played. It is found when an invariant is
violated; docs/reliability.md names which.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from lab.console.terminal import make_console
from lab.environment import repository_root

NOT_FOUND = 1
"""Exit status when a mutation was not found."""
_LEFT_BEHIND = shutil.ignore_patterns(
    ".git", ".venv", ".lab", "node_modules", "__pycache__", ".*_cache", "docs", "tests", "infra"
)
_LINKED = (".venv", "lab/azurite/node_modules")
_RUN_SECONDS = 1200


@dataclass(frozen=True)
class Mutation:
    """One mistake: ``old`` is in ``file`` once, and becomes ``new``.

    ``seed`` is one whose first round has the trouble that shows it; ``found_by`` is the invariant
    that is expected to.
    """

    name: str
    what: str
    file: str
    old: str
    new: str
    seed: int
    found_by: str

    def apply(self, root: Path) -> None:
        """Make the mistake in a copy of the product.

        Raises:
            ValueError: the place is not there once: the product has changed since.
        """
        path = root / self.file
        text = path.read_text(encoding="utf-8")
        if text.count(self.old) != 1:
            raise ValueError(f"{self.name}: {self.file} has {text.count(self.old)} such places")
        path.write_text(text.replace(self.old, self.new), encoding="utf-8")


MUTATIONS = (
    Mutation(
        name="no-claim",
        what="An action is no longer claimed before it is done",
        file="activities/tries.py",
        old='earlier = await store.claim(payload["case_id"], name, now.to_json())',
        new="earlier = None",
        seed=7,
        found_by="no effect twice",
    ),
    Mutation(
        name="ticket-not-looked-up",
        what="A ticket is created without looking whether there is one",
        file="shared/providers/servicenow/incidents.py",
        old="        row = await self._find(ticket.correlation_id)\n        if row is None and",
        new="        row = None\n        if row is None and",
        seed=1,
        found_by="no effect twice",
    ),
    Mutation(
        name="error-swallowed",
        what="An action that the vendor refused is taken for done",
        file="activities/containment.py",
        old=(
            '        if isinstance(error, RetryableError) and not payload.get("last"):\n'
            "            raise\n"
            "        lost = await lost_try(action, payload, this, error)\n"
            "        return _not_done(action, payload, error, lost, undo)\n"
        ),
        new=(
            "        done = _outcome(action, object_id, ActionStatus.SUCCEEDED, explain(error))\n"
            '        return {"outcome": done, "before": None}\n'
        ),
        seed=12,
        found_by="every record is true",
    ),
    Mutation(
        name="action-left-out",
        what="An action of the plan vanishes before it is tried",
        file="orchestrators/contain.py",
        old='    planned = [PlannedAction.model_validate(item) for item in payload["actions"]]\n',
        new=(
            '    planned = [PlannedAction.model_validate(item) for item in payload["actions"]]\n'
            '    planned = [one for one in planned if one.action != "RevokeSessions"]\n'
        ),
        seed=7,
        found_by="every planned action was tried",
    ),
    Mutation(
        name="outcome-forgotten",
        what="The outcome of one action does not reach the record",
        file="orchestrators/contain.py",
        old="    outcomes = [*covered, *seen.outcomes]\n",
        new=(
            "    outcomes = [*covered, *seen.outcomes]\n"
            '    outcomes = [one for one in outcomes if one["action"] != "RevokeSessions"]\n'
        ),
        seed=7,
        found_by="every effect is recorded",
    ),
    Mutation(
        name="vip-unknown",
        what="The list of VIPs is not looked at",
        file="shared/playbook/planning/guard_rails.py",
        old="            (AccountKind.VIP, vip),\n",
        new="            (AccountKind.VIP, ()),\n",
        seed=1,
        found_by="no effect that the policy forbids",
    ),
    Mutation(
        name="failure-not-told",
        what="Texts for people leave failed actions out",
        file="shared/playbook/reporting/case_view.py",
        old="if one.status is status and not one.undone]",
        new="if one.status is status is not ActionStatus.FAILED and not one.undone]",
        seed=12,
        found_by="someone was told of every failure",
    ),
    Mutation(
        name="engine-error-swallowed",
        what="An engine that does not answer is taken for one that has the case",
        file="triggers/joining.py",
        old="    return await _state(client, case_id) is not None\n",
        new=(
            "    try:\n"
            "        return await _state(client, case_id) is not None\n"
            "    except grpc.RpcError:\n"
            "        return True\n"
        ),
        seed=2800,
        found_by="every accepted incident is answered",
    ),
    Mutation(
        name="link-kept",
        what="The record keeps the tokens of its links",
        file="activities/record.py",
        old="from shared.case_links import case_links\n",
        new=(
            "from shared.case_links import with_signed_links\n\n\n"
            "def case_links(record, settings):\n"
            '    return with_signed_links(record, settings)["links"]\n\n\n'
        ),
        seed=1,
        found_by="no secret is shown",
    ),
)


def copy_product(root: Path, folder: Path) -> Path:
    """Copy what a lab needs of the working tree; packages are linked, not copied."""
    copy = folder / "copy"
    shutil.copytree(root, copy, ignore=_LEFT_BEHIND)
    for name in _LINKED:
        (copy / name).symlink_to((root / name).resolve())
    return copy


def run(mutation: Mutation, cases: int) -> dict[str, int]:
    """Play a chaos run with the mistake made; return the violations by invariant.

    Raises:
        RuntimeError: the run did not come to its end; the message has its last words.
    """
    root = repository_root()
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        copy = copy_product(root, Path(folder))
        mutation.apply(copy)
        command = [str(copy / ".venv" / "bin" / "python"), "-m", "lab", "chaos"]
        command += ["--cases", str(cases), "--seed", str(mutation.seed)]
        done = subprocess.run(
            command, cwd=copy, capture_output=True, text=True, timeout=_RUN_SECONDS, check=False
        )
        path = copy / ".lab" / "chaos.json"
        if not path.exists():
            raise RuntimeError(f"{mutation.name}: {(done.stdout + done.stderr)[-2000:]}")
        counts: dict[str, int] = json.loads(path.read_text(encoding="utf-8"))["invariants"]
    return {name: count for name, count in counts.items() if count}


def main() -> int:
    """Run the mutations and print what found each; 0 only if each was found."""
    names = [mutation.name for mutation in MUTATIONS]
    parser = argparse.ArgumentParser(prog="python -m lab.chaos.mutations")
    parser.add_argument("--name", choices=names, action="append", help="only this one")
    parser.add_argument("--cases", type=int, default=20, help="cases of each run")
    arguments = parser.parse_args()
    chosen = [one for one in MUTATIONS if one.name in (arguments.name or names)]
    console = make_console()
    found = {one.name: _run_and_say(console, one, arguments.cases) for one in chosen}
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for header in ("mutation", "what", "found by"):
        table.add_column(header, overflow="fold")
    for one in chosen:
        by = ", ".join(f"{name} ({count})" for name, count in found[one.name].items())
        table.add_row(one.name, one.what, by or "NOTHING", style="" if by else "red")
    console.print(table)
    return 0 if all(found.values()) else NOT_FOUND


def _run_and_say(console: Console, mutation: Mutation, cases: int) -> dict[str, int]:
    found = run(mutation, cases)
    console.print(f"{mutation.name}: {found or 'not found'}", soft_wrap=True)
    return found


if __name__ == "__main__":
    sys.exit(main())
