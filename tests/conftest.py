import asyncio
import os

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer

from tests.support.goodbye import PatientLoops
from tests.support.lanes import Lanes, give_way, labs_first

# Read by azure-functions when it decodes durable payloads, as in the app's settings everywhere.
os.environ["AZURE_FUNCTIONS_DURABLE_STRICT_TYPING"] = "1"
asyncio.set_event_loop_policy(PatientLoops())
# The same examples at every run, and no time limit on any: a slow machine is no failure.
settings.register_profile(
    "any machine",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("any machine")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Lanes:
    return Lanes(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    labs_first(items)


def pytest_runtest_setup(item: pytest.Item) -> None:
    give_way(item.nodeid)
