"""Record golden histories of the host's default version: ``python -m tests.replay.record``.

A history that is there is kept: it stands for cases that may be running. ``--unreleased`` records
the current version anew, which is right only as long as that version has never been deployed.
"""

import argparse
import hashlib
import logging
import os
import sys
from pathlib import Path

from orchestrators.registry import ORCHESTRATORS
from tests.replay.stories import STORIES, Story
from tests.support.durable_backend import default_version, durable_engine
from tests.support.golden import History, replay

HISTORIES = Path(__file__).parent / "histories"
SUMS = HISTORIES / "SHA256SUMS"


def main() -> int:
    """Record what is missing and write the list of hashes anew."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--unreleased", action="store_true", help="record the version anew")
    again = parser.parse_args().unreleased
    os.environ["AZURE_FUNCTIONS_DURABLE_STRICT_TYPING"] = "1"
    logging.disable(logging.WARNING)  # the engine's own notes
    for story in STORIES:
        path = HISTORIES / f"{story.orchestrator}-{story.name}-v{default_version()}.json"
        if path.exists() and not again:
            sys.stdout.write(f"kept      {path.name}\n")
            continue
        history = record(story)
        path.write_text(history.dump())
        sys.stdout.write(f"recorded  {path.name} ({len(history.events)} events)\n")
    SUMS.write_text(sums())
    return 0


def record(story: Story) -> History:
    """Play one story on a new engine and return the history of its orchestration."""
    with durable_engine() as engine:
        run = story.play(engine)
        run.wait()
        history = History(story.orchestrator, default_version(), run.case_id, run.history())
    orchestrator = next(one for one in ORCHESTRATORS if one.__name__ == story.orchestrator)
    replay(orchestrator, history)
    return history


def sums() -> str:
    """Return the list of hashes of all histories, in the form of ``sha256sum``."""
    paths = sorted(HISTORIES.glob("*.json"))
    return "".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in paths
    )


if __name__ == "__main__":
    sys.exit(main())
