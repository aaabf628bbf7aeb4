"""Ports: what the playbook needs from the outside world, as Protocols.

Providers (``shared/providers``) implement them, ``shared/bootstrap.py`` wires them, activities and
triggers call them. Every method may raise the errors of ``shared.errors``; each adapter has a
deadline on every call, honours ``Retry-After`` within it and never raises a vendor's own exception.
"""

from shared.ports.campaigns import Campaigns
from shared.ports.defences import BlockList, Endpoint, Firewall
from shared.ports.identity import (
    AccessPasses,
    AuthenticationMethods,
    ConsentGrants,
    Directory,
    Mailbox,
)
from shared.ports.knowledge import (
    GeoLocator,
    ReadTables,
    Reputation,
    Siem,
    SignInLog,
    TrustedNetworks,
)
from shared.ports.people import Notifier, Ticketing
from shared.ports.stores import (
    CaseStore,
    DependencyStates,
    EvidenceReader,
    EvidenceStore,
    OpenCases,
    RowsWriter,
)

__all__ = [
    "AccessPasses",
    "AuthenticationMethods",
    "BlockList",
    "Campaigns",
    "CaseStore",
    "ConsentGrants",
    "DependencyStates",
    "Directory",
    "Endpoint",
    "EvidenceReader",
    "EvidenceStore",
    "Firewall",
    "GeoLocator",
    "Mailbox",
    "Notifier",
    "OpenCases",
    "ReadTables",
    "Reputation",
    "RowsWriter",
    "Siem",
    "SignInLog",
    "Ticketing",
    "TrustedNetworks",
]
