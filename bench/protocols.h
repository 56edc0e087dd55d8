/* The protocols that the load generator speaks, as a table: what to send, and what to wait for.
 *
 * A client greets, waits until the server is ready for it, joins, and waits until it is in. Templates
 * take (1) the room, (2) the client's name, (3) the length of the room's name, (4) that of a text.
 * What comes is cut into frames at `ending`. A frame whose text ends `tail` bytes before that and
 * begins with the magic is a message; where a message comes in several lines, the others are frames
 * as well, and nothing is made of them.
 */

#ifndef BENCH_PROTOCOLS_H
#define BENCH_PROTOCOLS_H

#include "common.h"

struct protocol {
    const char *name;
    char ending;         /* of a frame; templates write it as a newline */
    int frames;          /* that a message comes in */
    size_t tail;         /* bytes between a message's text and the end of its frame */
    int echoes;          /* who speaks hears himself: counted as a delivery, as the server makes it one */
    const char *hello;   /* sent once connected */
    const char *ready;   /* in the frame that answers the greeting */
    const char *join;    /* sent then */
    const char *joined;  /* in the frame that says that the client is in */
    const char *refused; /* begins a frame that says that something is not allowed */
    const char *news;    /* in every frame that is neither; NULL: whatever it is */
    const char *before;  /* a message's text */
    const char *after;   /* it */
};

#define CHATD_WORDS                                                                             \
    .frames = 1,                                                                                  \
    .hello = "`help\n", .ready = "Server: ", .join = "`enter %1$s %2$s\n",                        \
    .joined = "Server: You join @chatroom ", .refused = "Server: ", .news = ": joined us @chatroom ", \
    .before = "", .after = "\n"

static const struct protocol protocols[] = {
    {.name = "nul", .ending = '\0', CHATD_WORDS},
    {.name = "lines", .ending = '\n', .tail = 0, CHATD_WORDS},
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
    {
        .name = "irc",
        .ending = '\n',
        .frames = 1,
        .tail = 1,
        .hello = "NICK %2$s\r\nUSER u 0 * :u\r\n",
        .ready = " 001 ",
        .join = "JOIN #%1$s\r\n",
        .joined = " 366 ",
        .refused = "ERROR",
        .before = "PRIVMSG #%1$s :",
        .after = "\r\n",
    },
    {
        /* RESP3: who is subscribed may publish, too, and hears himself. */
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

/* Fill in a template: the room's number and the client's, and how long a text is. Digits alone tell
 * names apart: the server takes names for the same that look alike, as m1 and ml do. */
static inline size_t fill_in(const struct protocol *p, char *to, size_t size, const char *template,
                             int room, int who, int text_bytes)
{
    char room_name[16], name[16];
    int room_length = snprintf(room_name, sizeof room_name, "%04d", room);
    snprintf(name, sizeof name, "m%05d", who);
    int length = snprintf(to, size, template, room_name, name, room_length, text_bytes);
    if (length < 0 || (size_t)length >= size)
        die("a request for %s is too long", p->name);
    for (char *at = to; at < to + length; at++)
        if (*at == '\n')
            *at = p->ending;
    return (size_t)length;
}

#endif
