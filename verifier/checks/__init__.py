"""One check a file, listed here by hand, in the order in which they are reported; pure over `Evidence`."""

from verifier.checks import (
    cloned_model,
    digest_mismatch,
    disguised_format,
    expired_approval,
    external_data,
    incomplete_scan,
    malformed_safetensors,
    missing_claim,
    missing_file,
    new_suppression,
    pickle,
    remote_code,
    renamed_model,
    revoked_model,
    template_injection,
    trust_remote_code,
    typosquatted_publisher,
    unapproved_dependency,
    unapproved_model,
    unlisted_file,
    unparsable_pickle,
    unpinned_revision,
    unresolved_reference,
    unsafe_archive,
    unsafe_layer,
    unsafe_path,
    unsafe_pickle,
    unsigned_checkpoint,
    writable_path,
    wrong_checkpoint,
    wrong_signer,
)
from verifier.checks.check import Answer, Check, Needs, Skipped, of_each_model
from verifier.evidence import ChangeEvidence, CheckpointEvidence, Evidence, ModelEvidence

__all__ = [
    "CHANGE_CHECKS",
    "CHECKPOINT_CHECKS",
    "CHECKS",
    "CLOSED_SET_CHECKS",
    "CONTENT_CHECKS",
    "TARBALL_CHECKS",
    "Answer",
    "Check",
    "Needs",
    "Skipped",
]

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
    cloned_model.CHECK,
    renamed_model.CHECK,
    revoked_model.CHECK,
    unapproved_model.CHECK,
    expired_approval.CHECK,
    unpinned_revision.CHECK,
    *CLOSED_SET_CHECKS,
    *CONTENT_CHECKS,
    unapproved_dependency.CHECK,
    writable_path.CHECK,
)
"""All that is asked of a model."""

CHANGE_CHECKS: tuple[Check[ChangeEvidence], ...] = (
    of_each_model(typosquatted_publisher.CHECK),
    of_each_model(cloned_model.CHECK),
    of_each_model(revoked_model.CHECK),
    unapproved_model.CHANGE_CHECK,
    of_each_model(expired_approval.CHECK),
    unpinned_revision.CHANGE_CHECK,
    trust_remote_code.CHECK,
    unresolved_reference.CHECK,
    new_suppression.CHECK,
)
"""All that is asked of a change to source."""

_SIGNED_CHECKS: tuple[Check[CheckpointEvidence], ...] = (
    unsigned_checkpoint.CHECK,
    wrong_signer.CHECK,
    wrong_checkpoint.CHECK,
    missing_claim.CHECK,
    revoked_model.BASES,
    unapproved_dependency.BASES,
)

CHECKPOINT_CHECKS: tuple[Check[CheckpointEvidence], ...] = (*_SIGNED_CHECKS, *CLOSED_SET_CHECKS, *CONTENT_CHECKS)
"""All that is asked of a checkpoint's directory."""

TARBALL_CHECKS: tuple[Check[CheckpointEvidence], ...] = (
    *_SIGNED_CHECKS,
    unsafe_path.CHECK,
    digest_mismatch.TARBALL,
    *CONTENT_CHECKS,
)
"""All that is asked of a tarball, whose one digest stands for the closed set of its members."""
