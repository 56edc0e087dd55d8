"""How many rooms an account may own, and who may register."""

from chatd.admin.commands import execute
from chatd.config import Registrants
from chatd.storage.memory import MemoryStore
from chatd.storage.testing import result
from chatd.testing import MemoryServer


def start_rooms(client, count, prefix="r"):
    """Ask for rooms; return how many were started, and the other answers."""
    client.read()
    client.send(*(f"`start {prefix}{number} room" for number in range(count)))
    answers = client.read()
    started = [answer for answer in answers if answer.endswith(" started!")]
    return len(started), {answer for answer in answers if answer not in started}


REFUSAL = {"Server: You may own at most 20 chatrooms."}


def test_an_account_owns_a_bounded_number_of_rooms():
    """All its sessions together have one limit, also after a restart."""
    store = MemoryStore()
    server = MemoryServer(store=store)
    ann, other = server.connect(), server.connect()
    ann.send("`register Ann password")
    other.send("`login Ann password")
    assert start_rooms(ann, 15) == (15, set())
    assert start_rooms(other, 100, "s") == (5, REFUSAL)
    server.service.stopService()
    server = MemoryServer(store=store)
    ann = server.connect()
    ann.send("`login Ann password")
    assert start_rooms(ann, 1, "t") == (0, REFUSAL)
    server.console("end r0")
    assert start_rooms(ann, 2, "t") == (1, REFUSAL)


def test_a_removed_account_owns_nothing():
    """Its rooms stay, and the next account of the name starts from none."""
    server = MemoryServer(rooms_per_account=2)
    ann = server.connect()
    ann.send("`register Ann password")
    assert start_rooms(ann, 2) == (2, set())
    server.console("unregister Ann")
    ann = server.connect()
    ann.send("`register Ann password")
    assert start_rooms(ann, 2, "s") == (2, set())


def test_no_limit_on_own_rooms():
    """With 0 an account may own any number; a guest and the administrator have no such limit."""
    server = MemoryServer(rooms_per_account=0)
    ann = server.connect()
    ann.send("`register Ann password")
    assert start_rooms(ann, 30) == (30, set())
    server = MemoryServer(rooms_per_account=1)
    assert start_rooms(server.connect(), 3) == (3, set())
    server.console("start a a")
    assert server.console("start b b") == ["Administrator: Chatroom b started!"]


def test_nobody_registers():
    """With `--who-registers nobody` the administrator alone adds accounts."""
    server = MemoryServer(registrants=Registrants.NOBODY)
    client = server.connect()
    client.send("`register Ann password")
    assert client.read() == [
        "Server: Registration is closed. Ask the administrator for an account."
    ]


def test_the_administrator_adds_an_account():
    """The console asks for the password; then the user can log in, and the name is taken."""
    server = MemoryServer(registrants=Registrants.NOBODY)

    async def prompt(_):
        return "password"

    def register(name):
        context = server.service.consoles.context
        return result(execute(context, f"register {name}", prompt)).lines

    server.join("1", "Bob")
    assert register("Ann") == ["Administrator: Ann was registered."]
    assert register("ann") == ["Administrator: Name Ann is already in use!"]
    assert register("Bob") == ["Administrator: Name Bob is already in use!"]
    client = server.connect()
    client.send("`login Ann password")
    assert client.read() == ["Server: Welcome back, Ann."]
