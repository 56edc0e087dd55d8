"""A room in which there is a user of each rank."""

from chatd.core.rooms import Role
from chatd.core.world import account_operations as account_ops
from chatd.core.world import operations as ops
from chatd.core.world.rights import Rank
from tests.core.world.harness import AMY, NOW, WorldHarness, join, set_role

RANKS = {
    "console": Rank.CONSOLE,
    "adam": Rank.ADMINISTRATOR,
    "alma": Rank.ADMINISTRATOR,
    "owen": Rank.OWNER,
    "opal": Rank.OPERATOR,
    "oscar": Rank.OPERATOR,
    "guesto": Rank.OPERATOR,
    "vic": Rank.VOICE,
    "guestv": Rank.VOICE,
    "mia": Rank.NONE,
    "guest": Rank.NONE,
}
"""The ranks of the users; those whose names begin with `guest` have no account."""

NAMES = tuple(name for name in RANKS if name != "console")
ACCOUNTS = tuple(name for name in NAMES if not name.startswith("guest"))
ROLES = {Rank.OPERATOR: Role.OPERATOR, Rank.VOICE: Role.VOICE}


class Club(WorldHarness):
    """A world with the room `club`, in which all of these users are, and the room `hall`.

    `keys` has their sessions by their names, `accounts` the accounts.
    """

    def __init__(self):
        super().__init__()
        self.start("hall")
        self.accounts = {name: self.account(name) for name in ACCOUNTS}
        self.club = self.start("club", owner=self.accounts["owen"].id)
        self.keys = {name: self.guest(name, "club") for name in NAMES if name not in ACCOUNTS}
        self.keys |= {name: self.log_in(self.accounts[name], "club") for name in ACCOUNTS}
        for name, rank in RANKS.items():
            if rank is Rank.ADMINISTRATOR:
                self.do(account_ops.SetAdmin(self.accounts[name].id, True))
            elif rank in ROLES:
                self.do(set_role(name, ROLES[rank], room="club"))

    def by(self, name):
        """Return the one who acts: a user, or the administrator at the console."""
        return AMY if name == "console" else ops.By(self.keys[name])

    def member(self, name):
        """Return the user with a name."""
        return self.user(self.keys[name])

    def leave(self, *names):
        """Let users leave the club."""
        for name in names:
            self.do(ops.Leave(self.keys[name], "club", NOW))

    def log_out(self, *names):
        """Let the users of accounts log out."""
        for name in names:
            self.do(account_ops.LogOut(self.keys[name], NOW))

    def join(self, name, key=None):
        """Let a user join the club."""
        return self.do(join(self.keys[name], "club", key=key))
