"""Terminals that show no more than ASCII."""

import pytest

from chatd.client.ui.charset import shows_unicode


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, False),
        ({"LANG": "C"}, False),
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, False),
        ({"LC_ALL": "C", "LANG": "en_US.UTF-8"}, False),
        ({"LANG": "de_DE.ISO-8859-1"}, False),
        ({"LANG": "en_US.UTF-8"}, True),
        ({"LANG": "C.UTF-8"}, True),
        ({"LC_ALL": "C.UTF-8"}, True),
        ({"LANG": "C", "LC_CTYPE": "en_US.utf8"}, True),
    ],
)
def test_shows_unicode(environment, expected):
    """The first of three variables counts, unless Python has set it."""
    assert shows_unicode(environment) is expected
