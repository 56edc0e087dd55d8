"""The values with which a frontend asks the client to act: addresses."""

import pytest

from chatd.client.ui.frontend import Address


@pytest.mark.parametrize(
    ("address", "shown"),
    [(Address("localhost", 1), "localhost:1"), (Address("::1", 1), "[::1]:1")],
)
def test_address(address, shown):
    """An address is written with a colon before the port, IPv6 in brackets."""
    assert str(address) == shown
