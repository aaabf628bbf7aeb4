"""What ``.lab/bench.json`` holds. Times in seconds unless a name says otherwise."""

from pydantic import BaseModel, ConfigDict


class Result(BaseModel):
    """Base of all results."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Times(Result):
    """From the POST of an incident to the last verified identity containment."""

    cases: int
    p50_s: float
    p95_s: float
    hand_over_p50_s: float
    """From the POST to the completed hand-over, the firewall's confirmation included."""
    hand_over_p95_s: float
    acted_p50_s: float
    """From the POST until password and sessions were taken from the attacker, not yet verified."""
    after_verdict_p50_s: float
    """From the verdict, not from the POST, to the last verified identity containment."""
    calls_p50: float
    """Vendor calls begun before the containment was verified."""


class Latency(Times):
    """The same, beside what the calls take by plain asyncio: no app, no engine.

    Each ``ratio`` is ``p50_s`` divided by what its name says, ``ratio`` itself by ``floor_p50_s``.
    """

    floor_p50_s: float
    """Each call as soon as the answers are there that it needs (``lab/bench/needs.py``)."""
    ratio: float
    floor_as_sent_p50_s: float
    """The calls in the order in which the app sent them, needless waits included."""
    ratio_as_sent: float
    sequential_p50_s: float
    """The calls that the app sent, one after another."""
    ratio_sequential: float
    after_verdict_floor_s: float
    """Of ``floor_p50_s``, what comes after the last answer that the verdict needs."""
    after_verdict_floor_as_sent_s: float
    chain: int
    """Vendor calls on the longest chain in which each needs the answer of the one before."""
    chain_as_sent: int
    """The same, of the order in which the app sent them."""


class CpuParts(Result):
    """CPU time in seconds, user and system; of these only the workers are deployed."""

    workers: float
    host: float
    """The lab's host with the durable engine, and the bench itself."""
    simulators: float
    """Of all vendors; most of it plans KQL queries."""
    storage: float


class History(Result):
    """The durable history of one case: its ``respond`` instance and that one's children.

    Counted when the case is handed over, before its clocks go on; medians.
    """

    cases: int = 1
    """How many were counted."""
    events: int
    bytes: int
    replays: int
    """Times an orchestrator was run, from its start to its next wait."""
    instances: int


class Growth(Result):
    """CPU time of the worker processes for so many cases."""

    cpu_s: float
    cpu_per_case_s: float
    lab_per_case: CpuParts | None = None
    """CPU seconds a case by part of the lab: what the throughput of this machine is bound by."""
    throughput_per_s: float | None = None
    """Finished cases a second until then, as ``BenchResult.throughput_per_s``."""
    memory_mb: float | None = None
    """Memory of the workers together then."""
    peak_memory_mb: float | None = None
    """The most that they had since the first of these cases."""
    memory_kb_per_case: float | None = None
    """What they have more than before the first of these cases, a case, in kB."""
    history: History | None = None
    """Of the last of these cases, when it was handed over."""


class Hundred(Result):
    """A hundred cases, or as many as there were to the next mark."""

    cases: int
    """How many there had been with them."""
    seconds: float
    cases_per_s: float
    per_case: CpuParts
    """CPU seconds a case of this hundred, by part of the lab."""
    memory_mb: float
    """Memory of the workers together after them."""


class ColdStart(Result):
    """From starting a host with one worker to its first answered health request; medians.

    The empty app is a durable one with a route, an orchestrator and an activity.
    """

    app_s: float
    empty_app_s: float
    ratio: float
    """``app_s`` of ``empty_app_s``."""
    app_first_case_s: float
    """From the same moment to the hand-over of the first case, vendors answering at once."""
    empty_first_case_s: float
    """From the same moment to the end of the empty app's first orchestration."""
    first_case_ratio: float
    starts: int
    """How many starts of each were counted."""


class Imports(Result):
    """The imports of an app in milliseconds, from a warm file cache."""

    total_ms: float
    modules: int
    packages_ms: dict[str, float]
    """Of each package itself, the longest first."""


class SignInRows(Result):
    """Reading and analysing the sign-ins of one account."""

    read: int
    """Rows in the answer: the app asks for the newest 10,000 of a table."""
    cpu_s: float
    """Of reading the answer's JSON, its rows and analysing them; median."""
    runs: int


class Rows(Result):
    """How fast rows go through the app."""

    sign_ins: dict[str, SignInRows]
    """By rows in one account's log."""
    backtest_rows: int
    backtest_rows_per_s: float
    evidence_rows: int
    evidence_rows_per_s: float
    evidence_peak_memory_mb: float


class Scoring(Result):
    """One call of ``score()`` with every input known."""

    p50_ms: float
    p95_ms: float
    runs: int


class GbSeconds(Result):
    """Memory times time of one case, as it is billed: two bounds."""

    together: float
    """One instance runs all of the case: how long it was at work."""
    apart: float
    """Every execution by itself, for its time and a second at least."""


class HubStorage(Result):
    """Transactions of the task hub in Azure Storage."""

    queue: int
    table: int
    blob: int


class BlobOperations(Result):
    """Requests about the blobs of a container, as they are priced."""

    write: int = 0
    read: int = 0
    list: int = 0
    delete: int = 0
    other: int = 0


class CaseCost(Result):
    """What one case used, from its incident to the end of its watch, closed by an analyst."""

    executions: dict[str, int]
    """Function executions by kind: request, orchestrator, activity, entity."""
    busy_s: float
    apart_s: float | None = None
    """Seconds of all executions, a second each at least."""
    gb_seconds: dict[str, GbSeconds]
    """By the instance's memory in MB."""
    hub_storage: HubStorage
    """Not measured: reckoned from the histories (``lab/bench/case_cost.py``)."""
    scheduler_actions: int
    """The same for the Durable Task Scheduler."""
    blob_operations: dict[str, BlobOperations]
    """By container."""
    log_queries: int
    vendor_calls: dict[str, int]
    """By vendor, log queries included."""
    measurements: int
    """Lines of telemetry that the app writes itself."""


class BenchResult(Result):
    """The whole file; the keys of latencies and ``growth`` are numbers of cases."""

    quick: bool
    measured_at: str
    cpus: int
    python: str
    workers: int
    vendor_latency_s: dict[str, float]
    """By vendor, what each answer takes in ``latency``; ``*``: every other one's."""
    latency: dict[str, Latency]
    latency_at_0: dict[str, Latency]
    """The same with vendors that answer at once."""
    slow_source: Times
    """One case at a time while a reputation service takes 8 seconds."""
    growth: dict[str, Growth]
    growth_by_hundred: list[Hundred] = []
    history: History
    cost: CaseCost
    throughput_per_s: float
    """Finished cases a second while 20 were under way."""
    cold_start: ColdStart
    imports: dict[str, Imports]
    """Of the ``app`` and of the ``empty_app``."""
    rows: Rows
    scoring: Scoring
    load_before: float
    """The machine's load (1 minute) before the bench: well above 0, others were at work."""
    seconds: float
    """How long the bench took."""
    stalled: str | None = None
    """Why the cases of ``growth`` did not all end, and what the lab was doing then."""
