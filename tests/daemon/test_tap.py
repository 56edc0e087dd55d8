"""What is chosen on the command line, and what cannot be."""

import pytest

from chatd.daemon.tap import Options


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--max-frame 0", "--max-frame 0: must be 64 or more"),
        ("--replay 501", "--replay 501: must be 500 or less"),
        ("--who-starts me", "--who-starts me: must be one of everyone, accounts, nobody"),
        ("--sessions-per-account 0", "--sessions-per-account 0: must be 1 or more"),
        ("--port 9999", "option --port not recognized"),
    ],
)
def test_what_cannot_be(words, said):
    """It ends the process with one line."""
    with pytest.raises(SystemExit) as end:
        Options().parseOptions(words.split())
    assert end.value.code == f"chatd: {said} (see twistd chatd --help)"


def test_what_is_chosen():
    """Some options may be repeated, the others have their values checked."""
    options = Options()
    options.parseOptions(
        [
            "--listen",
            "tcp:1",
            "--listen",
            "tcp:2",
            "--room",
            "1:tea",
            "--rate",
            "0",
            "--sessions-per-account",
            "3",
            "--require-login",
        ]
    )
    config = options.config()
    assert config.listen == ("tcp:1", "tcp:2")
    assert config.rooms == (("1", "tea"),)
    assert (config.limits.rate, config.rules.require_login) == (0, True)
    assert config.limits.sessions_per_account == 3
