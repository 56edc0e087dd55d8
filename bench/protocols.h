/* The table of protocols: the requests to send, and the answers to wait for.
 *
 * A client greets the server, waits until it is ready, joins, and waits for the answer. Templates
 * take (1) the room, (2) the client's name, (3) the length of the room's name, (4) the length of a
 * text. Input is split into frames at `ending`. A frame is a message if its text starts with the
 * magic and ends `tail` bytes before `ending`; what is before the text, such as IRC's tags, does not
 * matter. If a message comes in several lines, the other lines are frames, too, and are ignored.
 */

#ifndef BENCH_PROTOCOLS_H
#define BENCH_PROTOCOLS_H

#include "common.h"

struct protocol {
    const char *name;
    char ending;         /* of a frame; templates write it as a newline */
    int frames;          /* of a message */
    size_t tail;         /* bytes between a message's text and the end of its frame */
    int echoes;          /* a speaker gets its own messages; they count as deliveries */
    int irc;             /* at the IRC port; tags and a source may be before a command */
    const char *hello;   /* sent after the connect */
    const char *granted; /* part of an answer to it that has to come before; NULL: nothing */
    const char *ready;   /* part of the answer to it */
    const char *join;    /* sent after that */
    const char *joined;  /* part of the answer to it */
    const char *refused; /* start of a frame that refuses something */
    const char *news;    /* part of every other frame; NULL: anything */
    const char *before;  /* the text of a message */
    const char *after;   /* the text */
};

#define CHATD_TEXTS                                   \
    .frames = 1,                                      \
    .hello = "`help\n",                               \
    .ready = "Server: ",                              \
    .join = "`enter %1$s %2$s\n",                     \
    .joined = "Server: You join @chatroom ",          \
    .refused = "Server: ",                            \
    .news = " joined us @chatroom ",                  \
    .before = "",                                     \
    .after = "\n"

#define IRC_NAMES "NICK %2$s\r\nUSER u 0 * :u\r\n"

#define IRC_TEXTS                                     \
    .ending = '\n',                                   \
    .irc = 1,                                         \
    .frames = 1,                                      \
    .tail = 1,                                        \
    .ready = " 001 ",                                 \
    .join = "JOIN #%1$s\r\n",                         \
    .joined = " 366 ",                                \
    .refused = "ERROR",                               \
    .before = "PRIVMSG #%1$s :",                      \
    .after = "\r\n"

/* A client that requests capabilities while it registers. */
#define IRC_WITH(capabilities)                        \
    IRC_TEXTS,                                        \
    .granted = " ACK ",                               \
    .hello = "CAP LS 302\r\nCAP REQ :" capabilities   \
             "\r\n" IRC_NAMES "CAP END\r\n"

static const struct protocol protocols[] = {
    {.name = "nul", .ending = '\0', CHATD_TEXTS},
    {.name = "lines", .ending = '\n', .tail = 0, CHATD_TEXTS},
    {
        .name = "json",
        .ending = '\0',
        .frames = 1,
        .tail = sizeof "\",\"time\":\"2026-11-20T14:51:16.123Z\"}" - 1,
        .hello = "`format json\n",
        .ready = "\"command\":\"format\"",
        .join = "{\"command\":\"enter\",\"chatroom_id\":\"%1$s\",\"chatter_name\":\"%2$s\"}\n",
        .joined = "\"command\":\"enter\"",
        .refused = "{\"event\":\"error\"",
        .news = "{\"event\":\"joined\"",
        .before = "{\"command\":\"say\",\"text\":\"",
        .after = "\"}\n",
    },
    {.name = "irc", IRC_TEXTS, .hello = IRC_NAMES},
    /* Capabilities that clients in use request, abridged. */
    {.name = "irc1", IRC_TEXTS, .hello = "CAP LS 302\r\n" IRC_NAMES "CAP END\r\n"},
    {.name = "irc2", IRC_WITH("message-tags server-time")},
    {.name = "irc3", IRC_WITH("server-time batch message-tags account-tag")},
    {.name = "irc4", IRC_WITH("multi-prefix extended-join away-notify account-notify")},
    {.name = "irc5", IRC_WITH("message-tags server-time account-tag batch draft/multiline")},
    {
        .name = "irc6",
        .echoes = 1,
        IRC_WITH("message-tags server-time batch draft/multiline echo-message labeled-response"),
    },
    {
        .name = "irc7",
        IRC_WITH("extended-join setname away-notify account-notify message-tags server-time "
                 "account-tag batch"),
    },
    {
        .name = "irc8",
        IRC_WITH("message-tags server-time account-tag extended-join setname "
                 "draft/message-redaction"),
    },
    {
        /* RESP3: subscribers may publish, too, and get their own messages. */
        .name = "resp",
        .ending = '\n',
        .frames = 7,
        .tail = 1,
        .echoes = 1,
        .hello = "HELLO 3\r\n",
        .ready = "standalone",
        .join = "SUBSCRIBE %1$s\r\n",
        .joined = "subscribe",
        .refused = "-",
        .before = "*3\r\n$7\r\nPUBLISH\r\n$%3$d\r\n%1$s\r\n$%4$d\r\n",
        .after = "\r\n",
    },
    {
        .name = "nats",
        .ending = '\n',
        .frames = 2,
        .tail = 1,
        .hello = "",
        .ready = "INFO ",
        .join = "CONNECT {\"verbose\":false,\"pedantic\":false,\"echo\":false,\"lang\":\"c\","
                "\"version\":\"1\",\"protocol\":1,\"name\":\"%2$s\"}\r\nSUB %1$s 1\r\nPING\r\n",
        .joined = "PONG",
        .refused = "-ERR",
        .before = "PUB %1$s %4$d\r\n",
        .after = "\r\n",
    },
};

enum { PROTOCOLS = sizeof protocols / sizeof *protocols };

static inline const struct protocol *find_protocol(const char *name, size_t length)
{
    for (int i = 0; i < PROTOCOLS; i++)
        if (strlen(protocols[i].name) == length && memcmp(protocols[i].name, name, length) == 0)
            return &protocols[i];
    die("no protocol is called %.*s", (int)length, name);
}

/* Fill in a template with the numbers of room and client and the length of a text. Names differ in
 * their digits: chatd does not accept names that look alike, such as m1 and ml. */
static inline size_t fill_in(const struct protocol *p, char *to, size_t size, const char *template,
                             int room, int client, int text_bytes)
{
    char room_name[16], name[16];
    int room_length = snprintf(room_name, sizeof room_name, "%04d", room);
    snprintf(name, sizeof name, "m%05d", client);
    int length = snprintf(to, size, template, room_name, name, room_length, text_bytes);
    if (length < 0 || (size_t)length >= size)
        die("a request for %s is too long", p->name);
    for (char *at = to; at < to + length; at++)
        if (*at == '\n')
            *at = p->ending;
    return (size_t)length;
}

#endif
