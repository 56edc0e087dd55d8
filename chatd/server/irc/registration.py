"""The registration of a client: CAP, NICK, USER, PASS, and the welcome (RFC 2812, IRCv3)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.names import new_name
from chatd.core.profiles import Profile
from chatd.core.records import AccountRef
from chatd.core.sanitize import sanitize
from chatd.protocol.irc import names
from chatd.protocol.irc.line import MAX_BODY, Line, cut
from chatd.protocol.irc.numerics import Numeric
from chatd.protocol.irc.splitting import without_formatting
from chatd.server.irc import serverinfo
from chatd.server.irc.joining import own_join, room_lines
from chatd.server.irc.settings import MAX_TEXT, VERSION
from chatd.server.missed import send_missed

if TYPE_CHECKING:  # session.py imports this module
    from chatd.server.irc.session import IrcSession

MAX_LINES: Final = 100
"""How many lines a client may send before it is registered, other than those of SASL."""

CAP_302: Final = 302

_TOKENS_PER_LINE: Final = 13
_HTTP_VERBS: Final = frozenset({"GET", "POST", "PUT", "HEAD", "OPTIONS", "CONNECT", "DELETE"})


class Phase(Enum):
    """The progress of a registration."""

    OPEN = auto()  # complete as soon as NICK and USER are there
    NEGOTIATING = auto()  # the client has begun with CAP, and has not sent CAP END
    COMPLETING = auto()  # the client waits for the welcome


@dataclass(slots=True)
class Registration:
    """What a client has told before the welcome. `account` is one that it has logged in to."""

    phase: Phase = Phase.OPEN
    nick: str | None = None
    profile: Profile | None = None
    password: str | None = None
    account: AccountRef | None = None
    lines: int = 0

    @property
    def is_ready(self) -> bool:
        """Whether all is there that the welcome needs."""
        return self.phase is Phase.OPEN and self.nick is not None and self.profile is not None

    def is_http(self, command: str) -> bool:
        """Tell whether a browser was made to send a command, rather than an IRC client."""
        return self.nick is None and command in _HTTP_VERBS


# -- capabilities


async def cap(session: IrcSession, request: Line) -> None:
    """Negotiate capabilities: LS, LIST, REQ, END."""
    subcommand = request.params[0].upper()
    registration = session.registration
    if subcommand == "LS":
        if registration is not None:
            registration.phase = Phase.NEGOTIATING
        version = request.params[1] if len(request.params) > 1 else ""
        if version.isascii() and version.isdigit() and int(version[:9]) >= CAP_302:
            session.version = CAP_302
        _list_offered(session)
    elif subcommand == "LIST":
        _send_names(session, "LIST", sorted(session.capabilities))
    elif subcommand == "REQ":
        if registration is not None:
            registration.phase = Phase.NEGOTIATING
        _request(session, request.params[1] if len(request.params) > 1 else "")
    elif subcommand == "END":
        if registration is not None and registration.phase is Phase.NEGOTIATING:
            registration.phase = Phase.OPEN
            await complete(session)
    else:
        session.reply(Numeric.INVALIDCAPCMD, request.params[0], "Invalid CAP command")


def _offered(session: IrcSession) -> dict[str, str]:
    return session.irc.capabilities(is_tls=session.is_tls, may_log_in=session.may_log_in)


def _list_offered(session: IrcSession) -> None:
    offered = _offered(session)
    if session.version >= CAP_302:
        shown = [f"{name}={value}" if value else name for name, value in offered.items()]
    else:
        shown = list(offered)
    _send_names(session, "LS", shown)


def _send_names(session: IrcSession, subcommand: str, words: list[str]) -> None:
    """Send the names of capabilities, in several lines if one is too short for them."""
    size = MAX_BODY - len(f":{session.irc.name} CAP {session.nick} {subcommand} * :".encode())
    shown: list[str] = []
    for word in words:
        if session.version >= CAP_302 and len(" ".join((*shown, word))) > size:
            session.send_line("", "CAP", session.nick, subcommand, "*", " ".join(shown))
            shown = []
        shown.append(word)
    session.response.add(
        f":{session.irc.name} CAP {session.nick} {subcommand} :{' '.join(shown)}\r\n"
    )


def _request(session: IrcSession, text: str) -> None:
    offered = _offered(session)
    wanted = set(session.capabilities)
    for word in text.split():
        name = word.removeprefix("-")
        if name not in offered or name == "sts":
            session.response.add(f":{session.irc.name} CAP {session.nick} NAK :{text}\r\n")
            return
        if word.startswith("-"):
            wanted.discard(name)
        else:
            wanted.add(name)
    session.response.add(f":{session.irc.name} CAP {session.nick} ACK :{text}\r\n")
    session.response.flush()  # before anything in other words
    session.set_capabilities(frozenset(wanted))


# -- names and passwords


def password(session: IrcSession, request: Line) -> None:
    """Note the account and its password: `PASS account:password`."""
    if session.registration is None:
        session.reply(Numeric.ALREADYREGISTRED, "You may not reregister")
    else:
        session.registration.password = request.params[0]


async def nick(session: IrcSession, request: Line) -> None:
    """Take a name, or another one."""
    wanted = request.params[0] if request.params else ""
    if not wanted:
        session.reply(Numeric.NONICKNAMEGIVEN, "No nickname given")
        return
    registration = session.registration
    if registration is None:
        await _rename(session, wanted)
        return
    name = new_name(wanted)
    if registration.account is None and registration.phase is Phase.OPEN:
        world, seconds = session.services.world, session.services.log.seconds()
        try:
            world.check_name(name, None, seconds, session.user)
        except ChatError as error:
            if registration.password is None:  # which may be that of the name's account
                _note_registered(session, error)
                raise
    registration.nick = name.text
    await complete(session)


async def _rename(session: IrcSession, wanted: str) -> None:
    if session.user.account is not None:
        if wanted != session.user.name:
            words = "Your nick is the name of your account"
            session.reply(Numeric.NICKNAMEINUSE, wanted, words)
        return
    former, source = session.user.name, session.source
    try:
        name = await session.services.chat.rename(session, wanted, session.services.now())
    except ChatError as error:
        _note_registered(session, error)
        raise
    if name != former:
        tags = session.base_codec.messages.tags(session.services.now())
        session.send_line(source, "NICK", name, tags=tags)


def _note_registered(session: IrcSession, error: ChatError) -> None:
    """Tell a client that a name needs a login, beside the error that it is in use."""
    if error.code is ErrorCode.NAME_NEEDS_LOGIN:
        name, words = str(error.params.get("name", "*")), "The name is that of an account: log in"
        session.send_line("", "NOTE", "NICK", "REGISTERED", name, words)


async def user(session: IrcSession, request: Line) -> None:
    """Note the name of the user on their machine, and their real name."""
    registration = session.registration
    if registration is None:
        session.reply(Numeric.ALREADYREGISTRED, "You may not reregister")
        return
    about = shown_about(request.params[3])
    if not request.params[0] or not about:
        session.need_more_params("USER")
        return
    registration.profile = Profile(names.username(sanitize(request.params[0])), about)
    await complete(session)


def shown_about(text: str) -> str:
    """Return the real name of a user as it is shown: one line, not too long."""
    return cut(" ".join(sanitize(without_formatting(text)).split()), MAX_TEXT // 2)


def quit_(session: IrcSession, request: Line) -> None:
    """End the connection, with last words for those who share a room."""
    text = last_words(request.params[0]) if request.params else ""
    work = session.services.accounts.sign_off(session, session.services.now(), text)
    session.finish(work, text)


def last_words(text: str) -> str:
    """Return the words with which a user leaves, on one line."""
    return cut(" ".join(sanitize(without_formatting(text)).split()), MAX_TEXT)


# -- the welcome


async def complete(session: IrcSession) -> None:
    """Welcome the client, if it has told all that is needed."""
    registration = session.registration
    if registration is None or not registration.is_ready:
        return
    registration.phase = Phase.COMPLETING
    try:
        if await _enter(session, registration):
            await _welcome(session)
    finally:
        if session.registration is not None:
            registration.phase = Phase.OPEN


async def _enter(session: IrcSession, registration: Registration) -> bool:
    """Give the user a name, or make the session one of an account's user; tell whether it is so."""
    services, wanted = session.services, registration.nick
    assert wanted is not None
    assert registration.profile is not None
    account = registration.account
    if account is None and registration.password is not None:
        account = await _password_login(session, registration.password)
        if account is None:
            return False
    try:
        if account is not None:
            await services.accounts.log_in(session, account, services.now())
        else:
            await services.chat.rename(session, wanted, services.now())
    except ChatError as error:
        registration.nick = None
        _note_registered(session, error)
        raise ChatError(error.code, **{**error.params, "name": wanted}) from error
    profile = session.user.profile
    if not profile.username:
        await services.presence.set_profile(session, registration.profile, services.now())
    return True


