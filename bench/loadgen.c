/* The load generator: a room full of members, some of whom speak as fast as they are heard.
 *
 *     loadgen PORT MEMBERS SPEAKERS WINDOW BYTES SECONDS SERVER_PID
 *
 * Connects MEMBERS clients to 127.0.0.1:PORT, which join room 1 with NUL framing. The first SPEAKERS
 * of them keep WINDOW messages of BYTES bytes each in flight: a closed loop. A message is done, and the
 * next may be sent, when it was seen by the watcher, a member in the middle who never speaks. After a
 * second to warm up it measures for SECONDS, then lets drain what is in flight and checks that every
 * member got each message of every other speaker once and in order, and none of his own.
 * It prints one line of JSON.
 *
 * It shares the machine with the server, so it has to be cheap: a large read, memchr for the end of a
 * frame, and a look at the first thirteen bytes. A text is the speaker's letter, the message's number in
 * five characters of six bits each, and padding. So a message arrives as "m0007: H40000xxx...".
 */

#define _GNU_SOURCE
#include "common.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    MAX_MEMBERS = 10000,
    MAX_SPEAKERS = 26, /* a letter each */
    PREFIX = 7,        /* "m0007: " */
    MAX_WINDOW = 1024,
    MIN_BYTES = 8,
    MAX_BYTES = 1024,
    MAX_SECONDS = 300,
    JOINING_AT_ONCE = 32, /* less than what a listener keeps waiting, or connections wait for seconds */
    MAX_FRAME = 2048,     /* longest frame that may be cut in two by a read */
    READ_SIZE = 1 << 18,
    EVENTS = 128,
    SILENCE_SECONDS = 5, /* after which a server that owes us something counts as stuck */
    SLOWEST_US = 1 << 20,
};

#define SECOND 1000000000LL

struct member {
    int fd;
    int joined;
    size_t carried; /* bytes of a frame whose end has not come yet */
    char carry[MAX_FRAME];
    uint32_t next[MAX_SPEAKERS]; /* number of the next message of each speaker */
};

struct speaker {
    uint64_t head;    /* the eight bytes that his messages begin with when they arrive, "m0007: H" */
    uint32_t sent;    /* messages made */
    uint32_t done;    /* messages seen by the watcher */
    int64_t stamps[MAX_WINDOW]; /* when those in flight were sent */
    size_t start, end;          /* what the socket has not taken of `unsent` */
    char unsent[MAX_WINDOW * (MAX_BYTES + 1)];
};

static int members, speakers, window, text_bytes, watcher;
static size_t frame_length; /* of a message as it arrives, without its NUL */
static struct member *member;
static struct speaker *speaker;
static int poller;
static int joined;
static int speaking;  /* new messages are sent */
static int measuring; /* latencies are noted */

static uint64_t deliveries, reads;
static uint64_t missing, repeated, own, strange; /* what must not happen */
static uint32_t latency_us[SLOWEST_US + 1];      /* how many messages took so many microseconds */
static char padding[MAX_BYTES];
static char buffer[MAX_FRAME + READ_SIZE + sizeof(uint64_t)]; /* so that a head can be looked at anywhere */

/* -- sending */

static void make_message(int who)
{
    struct speaker *s = &speaker[who];
    char *to = s->unsent + s->end;
    memcpy(to, padding, (size_t)text_bytes);
    to[0] = (char)('A' + who);
    for (int i = 0; i < 5; i++)
        to[1 + i] = (char)('0' + (s->sent >> (6 * i) & 63));
    to[text_bytes] = '\0';
    s->end += (size_t)text_bytes + 1;
    s->sent++;
}

static void send_unsent(int who)
{
    struct speaker *s = &speaker[who];
    ssize_t taken = send(member[who].fd, s->unsent + s->start, s->end - s->start, MSG_NOSIGNAL);
    if (taken < 0 && errno != EAGAIN && errno != EINTR)
        die("speaker %d cannot send: %s", who, strerror(errno));
    if (taken > 0)
        s->start += (size_t)taken;
    if (s->start == s->end)
        s->start = s->end = 0;
}

/* Let every speaker say what the window allows; a message whose bytes wait is in flight as well. */
static void speak(void)
{
    for (int who = 0; who < speakers; who++) {
        struct speaker *s = &speaker[who];
        if (speaking && s->start == 0 && s->sent - s->done < (uint32_t)window) {
            int64_t now = nanoseconds(CLOCK_MONOTONIC);
            while (s->sent - s->done < (uint32_t)window) {
                s->stamps[s->sent % (uint32_t)window] = now;
                make_message(who);
            }
        }
        if (s->start < s->end)
            send_unsent(who);
    }
}

/* -- receiving */

static void seen_by_watcher(int who, uint32_t number, const char *text)
{
    struct speaker *s = &speaker[who];
    if (number >= s->sent || number < s->done || memcmp(text + 6, padding + 6, (size_t)text_bytes - 6)) {
        strange++;
        return;
    }
    if (measuring) {
        int64_t took = (nanoseconds(CLOCK_MONOTONIC) - s->stamps[number % (uint32_t)window]) / 1000;
        latency_us[took < SLOWEST_US ? took : SLOWEST_US]++;
    }
    s->done = number + 1;
}

