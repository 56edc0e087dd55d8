"""How the tests of the IRC gateway read lines: as irctokens understands them."""

import irctokens

ALL = (
    *("message-tags", "server-time", "account-tag", "batch", "draft/multiline", "extended-join"),
    *("setname", "away-notify", "account-notify", "draft/message-redaction", "invite-notify"),
    *("echo-message", "labeled-response", "multi-prefix", "userhost-in-names"),
    *("extended-monitor", "draft/chathistory", "draft/read-marker", "standard-replies"),
)
"""The capabilities that clients request, other than those that leave something out."""


def lines(client):
    """Return the lines that a client has read."""
    return [irctokens.tokenise(line) for line in client.read()]


def ask(client, *sent):
    """Send lines; return the commands and parameters that come back in the same turn."""
    client.send(*sent)
    return commands(client)


def commands(client):
    """Return the commands and parameters that a client has read, without tags and sources."""
    return [(line.command, *line.params) for line in lines(client)]
