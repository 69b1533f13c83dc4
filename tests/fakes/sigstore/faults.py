"""The ways in which an instance can be subtly wrong, for negative tests."""

from collections.abc import Set
from enum import StrEnum


class Fault(StrEnum):
    """One thing an instance does wrong; everything else it makes stays right."""

    BAD_SCT = "bad-sct"
    """The CT log's promise in the certificate is for other bytes."""
    NO_SCT = "no-sct"
    """The certificate was never shown to a CT log."""
    UNTRUSTED_CT_KEY = "untrusted-ct-key"
    """The certificate is in a CT log that the trusted root does not name."""
    UNTRUSTED_CA = "untrusted-ca"
    """The certificate's authority has the trusted one's name, but not its key."""
    NO_ISSUER = "no-issuer"
    """The certificate does not say which OIDC issuer vouched for the identity."""
    NO_CODE_SIGNING = "no-code-signing"
    """The certificate's extended key usage is client authentication instead of code signing."""
    BACKDATED_CERTIFICATE = "backdated-certificate"
    """The certificate had expired 50 minutes before the signature was logged and timestamped."""
    UNTRUSTED_LOG_KEY = "untrusted-log-key"
    """The entry is in a log of the trusted one's name, but of another key."""
    BAD_SET = "bad-set"
    """Rekor v1: the inclusion promise (signed entry timestamp) was made for another integrated time."""
    LATE_INTEGRATION = "late-integration"
    """Rekor v1: the log promises an integrated time at which the certificate had expired."""
    WRONG_INCLUSION_PROOF = "wrong-inclusion-proof"
    """One bit of one hash in the inclusion proof is flipped."""
    STALE_CHECKPOINT = "stale-checkpoint"
    """The checkpoint is a real one, of the tree before this entry was added."""
    WRONG_CHECKPOINT_SIZE = "wrong-checkpoint-size"
    """The log signed a checkpoint with this tree's root hash and another tree's size."""
    ENTRY_OF_OTHER_SIGNATURE = "entry-of-other-signature"
    """The log entry records another signature of the same data by the same key."""
    LATE_TIMESTAMP = "late-timestamp"
    """The timestamp authority saw the signature a day later, when the certificate had expired."""
    TIMESTAMP_OF_OTHER_DATA = "timestamp-of-other-data"
    """The timestamp is for another signature."""


REKOR_V1_ONLY = frozenset({Fault.BAD_SET, Fault.LATE_INTEGRATION})
TIMESTAMP_ONLY = frozenset({Fault.LATE_TIMESTAMP, Fault.TIMESTAMP_OF_OTHER_DATA})


def check_possible(faults: Set[Fault], *, rekor: int, tsa: bool) -> None:
    """Raise ValueError for a fault that such an instance cannot have: a test of it would prove nothing."""
    impossible: set[Fault] = set()
    if rekor != 1:
        impossible |= faults & REKOR_V1_ONLY
    if not tsa:
        impossible |= faults & TIMESTAMP_ONLY
    if rekor == 2 and not tsa:
        raise ValueError("entries of Rekor v2 state no time: there must be a timestamp authority")
    if impossible:
        raise ValueError(f"no effect with Rekor v{rekor}, tsa={tsa}: {', '.join(sorted(impossible))}")
