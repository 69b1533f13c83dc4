"""An identity token: read without believing it, refused early where it can't serve, never shown.

Fulcio verifies the token; this only spares a person the request that can't succeed.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from verifier import limits
from verifier.errors import UsageError

AUDIENCE = "sigstore"
"""The audience that Fulcio asks for (fulcio's config, `ClientID`)."""

_REMEDY = "Get a new one with the audience 'sigstore', or let the CI's own identity be found (`id-token: write`)."


@dataclass(frozen=True, slots=True)
class Token:
    """An OIDC identity token. `raw` is secret; neither `repr` nor `str` shows it."""

    raw: str = field(repr=False)
    claims: Mapping[str, Any] = field(repr=False)
    expires: datetime

    @classmethod
    def parse(cls, raw: str, now: datetime) -> Self:
        """Read a token. Raises `UsageError` where it is none, has expired, or is meant for somebody else."""
        raw = raw.strip()
        claims = _claims(raw)
        try:
            expires = datetime.fromtimestamp(int(claims["exp"]), UTC)
            issued = datetime.fromtimestamp(int(claims.get("nbf", claims.get("iat", 0))), UTC)
        except (KeyError, TypeError, ValueError, OverflowError, OSError) as error:
            raise UsageError("the identity token does not say until when it is good", _REMEDY) from error
        if not isinstance(claims.get("iss"), str) or not isinstance(claims.get("sub"), str):
            raise UsageError("the identity token names no issuer or no subject", _REMEDY)
        audiences = claims.get("aud")
        if AUDIENCE not in (audiences if isinstance(audiences, list) else [audiences]):
            raise UsageError(f"the identity token is meant for {audiences!r}, not for {AUDIENCE!r}", _REMEDY)
        if expires <= now:
            raise UsageError(f"the identity token expired at {expires:%Y-%m-%d %H:%M:%S} UTC", _REMEDY)
        if issued > now + timedelta(minutes=5):
            raise UsageError(
                f"the identity token is good from {issued:%Y-%m-%d %H:%M:%S} UTC on only", "Check this machine's clock."
            )
        return cls(raw, claims, expires)

    @property
    def issuer(self) -> str:
        """The issuer that a certificate will name: the federated one behind Sigstore's own, where there is one."""
        federated = self.claims.get("federated_claims")
        connector = federated.get("connector_id") if isinstance(federated, dict) else None
        return str(connector or self.claims["iss"])

    @property
    def identity(self) -> str:
        """The identity that a certificate will name, as Fulcio maps the well-known issuers (its `docs/oidc.md`)."""
        claims = self.claims
        if (workflow := claims.get("job_workflow_ref")) and str(claims["sub"]).startswith("repo:"):
            return f"https://github.com/{workflow}"
        if configuration := claims.get("ci_config_ref_uri"):
            return f"https://{configuration}"
        if claims.get("organization_slug") and claims.get("pipeline_slug"):
            return f"https://buildkite.com/{claims['organization_slug']}/{claims['pipeline_slug']}"
        return str(claims.get("email") or claims["sub"])

    def __str__(self) -> str:
        return f"the token of {self.identity} from {self.issuer}"


def _claims(raw: str) -> Mapping[str, Any]:
    try:
        if len(raw) > limits.MAX_TOKEN:
            raise ValueError("too long")
        _, payload, _ = raw.split(".")
        claims = json.loads(base64.b64decode(payload + "=" * (-len(payload) % 4), altchars=b"-_", validate=True))
    except (ValueError, RecursionError) as error:
        raise UsageError("the identity token is no JSON web token", _REMEDY) from error
    if not isinstance(claims, dict):
        raise UsageError("the identity token holds no claims", _REMEDY)
    return claims
