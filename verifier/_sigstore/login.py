"""Where an identity token comes from: the CI that runs this, or a person in a browser."""

from __future__ import annotations

from sigstore.oidc import Issuer, detect_credential


def ambient_token() -> str | None:
    """Give the token of the CI or cloud that this runs in; None outside of one.

    GitHub, GitLab, Google, Buildkite and CircleCI are asked, each with a time-out. Raises whatever the `id` package
    does where the surroundings are a CI's that grants none.
    """
    return detect_credential()


def browser_token(url: str, *, out_of_band: bool) -> str:
    """Let a person log in at the OIDC issuer `url`; `out_of_band` shows a link and asks for the code."""
    return str(Issuer(url).identity_token(force_oob=out_of_band))