static void take_message(int who, int from, const char *text)
{
    uint32_t number = 0, *next = &member[who].next[from];
    for (int i = 0; i < 5; i++)
        number |= (uint32_t)(text[1 + i] - '0') << (6 * i);
    if (number != *next) {
        if (number < *next) {
            repeated++;
            return;
        }
        missing += number - *next;
    }
    *next = number + 1;
    deliveries++;
    if (from == who)
        own++;
    if (who == watcher)
        seen_by_watcher(from, number, text);
}

/* Take a frame that is no message of a speaker: fine while members join, and suspicious after. */
static void take_other(int who, const char *frame, size_t length)
{
    static const char welcome[] = "Server: You join @chatroom ";
    static const char news[] = ": joined us @chatroom 1.";
    if (length >= sizeof welcome - 1 && !memcmp(frame, welcome, sizeof welcome - 1)) {
        joined += !member[who].joined;
        member[who].joined = 1;
    } else if (length < sizeof news || memcmp(frame + length - (sizeof news - 1), news, sizeof news - 1)) {
        if (joined < members)
            die("member %d was answered: %.*s", who, (int)length, frame);
        strange++;
    }
}

static void take_frame(int who, const char *frame, size_t length)
{
    unsigned from = (unsigned char)frame[PREFIX] - 'A';
    uint64_t head;
    memcpy(&head, frame, sizeof head);
    if (length == frame_length && from < (unsigned)speakers && head == speaker[from].head)
        take_message(who, (int)from, frame + PREFIX);
    else
        take_other(who, frame, length);
}

/* Read once; return whether there may be more. */
static int read_once(int who)
{
    struct member *m = &member[who];
    memcpy(buffer, m->carry, m->carried);
    ssize_t got = recv(m->fd, buffer + m->carried, READ_SIZE, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (got <= 0)
        die("the server closed the connection of member %d", who);
    reads++;
    char *at = buffer, *end = buffer + m->carried + got, *nul;
    while ((nul = memchr(at, '\0', (size_t)(end - at))) != NULL) {
        take_frame(who, at, (size_t)(nul - at));
        at = nul + 1;
    }
    m->carried = (size_t)(end - at);
    if (m->carried > MAX_FRAME)
        die("member %d got a frame of more than %d bytes", who, MAX_FRAME);
    memcpy(m->carry, at, m->carried);
    return got == READ_SIZE;
}

/* Read what has come. Epoll tells of it once (EPOLLET), which spares it to look at every socket again;
 * so a read that filled the buffer is repeated, and so is one after which the end may wait unread. */
static void read_member(const struct epoll_event *event)
{
    while (read_once(event->data.fd) || event->events & ~(uint32_t)EPOLLIN)
        ;
}

/* Read what has come, for at most a millisecond, so that what a socket did not take is sent soon. */
static void turn(void)
{
    struct epoll_event events[EVENTS];
    int ready = epoll_wait(poller, events, EVENTS, 1);
    if (ready < 0 && errno != EINTR)
        die("epoll_wait: %s", strerror(errno));
    for (int i = 0; i < ready; i++) {
        read_member(&events[i]);
        if (events[i].data.fd == watcher)
            speak();
    }
    if (ready <= 0)
        speak();
}

/* -- the run */

static void connect_member(int who, int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct timeval patience = {.tv_sec = SILENCE_SECONDS};
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.fd = who};
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char join[32];
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0)
        die("member %d gets no socket: %s", who, strerror(errno));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        die("member %d cannot connect to port %d: %s", who, port, strerror(errno));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    /* Digits alone: the server takes names for the same that look alike, as m1 and ml do. */
    int length = snprintf(join, sizeof join, "`join 1 m%04d", who) + 1;
    if (send(fd, join, (size_t)length, MSG_NOSIGNAL) != length)
        die("member %d cannot send: %s", who, strerror(errno));
    if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0 || epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) != 0)
        die("member %d cannot be waited for: %s", who, strerror(errno));
    member[who].fd = fd;
}

static void join_all(int port)
{
    int connected = 0;
    int64_t last = nanoseconds(CLOCK_MONOTONIC);
    while (joined < members) {
        while (connected < members && connected - joined < JOINING_AT_ONCE)
            connect_member(connected++, port);
        int before = joined;
        turn();
        if (joined > before)
            last = nanoseconds(CLOCK_MONOTONIC);
        else if (nanoseconds(CLOCK_MONOTONIC) - last > SILENCE_SECONDS * SECOND)
            die("only %d of %d members could join", joined, members);
    }
}

static void talk(double seconds)
{
    int64_t now = nanoseconds(CLOCK_MONOTONIC);
    int64_t end = now + (int64_t)(seconds * (double)SECOND), last = now;
    uint64_t before = deliveries;
    while ((now = nanoseconds(CLOCK_MONOTONIC)) < end) {
        turn();
        if (deliveries != before) {
            before = deliveries;
            last = now;
        } else if (now - last > SILENCE_SECONDS * SECOND) {
            die("nothing has come for %d s", SILENCE_SECONDS);
        }
    }
}

