"""Errors, split by blame. A bad artifact is never an error: it is a finding (`verifier.finding`).

Everything that the library raises derives from `VerifierError`, and carries what happened, why,
and what to do next.
"""


class VerifierError(Exception):
    """Base of all errors; `exit_status` is what the command line answers with."""

    exit_status = 1
    code = "internal"

    def __init__(self, message: str, remedy: str = "", *, code: str | None = None) -> None:
        """State what happened and why in `message`, the next thing to do in `remedy`."""
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.code = code or type(self).code


class UsageError(VerifierError):
    """The caller asked for something that can't be: a malformed reference, policy or option (exit 2)."""

    exit_status = 2
    code = "usage"


class UndecidedError(VerifierError):
    """Nothing can be said about the model: unreadable, stale, badly signed, no network (exit 4)."""

    exit_status = 4
    code = "undecided"
