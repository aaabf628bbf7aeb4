"""Azure Blob Storage behind the ``EvidenceStore`` and ``CaseStore`` ports."""

from shared.providers.blob.cases import BlobCaseStore
from shared.providers.blob.evidence import BlobEvidenceStore

__all__ = ["BlobCaseStore", "BlobEvidenceStore"]
