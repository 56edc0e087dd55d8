"""The registration of a client: CAP, NICK, USER, PASS, and the welcome (RFC 2812, IRCv3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from chatd.core.errors import BannedError, ChatError, ErrorCode
from chatd.core.names import new_name
from chatd.core.profiles import Profile
from chatd.core.records import AccountRef
from chatd.core.sanitize import sanitize
from chatd.protocol.error_text import error_text
from chatd.protocol.irc import capabilities as caps
from chatd.protocol.irc import names
from chatd.protocol.irc.line import MAX_BODY, Line, cut
from chatd.protocol.irc.numerics import Numeric
from chatd.protocol.replies import ErrorReply
from chatd.server.irc import serverinfo
from chatd.server.irc.away import set_away
from chatd.server.irc.joining import own_join, room_lines
from chatd.server.irc.settings import VERSION
from chatd.server.irc.texts import last_words, shown_about
from chatd.server.missed import send_missed

if TYPE_CHECKING:  # session.py imports this module
    from chatd.server.irc.session import IrcSession

MAX_LINES: Final = 100
"""How many lines a client may send before the welcome."""

_CAP_302: Final = 302

_HTTP_VERBS: Final = frozenset({"GET", "POST", "PUT", "HEAD", "OPTIONS", "CONNECT", "DELETE"})


@dataclass(slots=True)
class Registration:
    """The data that a client has told before the welcome, in so many `lines`.

    It `negotiates` from its first CAP to CAP END, and is not welcomed before. `nick` is the name
    that it asks for, `shown` the same if it is one that a user can have.
    `account` is one that it has logged in to, `away` the message of a user who is away, if any.
    """

    negotiates: bool = False
    nick: str | None = None
    shown: str = "*"
    profile: Profile | None = None
    password: str | None = None
    account: AccountRef | None = None
    away: str = ""
    lines: int = 0

    @property
    def may_log_in(self) -> bool:
        """Whether the client has logged in, or may do so before it has told all that is needed."""
        return self.negotiates or self.account is not None or self.password is not None

    @property
    def is_ready(self) -> bool:
        """Whether all is there that the welcome needs."""
        return not self.negotiates and self.nick is not None and self.profile is not None

    def count_line(self) -> bool:
        """Count a line; tell whether the client may still send it."""
        self.lines += 1
        return self.lines <= MAX_LINES

    def is_http(self, command: str) -> bool:
        """Tell whether a browser was made to send a command, rather than an IRC client."""
        return self.nick is None and command in _HTTP_VERBS


# -- capabilities


async def cap(session: IrcSession, request: Line) -> None:
    """Negotiate capabilities: LS, LIST, REQ, END."""
    subcommand = request.params[0].upper()
    registration = session.registration
    if registration is not None and subcommand in {"LS", "REQ"}:
        registration.negotiates = True
    if subcommand == "LS":
        version = request.params[1] if len(request.params) > 1 else ""
        if version.isascii() and version.isdigit() and int(version[:9]) >= _CAP_302:
            session.knows_302 = True
            session.set_capabilities(session.capabilities | {caps.CAP_NOTIFY})
        _list_offered(session)
    elif subcommand == "LIST":
        _send_names(session, "LIST", sorted(session.capabilities))
    elif subcommand == "REQ":
        _request(session, request.params[1] if len(request.params) > 1 else "")
    elif subcommand == "END":
        if registration is not None and registration.negotiates:
            registration.negotiates = False
            if session.authentication is not None:
                abort_login(session)
            await complete(session)
    else:
        session.reply(Numeric.INVALIDCAPCMD, request.params[0], "Invalid CAP command")


def _offered(session: IrcSession) -> dict[str, str]:
    return session.irc.capabilities(
        is_tls=session.is_tls, may_log_in=session.may_log_in, mechanisms=session.mechanisms
    )


def _list_offered(session: IrcSession) -> None:
    offered = _offered(session)
    if session.knows_302:
        shown = [f"{name}={value}" if value else name for name, value in offered.items()]
    else:
        shown = [name for name in offered if name != caps.STS]  # which is nothing but its value
    _send_names(session, "LS", shown)


def _send_names(session: IrcSession, subcommand: str, words: list[str]) -> None:
    """Send the names of capabilities, in several lines if one is too short for them."""
    parts = _fitting(session, f"{subcommand} *", words)
    if not session.knows_302:
        del parts[1:]  # these clients know one line alone
    *more, last = parts
    for part in more:
        _send_cap(session, f"{subcommand} *", part)
    _send_cap(session, subcommand, last)


def _fitting(session: IrcSession, subcommand: str, words: list[str]) -> list[str]:
    """Return the words, joined by blanks to as few texts as fit in the lines of a subcommand."""
    size = _size(session, subcommand)
    parts = [""]
    for each in words:
        word = cut(each, size)
        longer = f"{parts[-1]} {word}" if parts[-1] else word
        if parts[-1] and len(longer.encode()) > size:
            parts.append(word)
        else:
            parts[-1] = longer
    return parts


def _size(session: IrcSession, subcommand: str) -> int:
    """Return how many bytes the text in a line of a subcommand has at most."""
    return MAX_BODY - len(f":{session.irc.name} CAP {session.nick} {subcommand} :".encode())


def _send_cap(session: IrcSession, subcommand: str, text: str) -> None:
    session.response.add(f":{session.irc.name} CAP {session.nick} {subcommand} :{text}\r\n")


def _request(session: IrcSession, text: str) -> None:
    offered = _offered(session)
    words, wanted = text.split(), set(session.capabilities)
    is_refused = False
    for word in words:
        name = word.removeprefix("-")
        is_kept = word == f"-{caps.CAP_NOTIFY}" and session.knows_302
        is_refused = is_refused or name not in offered or name == caps.STS or is_kept
        if word.startswith("-"):
            wanted.discard(name)
        else:
            wanted.add(name)
    answer = "NAK" if is_refused else "ACK"
    # Clients compare the text with theirs, so it is repeated as it is, if that is possible.
    if text.isprintable() and len(text.encode()) <= _size(session, answer):
        parts = [text]
    else:
        parts = _fitting(session, answer, sanitize(text).split())
    for part in parts:
        _send_cap(session, answer, part)
    if not is_refused:
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
    try:
        name = new_name(wanted)
        world, seconds = session.services.world, session.services.log.seconds()
        if world.find_account(name.text) is None:
            world.check_name(name, None, seconds, session.user)
        registration.nick = registration.shown = name.text
    except BannedError:
        raise
    except ChatError:
        if not registration.may_log_in:
            raise
        registration.nick = wanted
    # A client that logs in yet, by SASL or PASS, has the name of the account, whatever it asks for.
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
    except ChatError:
        _note_registered(session, wanted)
        raise
    if name != former:
        tags = session.base_codec.messages.tags(session.services.now())
        session.send_line(source, "NICK", name, tags=tags)


def _note_registered(session: IrcSession, wanted: str) -> None:
    """Tell a client that a name needs a login, if it is that of an account."""
    account = session.services.world.find_account(wanted)
    if account is not None:
        words = "The name is that of an account: log in"
        session.send_line("", "NOTE", "NICK", "REGISTERED", account.name, words)


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


def quit_(session: IrcSession, request: Line) -> None:
    """End the connection, with last words for those who share a room."""
    text = last_words(request.params[0]) if request.params else ""
    work = session.services.accounts.sign_off(session, session.services.now(), text)
    session.finish(work, text)


# -- the welcome


async def complete(session: IrcSession) -> None:
    """Welcome the client, if it has told all that is needed."""
    registration = session.registration
    if registration is None or not registration.is_ready:
        return
    if await _try_to_enter(session, registration):
        # At once, as the client may read no event of a room before it.
        _welcome(session)
        if registration.account is not None:
            await session.services.accounts.bind_token(session)
        if registration.away:
            await set_away(session, registration.away)


async def _try_to_enter(session: IrcSession, registration: Registration) -> bool:
    """Do as `_enter` does; if it is not possible for now, the client may try again as it is."""
    try:
        return await _enter(session, registration)
    except ChatError as error:
        if error.code is not ErrorCode.UNAVAILABLE:
            raise
        words = "You cannot be registered for now. Send NICK to try again."
        session.fail("*", "UNAVAILABLE", words)
        return False


async def _enter(session: IrcSession, registration: Registration) -> bool:
    """Give the user a name, or make the session one of an account's user; tell whether it is so."""
    services, wanted = session.services, registration.nick
    assert wanted is not None
    assert registration.profile is not None
    if registration.account is None and registration.password is not None:
        registration.account = await _password_login(session, registration.password)
        if registration.account is None:
            return False
    # Those who watch the name read of the user as they are told it.
    await services.presence.set_profile(session, registration.profile, services.now())
    try:
        if registration.account is not None:
            await services.accounts.enter_account(session, registration.account, services.now())
        else:
            await services.chat.rename(session, wanted, services.now())
    except BannedError:
        raise
    except ChatError as error:
        if error.code is ErrorCode.UNAVAILABLE:
            raise
        registration.nick, registration.shown = None, "*"
        _note_registered(session, wanted)
        raise ChatError(error.code, **{**error.params, "name": wanted}) from error
    return True


