"""The completion of the administrator's commands."""

import pytest

from chatd.admin.completion import complete


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("s", ["start", "say", "stats"]),
        ("`ki", ["kick"]),
        ("end ", ["1", "x2"]),
        ("kick z", ["Zoë"]),
        ("kick  Zoë x", ["x2"]),
        ("group 1 Bob ", ["Zoë", "Bob"]),
        ("trace o", ["on", "off"]),
        ("say 1 B", []),
        ("list ", []),
        ("foo ", []),
    ],
)
def test_completion(server, line, expected):
    """Commands are completed, then rooms, names or choices, by the parameter."""
    server.join("1", "Zoë")
    server.join("x2", "Bob")
    server.connect()
    assert complete(server.service.consoles.context, line) == expected
