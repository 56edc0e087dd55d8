/* The floor: a chat server that does the I/O and nothing else, to measure what the machine allows.
 *
 *     floor CLIENTS
 *
 * It accepts up to CLIENTS clients on a free port of 127.0.0.1, which it prints. It uses NUL
 * framing. "`enter ROOM NAME", where ROOM is a number, is answered with "Server: You join
 * @chatroom ROOM", any other command with "Server: " and the command. Any other frame of a member
 * is sent to all other members of its room as "NAME: text". Nothing is checked. The floor does
 * what any server has to do: all messages that were readable in one turn of epoll become one batch
 * for each room, which is built once. Each member gets one send: the whole batch, or for a speaker
 * the batch without its own part.
 *
 * It exits when the last client has disconnected, or after ten minutes.
 */

#define _GNU_SOURCE
#include "common.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    MAX_CLIENTS = 16384,
    MAX_ROOMS = 1024,
    MAX_FRAME = 2048, /* longest frame accepted */
    MAX_NAME = 32,
    READ_SIZE = 65536,
    QUEUE = 1 << 20, /* bytes that may wait for a client; past it the client is dropped */
    EVENTS = 1024,
    LIFETIME_SECONDS = 600,
};

struct room {
    struct member **members; /* without gaps */
    int count, size;
    char *batch;
    size_t batch_length, batch_size;
    int changed; /* the batch has messages of this turn */
};

struct member {
    int fd;
    struct room *room;
    int index; /* in the room's members */
    int dropped;
    size_t carried; /* bytes of a frame whose end has not been read yet */
    char carry[MAX_FRAME];
    char prefix[MAX_NAME + 3]; /* "NAME: " */
    size_t prefix_length;
    size_t own_start, own_end; /* its own part of the batch; one, because it is read once a turn */
    char *queue;               /* bytes that the socket did not accept */
    size_t queued;
};

static struct room rooms[MAX_ROOMS];
static struct room *changed[MAX_ROOMS];
static int changes;
static int connected, max_connected;
static int poller, listener;
static char buffer[MAX_FRAME + READ_SIZE];
static char without_own[1 << 22];

/* -- output */

static void watch(struct member *m, uint32_t what)
{
    struct epoll_event event = {.events = what, .data.ptr = m};
    epoll_ctl(poller, EPOLL_CTL_MOD, m->fd, &event);
}

/* Shut a connection down; the next turn reads its end and removes it. */
static void drop(struct member *m)
{
    shutdown(m->fd, SHUT_RDWR);
    m->dropped = 1;
}

static void queue_rest(struct member *m, const char *bytes, size_t length)
{
    if (m->queued + length > QUEUE || (m->queue == NULL && (m->queue = malloc(QUEUE)) == NULL)) {
        drop(m);
        return;
    }
    if (m->queued == 0)
        watch(m, EPOLLIN | EPOLLOUT);
    memcpy(m->queue + m->queued, bytes, length);
    m->queued += length;
}

static void write_to(struct member *m, const char *bytes, size_t length)
{
    if (m->queued > 0) {
        queue_rest(m, bytes, length);
        return;
    }
    ssize_t taken = send(m->fd, bytes, length, MSG_NOSIGNAL);
    if (taken < 0 && errno != EAGAIN && errno != EINTR) {
        drop(m);
        return;
    }
    if (taken < 0)
        taken = 0;
    if ((size_t)taken < length)
        queue_rest(m, bytes + taken, length - (size_t)taken);
}

static void write_queue(struct member *m)
{
    ssize_t taken = send(m->fd, m->queue, m->queued, MSG_NOSIGNAL);
    if (taken <= 0)
        return;
    m->queued -= (size_t)taken;
    memmove(m->queue, m->queue + taken, m->queued);
    if (m->queued == 0)
        watch(m, EPOLLIN);
}

/* End the turn of a room: one send to each member. */
static void flush_batch(struct room *room)
{
    for (int i = 0; i < room->count; i++) {
        struct member *m = room->members[i];
        size_t own = m->own_end - m->own_start;
        if (own == 0 && !m->dropped) {
            write_to(m, room->batch, room->batch_length);
        } else if (own < room->batch_length && !m->dropped) {
            memcpy(without_own, room->batch, m->own_start);
            memcpy(without_own + m->own_start, room->batch + m->own_end,
                   room->batch_length - m->own_end);
            write_to(m, without_own, room->batch_length - own);
        }
        m->own_start = m->own_end = 0;
    }
    room->batch_length = 0;
    room->changed = 0;
}

/* -- input */

