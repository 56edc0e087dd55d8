"""The header of the PROXY protocol, versions 1 and 2: bytes to the address of a proxy's client.

See https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt. Twisted's parser is not used: it
raises other errors than its own for bad headers, refuses the short `PROXY UNKNOWN`, and wants the
first bytes of the header in one read.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Final

_V1_START: Final = b"PROXY "
_V1_LENGTH: Final = 107
"""The longest header of version 1, with its end."""

_V1_LINE: Final = re.compile(
    rb"PROXY (?:UNKNOWN(?: .*)?|(TCP[46]) (\S+) (\S+) (\d{1,5}) (\d{1,5}))"
)

_V2_START: Final = b"\r\n\r\n\0\r\nQUIT\n"
_V2_FIXED: Final = struct.Struct("!12sBBH")
_V2_LENGTH: Final = 4096
"""The longest header of version 2; it may have further fields, such as names of certificates."""

_V2_LOCAL: Final = 0x20
_V2_PROXY: Final = 0x21
_V2_FAMILIES: Final = {
    0x11: (IPv4Address, struct.Struct("!4s4sHH")),
    0x21: (IPv6Address, struct.Struct("!16s16sHH")),
}


class ProxyHeaderError(Exception):
    """The bytes are no header of the PROXY protocol."""


@dataclass(frozen=True)
class ProxyHeader:
    """A header: the `source`, None if the proxy speaks for itself, and the number of its bytes."""

    source: tuple[str, int] | None
    length: int


def parse_proxy_header(data: bytes) -> ProxyHeader | None:
    """Return the header at the start of `data`, or None if more bytes are needed.

    Raise `ProxyHeaderError` if there is none.
    """
    if _V2_START.startswith(data[: len(_V2_START)]):
        return _parse_v2(data)
    if _V1_START.startswith(data[: len(_V1_START)]):
        return _parse_v1(data)
    raise ProxyHeaderError


def _parse_v1(data: bytes) -> ProxyHeader | None:
    line, end, _ = data[:_V1_LENGTH].partition(b"\r\n")
    if not end:
        if len(data) < _V1_LENGTH:
            return None
        raise ProxyHeaderError
    found = _V1_LINE.fullmatch(line)
    if found is None:
        raise ProxyHeaderError
    length = len(line) + len(end)
    protocol, source, _, port, _ = found.groups()
    if protocol is None:
        return ProxyHeader(None, length)
    kind = IPv4Address if protocol == b"TCP4" else IPv6Address
    try:
        address = kind(source.decode("ascii"))
    except ValueError:
        raise ProxyHeaderError from None
    if int(port) > 0xFFFF:  # noqa: PLR2004 -- the highest port
        raise ProxyHeaderError
    return ProxyHeader((str(address), int(port)), length)


def _parse_v2(data: bytes) -> ProxyHeader | None:
    if len(data) < _V2_FIXED.size:
        return None
    _, command, family, rest = _V2_FIXED.unpack_from(data)
    length = _V2_FIXED.size + rest
    if command not in (_V2_LOCAL, _V2_PROXY) or length > _V2_LENGTH:
        raise ProxyHeaderError
    if len(data) < length:
        return None
    if command == _V2_LOCAL or family not in _V2_FAMILIES:
        return ProxyHeader(None, length)
    kind, fields = _V2_FAMILIES[family]
    if rest < fields.size:
        raise ProxyHeaderError
    source, _, port, _ = fields.unpack_from(data, _V2_FIXED.size)
    return ProxyHeader((str(kind(source)), port), length)
