"""IRC clients of accounts."""

WORD = "staple-battery"


def login(server, name, *capabilities, is_new=True):
    """Return an IRC client that is logged in to an account, which is registered if it is new."""
    if is_new:
        native = server.connect()
        native.ask(f"`register {name} {WORD}")
        native.lose()
    client = server.connect_irc()
    if capabilities:
        client.send("CAP LS 302", f"CAP REQ :{' '.join(capabilities)}")
    client.send(f"PASS {name}:{WORD}", f"NICK {name}", f"USER {name} 0 * :{name} of chatd")
    if capabilities:
        client.send("CAP END")
    client.read()
    return client
