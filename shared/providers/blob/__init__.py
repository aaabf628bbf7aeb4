"""Azure Blob Storage behind the ports of evidence, case records, open cases and campaigns."""

from shared.providers.blob.campaigns import BlobCampaigns
from shared.providers.blob.cases import BlobCaseStore
from shared.providers.blob.evidence import BlobEvidenceStore
from shared.providers.blob.open_cases import BlobOpenCases

__all__ = ["BlobCampaigns", "BlobCaseStore", "BlobEvidenceStore", "BlobOpenCases"]
