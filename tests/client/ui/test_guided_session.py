"""Guided mode on a pipe: the session of specification section 8 word for word."""

import io

import pytest
from twisted.internet.defer import Deferred

from chatd.client.ui.guided_mode import GuidedMode
from chatd.client.ui.pipe import GuidedReader, PipeScreen
from chatd.testing import MemoryServer
from tests.client.ui.frontends import PASSWORD, ROOM_PROMPT, TIME

pytestmark = pytest.mark.usefixtures("utc")


@pytest.fixture
def server():
    """Return a server with the room `default`."""
    server = MemoryServer(rooms=(("default", "default"),))
    server.turn(TIME)
    return server


class GuidedHarness:
    """A client in guided mode on a pipe: lines are typed, and the output is read."""

    def __init__(self, harness):
        self.harness = harness
        self.output = io.BytesIO()
        screen = PipeScreen(self.output.write, io.StringIO(), lambda: None)
        harness.show, harness.show_error = screen.show, screen.show_error
        self.reader = GuidedReader(harness.client, screen, harness.clock, lambda: TIME)
        harness.start()

    def type(self, *lines):
        """Type lines; return the output."""
        for line in lines:
            done = Deferred.fromCoroutine(self.reader.take(line))
            for _ in range(5):
                self.harness.read()
            assert done.called
        return self.read()

    def end(self):
        """End the input; return the output."""
        Deferred.fromCoroutine(self.reader.end())
        return self.read()

    def read(self):
        """Return the output since the last call; messages are stored meanwhile."""
        for _ in range(5):
            self.harness.read()
            if self.harness.endpoint.server is not None:
                self.harness.endpoint.server.turn(0.005)
        written = self.output.getvalue().decode()
        self.output.seek(0)
        self.output.truncate()
        return written


@pytest.fixture
def harness(server, make_harness):
    """Return a function that makes a harness."""
    return lambda: GuidedHarness(make_harness(server, GuidedMode(lambda: TIME)))


def test_session_of_the_specification(harness):
    """Two users chat, and read the words of specification section 8."""
    prashant = harness()
    prashant.type("1", "prashant", PASSWORD, "room1")
    prachi = harness()
    assert prachi.type("1", "prachi", PASSWORD) == (
        "Press 1 to register\n"
        "Press 2 to login\n"
        "Command: 1\n"
        "Enter username: prachi\n"
        "Enter password:\n"
        "Registered successfully.\n"
        "<---- CHAT ROOMS ---->\n"
        "* default <0>\n"
        "* room1 <1>\n"
        "\n"
    )
    assert prachi.type("room1") == (
        "Join a Chat Room or Create New: room1\n"
        "Joined room1 group as prachi\n"
        "INFO> Connected to host. Start sending messages.\n"
        "LIST => to get list of people online\n"
        "LEAVE => to leave the chat room\n"
        "LOGOUT => logout.\n"
    )
    assert prashant.read().endswith("INFO> prachi joined room [room1] from <127.0.0.1:50002>\n")
    assert prashant.type("hello prachi") == "prashant> [14:51:28] hello prachi\n"
    assert prachi.read() == "prashant> [14:51:28] hello prachi\n"
    assert prachi.type("LIST") == (
        "prachi> [14:51:28] LIST\n"
        "<---- PEOPLE ONLINE ---->\n"
        "* prashant <127.0.0.1:50001>\n"
        "* prachi <127.0.0.1:50002>\n"
        "\n"
    )
    assert prashant.type("LEAVE", "LOGOUT") == (
        "prashant> [14:51:28] LEAVE\n"
        "Left room1 group\n"
        "<---- CHAT ROOMS ---->\n"
        "* default <0>\n"
        "* room1 <1>\n"
        "\n"
        "Join a Chat Room or Create New: LOGOUT\n"
        "Bye, prashant\n"
    )
    assert prashant.harness.client.ended.called
    assert prachi.read() == "INFO> prashant left room [room1].\n"
    assert prachi.type("LOGOUT") == "prachi> [14:51:28] LOGOUT\nBye, prachi\n"
    assert prachi.harness.client.ended.called
    assert prachi.harness.client.complete
    assert not prachi.harness.client.failed


