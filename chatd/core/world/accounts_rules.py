"""The rules of accounts and sessions: registration, login, logout, resuming, and ends."""

from __future__ import annotations

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.events import DisconnectReason, LeaveReason
from chatd.core.names import Name
from chatd.core.records import AccountRef
from chatd.core.rooms import SessionKey, User
from chatd.core.world import access
from chatd.core.world import account_operations as account_ops
from chatd.core.world.effects import IgnoresChanged, NameChanged, TokenRevoked
from chatd.core.world.rooms import RoomState
from chatd.core.world.users_rules import change_profile
from chatd.core.world.world import World

# -- accounts


def reserve_name(world: World, op: account_ops.ReserveName) -> None:
    """Reserve a name for a session while its account is registered."""
    user = world.sessions.get(op.session)
    users = () if user is None else (user,)
    world.check_unused(op.name, op.session, world.seconds, *users)
    if user is not None:
        check_in_no_room(user, op.current)
    world.names.reserve(op.session, op.name)


def release_name(world: World, op: account_ops.ReleaseName) -> None:
    """Release the name that is reserved for a session."""
    world.names.release(op.session)


def add_account(world: World, op: account_ops.AddAccount) -> None:
    """Add an account."""
    world.accounts.add(op.account, op.keys)


def remove_account(world: World, op: account_ops.RemoveAccount) -> None:
    """Remove an account, and disconnect its user."""
    account = world.accounts.by_id(op.account)
    if account is None:
        return
    user = world.user_of(account)
    world.rooms.forget_account(account.id)
    world.invitations.remove_subject(account.id)
    world.tokens.unpark_account(account.id)
    world.accounts.remove(account.id)
    if user is not None:
        reason = DisconnectReason.UNREGISTERED
        world.disconnect_user(user, LeaveReason.LOGOUT, reason, op.now)


def set_admin(world: World, op: account_ops.SetAdmin) -> None:
    """Make an account an administrator, or let it be none."""
    world.accounts.set_admin(op.account, op.is_admin)


# -- logins


def log_in(world: World, op: account_ops.LogIn) -> str:
    """Make a session one of the account's user."""
    user = world.session_user(op.session, op.address)
    check_logged_out(user)
    check_in_no_room(user)
    _check_account(world, op.account)
    _check_name_is_free(world, op.account, user, op.session)
    _end_surplus(world, op.account, op)
    _log_in(world, op.session, user, op.account, op.now)
    return op.account.name


def log_out(world: World, op: account_ops.LogOut) -> str:
    """Make a session one of a new guest without a name."""
    user = world.find_session(op.session)
    if user.account is None:
        raise ChatError(ErrorCode.LOGIN_FIRST)
    name = user.name
    if world.move_session(op.session, User(world.address_of(op.session))):
        world.remove_user(user, LeaveReason.LOGOUT, op.now)
    return name


def check_logged_out(user: User) -> None:
    """Raise `ChatError` if a user is logged in."""
    if user.account is not None:
        raise ChatError(ErrorCode.LOGGED_IN, name=user.name)


def check_in_no_room(user: User, current: str | None = None) -> None:
    """Raise `ChatError`, which names the `current` room, if a user is in a room."""
    if user.rooms:
        raise ChatError(ErrorCode.ALREADY_IN_ROOM, room=current or next(reversed(user.rooms)).id)


def _check_account(world: World, account: AccountRef) -> None:
    """Raise `ChatError` if an account does not exist any more, or its name is banned."""
    if world.accounts.by_id(account.id) != account:
        raise ChatError(ErrorCode.WRONG_PASSWORD)
    name = Name(account.name, world.accounts.keys(account.id))
    world.check_not_banned(name, world.seconds)


def _check_name_is_free(
    world: World, account: AccountRef, guest: User, session: SessionKey
) -> None:
    """Raise `ChatError` if another user than the account's has its name."""
    if world.user_of(account) is None:
        name = Name(account.name, world.accounts.keys(account.id))
        world.names.check_free(name, session, world.seconds, guest)


def _end_surplus(
    world: World, account: AccountRef, op: account_ops.LogIn | account_ops.Resume
) -> None:
    """End the sessions of an account's user that leave no place for a further one."""
    user = world.user_of(account)
    if user is None:
        return
    silent = [session for session in op.silent if session in user.sessions]
    silent += [session for session in user.sessions if session not in silent]
    for session in silent[: max(len(user.sessions) - op.max_sessions + 1, 0)]:
        world.disconnect(session, DisconnectReason.REPLACED, op.now)


def _log_in(
    world: World, session: SessionKey, guest: User, account: AccountRef, now: float
) -> None:
    """Let the session's guest become the account's user, or the session be one of that user."""
    user = world.user_of(account)
    access.give_invitations(world, guest, account)
    if user is None:
        if guest.name == account.name:
            world.emit(NameChanged(guest, guest.name))
        world.set_name(guest, Name(account.name, world.accounts.keys(account.id)))
        guest.account = account.id
        guest.note_name("", now)
        guest.ignored = world.accounts.ignored_by(account.id) or None
        world.emit(IgnoresChanged(guest))
    else:
        if guest.profile.username and not user.profile.username:  # no client has told of the user
            change_profile(world, user, guest.profile, session, now)
        world.move_session(session, user)
        world.remove_user(guest, LeaveReason.QUIT, now)