async def _password_login(session: IrcSession, text: str) -> AccountRef | None:
    """Return the account of `account:password`, None if the connection ends as there is none."""
    account, colon, given = text.partition(":")
    words = "Password incorrect"
    if not session.may_log_in:
        words = "Passwords are taken over TLS alone"
    elif colon:
        try:
            # As the codecs do with what other clients send.
            name, secret = sanitize(account), sanitize(given)
            return await session.services.accounts.authenticate(session, name, secret)
        except ChatError as error:
            if error.code is ErrorCode.UNAVAILABLE:
                raise
            if error.code is not ErrorCode.WRONG_PASSWORD:
                session.quit(error_text(ErrorReply(error.code, error.params)))
                return None
            note_failure(session)
    session.reply(Numeric.PASSWDMISMATCH, f"{words}: PASS account:password")
    session.quit(words)
    return None


def abort_login(session: IrcSession) -> None:
    """Give up an exchange of SASL, and tell the client."""
    session.authentication = None
    session.reply(Numeric.SASLABORTED, "SASL authentication aborted")


def note_failure(session: IrcSession) -> None:
    """Note that somebody has sent a wrong password."""
    session.services.counters.login_failed()
    session.services.event_log.login_failed(session.address)


def _welcome(session: IrcSession) -> None:
    """Send the welcome, and the rooms that the user is in."""
    irc = session.irc
    session.registered()
    name = session.user.name
    session.reply(Numeric.WELCOME, f"Welcome to the {irc.network} IRC network, {name}")
    session.reply(Numeric.YOURHOST, f"Your host is {irc.name}, running {VERSION}")
    session.reply(Numeric.CREATED, f"This server was started {serverinfo.time_text(irc.started)}")
    session.reply(Numeric.MYINFO, irc.name, VERSION, "B", "bklimnostvq", "bklovq")
    serverinfo.send_isupport(session)
    serverinfo.send_lusers(session)
    serverinfo.send_motd(session)
    send_rooms(session)


def send_rooms(session: IrcSession) -> None:
    """Send the rooms that other sessions of the user are in, and what the account has missed."""
    for room in session.user.rooms:
        session.response.add(room_lines(session, room, own_join(session, room)))
    session.response.flush()
    if not session.closed:
        send_missed(session)