static void append(struct room *room, const char *bytes, size_t length)
{
    if (room->batch_length + length > room->batch_size) {
        room->batch_size = 2 * (room->batch_length + length);
        room->batch = realloc(room->batch, room->batch_size);
        if (room->batch_size > sizeof without_own || room->batch == NULL)
            die("too many bytes in one turn");
    }
    memcpy(room->batch + room->batch_length, bytes, length);
    room->batch_length += length;
    if (!room->changed) {
        room->changed = 1;
        changed[changes++] = room;
    }
}

static void enter(struct member *m, unsigned number, const char *name)
{
    struct room *room = &rooms[number % MAX_ROOMS];
    char news[MAX_NAME + 64], welcome[64];
    if (room->count == room->size) {
        room->size = room->size ? 2 * room->size : 16;
        room->members = realloc(room->members, (size_t)room->size * sizeof *room->members);
        if (room->members == NULL)
            die("no memory");
    }
    m->prefix_length = (size_t)snprintf(m->prefix, sizeof m->prefix, "%.*s: ", MAX_NAME, name);
    m->room = room;
    m->index = room->count;
    room->members[room->count++] = m;
    write_to(m, welcome, (size_t)sprintf(welcome, "Server: You join @chatroom %u", number) + 1);
    m->own_start = room->batch_length;
    append(room, news, (size_t)sprintf(news, "%sjoined us @chatroom %u.", m->prefix, number) + 1);
    m->own_end = room->batch_length;
}

static void handle_frame(struct member *m, const char *frame, size_t length)
{
    unsigned number;
    char name[MAX_NAME];
    if (frame[0] == '`') {
        if (m->room == NULL && sscanf(frame, "`enter %u %31s", &number, name) == 2) {
            enter(m, number, name);
        } else {
            write_to(m, "Server: ", 8);
            write_to(m, frame, length + 1);
        }
    } else if (m->room != NULL) {
        append(m->room, m->prefix, m->prefix_length);
        append(m->room, frame, length + 1);
        m->own_end = m->room->batch_length;
    }
}

static void remove_member(struct member *m)
{
    if (m->room != NULL) {
        struct member *last = m->room->members[--m->room->count];
        m->room->members[m->index] = last;
        last->index = m->index;
    }
    close(m->fd);
    free(m->queue);
    free(m);
    if (--connected == 0)
        exit(0);
}

static void read_member(struct member *m)
{
    memcpy(buffer, m->carry, m->carried);
    ssize_t got = recv(m->fd, buffer + m->carried, READ_SIZE, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        remove_member(m);
        return;
    }
    char *at = buffer, *end = buffer + m->carried + got, *nul;
    if (m->room != NULL)
        m->own_start = m->own_end = m->room->batch_length;
    while ((nul = memchr(at, '\0', (size_t)(end - at))) != NULL) {
        handle_frame(m, at, (size_t)(nul - at));
        at = nul + 1;
    }
    m->carried = (size_t)(end - at);
    if (m->carried > MAX_FRAME) {
        m->carried = 0;
        drop(m);
        return;
    }
    memcpy(m->carry, at, m->carried);
}

static void accept_members(void)
{
    int fd, on = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct member *m = calloc(1, sizeof *m);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = m};
        if (m == NULL || connected == max_connected ||
            epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) != 0)
            die("too many clients");
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        m->fd = fd;
        connected++;
    }
}

/* -- the run */

static void listen_on_loopback(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    poller = epoll_create1(EPOLL_CLOEXEC);
    if (listener < 0 || poller < 0 ||
        bind(listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listener, 1024) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) != 0 ||
        epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event) != 0)
        die("cannot listen on 127.0.0.1: %s", strerror(errno));
    printf("listening at (127.0.0.1, %d)\n", ntohs(address.sin_port));
    fflush(stdout);
}

static void turn(void)
{
    struct epoll_event events[EVENTS];
    int ready = epoll_wait(poller, events, EVENTS, -1);
    for (int i = 0; i < ready; i++) {
        struct member *m = events[i].data.ptr;
        if (m == NULL) {
            accept_members();
            continue;
        }
        if (events[i].events & EPOLLOUT)
            write_queue(m);
        if (events[i].events & ~(uint32_t)EPOLLOUT)
            read_member(m);
    }
    while (changes > 0)
        flush_batch(changed[--changes]);
}

int main(int count, char **arguments)
{
    max_connected = count == 2 ? atoi(arguments[1]) : 0;
    if (max_connected < 1 || max_connected > MAX_CLIENTS)
        die("usage: floor CLIENTS, from 1 to %d", MAX_CLIENTS);
    alarm(LIFETIME_SECONDS);
    allow_sockets((rlim_t)max_connected);
    listen_on_loopback();
    for (;;)
        turn();
}