# -- the ends of sessions


def end_session(world: World, op: account_ops.EndSession) -> None:
    """End a session whose connection is closed or lost."""
    world.disconnecting.discard(op.session)
    user = world.sessions.get(op.session)
    if user is None:
        return
    is_parked = op.keep_token and world.park_token(op.session)
    if not is_parked:
        world.revoke_token(op.session)
    hold_name = op.hold_name and is_parked and user.account is None
    world.end_session(op.session, op.reason, op.now, hold_name=hold_name, text=op.text)


def end_sessions(world: World, op: account_ops.EndSessions) -> None:
    """End sessions of an account for good."""
    if op.sessions is None:
        world.tokens.unpark_account(op.account)
    account = world.accounts.by_id(op.account)
    user = None if account is None else world.user_of(account)
    if user is None:
        return
    wanted = user.sessions if op.sessions is None else op.sessions
    ended = [each for each in user.sessions if each in wanted and each != op.keep]
    if len(ended) == len(user.sessions):
        for session in ended:
            world.revoke_token(session)
        world.disconnect_user(user, op.leave, op.reason, op.now)
        return
    for session in ended:
        world.disconnect(session, op.reason, op.now)


def end_node(world: World, op: account_ops.EndNode) -> None:
    """End all sessions of a server, and all that it has begun."""
    world.ended_nodes.add(op.node)
    for session in [session for session in world.sessions if session.node == op.node]:
        world.park_token(session)
        world.end_session(session, LeaveReason.LOST, op.now)
    world.names.release_all(op.node)
    world.disconnecting -= {session for session in world.disconnecting if session.node == op.node}
    for key, changing in list(world.rooms.changing.items()):
        if changing.node == op.node:
            # It is not known whether the store was changed. A room that was to end does not come
            # back, and a new one is not there: both can be started again.
            access.settle_room(world, key, stored=changing.state is RoomState.ENDING)


# -- resume tokens


def issue_token(world: World, op: account_ops.IssueToken) -> None:
    """Let a token stand for a session."""
    world.session_user(op.session, op.address)
    world.tokens.issue(op.session, op.digest)


def resume(world: World, op: account_ops.Resume) -> str:
    """Continue the session that a token stands for."""
    user = world.session_user(op.session, op.address)
    check_logged_out(user)
    check_in_no_room(user)
    present = world.tokens.present(op.digest)
    if present is not None and world.sessions[present].name:
        return _resume_present(world, op, user, present)
    parked = world.tokens.parked(op.digest, world.seconds)
    if parked is None:
        if op.account is None:
            raise ChatError(ErrorCode.NO_SUCH_SESSION)
        return _resume_account(world, op, user, op.account.id)
    if parked.account is not None:
        return _resume_account(world, op, user, parked.account)
    world.check_name(parked.name, op.session, world.seconds, user, parked.user)
    world.tokens.unpark(op.digest)
    world.names.end_hold(parked.user)
    access.continue_guest(world, parked.user, user)
    _continue_guest(world, user, parked.user, parked.name, op.now)
    return user.name


def _resume_present(world: World, op: account_ops.Resume, user: User, present: SessionKey) -> str:
    """Continue a session whose end nobody has noticed; its connection is closed."""
    former = world.sessions[present]
    if former.account is not None:
        return _resume_account(world, op, user, former.account, present)
    assert former.keys is not None
    name = Name(former.name, former.keys)
    world.check_not_banned(name, world.seconds)
    if present == op.session:
        world.tokens.drop(present)
    else:
        access.continue_guest(world, former, user)
        world.disconnect(present, DisconnectReason.REPLACED, op.now)
        _continue_guest(world, user, former, name, op.now)
    return user.name


def _resume_account(
    world: World, op: account_ops.Resume, user: User, account: int, former: SessionKey | None = None
) -> str:
    """Make a session one of an account's user, in place of the session `former`."""
    ref = world.accounts.by_id(account)
    if ref is None:
        raise ChatError(ErrorCode.NO_SUCH_SESSION)
    _check_account(world, ref)
    _check_name_is_free(world, ref, user, op.session)
    if former is None:
        _end_surplus(world, ref, op)
    _log_in(world, op.session, user, ref, op.now)
    if former is None:
        world.tokens.unpark(op.digest)
        world.emit(TokenRevoked(op.digest, op.session.node))
    else:
        world.disconnect(former, DisconnectReason.REPLACED, op.now)
    return ref.name


def _continue_guest(world: World, user: User, former: User, name: Name, now: float) -> None:
    """Let `user` be the guest who has come back under the same name."""
    world.set_name(user, name)
    former.continue_as(user, now)
    world.emit(IgnoresChanged(user))