static int all_has_come(void)
{
    for (int who = 0; who < members; who++)
        for (int from = 0; from < speakers; from++)
            if (from != who && member[who].next[from] != speaker[from].sent)
                return 0;
    return 1;
}

/* Wait until every member has everything; what has not come within seconds is lost. */
static void drain(void)
{
    int64_t end = nanoseconds(CLOCK_MONOTONIC) + SILENCE_SECONDS * SECOND;
    while (!all_has_come() && nanoseconds(CLOCK_MONOTONIC) < end)
        turn();
    /* What is said twice would come now. */
    for (int i = 0; i < 20; i++)
        turn();
    for (int who = 0; who < members; who++)
        for (int from = 0; from < speakers; from++)
            if (from != who)
                missing += speaker[from].sent - member[who].next[from];
}

static double latency_ms(double part, uint64_t messages)
{
    uint64_t count = 0;
    for (int us = 0; us <= SLOWEST_US; us++)
        if ((count += latency_us[us]) > (uint64_t)(part * (double)messages))
            return us / 1000.0;
    return 0;
}

static void measure(double seconds, pid_t server)
{
    clockid_t server_clock;
    if (clock_getcpuclockid(server, &server_clock) != 0)
        die("there is no process %d whose CPU time could be read", (int)server);
    speaking = 1;
    speak();
    talk(1); /* to warm up */
    measuring = 1;
    uint64_t messages = 0, deliveries_before = deliveries, reads_before = reads;
    int64_t begin = nanoseconds(CLOCK_MONOTONIC);
    int64_t server_cpu = nanoseconds(server_clock);
    int64_t own_cpu = nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
    talk(seconds);
    measuring = 0;
    double took = (double)(nanoseconds(CLOCK_MONOTONIC) - begin) / 1e9;
    double server_s = (double)(nanoseconds(server_clock) - server_cpu) / 1e9;
    double own_s = (double)(nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - own_cpu) / 1e9;
    double delivered = (double)(deliveries - deliveries_before);
    double read = (double)(reads - reads_before);
    speaking = 0;
    drain();
    for (int us = 0; us <= SLOWEST_US; us++)
        messages += latency_us[us];
    printf("{\"deliveries_per_s\": %.0f, \"messages_per_s\": %.0f, \"p50_ms\": %.3f, \"p99_ms\": %.3f, "
           "\"server_cpu_per_million\": %.5f, \"server_busy\": %.3f, \"generator_busy\": %.3f, "
           "\"deliveries_per_read\": %.1f, \"missing\": %llu, \"repeated\": %llu, \"own\": %llu, "
           "\"strange\": %llu, \"errors\": %llu}\n",
           delivered / took, (double)messages / took, latency_ms(0.5, messages), latency_ms(0.99, messages),
           delivered > 0 ? server_s / delivered * 1e6 : 0, server_s / took, own_s / took,
           read > 0 ? delivered / read : 0, (unsigned long long)missing, (unsigned long long)repeated,
           (unsigned long long)own, (unsigned long long)strange,
           (unsigned long long)(missing + repeated + own + strange));
}

static int number(const char *text, const char *what, int least, int most)
{
    char *end;
    long value = strtol(text, &end, 10);
    if (*end != '\0' || end == text || value < least || value > most)
        die("%s must be a number from %d to %d", what, least, most);
    return (int)value;
}

int main(int count, char **arguments)
{
    if (count != 8)
        die("usage: loadgen PORT MEMBERS SPEAKERS WINDOW BYTES SECONDS SERVER_PID");
    int port = number(arguments[1], "PORT", 1, 65535);
    members = number(arguments[2], "MEMBERS", 2, MAX_MEMBERS);
    speakers = number(arguments[3], "SPEAKERS", 1, MAX_SPEAKERS);
    window = number(arguments[4], "WINDOW", 1, MAX_WINDOW);
    text_bytes = number(arguments[5], "BYTES", MIN_BYTES, MAX_BYTES);
    int seconds = number(arguments[6], "SECONDS", 1, MAX_SECONDS);
    pid_t server = number(arguments[7], "SERVER_PID", 1, INT32_MAX);
    if (speakers >= members)
        die("at least one member must be silent");
    watcher = speakers + (members - speakers) / 2;
    allow_sockets((rlim_t)members);
    alarm((unsigned)seconds + 90); /* whatever happens, this ends */

    member = calloc((size_t)members, sizeof *member);
    speaker = calloc((size_t)speakers, sizeof *speaker);
    poller = epoll_create1(EPOLL_CLOEXEC);
    if (member == NULL || speaker == NULL || poller < 0)
        die("no memory, or no epoll");
    memset(padding, 'x', sizeof padding);
    for (int who = 0; who < speakers; who++) {
        char head[32];
        snprintf(head, sizeof head, "m%04d: %c", who, 'A' + who);
        memcpy(&speaker[who].head, head, sizeof speaker->head);
    }
    frame_length = PREFIX + (size_t)text_bytes;

    join_all(port);
    measure(seconds, server);
    return 0;
}
