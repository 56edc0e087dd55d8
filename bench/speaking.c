/* The output of the load generator: messages, requests to join, answers to pings. */

#include "load.h"
#include "message.h"

#include <sys/socket.h>

static void make_message(uint32_t number)
{
    struct speaker *s = &speaker[number];
    char *to = s->unsent + s->end;
    struct message message = {number, s->sent, (uint64_t)elapsed()};
    memcpy(to, s->head, s->before);
    write_message(to + s->before, (size_t)text_bytes, message);
    memcpy(to + s->before + text_bytes, s->foot, s->after);
    s->end += s->message_size;
    s->sent++;
    sent++;
}

static void send_unsent(struct speaker *s)
{
    ssize_t taken =
        send(member[s->index].fd, s->unsent + s->start, s->end - s->start, MSG_NOSIGNAL);
    if (taken < 0 && errno != EAGAIN && errno != EINTR)
        die("speaker %d cannot send: %s", s->index, strerror(errno));
    if (taken > 0)
        s->start += (size_t)taken;
    if (s->start == s->end)
        s->start = s->end = 0;
}

/* Let each speaker of a room send the messages that its window allows. A message that waits for the
 * socket counts as in flight. */
void speak(int room)
{
    for (int i = room * speakers; i < (room + 1) * speakers; i++) {
        struct speaker *s = &speaker[i];
        while (speaking && window && s->start == 0 && s->sent - s->done < (uint32_t)window)
            make_message((uint32_t)i);
        if (s->start < s->end)
            send_unsent(s);
    }
}

/* Send the messages of an open loop that are due; return the time of the next one. */
int64_t speak_on_schedule(int64_t now)
{
    static int64_t due;
    static int next_turn;
    if (due == 0)
        due = now;
    for (; due <= now; due += SECOND / rate) {
        /* The rooms take turns, and so do the speakers of each room. */
        struct speaker *s = &speaker[next_turn % rooms * speakers + next_turn / rooms % speakers];
        next_turn = (next_turn + 1) % (rooms * speakers);
        if (s->end > (OPEN_LOOP_ROOM - 1) * s->message_size)
            die("the server has stopped reading from speaker %d", s->index);
        make_message((uint32_t)(s - speaker));
        send_unsent(s);
    }
    return due;
}

void send_request(const struct member *m, const char *template)
{
    char request[MAX_REQUEST];
    int index = (int)(m - member);
    size_t length =
        fill_in(m->protocol, request, sizeof request, template, m->room, index, text_bytes);
    if (length > 0 && send(m->fd, request, length, MSG_NOSIGNAL) != (ssize_t)length)
        die("member %d cannot send: %s", index, strerror(errno));
}

void answer_ping(const struct member *m, const char *frame, size_t length)
{
    char pong[MAX_FRAME];
    memcpy(pong, frame, length);
    memcpy(pong, "PONG", 4);
    pong[length] = m->protocol->ending;
    if (send(m->fd, pong, length + 1, MSG_NOSIGNAL) != (ssize_t)length + 1)
        die("member %d cannot answer a ping", (int)(m - member));
}
