"""The OIDC issuer: identity tokens for people and for workflow runs."""

import json
from datetime import timedelta
from functools import cached_property
from typing import Any, Unpack

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.fakes.sigstore.claims import Claims, check_known
from tests.fakes.sigstore.fulcio import is_email
from tests.fakes.sigstore.instance import Instance

AUDIENCE = "sigstore"
_ALGORITHM = "RS256"  # cosign takes no other in a raw token
_SKEW = timedelta(seconds=1)


class TokenIssuer:
    """Signs tokens at the instance's time, for whatever issuer it is told to be."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance

    @cached_property
    def _key(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(65537, 2048)

    def token(
        self,
        identity: str,
        *,
        issuer: str | None = None,
        audience: str = AUDIENCE,
        lifetime: timedelta = timedelta(minutes=10),
        **claims: Unpack[Claims],
    ) -> str:
        """A token for `identity`: an address becomes the `email` claim too, anything else just `sub`."""
        check_known(claims)
        now = self._instance.now() - _SKEW
        payload: dict[str, Any] = {
            "aud": audience,
            "exp": int((now + lifetime).timestamp()),
            "iat": int(now.timestamp()),
            "iss": issuer or self._instance.url,
            "nbf": int(now.timestamp()),
            "sub": identity,
            **claims,
        }
        if is_email(identity):
            payload |= {"email": identity, "email_verified": True}
        return jwt.encode(payload, self._key, algorithm=_ALGORITHM)

    def read(self, token: str) -> dict[str, Any]:
        """The claims of a token that this issuer signed for Sigstore and that is valid now.

        Raises ValueError for any other.
        """
        # The instance's clock decides below, not the library's.
        options: jwt.types.Options = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}
        try:
            payload = jwt.decode(
                token, self._key.public_key(), algorithms=[_ALGORITHM], audience=AUDIENCE, options=options
            )
        except jwt.PyJWTError as error:
            raise ValueError(f"error processing the identity token: {error}") from error
        if not payload["nbf"] <= self._instance.now().timestamp() < payload["exp"]:
            raise ValueError("error processing the identity token: not valid now")
        return payload

    def key_set(self) -> dict[str, Any]:
        """The public key, as a JSON Web Key Set."""
        key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key()))
        return {"keys": [key | {"alg": _ALGORITHM, "use": "sig"}]}
