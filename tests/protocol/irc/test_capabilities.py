"""The capabilities of IRC clients."""

from hypothesis import given
from hypothesis import strategies as st

from chatd.protocol.irc import capabilities as caps

AVAILABLE = caps.available(16384, 100, "PLAIN")


def test_available():
    """They are in the order of their names, with their values; `sts` is for the operator to add."""
    assert list(AVAILABLE) == sorted(AVAILABLE)
    assert AVAILABLE["draft/multiline"] == "max-bytes=16384,max-lines=100"
    assert AVAILABLE["sasl"] == "PLAIN"
    assert AVAILABLE["batch"] == ""
    assert caps.STS not in AVAILABLE
    assert AVAILABLE.keys() >= caps.SHARED
    assert set(caps.LEAST_NEEDED) <= caps.SHARED


@given(st.frozensets(st.sampled_from(sorted(AVAILABLE))))
def test_shared(wanted):
    """Multi-line messages need batches; what decides the codec decides it for good."""
    found = caps.shared(wanted)
    assert found <= wanted & caps.SHARED
    assert (caps.MULTILINE in found) == ({caps.MULTILINE, caps.BATCH} <= wanted)
    assert caps.shared(found) == found
