"""Writing to a descriptor that others share."""

import os

from chatd.io import write_all


def test_a_descriptor_that_is_not_blocking(monkeypatch):
    """Nothing is lost where another process made the descriptor non-blocking."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    printed = []

    def wait_until_writable(_, waiting, __):
        assert waiting == [writing]
        printed.append(os.read(reading, 10_000))

    monkeypatch.setattr("chatd.io.select.select", wait_until_writable)
    write_all(writing, b"x" * 200_000)
    os.close(writing)
    with os.fdopen(reading, "rb") as source:
        printed.append(source.read())
    assert len(printed) > 1
    assert b"".join(printed) == b"x" * 200_000
