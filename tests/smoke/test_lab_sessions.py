"""The sample sessions of the lab, Task 4 and Task 5, over real sockets against a real twistd.

Every frame that a client gets and every line that the console prints is compared with the sample.
Where the spec says more than the sample (help, the usage after `Unknown commands.`, `Goodbye!`, the
log lines of joining and leaving, one line for each event), the spec holds.
"""

from chatd.protocol.command import help_text
from chatd.protocol.console_commands import CONSOLE_COMMANDS


def trace_of(daemon, client):
    """Return the trace of one connection, without its address."""
    kinds = {f"Received message from {client.address}: ": "> ", f"Send to {client.address}: ": "< "}
    return [
        line.replace(kind, sign, 1)
        for line in daemon.lines
        for kind, sign in kinds.items()
        if line.startswith(kind)
    ]


def console_lines(daemon):
    """Return the lines of the console that are not the trace."""
    return [line for line in daemon.lines if not line.startswith(("Received ", "Send to "))]


def shown_address(client):
    """Return the address of a client as the log shows it after a name."""
    host, port = client.socket.getsockname()
    return f"<{host}:{port}>"


def test_task_4(start):
    """Alice, Harris and Trump start, list, join and quit rooms as in Task 4."""
    daemon = start("--trace")
    alice = daemon.connect()
    daemon.expect(r"System: new connection .*")
    alice.ask("`start 1 swimming", "Server: Chatroom 1 started!")
    alice.ask("`join 1 Alice", "Server: You join @chatroom 1")
    in_pool = f"swimming@1: Alice@{alice.address} "
    alice.ask("`list", f"Server: \n{in_pool}\n")

    harris = daemon.connect()
    harris.ask("`list", f"Server: \n{in_pool}\n")
    harris.ask("`join 1 Harris", "Server: You join @chatroom 1")
    alice.expect("Harris: joined us @chatroom 1.")
    in_pool += f"Harris@{harris.address} "

    trump = daemon.connect()
    trump.ask("`list", f"Server: \n{in_pool}\n")
    trump.ask("`join 1 Trump", "Server: You join @chatroom 1")
    alice.expect("Trump: joined us @chatroom 1.")
    harris.expect("Trump: joined us @chatroom 1.")
    with_trump = f"{in_pool}Trump@{trump.address} "
    trump.ask("`list", f"Server: \n{with_trump}\n")
    trump.ask("`quit", "Server: You quitted from chatroom swimming@1")
    alice.expect("Server: Trump quitted.")
    harris.expect("Server: Trump quitted.")
    trump.ask("", "Server: Join a room first!")

    alice.send("Hello, I am Alice")
    harris.expect("Alice: Hello, I am Alice")
    trump.ask("`start 2 Food", "Server: Chatroom 2 started!")
    trump.ask("`list", f"Server: \n{in_pool}\nFood@2: no chatters!\n")
    trump.ask("`join 3 Trump", "Server: Chatroom 3 NOT exist!")
    trump.ask("`join 2 Trump", "Server: You join @chatroom 2")
    trump.ask("`join 1 Trump", "Server: You must quit your current chatroom 2 first.")
    trump.ask("`quit", "Server: You quitted from chatroom Food@2")
    trump.ask("`join 1 Trump", "Server: You join @chatroom 1")
    alice.expect("Trump: joined us @chatroom 1.")
    harris.expect("Trump: joined us @chatroom 1.")
    harris.ask("`list", f"Server: \n{with_trump}\nFood@2: no chatters!\n")
    harris.send("Hello Trump, let's have a debate!")
    alice.expect("Harris: Hello Trump, let's have a debate!")
    trump.expect("Harris: Hello Trump, let's have a debate!")
    trump.ask("`quit", "Server: You quitted from chatroom swimming@1")
    alice.expect("Server: Trump quitted.")
    harris.expect("Server: Trump quitted.")
    trump.ask("`exit", "Server: Goodbye!")
    assert trump.read() is None

    daemon.type("quit")
    assert daemon.ended() == 0
    assert trace_of(daemon, trump) == [
        "> `list",
        f"< \\n{in_pool}\\n",
        "> `join 1 Trump",
        "< You join @chatroom 1",
        "> `list",
        f"< \\n{with_trump}\\n",
        "> `quit",
        "< You quitted from chatroom swimming@1",
        "> ",
        "< Join a room first!",
        "> `start 2 Food",
        "< Chatroom 2 started!",
        "> `list",
        f"< \\n{in_pool}\\nFood@2: no chatters!\\n",
        "> `join 3 Trump",
        "< Chatroom 3 NOT exist!",
        "> `join 2 Trump",
        "< You join @chatroom 2",
        "> `join 1 Trump",
        "< You must quit your current chatroom 2 first.",
        "> `quit",
        "< You quitted from chatroom Food@2",
        "> `join 1 Trump",
        "< You join @chatroom 1",
        "< Harris: Hello Trump, let's have a debate!",
        "> `quit",
        "< You quitted from chatroom swimming@1",
        "> `exit",
        "< Goodbye!",
    ]
    assert trace_of(daemon, alice)[6:] == [
        "< Harris: joined us @chatroom 1.",
        "< Trump: joined us @chatroom 1.",
        "< Server: Trump quitted.",
        "> Hello, I am Alice",
        "< Trump: joined us @chatroom 1.",
        "< Harris: Hello Trump, let's have a debate!",
        "< Server: Trump quitted.",
        "< Administrator: Chatserver is going to shutdown...",
    ]


