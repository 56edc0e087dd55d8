"""The texts that users set for others to read."""

from chatd.server.irc.texts import last_words, shown_about

TYPED = "\x0304,01so\x03  long\u2028and \x02thanks\r "


def test_they_are_one_line():
    """They have no formatting, no control character, and no blank at an end."""
    assert last_words(TYPED) == shown_about(TYPED) == "so long and thanks"
    assert last_words("\x02 \u2028") == ""


def test_they_are_not_too_long():
    """A real name is half as long as a reason; no character is cut."""
    assert last_words("\u00e4" * 300) == "\u00e4" * 195
    assert shown_about("\u00e4" * 300) == "\u00e4" * 97
