"""Azure Blob Storage behind the ``EvidenceStore``, ``CaseStore`` and ``OpenCases`` ports."""

from shared.providers.blob.cases import BlobCaseStore
from shared.providers.blob.evidence import BlobEvidenceStore
from shared.providers.blob.open_cases import BlobOpenCases

__all__ = ["BlobCaseStore", "BlobEvidenceStore", "BlobOpenCases"]
