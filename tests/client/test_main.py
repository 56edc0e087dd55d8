"""The command line: each option that cannot be used is answered by one clear line."""

import pytest

from chatd.client.main import main


@pytest.mark.parametrize("port", ["0", "65536", "http", "-0", "9" * 5000, ""])
def test_bad_port(port):
    """A port that is no number from 1 to 65535 is refused."""
    with pytest.raises(SystemExit) as ended:
        main(["localhost", "--", port])
    assert str(ended.value) == f"chatd-client: Not a port: {port} (1 to 65535)."
