"""Azure Blob Storage behind the ports of all that is kept."""

from shared.providers.blob.campaigns import BlobCampaigns
from shared.providers.blob.cases import BlobCaseStore
from shared.providers.blob.dependencies import BlobDependencyStates
from shared.providers.blob.evidence import BlobEvidenceStore
from shared.providers.blob.open_cases import BlobOpenCases
from shared.providers.blob.turns import BlobTurns

__all__ = [
    "BlobCampaigns",
    "BlobCaseStore",
    "BlobDependencyStates",
    "BlobEvidenceStore",
    "BlobOpenCases",
    "BlobTurns",
]
