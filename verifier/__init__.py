"""model-verifier: nothing reaches a GPU unless the bytes are the ones that somebody you named approved."""

__version__ = "0.1.0"
