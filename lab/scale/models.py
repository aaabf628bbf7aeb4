"""What is simulated, and what comes out; times in seconds."""

from dataclasses import dataclass

from lab.bench.results import Result


@dataclass(frozen=True)
class CaseLoad:
    """What one case asks for."""

    queries_to_decide: int
    queries_after: int
    turns: int
    """Turns of orchestrators and entities."""
    messages: int
    """Messages to one Slack channel."""
    cpu_seconds: float = 0.75
    """The workers' CPU of a case, as docs/bench.md measured it on its machine."""
    vendor_seconds: float = 0.2
    query_seconds: float = 1.0
    calls_to_contain: int = 8
    """Calls of the directory that follow one another after the verdict, ``vendor_seconds`` each: as
    long as docs/bench.md's floor from the verdict on."""
    firewall_seconds: float = 180.0
    risk_lag_seconds: float = 5.0
    """Until Graph shows a confirmation: an assumption, nobody states it."""


@dataclass(frozen=True)
class Situation:
    """An hour of a tenant, and what answers it."""

    name: str
    users: int
    cases: int
    """Incidents in the hour, each about an account of its own."""
    apps: int = 1
    """Deployments with an identity and a task hub each, which share the accounts."""
    instances: int = 1
    """Of each app."""
    partitions: int = 4
    """Of each task hub."""
    risks_per_10_seconds: int = 10
    """``TOURNIQUET_IDENTITY_PROTECTION_PER_10_SECONDS`` of each app."""
    reports_per_10_seconds: int = 5
    """``TOURNIQUET_GRAPH_REPORTS_PER_10_SECONDS`` of each app."""
    shares_turns: bool = True
    """Whether the instances of an app read one another's turns; not while storage is away."""


class Row(Result):
    """What the hour came to."""

    name: str
    users: int
    cases: int
    contained_p50_s: float
    """From the incident to the last identity action."""
    contained_p95_s: float
    hunts_missing: float
    """Share of the questions before the verdict that stayed without an answer."""
    risk_missing: float
    """Share of the cases whose account's risk could not be read."""
    not_confirmed_at_once: float
    """Share of the cases whose account could not be confirmed as compromised at the first try."""
    not_confirmed: float
    """At no try: people are told to do it."""
    refused_by_graph: int
    """Requests that got a 429."""
    blocked_p95_s: float
    """From the request to the firewall to the block's being in force."""
    told_p95_s: float
    """From the case's end to its last Slack message."""
    hub_busy: float
    cpu_busy: float


class ScaleResult(Result):
    """What ``scale.json`` holds."""

    seed: int
    rows: list[Row]
