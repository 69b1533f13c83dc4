"""One check a file, listed here by hand, in the order in which they are reported; pure over `Evidence`."""

from verifier.checks import (
    digest_mismatch,
    disguised_format,
    expired_approval,
    external_data,
    incomplete_scan,
    malformed_safetensors,
    missing_file,
    pickle,
    remote_code,
    renamed_model,
    revoked_model,
    template_injection,
    typosquatted_publisher,
    unapproved_dependency,
    unapproved_model,
    unlisted_file,
    unparsable_pickle,
    unpinned_revision,
    unsafe_archive,
    unsafe_layer,
    unsafe_path,
    unsafe_pickle,
)
from verifier.checks.check import Answer, Check, Needs, Skipped
from verifier.evidence import Evidence, ModelEvidence

__all__ = ["CHECKS", "CLOSED_SET_CHECKS", "CONTENT_CHECKS", "Answer", "Check", "Needs", "Skipped"]

CLOSED_SET_CHECKS: tuple[Check[Evidence], ...] = (
    unsafe_path.CHECK,
    unlisted_file.CHECK,
    missing_file.CHECK,
    digest_mismatch.CHECK,
)
"""Are the files those that were listed?"""

CONTENT_CHECKS: tuple[Check[Evidence], ...] = (
    malformed_safetensors.CHECK,
    remote_code.CHECK,
    template_injection.CHECK,
    unsafe_layer.CHECK,
    external_data.CHECK,
    pickle.CHECK,
    unsafe_pickle.CHECK,
    unparsable_pickle.CHECK,
    unsafe_archive.CHECK,
    disguised_format.CHECK,
    incomplete_scan.CHECK,
)
"""What could the files do?"""

CHECKS: tuple[Check[ModelEvidence], ...] = (
    typosquatted_publisher.CHECK,
    renamed_model.CHECK,
    revoked_model.CHECK,
    unapproved_model.CHECK,
    expired_approval.CHECK,
    unpinned_revision.CHECK,
    *CLOSED_SET_CHECKS,
    *CONTENT_CHECKS,
    unapproved_dependency.CHECK,
)
"""All that is asked of a model."""
