"""Reads the Sentinel rules in ``infra/detections/`` and says what is wrong with one.

The format is that of Azure-Sentinel's repository; the limits are those of its own schema check
(``.script/tests/detectionTemplateSchemaValidation``, MIT) and of the Sentinel API.
"""

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self
from uuid import UUID

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

FOLDER = Path(__file__).resolve().parent.parent / "infra" / "detections"
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_PLACEHOLDER = re.compile(r"\{\{(.+?)\}\}")
_MOST_PLACEHOLDERS = 3
_LONG_PERIOD = timedelta(days=2)

TECHNIQUES_OF_TACTICS: dict[str, frozenset[str]] = {
    "InitialAccess": frozenset({"T1078", "T1566"}),
    "CredentialAccess": frozenset({"T1110", "T1528", "T1539", "T1557", "T1606", "T1621"}),
    "DefenseEvasion": frozenset({"T1078", "T1550"}),
    "LateralMovement": frozenset({"T1550"}),
    "Persistence": frozenset({"T1078", "T1098"}),
}
"""The part of MITRE ATT&CK that account compromise needs; Sentinel refuses a technique without one
of its tactics."""


def _duration(text: object) -> object:
    if isinstance(text, str) and re.fullmatch(r"\d+[mhd]", text):
        return timedelta(**{_UNITS[text[-1]]: int(text[:-1])})
    raise ValueError("must be a number with m, h or d, such as 5m")


def _few_placeholders(text: str) -> str:
    if len(_PLACEHOLDER.findall(text)) > _MOST_PLACEHOLDERS:
        raise ValueError(f"has more than {_MOST_PLACEHOLDERS} columns")
    return text


type Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    Field(ge=timedelta(minutes=5), le=timedelta(days=14)),
]
type ColumnName = Annotated[str, Field(pattern=r"^[A-Za-z_]\w*$", max_length=500)]
type DetailName = Annotated[str, Field(pattern=r"^[A-Za-z]\w*$", max_length=20)]
type Technique = Annotated[str, Field(pattern=r"^T\d{4}$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Connector(_Part):
    """A data connector and the tables that the rule needs from it."""

    connectorId: str  # noqa: N815 - Sentinel's name
    dataTypes: list[str] = Field(min_length=1)  # noqa: N815


class FieldMapping(_Part):
    """A column of the result that identifies an entity."""

    identifier: Literal["FullName", "AadUserId", "Address", "Name", "UPNSuffix"]
    columnName: ColumnName  # noqa: N815


class EntityMapping(_Part):
    """An entity of each alert."""

    entityType: Literal["Account", "IP"]  # noqa: N815
    fieldMappings: list[FieldMapping] = Field(min_length=1, max_length=3)  # noqa: N815


class AlertDetails(_Part):
    """Name, description and severity of each alert, with columns in double braces."""

    alertDisplayNameFormat: Annotated[  # noqa: N815
        str, Field(max_length=256), AfterValidator(_few_placeholders)
    ]
    alertDescriptionFormat: Annotated[  # noqa: N815
        str, Field(max_length=5000), AfterValidator(_few_placeholders)
    ]
    alertSeverityColumnName: ColumnName | None = None  # noqa: N815


class Grouping(_Part):
    """How alerts become incidents: the same entities within the look-back are one incident."""

    enabled: Literal[True]
    reopenClosedIncident: Literal[False]  # noqa: N815
    lookbackDuration: Duration  # noqa: N815
    matchingMethod: Literal["AllEntities"]  # noqa: N815
    groupByEntities: list[str] = Field(max_length=0)  # noqa: N815
    groupByAlertDetails: list[str] = Field(max_length=0)  # noqa: N815
    groupByCustomDetails: list[str] = Field(max_length=0)  # noqa: N815


class Incidents(_Part):
    """Whether and how incidents are made."""

    createIncident: Literal[True]  # noqa: N815
    groupingConfiguration: Grouping  # noqa: N815


class EventGrouping(_Part):
    """One alert for each row, so that each account is answered for itself."""

    aggregationKind: Literal["AlertPerResult"]  # noqa: N815


class Rule(_Part):
    """A scheduled analytics rule."""

    id: UUID
    name: str = Field(min_length=1, max_length=256)
    description: str = Field(min_length=1, max_length=5000)
    severity: Literal["Informational", "Low", "Medium", "High"]
    requiredDataConnectors: list[Connector] = Field(min_length=1)  # noqa: N815
    queryFrequency: Duration  # noqa: N815
    queryPeriod: Duration  # noqa: N815
    triggerOperator: Literal["gt"]  # noqa: N815
    triggerThreshold: Literal[0]  # noqa: N815
    status: Literal["Available"]
    tactics: list[str] = Field(min_length=1)
    relevantTechniques: list[Technique] = Field(min_length=1)  # noqa: N815
    query: str = Field(min_length=1, max_length=10_000)
    entityMappings: list[EntityMapping] = Field(min_length=1, max_length=5)  # noqa: N815
    customDetails: dict[DetailName, ColumnName] = Field(max_length=20)  # noqa: N815
    alertDetailsOverride: AlertDetails  # noqa: N815
    eventGroupingSettings: EventGrouping  # noqa: N815
    incidentConfiguration: Incidents  # noqa: N815
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    kind: Literal["Scheduled"]

    @model_validator(mode="after")
    def _times_fit(self) -> Self:
        if self.queryPeriod < self.queryFrequency:
            raise ValueError("queryPeriod is shorter than queryFrequency")
        if self.queryPeriod >= _LONG_PERIOD and self.queryFrequency < timedelta(hours=1):
            raise ValueError(
                "a queryPeriod of 2 days or more needs a queryFrequency of 1 h or more"
            )
        return self

    @model_validator(mode="after")
    def _techniques_fit(self) -> Self:
        for tactic in self.tactics:
            if tactic not in TECHNIQUES_OF_TACTICS:
                raise ValueError(f"unknown tactic {tactic}")
        for technique in self.relevantTechniques:
            if not any(technique in TECHNIQUES_OF_TACTICS[tactic] for tactic in self.tactics):
                raise ValueError(f"{technique} belongs to none of the tactics")
        return self

    def named_columns(self) -> set[str]:
        """Return every column that the rule takes from its query's result."""
        details = self.alertDetailsOverride
        return {
            *(field.columnName for one in self.entityMappings for field in one.fieldMappings),
            *self.customDetails.values(),
            *_PLACEHOLDER.findall(details.alertDisplayNameFormat),
            *_PLACEHOLDER.findall(details.alertDescriptionFormat),
            *([details.alertSeverityColumnName] if details.alertSeverityColumnName else []),
        }


def load_rules(folder: Path = FOLDER) -> dict[str, Rule]:
    """Return the rules by file name without ``.yaml``.

    Raises:
        ValueError: a file is not a rule, or two have the same id.
    """
    rules: dict[str, Rule] = {}
    for path in sorted(folder.glob("*.yaml")):
        try:
            rules[path.stem] = Rule.model_validate(yaml.safe_load(path.read_text("utf-8")))
        except ValueError as error:
            raise ValueError(f"{path.name}: {error}") from error
    if len({rule.id for rule in rules.values()}) < len(rules):
        raise ValueError("two rules have the same id")
    return rules
