"""The lines typed before, and completion, as the line editor uses them."""

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

from chatd.client.model.state import ClientState
from chatd.client.ui.editing import CommandCompleter, History


class Lines(list):
    """A store of typed lines in memory."""

    load = list.copy
    add = list.append


@pytest.mark.parametrize(
    ("line", "is_kept", "is_stored"),
    [
        ("hello", True, True),
        ("/join tea Ann", True, True),
        ("`secret Bob psst", True, False),
        ("/secret Bob psst", True, False),
        ("/join tea Ann fish", False, False),
        ("`enter tea - fish", False, False),
        ("`key fish", False, False),
        ("/KEY fish", False, False),
        ("`key", True, True),
        ("`login ann", False, False),
    ],
)
def test_history(line, is_kept, is_stored):
    """A line with a key or a password is not kept; one with a private message is not stored."""
    store = Lines()
    history = History(store)
    history.append_string(line)
    assert (line in history.get_strings(), line in store) == (is_kept, is_stored)


def test_without_a_store():
    """The lines of this run are kept in memory."""
    history = History(None)
    history.append_string("hello")
    assert history.get_strings() == ["hello"]


def test_completer():
    """The word before the cursor is replaced by each that it may be the beginning of."""
    completer = CommandCompleter(ClientState)
    (found,) = completer.get_completions(Document("/moder"), CompleteEvent())
    assert (found.text, found.start_position) == ("/moderated ", -6)
