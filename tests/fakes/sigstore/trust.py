"""What clients are told about an instance: the trusted root and the signing configuration.

Formats: protobuf-specs' `sigstore_trustroot.proto`, in protobuf's JSON form.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.fakes.sigstore.authority import ORGANISATION, Authority
from tests.fakes.sigstore.ctlog import CTLog
from tests.fakes.sigstore.encoding import b64, rfc3339
from tests.fakes.sigstore.keys import der
from tests.fakes.sigstore.rekor import Log

TIMESTAMP_PATH = "/api/v1/timestamp"
_TRUSTED_ROOT = "application/vnd.dev.sigstore.trustedroot+json;version=0.1"
_SIGNING_CONFIG = "application/vnd.dev.sigstore.signingconfig.v0.2+json"
_CLIENT_TRUST_CONFIG = "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json"


@dataclass(frozen=True)
class Window:
    """From when until when a part of the instance is to be trusted; without `end`, until further notice."""

    start: datetime
    end: datetime | None

    def to_json(self) -> dict[str, str]:
        """A protobuf TimeRange."""
        stated = {"start": rfc3339(self.start)}
        return stated if self.end is None else stated | {"end": rfc3339(self.end)}


def trusted_root(
    url: str,
    *,
    ca: tuple[Authority, Window],
    ct_log: tuple[CTLog, Window],
    log: tuple[Log, Window],
    tsa: tuple[Authority, Window] | None,
) -> dict[str, Any]:
    """A trusted root that names each part once, with the time to trust it in."""
    return {
        "mediaType": _TRUSTED_ROOT,
        "certificateAuthorities": [_authority(url, *ca)],
        "ctlogs": [_log(f"{url}/ct", *ct_log)],
        "tlogs": [_log(url, *log)],
        "timestampAuthorities": [_authority(url + TIMESTAMP_PATH, *tsa)] if tsa else [],
    }


def signing_config(url: str, *, rekor: int, tsa: bool, start: datetime) -> dict[str, Any]:
    """Where to sign: every service behind one URL."""

    def service(url: str, version: int = 1) -> list[dict[str, Any]]:
        validity = {"start": rfc3339(start)}
        return [{"majorApiVersion": version, "operator": ORGANISATION, "url": url, "validFor": validity}]

    return {
        "mediaType": _SIGNING_CONFIG,
        "caUrls": service(url),
        "oidcUrls": service(url),
        "rekorTlogConfig": {"selector": "ANY"},
        "rekorTlogUrls": service(url, rekor),
        "tsaConfig": {"selector": "ANY"},
        "tsaUrls": service(url + TIMESTAMP_PATH) if tsa else [],
    }


def client_trust_config(root: dict[str, Any], signing: dict[str, Any]) -> dict[str, Any]:
    """Both documents in the one that sigstore-python's `--trust-config` reads."""
    return {"mediaType": _CLIENT_TRUST_CONFIG, "signingConfig": signing, "trustedRoot": root}


def _log(url: str, log: CTLog | Log, window: Window) -> dict[str, Any]:
    return {
        "baseUrl": url,
        "hashAlgorithm": "SHA2_256",
        "logId": {"keyId": b64(log.log_id)},
        "publicKey": {
            "keyDetails": log.key_details,
            "rawBytes": b64(log.public_key),
            "validFor": window.to_json(),
        },
    }


def _authority(url: str, authority: Authority, window: Window) -> dict[str, Any]:
    return {
        "certChain": {"certificates": [{"rawBytes": b64(der(link))} for link in authority.chain]},
        "subject": {"commonName": "sigstore", "organization": ORGANISATION},
        "uri": url,
        "validFor": window.to_json(),
    }
