"""The signed approved-model registry, read: trust, head, approvals, revocations."""
