"""The words of HELP: for each command how it is written, and what it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

INTRODUCTION: Final = (
    "Rooms are channels: LIST shows them, JOIN #tea joins one, or starts it.",
    "REGISTER * * PASSWORD makes your nick an account.",
    "You log in with SASL PLAIN, or with the server password ACCOUNT:PASSWORD.",
    "HELP COMMAND explains one of these commands:",
)
"""The words before the list of all commands."""

HELP: Final[Mapping[str, Sequence[str]]] = {
    "ADMIN": (
        "ADMIN COMMAND",
        "Carries out a command of the server's console, for administrators.",
    ),
    "AUTHENTICATE": (
        "AUTHENTICATE PLAIN|EXTERNAL",
        "Logs in to an account by SASL. Your client does this by itself.",
    ),
    "AWAY": (
        "AWAY [:MESSAGE]",
        "Marks you as away: who sends you a private message reads the message.",
        "Without a message you are present again.",
    ),
    "BATCH": (
        "BATCH +REFERENCE draft/multiline TARGET",
        "Sends a message of several lines. Your client does this by itself.",
    ),
    "CAP": (
        "CAP LS|LIST|REQ|END",
        "Negotiates what your client understands. It does this by itself.",
    ),
    "CERT": (
        "CERT ADD [FINGERPRINT]|DEL FINGERPRINT|LIST",
        "Adds, removes or lists the certificates that log in to your account, by SASL EXTERNAL.",
        "Without a fingerprint it adds the certificate that your client shows.",
    ),
    "CHATHISTORY": (
        "CHATHISTORY LATEST|BEFORE|AFTER|AROUND|BETWEEN #CHANNEL ... LIMIT",
        "Sends older messages of a channel that you are in.",
    ),
    "HELP": ("HELP [COMMAND]", "Explains a command, or lists all of them."),
    "HELPOP": ("HELPOP [COMMAND]", "Does the same as HELP."),
    "INFO": ("INFO", "Tells what this server is."),
    "INVITE": (
        "INVITE NICK #CHANNEL",
        "Invites a user to a channel that you are in. The invitation is good once, for a day.",
        "INVITE alone lists the channels that you are invited to.",
    ),
    "ISON": ("ISON NICK...", "Tells which of these users are here."),
    "JOIN": (
        "JOIN #CHANNEL[,#CHANNEL...] [KEY[,KEY...]]",
        "Joins channels; one that does not exist is started. JOIN 0 leaves all channels.",
    ),
    "KICK": (
        "KICK #CHANNEL NICK[,NICK...] [:REASON]",
        "Removes users from a channel, for its operators.",
    ),
    "KILL": ("KILL NICK :REASON", "Ends the connections of a user, for administrators."),
    "LINKS": ("LINKS", "Lists the other servers of the network: there are none."),
    "LIST": (
        "LIST [CONDITION,...]",
        "Lists channels. A condition is >N or <N for the number of users, a name, or a mask.",
        "A mask has * or ?, and a ! in front of it leaves out the channels that it matches.",
    ),
    "LUSERS": ("LUSERS", "Tells how many users and channels there are."),
    "MARKREAD": (
        "MARKREAD TARGET [timestamp=TIME]",
        "Notes how far you have read, or shows it. Your client does this by itself.",
    ),
    "MODE": (
        "MODE #CHANNEL [MODES [PARAMETER...]]",
        "Shows or changes the modes of a channel, for its operators:",
        "+o NICK operator, +v NICK voice, +b MASK ban (NICK!*@* or $a:ACCOUNT),",
        "+i invited users only, +k KEY key, +l N at most N users, +m voices only,",
        "+s not in LIST, +t topic for operators only.",
        "MODE NICK +B marks you as a bot.",
    ),
    "MONITOR": (
        "MONITOR +|- NICK[,NICK...]",
        "Tells you when these users come and go, or no longer.",
        "MONITOR C clears the list, L shows it, and S shows which of them are here.",
    ),
    "MOTD": ("MOTD", "Shows the message of the day."),
    "NAMES": ("NAMES #CHANNEL[,#CHANNEL...]", "Lists the users in channels."),
    "NICK": (
        "NICK NAME",
        "Changes your nick. While you are logged in, it is the name of your account.",
    ),
    "NOTICE": (
        "NOTICE TARGET[,TARGET...] :TEXT",
        "Sends a notice to channels or users. No program answers to it.",
    ),
    "OPER": ("OPER NAME PASSWORD", "Is not used: log in to the account of an administrator."),
    "PART": ("PART #CHANNEL[,#CHANNEL...] [:TEXT]", "Leaves channels, with last words."),
    "PASS": (
        "PASS ACCOUNT:PASSWORD",
        "Logs in to an account as you connect: the server password of your client.",
    ),
    "PING": ("PING TEXT", "Asks whether the server is there: it answers PONG."),
    "PONG": ("PONG TEXT", "Answers a PING of the server. Your client does this by itself."),
    "PRIVMSG": (
        "PRIVMSG TARGET[,TARGET...] :TEXT",
        "Sends a message to channels or users.",
        "A user whose account is not here reads it at the next login.",
    ),
    "QUIT": ("QUIT [:TEXT]", "Ends your connection, with last words."),
    "REDACT": (
        "REDACT #CHANNEL ID [:REASON]",
        "Deletes a message: one of yours, or any for operators of the channel.",
    ),
    "REGISTER": (
        "REGISTER * * PASSWORD",
        "Makes your nick an account, which nobody else can use then.",
    ),
    "SAJOIN": ("SAJOIN NICK #CHANNEL", "Moves a user to a channel, for administrators."),
    "SETNAME": ("SETNAME :NAME", "Changes your real name, which WHOIS shows."),
    "TAGMSG": (
        "TAGMSG TARGET",
        "Sends tags without a message, such as a reaction. Your client does this by itself.",
    ),
    "TIME": ("TIME", "Tells the time of the server."),
    "TOPIC": (
        "TOPIC #CHANNEL [:TEXT]",
        "Shows the topic of a channel, or sets it. An empty text removes it.",
    ),
    "USER": (
        "USER NAME 0 * :REAL NAME",
        "Tells who you are as you connect. Your client does this by itself.",
    ),
    "USERHOST": ("USERHOST NICK...", "Tells of up to five users whether they are away."),
    "VERIFY": ("VERIFY ACCOUNT CODE", "Is not used: accounts need no code."),
    "VERSION": ("VERSION", "Tells the version of the server, and its rules."),
    "WALLOPS": (
        "WALLOPS :TEXT",
        "Sends a text to the IRC clients of all administrators, for administrators.",
    ),
    "WHO": (
        "WHO #CHANNEL|NICK|MASK [%FIELDS[,TOKEN]]",
        "Lists the users in a channel, a user, or those who share a channel with you.",
    ),
    "WHOIS": ("WHOIS NICK", "Tells about a user."),
    "WHOWAS": ("WHOWAS NICK [COUNT]", "Tells about users who have left, or had another nick."),
}
"""The texts of HELP, by the names of commands; the first line of each is how it is written."""