async def _password_login(session: IrcSession, text: str) -> AccountRef | None:
    """Return the account of `account:password`, None if it is wrong: the connection ends then."""
    account, colon, given = text.partition(":")
    if colon and session.may_log_in:
        try:
            return await session.services.accounts.authenticate(session, account, given)
        except ChatError as error:
            if error.code is not ErrorCode.WRONG_PASSWORD:
                raise
            session.services.counters.login_failed()
            session.services.event_log.login_failed(session.address)
    session.reply(Numeric.PASSWDMISMATCH, "Password incorrect: PASS account:password")
    session.quit("Password incorrect")
    return None


async def _welcome(session: IrcSession) -> None:
    irc = session.irc
    session.registered()
    name = session.user.name
    session.reply(Numeric.WELCOME, f"Welcome to the {irc.network} IRC network, {name}")
    session.reply(Numeric.YOURHOST, f"Your host is {irc.name}, running {VERSION}")
    session.reply(Numeric.CREATED, f"This server was started {serverinfo.time_text(irc.started)}")
    session.reply(Numeric.MYINFO, irc.name, VERSION, "B", "bklimnostvq", "bklovq")
    tokens = irc.isupport()
    for start in range(0, len(tokens), _TOKENS_PER_LINE):
        part = tokens[start : start + _TOKENS_PER_LINE]
        session.reply(Numeric.ISUPPORT, *part, "are supported by this server")
    serverinfo.send_lusers(session)
    serverinfo.send_motd(session)
    for room in session.user.rooms:
        session.response.add(room_lines(session, room, own_join(session, room)))
    session.response.flush()
    if session.user.account is not None:
        send_missed(session)
