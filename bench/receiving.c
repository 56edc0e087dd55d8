/* The input of the load generator: it is split into frames, checked, and timed.
 *
 * The generator spends most of its time here. It reads much at once, reads the clock once for each
 * read, and does not search for the end of a message that is as long as the one before.
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

/* A message that was skipped: it may come late. */
struct gap {
    const struct member *m;
    uint32_t speaker, number;
};

static struct gap gaps[MAX_GAPS];
static int gap_count;
static int64_t read_time; /* time at which the last read returned */
static char buffer[MAX_FRAME + READ_SIZE];

/* Handle a number that is not the next one: skipped messages, a late one, or one that comes twice.
 * Return whether the message is new. */
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
        if (gaps[i].m == m && gaps[i].speaker == from && gaps[i].number == number) {
            gaps[i] = gaps[--gap_count];
            missing--;
            disordered++;
            return 1;
        }
    repeated++;
    return 0;
}

static void watch_message(struct message message, const char *text)
{
    struct speaker *s = &speaker[message.speaker];
    strange += message.number >= s->sent;
    for (size_t i = MIN_BYTES - 1; i < (size_t)text_bytes; i++)
        strange += text[i] != PADDING;
    if (message.number >= s->done)
        s->done = message.number + 1;
}

static inline void handle_message(struct member *m, const char *text)
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
        count_time(&latencies, (uint64_t)read_time - message.sent_ns);
    if (m->watches)
        watch_message(message, text);
}

static int contains(const char *frame, size_t length, const char *part)
{
    return part != NULL && memmem(frame, length, part, strlen(part)) != NULL;
}

static int starts_with(const char *frame, size_t length, const char *part)
{
    return length >= strlen(part) && memcmp(frame, part, strlen(part)) == 0;
}

/* Handle a frame for a member that has not joined yet. */
static void handle_answer(struct member *m, const char *frame, size_t length)
{
    const struct protocol *p = m->protocol;
    snprintf(last_answer, sizeof last_answer, "%.*s", (int)length, frame);
    if (m->stage == REQUESTING && contains(frame, length, p->granted)) {
        m->stage = GREETING;
    } else if (m->stage == REQUESTING && contains(frame, length, p->ready)) {
        die("member %d, which uses %s, did not get its capabilities", (int)(m - member), p->name);
    } else if (m->stage == GREETING && contains(frame, length, p->ready)) {
        m->stage = READY;
        ready++;
    } else if (m->stage == JOINING && contains(frame, length, p->joined)) {
        m->stage = JOINED;
        joined++;
    } else if (starts_with(frame, length, p->refused)) {
        die("member %d was answered: %s", (int)(m - member), last_answer);
    }
    if (m->stage == READY && !storm) {
        m->stage = JOINING;
        send_request(m, p->join);
    }
}

/* Return the length of the tags and of the source that may be before a command of IRC. */
static size_t before_command(const char *frame, size_t length)
{
    size_t before = 0;
    while (before < length && (frame[before] == '@' || frame[before] == ':')) {
        const char *space = memchr(frame + before, ' ', length - before);
        if (space == NULL)
            return before;
        before = (size_t)(space - frame) + 1;
    }
    return before;
}

/* Handle a frame that is no message: an answer, a ping, news, or an unexpected frame. */
static void handle_other(struct member *m, const char *frame, size_t length)
{
    size_t before = m->protocol->irc ? before_command(frame, length) : 0;
    if (starts_with(frame + before, length - before, "PING"))
        answer_ping(m, frame + before, length - before);
    else if (m->stage != JOINED)
        handle_answer(m, frame, length);
    else if (m->protocol->news != NULL)
        strange += !contains(frame, length, m->protocol->news);
    else
        strange += starts_with(frame, length, m->protocol->refused);
}

/* Handle the complete frames of the input; return the start of the rest. */
static char *handle_frames(struct member *m, char *at, char *end)
{
    const char ending = m->protocol->ending;
    const size_t tail = (size_t)text_bytes + m->protocol->tail + 1;
    for (;;) {
        /* The end of the next message, if it is as long as the last one. */
        size_t step = m->stride > m->since ? m->stride - m->since : 0;
        if (step >= tail && step <= (size_t)(end - at) && at[step - 1] == ending &&
            at[step - tail] == MAGIC) {
            at += step;
            handle_message(m, at - tail);
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
            handle_message(m, stop - tail);
            /* Other frames between two messages must not count as a part of a message. */
            m->stride = m->frames == m->protocol->frames ? m->since : 0;
            m->since = 0;
            m->frames = 0;
        } else {
            handle_other(m, at, length - 1);
        }
        at = stop;
    }
}

/* Read once; return whether there may be more input. */
static int read_once(struct member *m)
{
    memcpy(buffer, m->carry, m->carried);
    ssize_t got = recv(m->fd, buffer + m->carried, READ_SIZE, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (got <= 0)
        die("the server closed the connection of member %d%s%s", (int)(m - member),
            m->stage == JOINED ? "" : "; its last answer: ", m->stage == JOINED ? "" : last_answer);
    read_time = elapsed();
    reads++;
    char *end = buffer + m->carried + got, *rest = handle_frames(m, buffer, end);
    m->carried = (size_t)(end - rest);
    if (m->carried > MAX_FRAME)
        die("member %d got a frame of more than %d bytes", (int)(m - member), MAX_FRAME);
    memcpy(m->carry, rest, m->carried);
    return got == READ_SIZE;
}

/* Read all input. Epoll reports it once (EPOLLET), which saves it from checking the socket again.
 * So a read is repeated if it filled the buffer, or if the end of the connection may follow. */
static void read_member(const struct epoll_event *event)
{
    struct member *m = &member[event->data.fd];
    while (read_once(m) || event->events & ~(uint32_t)(EPOLLIN | EPOLLOUT))
        ;
    if (m->watches || event->events & EPOLLOUT)
        speak(m->room);
}

/* Read the input of all members; wait for it for at most `patience` nanoseconds. */
void turn(int poller, int64_t patience)
{
    struct epoll_event events[EVENTS];
    struct timespec timeout = {
        .tv_nsec = patience < 0 ? 0 : patience > MILLISECOND ? MILLISECOND : patience,
    };
    int got = epoll_pwait2(poller, events, EVENTS, &timeout, NULL);
    if (got < 0 && errno != EINTR)
        die("epoll_pwait2: %s", strerror(errno));
    for (int i = 0; i < got; i++)
        read_member(&events[i]);
}
