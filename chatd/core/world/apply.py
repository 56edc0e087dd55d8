"""`apply`: the one function that changes a world."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Generic, NamedTuple, TypeVar

from chatd.core.errors import ChatError
from chatd.core.world import account_operations as account_ops
from chatd.core.world import (
    accounts_rules,
    administrator_rules,
    membership_rules,
    moderation_rules,
    rooms_rules,
    settings_rules,
    users_rules,
)
from chatd.core.world import operations as ops
from chatd.core.world import room_operations as room_ops
from chatd.core.world.effects import Effect
from chatd.core.world.world import World

T = TypeVar("T")


class Applied(NamedTuple, Generic[T]):
    """The outcome of an operation, or the error with which it was refused, and its effects."""

    outcome: T | ChatError
    effects: Sequence[Effect]


def apply(world: World, operation: ops.Operation[T], seconds: float) -> Applied[T]:
    """Apply an operation at the time `seconds`, by the clock that measures durations.

    The same operations, with the same times and in the same order, make the same world, outcomes
    and effects. An operation that is refused changes nothing but the sessions that are known.
    """
    world.pass_time(seconds)
    outcome: T | ChatError
    try:
        outcome = _RULES[type(operation)](world, operation)
    except ChatError as refusal:
        outcome = refusal
    finally:  # the effects before a fault of ours are not those of the next operation
        effects, world.effects = world.effects, []
    return Applied(outcome, effects)


_RULES: Final[Mapping[type, Callable[[World, Any], Any]]] = {
    ops.Say: rooms_rules.say,
    ops.Announce: rooms_rules.announce,
    ops.Join: rooms_rules.join,
    ops.Leave: rooms_rules.leave,
    ops.StartRoom: rooms_rules.start,
    ops.EndRoom: rooms_rules.end,
    ops.SettleRoom: rooms_rules.settle,
    ops.Whisper: users_rules.whisper,
    ops.SendTags: users_rules.send_tags,
    ops.MessageKept: users_rules.message_kept,
    ops.Rename: users_rules.rename,
    ops.SetAway: users_rules.set_away,
    ops.SetProfile: users_rules.set_profile,
    ops.SetIgnored: users_rules.set_ignored,
    ops.Move: administrator_rules.move,
    ops.EndUser: administrator_rules.end_user,
    ops.AddBan: administrator_rules.add_ban,
    ops.RemoveBan: administrator_rules.remove_ban,
    room_ops.SetTopic: settings_rules.set_topic,
    room_ops.SetSetting: settings_rules.set_setting,
    room_ops.SetRole: membership_rules.set_role,
    room_ops.Kick: moderation_rules.kick,
    room_ops.Restrict: moderation_rules.restrict,
    room_ops.LiftRestriction: moderation_rules.lift,
    room_ops.Invite: membership_rules.invite,
    room_ops.DeleteMessage: membership_rules.delete_message,
    room_ops.MarkRead: membership_rules.mark_read,
    account_ops.ReserveName: accounts_rules.reserve_name,
    account_ops.ReleaseName: accounts_rules.release_name,
    account_ops.AddAccount: accounts_rules.add_account,
    account_ops.RemoveAccount: accounts_rules.remove_account,
    account_ops.SetAdmin: accounts_rules.set_admin,
    account_ops.LogIn: accounts_rules.log_in,
    account_ops.LogOut: accounts_rules.log_out,
    account_ops.EndSession: accounts_rules.end_session,
    account_ops.EndSessions: accounts_rules.end_sessions,
    account_ops.IssueToken: accounts_rules.issue_token,
    account_ops.Resume: accounts_rules.resume,
    account_ops.EndNode: accounts_rules.end_node,
    account_ops.MessagesStored: rooms_rules.messages_stored,
}
"""How each operation changes a world: a function that returns the outcome or raises `ChatError`.

A function checks everything before it changes anything.
"""