def test_task_5(start):
    """Alice, Bob and Cathy chat while the administrator uses the console, as in Task 5."""
    daemon = start("--trace")
    clients = []
    for _ in range(3):
        clients.append(daemon.connect())
        daemon.expect(r"System: new connection .*")
    alice, bob, cathy = clients

    daemon.type("`help", "`list", "`start 1 Swimming", "`start 1 Running", "`list")
    daemon.expect("Administrator: Swimming@1: no chatters!")
    alice.ask("`join 1 Alice", "Server: You join @chatroom 1")
    bob.ask("`join 1 Bob", "Server: You join @chatroom 1")
    alice.expect("Bob: joined us @chatroom 1.")
    cathy.ask("`join 1 Cathy", "Server: You join @chatroom 1")
    alice.expect("Cathy: joined us @chatroom 1.")
    bob.expect("Cathy: joined us @chatroom 1.")
    room = f"Swimming@1: Alice@{alice.address} Bob@{bob.address} Cathy@{cathy.address} "
    cathy.ask("`list", f"Server: \n{room}\n")

    daemon.type("`kick Bob 1")
    kicked = "You were kicked out from chatroom Swimming@1 by the Administrator!"
    bob.expect(f"Server: {kicked}")
    alice.expect("Administrator: Bob was kicked out.")
    cathy.expect("Administrator: Bob was kicked out.")
    alice.ask("`list", f"Server: \nSwimming@1: Alice@{alice.address} Cathy@{cathy.address} \n")
    bob.ask("`join 1 Bob", "Server: You join @chatroom 1")
    alice.expect("Bob: joined us @chatroom 1.")
    cathy.expect("Bob: joined us @chatroom 1.")
    room = f"Swimming@1: Alice@{alice.address} Cathy@{cathy.address} Bob@{bob.address} "
    bob.ask("`list", f"Server: \n{room}\n")
    bob.send("Hello, I'm Bob.")
    alice.expect("Bob: Hello, I'm Bob.")
    cathy.expect("Bob: Hello, I'm Bob.")

    daemon.type("`end", "`end 1")
    for client in clients:
        client.expect("Administrator: chatroom is being closed by the Administrator.")
    alice.ask("`list", "Server: No room exists!")
    daemon.type("`quit")
    for client in clients:
        client.expect("Administrator: Chatserver is going to shutdown...", None)
    assert daemon.ended() == 0

    assert trace_of(daemon, bob) == [
        "> `join 1 Bob",
        "< You join @chatroom 1",
        "< Cathy: joined us @chatroom 1.",
        f"< {kicked}",
        "> `join 1 Bob",
        "< You join @chatroom 1",
        "> `list",
        f"< \\n{room}\\n",
        "> Hello, I'm Bob.",
        "< Administrator: chatroom is being closed by the Administrator.",
        "< Administrator: Chatserver is going to shutdown...",
    ]
    printed = console_lines(daemon)
    closed = sorted(printed[-3:])
    assert closed == sorted(f"System: connection from {c.address} closed" for c in clients)
    assert printed[:-3] == [
        f"System: ChatServer is listening at (localhost, {daemon.port})...",
        *(f"System: new connection from {client.address}" for client in clients),
        "",
        *help_text(CONSOLE_COMMANDS.values()).splitlines(),
        "",
        "Administrator: No chatroom exists!",
        "Administrator: Chatroom 1 started!",
        "Administrator: Chatroom 1 exists!",
        "",
        "Administrator: Swimming@1: no chatters!",
        "",
        f"Alice joined room [1] from {shown_address(alice)}",
        f"Bob joined room [1] from {shown_address(bob)}",
        f"Cathy joined room [1] from {shown_address(cathy)}",
        "Bob left room [1].",
        "Administrator: Bob was kicked from chatroom 1.",
        f"Bob joined room [1] from {shown_address(bob)}",
        "Unknown commands.",
        CONSOLE_COMMANDS["end"].help_line,
        "Administrator: chatroom 1 closed.",
        "Administrator: notify clients about shutting down server...",
        "System: please terminate the console",
        "Administrator: Shutting down server console...",
        "System: Shutting down server...",
    ]
