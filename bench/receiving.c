/* What the load generator receives: cut into frames, checked, its latency noted.
 *
 * This is where its time goes: large reads, one look at the clock for each, and where messages of one
 * length follow each other, no search for where they end.
 */

#define _GNU_SOURCE
#include "load.h"
#include "message.h"

#include <sys/epoll.h>
#include <sys/socket.h>

enum {
    READ_SIZE = 1 << 18,
    EVENTS = 128,
    MAX_GAPS = 4096,
};

/* A message that was passed over: it may come late. */
struct gap {
    const struct member *m;
    uint32_t from, number;
};

static struct gap gaps[MAX_GAPS];
static int gap_count;
static int64_t read_time; /* when the last read returned */
static char buffer[MAX_FRAME + READ_SIZE];

/* Sort out a number that is not the next: what was passed over, what comes late, what comes twice.
 * Return whether it is new. */
static int is_new(const struct member *m, struct message message, uint32_t next)
{
    uint32_t from = message.speaker, number = message.number;
    if (number >= speaker[from].sent) {
        strange++;
        return 0;
    }
    for (; number > next; next++, missing++)
        if (gap_count < MAX_GAPS)
            gaps[gap_count++] = (struct gap){m, from, next};
    if (number == next)
        return 1;
    for (int i = 0; i < gap_count; i++)
        if (gaps[i].m == m && gaps[i].from == from && gaps[i].number == number) {
            gaps[i] = gaps[--gap_count];
            missing--;
            disordered++;
            return 1;
        }
    repeated++;
    return 0;
}

static void seen_by_watcher(struct message message, const char *text)
{
    struct speaker *s = &speaker[message.speaker];
    strange += message.number >= s->sent;
    for (size_t i = MIN_BYTES - 1; i < (size_t)text_bytes; i++)
        strange += text[i] != PADDING;
    if (message.number >= s->done)
        s->done = message.number + 1;
}

static inline void take_message(struct member *m, const char *text)
{
    struct message message = read_message(text);
    uint32_t from = message.speaker - m->first_speaker;
    if (from >= (uint32_t)speakers) {
        strange++;
        return;
    }
    if (from == m->own && !m->protocol->echoes) {
        own++;
        return;
    }
    uint32_t *next = &m->next[from];
    if (message.number != *next && !is_new(m, message, *next))
        return;
    if (message.number >= *next)
        *next = message.number + 1;
    received++;
    if (measuring)
        note_time(&latencies, (uint64_t)read_time - message.sent_ns);
    if (m->watches)
        seen_by_watcher(message, text);
}

static int holds(const char *frame, size_t length, const char *words)
{
    return words != NULL && memmem(frame, length, words, strlen(words)) != NULL;
}

static int begins(const char *frame, size_t length, const char *words)
{
    return length >= strlen(words) && memcmp(frame, words, strlen(words)) == 0;
}

/* Take a frame of somebody who is on his way in. */
static void take_answer(struct member *m, const char *frame, size_t length)
{
    const struct protocol *p = m->protocol;
    snprintf(last_words, sizeof last_words, "%.*s", (int)length, frame);
    if (m->stage == GREETING && holds(frame, length, p->ready)) {
        m->stage = READY;
        ready++;
    } else if (m->stage == JOINING && holds(frame, length, p->joined)) {
        m->stage = JOINED;
        joined++;
    } else if (begins(frame, length, p->refused)) {
        die("member %d was answered: %s", (int)(m - member), last_words);
    }
    if (m->stage == READY && !storm) {
        m->stage = JOINING;
        ask(m, p->join);
    }
}

/* Take a frame that is no message: an answer, a ping, news, or what should not be. */
static void take_other(struct member *m, const char *frame, size_t length)
{
    if (begins(frame, length, "PING"))
        answer_ping(m, frame, length);
    else if (m->stage != JOINED)
        take_answer(m, frame, length);
    else if (begins(frame, length, m->protocol->refused))
        strange++;
    else if (m->protocol->news != NULL && !holds(frame, length, m->protocol->news))
        strange++;
}

/* Take the whole frames of what was read; return where the rest begins. */
static char *take_frames(struct member *m, char *at, char *end)
{
    const char ending = m->protocol->ending;
    const size_t tail = (size_t)text_bytes + m->protocol->tail + 1;
    for (;;) {
        /* Where the next message ends, if it is as long as the last. */
        size_t step = m->stride > m->since ? m->stride - m->since : 0;
        if (step >= tail && step <= (size_t)(end - at) && at[step - 1] == ending &&
            at[step - tail] == MAGIC) {
            at += step;
            take_message(m, at - tail);
            m->since = 0;
            m->frames = 0;
            continue;
        }
        char *stop = memchr(at, ending, (size_t)(end - at));
        if (stop++ == NULL)
            return at;
        size_t length = (size_t)(stop - at);
        m->since += length;
        m->frames++;
        if (length >= tail && *(stop - tail) == MAGIC) {
            take_message(m, stop - tail);
            /* What is said in between is no part of a message, and must not be taken for it. */
            m->stride = m->frames == m->protocol->frames ? m->since : 0;
            m->since = 0;
            m->frames = 0;
        } else {
            take_other(m, at, length - 1);
        }
        at = stop;
    }
}

/* Read once; return whether there may be more. */
static int read_once(struct member *m)
{
    memcpy(buffer, m->carry, m->carried);
    ssize_t got = recv(m->fd, buffer + m->carried, READ_SIZE, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (got <= 0)
        die("the server closed the connection of member %d%s%s", (int)(m - member),
            m->stage == JOINED ? "" : "; it had said: ", m->stage == JOINED ? "" : last_words);
    read_time = elapsed();
    reads++;
    char *end = buffer + m->carried + got, *rest = take_frames(m, buffer, end);
    m->carried = (size_t)(end - rest);
    if (m->carried > MAX_FRAME)
        die("member %d got a frame of more than %d bytes", (int)(m - member), MAX_FRAME);
    memcpy(m->carry, rest, m->carried);
    return got == READ_SIZE;
}

/* Read what has come. Epoll tells of it once (EPOLLET), which spares it to look at every socket again;
 * so a read that filled the buffer is repeated, and so is one after which the end may wait unread. */
static void read_member(const struct epoll_event *event)
{
    struct member *m = &member[event->data.fd];
    while (read_once(m) || event->events & ~(uint32_t)(EPOLLIN | EPOLLOUT))
        ;
    if (m->watches || event->events & EPOLLOUT)
        speak(m->room);
}

/* Read what has come; wait for it for so many nanoseconds at most. */
void turn(int poller, int64_t patience)
{
    struct epoll_event events[EVENTS];
    struct timespec most = {.tv_nsec = patience < 0 ? 0 : patience > MILLISECOND ? MILLISECOND : patience};
    int got = epoll_pwait2(poller, events, EVENTS, &most, NULL);
    if (got < 0 && errno != EINTR)
        die("epoll_pwait2: %s", strerror(errno));
    for (int i = 0; i < got; i++)
        read_member(&events[i]);
}
