"""Every dependency down, alone and in pairs: a test for each row of docs/degraded-modes.md."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import count

import pytest

from shared.bootstrap import set_providers
from shared.models.block import BlockStatus
from shared.policy import get_policy
from shared.settings import get_settings
from tests.support.degraded import Degraded, play, serve_houses
from tests.support.degraded_table import (
    ASKED,
    EVERY_PAIR,
    FAILED,
    ITSELF,
    MAIL,
    NOT_PROPOSED,
    PAGE,
    PAIRS,
    ROWS,
    SLACK,
    TEAMS,
    TICKET,
    Row,
)
from tests.support.durable_backend import durable_engine
from tests.unit.source_files import ROOT

DOC = ROOT / "docs" / "degraded-modes.md"
AS_WELL = (BlockStatus.COMPLETE, BlockStatus.SKIPPED)


type Play = Callable[..., Degraded]


@pytest.fixture(scope="module")
def play_with(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Play]:
    """Plays a case with the named dependencies down, up to its hand-over."""
    caches, numbers = (get_settings, get_policy), count(1)
    with pytest.MonkeyPatch.context() as patch, durable_engine() as engine:
        policy = tmp_path_factory.mktemp("policy") / "policy.yaml"
        # All cases count for one breaker, which is not what is looked at.
        policy.write_text("limits: {automatic_per_hour: 1000}\n", encoding="utf-8")
        patch.setenv("TOURNIQUET_POLICY_FILE", str(policy))
        patch.setenv("TOURNIQUET_MODE", "automatic")
        for cached in caches:
            cached.cache_clear()
        serve_houses()
        try:
            yield lambda *down: play(engine, next(numbers), *down)
        finally:
            set_providers(None)
    for cached in caches:
        cached.cache_clear()


def told(case: Degraded) -> set[str]:
    house = case.house
    heard = {
        TICKET: house.ticketing.tickets,
        SLACK: house.slack.messages,
        TEAMS: house.teams.messages,
        MAIL: house.email.messages,
        PAGE: house.pagerduty.messages,
    }
    return {name for name, texts in heard.items() if texts}


def account(case: Degraded) -> str:
    """What became of the account, by what its directory was told."""
    effects = [
        one for one in case.house.directory.calls if one in ("reset_password", "set_enabled")
    ]
    if effects and "revoke_sessions" in case.house.directory.calls:
        return ITSELF
    asked = [payload for payload in case.run.called("notify_analysts") if asks(payload)]
    return ASKED if asked and not effects else f"neither: {effects}"


def asks(payload: dict[str, object]) -> bool:
    return payload["phase"] == "decision_needed" or bool(payload.get("record"))


def address(case: Degraded) -> str:
    """What became of the address, by the firewall and the plan of the case as it is kept."""
    tried = case.house.firewall.calls
    planned = {line["action"]: line["disposition"] for line in case.record.get("plan", [])}
    if tried:
        return FAILED if "change" in case.house.firewall.failing else ITSELF
    if not case.record:
        return ASKED
    return {"ask": ASKED, None: NOT_PROPOSED}.get(planned.get("BlockIP"), "planned, not done")


def check(case: Degraded, row: Row) -> None:
    assert account(case) == row.account
    if not row.record:
        # What was planned is not kept; only that nothing was done can be seen.
        assert (address(case) == ASKED) is (row.address in (ASKED, NOT_PROPOSED))
        assert not case.record
    else:
        assert address(case) == row.address
        statuses = {name: block["status"] for name, block in case.record["blocks"].items()}
        assert row.partial <= {name for name, one in statuses.items() if one not in AS_WELL}
        for name in row.partial:
            assert case.record["blocks"][name]["notes"], f"{name} does not say what is missing"
    assert told(case) == row.told


def test_with_everything_up_the_app_does_it_all(play_with: Play) -> None:
    case = play_with()
    check(case, Row("nothing", ""))
    assert {block["status"] for block in case.record["blocks"].values()} == {"complete"}


@pytest.mark.parametrize("down", ROWS)
def test_alone(play_with: Play, down: str) -> None:
    row, case = ROWS[down], play_with(down)
    check(case, row)
    if row.record:
        blocks = case.record["blocks"].items()
        assert {name for name, one in blocks if one["status"] not in AS_WELL} == row.partial


@pytest.mark.parametrize("pair", PAIRS, ids="+".join)
def test_in_pairs(play_with: Play, pair: tuple[str, str]) -> None:
    check(play_with(*pair), PAIRS[pair])


def test_the_page_says_what_is_tested() -> None:
    page = DOC.read_text(encoding="utf-8")
    lines = [line for line in page.splitlines() if line.startswith("| ")]
    wanted = [row.markdown() for row in ROWS.values()]
    assert [line for line in lines if line in wanted] == wanted, "\n".join(wanted)
    assert f"{len(PAIRS)} of {len(EVERY_PAIR)} pairs" in page


def test_what_needs_a_token_of_entra_is_what_its_row_takes_down() -> None:
    """Conditional Access is one of Graph's."""
    providers = ROOT / "shared" / "providers"
    asking = ("shared.providers.credentials import", "shared.providers.entra")
    packages = {
        path.relative_to(providers).parts[0]
        for path in providers.glob("*/**/*.py")
        if any(word in path.read_text(encoding="utf-8") for word in asking)
    }
    by_google_key_or_token = {"google_secops"}
    assert packages - by_google_key_or_token == {
        *("entra", "conditional_access", "graph_mail", "communication_services"),
        *("sentinel", "blob", "azure_firewall", "defender"),
    }


MEASURES = """
import os, time
from shared.call_measurements import measured_call
from shared.telemetry_export import configure_export
assert configure_export()
started = time.monotonic()
for _ in range(1000):
    with measured_call("entra", "always"):
        pass
assert time.monotonic() - started < 60, "a measurement waits for the collector"
os._exit(0)
"""


def test_a_collector_that_is_down_costs_a_measurement_nothing() -> None:
    """One that takes the connection and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        environment = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": address}
        subprocess.run([sys.executable, "-c", MEASURES], cwd=ROOT, env=environment, check=True)
