"""The header of the PROXY protocol, versions 1 and 2."""

import struct

import pytest

from chatd.protocol.proxy import ProxyHeader, ProxyHeaderError, parse_proxy_header

V2 = b"\r\n\r\n\0\r\nQUIT\n"


def v2(command, family, rest):
    """Return a header of version 2."""
    return V2 + struct.pack("!BBH", command, family, len(rest)) + rest


IPV4 = bytes([203, 0, 113, 9, 127, 0, 0, 1]) + struct.pack("!HH", 40000, 9999)
IPV6 = bytes.fromhex("20010db8" + "00" * 11 + "05") + bytes(16) + struct.pack("!HH", 40000, 9999)

HEADERS = [
    (b"PROXY TCP4 203.0.113.9 127.0.0.1 40000 9999\r\n", ("203.0.113.9", 40000)),
    (b"PROXY TCP6 2001:DB8:0::5 ::1 40000 9999\r\n", ("2001:db8::5", 40000)),
    (b"PROXY UNKNOWN\r\n", None),
    (b"PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", None),
    (v2(0x20, 0x00, b""), None),
    (v2(0x20, 0x11, IPV4), None),
    (v2(0x21, 0x11, IPV4), ("203.0.113.9", 40000)),
    (v2(0x21, 0x21, IPV6 + b"\x04\0\1x"), ("2001:db8::5", 40000)),
    (v2(0x21, 0x31, bytes(216)), None),
    (v2(0x21, 0x00, b""), None),
]


@pytest.mark.parametrize(("header", "source"), HEADERS)
def test_a_header_in_pieces(header, source):
    """A header is complete with its last byte, and what comes after it is left."""
    for length in range(len(header)):
        assert parse_proxy_header(header[:length]) is None
    assert parse_proxy_header(header) == ProxyHeader(source, len(header))
    assert parse_proxy_header(header + b"`list\n") == ProxyHeader(source, len(header))


@pytest.mark.parametrize(
    "data",
    [
        b"`list\n",
        b"\r\n\r\nx",
        b"PROXY\r\n",
        b"PROXY SCTP a b 1 2\r\n",
        b"PROXY TCP4 203.0.113.9\r\n",
        b"PROXY TCP4 Server: 127.0.0.1 1 2\r\n",
        b"PROXY TCP4 300.0.113.9 127.0.0.1 1 2\r\n",
        b"PROXY TCP4 ::1 127.0.0.1 1 2\r\n",
        b"PROXY TCP6 \xff ::1 1 2\r\n",
        b"PROXY TCP4 203.0.113.9 127.0.0.1 x 2\r\n",
        b"PROXY TCP4 203.0.113.9 127.0.0.1 65536 2\r\n",
        b"PROXY UNKNOWN " + b"x" * 100,
        v2(0x22, 0x11, IPV4),
        v2(0x11, 0x11, IPV4),
        v2(0x21, 0x11, IPV4[:11]),
        V2 + b"\x21\x11\xff\xff",
    ],
)
def test_no_header(data):
    """A malformed or endless header is refused."""
    with pytest.raises(ProxyHeaderError):
        parse_proxy_header(data)
