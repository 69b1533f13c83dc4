"""How Sigstore's JSON documents spell bytes and times."""

import base64
from datetime import UTC, datetime


def b64(data: bytes) -> str:
    """Standard base64 with padding, as protobuf's JSON form has it."""
    return base64.b64encode(data).decode()


def whole_second(time: datetime) -> datetime:
    """`time` in UTC, cut to the second, the resolution of certificates and timestamps.

    Raises ValueError for a time without a zone.
    """
    if time.tzinfo is None:
        raise ValueError(f"a time without a zone: {time.isoformat()}")
    return time.astimezone(UTC).replace(microsecond=0)


def rfc3339(time: datetime) -> str:
    """`time` as trusted roots and signing configurations state it."""
    return whole_second(time).strftime("%Y-%m-%dT%H:%M:%SZ")