def test_refusals(harness):
    """A refusal is shown in the words of the server, and the question is asked again."""
    harness().type("1", "prachi", PASSWORD, "LOGOUT")
    second = harness()
    assert second.type("3", "1", "prachi", PASSWORD, "2", "prachi", "wrong password") == (
        "Press 1 to register\nPress 2 to login\nCommand: 3\n"
        "Press 1 to register\nPress 2 to login\nCommand: 1\n"
        "Enter username: prachi\nEnter password:\nName prachi is already in use!\n"
        "Press 1 to register\nPress 2 to login\nCommand: 2\n"
        "Enter username: prachi\nEnter password:\nWrong username or password.\n"
        "Press 1 to register\nPress 2 to login\n"
    )
    assert second.type("2", "prachi", PASSWORD, "not a room", "", "room1") == (
        "Command: 2\nEnter username: prachi\nEnter password:\nWelcome back, prachi.\n"
        "<---- CHAT ROOMS ---->\n* default <0>\n\n"
        f"{ROOM_PROMPT}not a room\nChatroom id not a room is not allowed.\n"
        f"{ROOM_PROMPT}\n"
        f"{ROOM_PROMPT}room1\nJoined room1 group as prachi\n"
        "INFO> Connected to host. Start sending messages.\n"
        "LIST => to get list of people online\nLEAVE => to leave the chat room\n"
        "LOGOUT => logout.\n"
    )


def test_words_and_commands_are_not_said(harness, server):
    """Words typed alone, commands, unknown commands and logins are not said to the room."""
    bob = server.join("default", "Bob")
    prachi = harness()
    prachi.type("1", "prachi", PASSWORD, "default")
    assert bob.read() == ["prachi: joined us @chatroom default."]
    prompt = "prachi> [14:51:28] "
    assert prachi.type("list") == (
        f"{prompt}list\n<---- PEOPLE ONLINE ---->\n"
        "* Bob <127.0.0.1:50001>\n* prachi <127.0.0.1:50002>\n\n"
    )
    assert prachi.type(" Help ").startswith(f"{prompt} Help \nLIST => to get list")
    assert prachi.type("`secret Bob psst") == (
        f"{prompt}`secret Bob psst\nINFO> Secret sent to Bob.\n"
    )
    assert bob.read() == ["prachi (secret): psst"]
    assert prachi.type("/foo bar") == (
        f"{prompt}/foo bar\nINFO> Unknown command /foo. To say it, begin with a blank.\n"
    )
    for login in ("/login prachi secret", "login prachi secret", "hi\n/identify secret"):
        assert "INFO> This looks like a login, and was not said" in prachi.type(login)
    prachi.type("", "  ", " LISTEN ", "list them", " /foo", "hi")
    assert bob.read() == [
        "prachi:  LISTEN ",
        "prachi: list them",
        "prachi:  /foo",
        "prachi: hi",
    ]
    assert prachi.type("leave") == (
        f"{prompt}leave\nLeft default group\n<---- CHAT ROOMS ---->\n* default <1>\n\n"
    )
    rooms = "<---- CHAT ROOMS ---->\n* default <1>\n\n"
    assert prachi.type("LIST") == f"{ROOM_PROMPT}LIST\n{rooms}"
    assert prachi.type("Logout") == f"{ROOM_PROMPT}Logout\nBye, prachi\n"


def test_commands(harness, server):
    """Commands with a backtick or a slash have the same answers as words and questions."""
    bob = server.join("default", "Bob")
    bob.send("old")
    prachi = harness()
    prachi.type("1", "prachi", PASSWORD)
    prompt = "prachi> [14:51:28] "
    assert "Joined default group as prachi\n" in prachi.type("/enter default")
    assert prachi.type("/history") == f"{prompt}/history\nBob> [14:51:28] old\n"
    assert "`secret <chatter_name> <message>" in prachi.type("`help")
    assert "`connect" not in prachi.type("`help")
    assert "<---- CHAT ROOMS ---->\n* default <2>\n" in prachi.type("/list")
    assert prachi.type("`password", PASSWORD, "another horse") == (
        f"{prompt}`password\nEnter old password:\nEnter new password:\nINFO> Password changed.\n"
    )
    assert "Left default group\n" in prachi.type("/quit")
    assert prachi.type("/exit") == f"{ROOM_PROMPT}/exit\nBye, prachi\n"


