/* The floor: a chat server that does the I/O and nothing else, to tell what the machine could do.
 *
 *     floor MEMBERS
 *
 * Listens on a free port of 127.0.0.1 and prints it. Speaks NUL framing: answers "`join ROOM NAME" with
 * "Server: You join @chatroom 1"; everything else that a member says goes to all others as "NAME: text".
 * There is one room and there are no rules. It does what any server must do: all that was readable in
 * one turn of epoll becomes one batch, built once, and every member gets one send of what the others
 * said, the batch itself or, for who spoke, the batch without his own part. MEMBERS: at most so many.
 *
 * Ends when the last member has gone, or after ten minutes.
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
    MAX_MEMBERS = 10000,
    MAX_FRAME = 2048, /* longest frame taken */
    MAX_NAME = 32,
    READ_SIZE = 65536,
    QUEUE = 1 << 20, /* bytes that may wait for who does not read; past it he is closed */
    EVENTS = 1024,
    LIFETIME_SECONDS = 600,
};

struct member {
    int fd;
    int in_room;
    size_t carried; /* bytes of a frame whose end has not come yet */
    char carry[MAX_FRAME];
    char prefix[MAX_NAME + 3]; /* "NAME: " */
    size_t prefix_length;
    size_t own_start, own_end; /* his own part of the batch: one, as he is read once a turn */
    char *queue;               /* what his socket did not take */
    size_t queued;
};

static struct member *all[MAX_MEMBERS]; /* those connected, without gaps */
static int connected, most;
static int poller, listener;
static char *batch;
static size_t batch_length, batch_size;
static char buffer[MAX_FRAME + READ_SIZE];
static char share[1 << 22];

/* -- output */

static void watch(struct member *m, uint32_t what)
{
    struct epoll_event event = {.events = what, .data.ptr = m};
    epoll_ctl(poller, EPOLL_CTL_MOD, m->fd, &event);
}

/* Shut a connection down: the next turn reads its end and forgets it. */
static void drop(struct member *m)
{
    shutdown(m->fd, SHUT_RDWR);
    m->in_room = 0;
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

/* End the turn: one send for every member. */
static void flush_batch(void)
{
    for (int i = 0; i < connected; i++) {
        struct member *m = all[i];
        size_t own = m->own_end - m->own_start;
        if (m->in_room && own == 0) {
            write_to(m, batch, batch_length);
        } else if (m->in_room && own < batch_length) {
            memcpy(share, batch, m->own_start);
            memcpy(share + m->own_start, batch + m->own_end, batch_length - m->own_end);
            write_to(m, share, batch_length - own);
        }
        m->own_start = m->own_end = 0;
    }
    batch_length = 0;
}

/* -- input */

static void note(const char *bytes, size_t length)
{
    if (batch_length + length > batch_size) {
        batch_size = 2 * (batch_length + length);
        if (batch_size > sizeof share || (batch = realloc(batch, batch_size)) == NULL)
            die("too much was said in one turn");
    }
    memcpy(batch + batch_length, bytes, length);
    batch_length += length;
}

static void take_frame(struct member *m, char *frame, size_t length)
{
    static const char welcome[] = "Server: You join @chatroom 1";
    if (frame[0] == '`') {
        const char *name = strrchr(frame, ' ');
        m->prefix_length =
            (size_t)snprintf(m->prefix, sizeof m->prefix, "%.*s: ", MAX_NAME, name ? name + 1 : "nobody");
        m->in_room = 1;
        write_to(m, welcome, sizeof welcome);
    } else if (m->in_room) {
        note(m->prefix, m->prefix_length);
        note(frame, length + 1);
    }
}

static void forget(struct member *m)
{
    for (int i = 0; i < connected; i++)
        if (all[i] == m)
            all[i] = all[--connected];
    close(m->fd);
    free(m->queue);
    free(m);
    if (connected == 0)
        exit(0);
}

static void read_member(struct member *m)
{
    memcpy(buffer, m->carry, m->carried);
    ssize_t got = recv(m->fd, buffer + m->carried, READ_SIZE, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        forget(m);
        return;
    }
    char *at = buffer, *end = buffer + m->carried + got, *nul;
    m->own_start = batch_length;
    while ((nul = memchr(at, '\0', (size_t)(end - at))) != NULL) {
        take_frame(m, at, (size_t)(nul - at));
        at = nul + 1;
    }
    m->own_end = batch_length;
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
        if (m == NULL || connected == most || epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) != 0)
            die("too many members");
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        m->fd = fd;
        all[connected++] = m;
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
    if (listener < 0 || poller < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listener, 128) != 0 || getsockname(listener, (struct sockaddr *)&address, &size) != 0 ||
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
    if (batch_length > 0)
        flush_batch();
}

int main(int count, char **arguments)
{
    most = count == 2 ? atoi(arguments[1]) : 0;
    if (most < 1 || most > MAX_MEMBERS)
        die("usage: floor MEMBERS, from 1 to %d", MAX_MEMBERS);
    alarm(LIFETIME_SECONDS);
    allow_sockets((rlim_t)most);
    listen_on_loopback();
    for (;;)
        turn();
}
