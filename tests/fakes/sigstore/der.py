"""Just enough DER (X.690) to write an RFC 3161 timestamp and to read the request for one."""

from datetime import datetime

INTEGER, OCTETS, NULL, OID, UTF8 = 0x02, 0x04, 0x05, 0x06, 0x0C
UTC_TIME, GENERALIZED_TIME, SEQUENCE, SET = 0x17, 0x18, 0x30, 0x31
BOOLEAN = 0x01


def tlv(tag: int, *parts: bytes) -> bytes:
    """One value: the tag, the length of all `parts`, the parts."""
    body = b"".join(parts)
    if len(body) < 0x80:
        return bytes([tag, len(body)]) + body
    length = len(body).to_bytes((len(body).bit_length() + 7) // 8)
    return bytes([tag, 0x80 | len(length)]) + length + body


def sequence(*parts: bytes) -> bytes:
    """A SEQUENCE of encoded values."""
    return tlv(SEQUENCE, *parts)


def set_of(*parts: bytes) -> bytes:
    """A SET OF encoded values, in DER's order."""
    return tlv(SET, *sorted(parts))


def tagged(number: int, *parts: bytes) -> bytes:
    """A constructed, context-specific value: `[number]`."""
    return tlv(0xA0 | number, *parts)


def octets(data: bytes) -> bytes:
    """An OCTET STRING."""
    return tlv(OCTETS, data)


def utf8(text: str) -> bytes:
    """A UTF8String."""
    return tlv(UTF8, text.encode())


def integer(number: int) -> bytes:
    """An INTEGER that is not negative."""
    return tlv(INTEGER, number.to_bytes(number.bit_length() // 8 + 1))


def oid(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER, from its dotted form."""
    first, second, *rest = map(int, dotted.split("."))
    body = bytearray()
    for arc in (first * 40 + second, *rest):
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(0x80 | arc & 0x7F)
        body += bytes(reversed(groups))
    return tlv(OID, bytes(body))


def generalized_time(time: datetime) -> bytes:
    """A GeneralizedTime, to the second; `time` is in UTC."""
    return tlv(GENERALIZED_TIME, time.strftime("%Y%m%d%H%M%SZ").encode())


def utc_time(time: datetime) -> bytes:
    """A UTCTime, to the second; `time` is in UTC and before 2050."""
    return tlv(UTC_TIME, time.strftime("%y%m%d%H%M%SZ").encode())


def read(data: bytes) -> list[tuple[int, bytes]]:
    """The values that stand one after another in `data`, as (tag, body).

    Raises ValueError where the last one is cut short.
    """
    values: list[tuple[int, bytes]] = []
    rest = memoryview(data)
    while rest:
        if len(rest) < 2:
            raise ValueError("DER value without a length")
        tag, length, rest = rest[0], rest[1], rest[2:]
        if length & 0x80:
            width = length & 0x7F
            length, rest = int.from_bytes(rest[:width]), rest[width:]
        if length > len(rest):
            raise ValueError("DER value longer than its container")
        values.append((tag, bytes(rest[:length])))
        rest = rest[length:]
    return values