def test_moved_by_the_administrator(harness, server):
    """A user who is in no room any more is shown the rooms again."""
    prachi = harness()
    prachi.type("1", "prachi", PASSWORD, "default")
    rooms = "<---- CHAT ROOMS ---->\n* default <0>\n\n"
    server.console("kick prachi default")
    assert prachi.read() == (
        f"INFO> You were kicked out from chatroom default@default by the Administrator!\n{rooms}"
    )
    server.console("group default prachi")
    assert prachi.read() == (
        "INFO> You were grouped into chatroom default@default by the Administrator.\n"
    )
    assert prachi.type("hi") == "prachi> [14:51:28] hi\n"
    server.console("end default")
    assert prachi.read() == (
        "INFO> Administrator: chatroom is being closed by the Administrator.\n"
        "<---- CHAT ROOMS ---->\n\n"
    )
    assert prachi.type("new").startswith(f"{ROOM_PROMPT}new\nJoined new group as prachi\n")


def test_rejoins_after_a_lost_connection(harness, server):
    """After a lost connection the user is in the room again, and reads missed messages."""
    bob = server.join("default", "Bob")
    prachi = harness()
    prachi.type("1", "prachi", PASSWORD, "default", "hi")
    prachi.harness.endpoint.peer.lose()
    assert prachi.read() == "INFO> Connection lost.\n"
    bob.send("where are you?")
    prachi.harness.clock.advance(1)
    assert prachi.read() == (
        "INFO> Connected again.\n"
        "INFO> Welcome back, prachi.\n"
        "INFO> You join @chatroom default\n"
        "INFO> While you were away, in chatroom default:\n"
        "Bob> [14:51:28] where are you?\n"
    )
    assert prachi.type("here") == "prachi> [14:51:28] here\n"
    assert bob.read()[-1] == "prachi: here"


def test_end_of_input(harness, server):
    """At the end of the input the client leaves without a word."""
    bob = server.join("default", "Bob")
    prachi = harness()
    prachi.type("1", "prachi", PASSWORD, "default", "hi")
    assert prachi.end() == ""
    assert prachi.harness.client.ended.called
    assert prachi.harness.client.complete
    assert bob.read()[-1] == "Server: prachi quitted."


def test_no_server(make_harness):
    """Without a server the client ends with one clear line."""
    guided = GuidedHarness(make_harness(None, GuidedMode()))
    assert guided.read() == "Not connected to localhost:9999.\n"
    assert guided.harness.client.ended.called
    assert guided.harness.client.failed
    assert guided.type("1") == ""


def test_silent_server(harness):
    """A line typed while a reply is missing is not taken, and the client is not complete."""
    prachi = harness()
    prachi.type("1", "prachi", PASSWORD)
    prachi.reader._client.typed("default")
    taken = Deferred.fromCoroutine(prachi.reader.take("hello"))
    prachi.harness.clock.advance(10)
    assert taken.called
    assert not prachi.harness.client.complete
    assert prachi.read().count("hello") == 0


def test_a_password_is_no_room(harness, server):
    """A user who types the new password a second time starts no room of that name."""
    prachi = harness()
    prachi.type("1", "prachi", PASSWORD)
    assert "INFO> This is your password, and was not sent.\n" in prachi.type(PASSWORD)
    assert PASSWORD not in "".join(server.console("list"))


@pytest.mark.parametrize("word", ["quit", "EXIT"])
def test_other_words_for_the_end(harness, server, word):
    """Words of other programs are not said, and the user reads those of this one."""
    bob = server.join("default", "Bob")
    prachi = harness()
    prachi.type("1", "prachi", PASSWORD, "default")
    bob.read()
    assert "LEAVE leaves the room, and LOGOUT ends the program." in prachi.type(word)
    prachi.type(f" {word}")
    assert bob.read() == [f"prachi:  {word}"]


def test_names_of_rooms(harness, server):
    """A room whose name is another than its id is shown with both, and joined by either."""
    server.console("start tea Tea house")
    server.join("tea", "Bob")
    prachi = harness()
    assert "* default <0>\n* tea (Tea house) <1>\n" in prachi.type("1", "prachi", PASSWORD)
    assert "Joined tea (Tea house) group as prachi\n" in prachi.type("Tea house")
