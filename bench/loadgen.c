/* The load generator: rooms full of members, some of whom speak.
 *
 *     loadgen port=P pids=17,18 protocols=nul members=500 speakers=10 window=16 ...
 *
 * Connects MEMBERS clients for each of ROOMS rooms; the first SPEAKERS in each speak. With WINDOW each of
 * them keeps so many messages in flight, a closed loop: a message is done, and the next may be sent, when it
 * was seen by the room's watcher, a member in the middle who never speaks. With RATE all of them together
 * send so many messages a second, whatever comes back, an open loop. After WARM_UP ms it measures for
 * MEASURE ms, then lets drain what is in flight and checks that every member got each message of every
 * speaker in his room once and in order, and none of his own unless the server echoes. With STORM nobody
 * speaks: all are connected first, and the time is taken from the first request to join to the last answer. When a server that owes something is
 * silent for PATIENCE ms, it counts as stuck.
 *
 * Prints one line of JSON. A latency is the time from the moment a message is made to the read that brought
 * it to a member, any member. What a server's socket does not take waits here, so a server that is slow
 * to read is not sent less in an open loop, and the time counts.
 * It shares the machine with the server, so it has to be cheap.
 */

#define _GNU_SOURCE
#include "load.h"
#include "message.h"
#include "usage.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>

enum {
    MAX_MIX = 4,
    SPARE_SECONDS = 120,      /* to connect, join and drain, beside the measurement */
    CLIENTS_A_SOURCE = 25000, /* on one address: what there are ports for */
    JOINS_A_TURN = 128,       /* sent before what has come is read */
    CONNECT_SECONDS = 5,
};

int port, members, rooms = 1, speakers = 1, window, rate, text_bytes = 64, storm;
static int warm_up = 1000, measure_ms = 5000, patience = 5000, json, at_once = 32;
static const struct protocol *mix[MAX_MIX];
static int mixed;

struct member *member;
struct speaker *speaker;
int ready, joined, speaking, measuring;
uint64_t sent, received, reads, missing, repeated, disordered, own, strange;
struct histogram latencies;
char last_words[160] = "nothing";
int64_t epoch;
static int clients, poller;

/* -- the run */

static void connect_member(int who)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)}, from = to;
    struct timeval deadline = {.tv_sec = CONNECT_SECONDS};
    /* EPOLLOUT says when a socket that was full has room; those who never speak need not know. */
    uint32_t speaks = who % members < speakers ? EPOLLOUT : 0;
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET | speaks, .data.fd = who};
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (uint32_t)(who / CLIENTS_A_SOURCE));
    from.sin_port = 0;
    if (fd < 0)
        die("member %d gets no socket: %s", who, strerror(errno));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &deadline, sizeof deadline);
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&from, sizeof from) != 0 ||
        connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
        die("member %d cannot connect to port %d: %s", who, port, strerror(errno));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    member[who].fd = fd;
    ask(&member[who], member[who].protocol->hello);
    if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0 || epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) != 0)
        die("member %d cannot be waited for: %s", who, strerror(errno));
}

/* Wait until `*count` is `clients`; connect them meanwhile, never many more than have got so far. */
static void wait_for_all(const int *count, const char *what)
{
    static int connected;
    int64_t last = elapsed();
    while (*count < clients) {
        while (connected < clients && connected - *count < at_once)
            connect_member(connected++);
        int before = *count;
        turn(poller, MILLISECOND);
        if (*count > before)
            last = elapsed();
        else if (elapsed() - last > patience * MILLISECOND)
            die("only %d of %d clients could %s; the server said: %s", *count, clients, what, last_words);
    }
}

/* All at once: join, and wait for it. Returns the nanoseconds it took. */
static int64_t join_in_a_storm(void)
{
    wait_for_all(&ready, "connect");
    int64_t began = elapsed();
    for (int who = 0; who < clients; who++) {
        member[who].stage = JOINING;
        ask(&member[who], member[who].protocol->join);
        if (who % JOINS_A_TURN == 0)
            turn(poller, 0);
    }
    wait_for_all(&joined, "join");
    return elapsed() - began;
}

/* Receive for so long, and speak in time if the loop is open. */
static void talk(int64_t duration)
{
    int64_t now = elapsed(), end = now + duration, last = now, due = end;
    uint64_t before = received;
    for (; now < end; now = elapsed()) {
        if (rate && speaking)
            due = speak_in_time(now);
        turn(poller, due < end ? due - elapsed() : MILLISECOND);
        if (received != before || sent == 0) {
            before = received;
            last = now;
        } else if (now - last > patience * MILLISECOND) {
            die("nothing has come for %d ms; %llu deliveries were missing before", patience,
                (unsigned long long)missing);
        }
    }
}

/* Wait until every member has everything; what does not come while all is silent for seconds is lost. */
static void drain(void)
{
    uint64_t expected = 0, before = 0;
    for (int i = 0; i < rooms * speakers; i++)
        expected += speaker[i].sent * (uint64_t)(members - !member[speaker[i].who].protocol->echoes);
    int64_t last = elapsed();
    while (received < expected && elapsed() - last < patience * MILLISECOND) {
        turn(poller, MILLISECOND);
        if (received != before) {
            before = received;
            last = elapsed();
        }
    }
    /* What is said twice would come now. */
    for (int i = 0; i < 20; i++)
        turn(poller, MILLISECOND);
    for (int who = 0; who < clients; who++)
        for (int i = 0; i < speakers; i++) {
            const struct speaker *s = &speaker[member[who].first_speaker + (uint32_t)i];
            if (s->who != who || member[who].protocol->echoes)
                missing += s->sent - member[who].next[i];
        }
}

static void measure(void)
{
    speaking = 1;
    for (int room = 0; room < rooms; room++)
        speak(room);
    talk(warm_up * MILLISECOND);
    measuring = 1;
    uint64_t reads_before = reads, sent_before = sent;
    int64_t began = elapsed(), server = server_cpu(), mine = nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
    int64_t waited = withheld();
    talk(measure_ms * MILLISECOND);
    measuring = 0;
    double took = (double)(elapsed() - began) / 1e9;
    double server_s = (double)(server_cpu() - server) / 1e9;
    double own_s = (double)(nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - mine) / 1e9;
    double waited_s = (double)(withheld() - waited) / 1e9;
    double delivered = (double)latencies.total, read = (double)(reads - reads_before);
    double said = (double)(sent - sent_before);
    speaking = 0;
    drain();
    printf("\"deliveries_per_s\": %.1f, \"messages_per_s\": %.1f, \"p50_ms\": %.4f, \"p99_ms\": %.4f, "
           "\"p999_ms\": %.4f, \"server_cpu_per_million\": %.5f, \"server_busy\": %.4f, "
           "\"generator_busy\": %.4f, \"withheld\": %.4f, \"deliveries_per_read\": %.2f, ",
           delivered / took, said / took, time_ms(&latencies, 0.5), time_ms(&latencies, 0.99),
           time_ms(&latencies, 0.999), delivered > 0 ? server_s / delivered * 1e6 : 0, server_s / took,
           own_s / took, waited_s / took, read > 0 ? delivered / read : 0);
}

static void run(void)
{
    int64_t memory = server_memory(), cpu = server_cpu(), began = elapsed(), stormed = 0;
    if (storm)
        stormed = join_in_a_storm();
    else
        wait_for_all(&joined, "join");
    double took = (double)(elapsed() - began) / 1e9;
    printf("{\"connect_s\": %.4f, \"memory_per_connection\": %.0f, \"joins_cpu_s\": %.4f, \"joins_per_s\": %.1f, ",
           took, (double)(server_memory() - memory) / clients, (double)(server_cpu() - cpu) / 1e9,
           storm ? clients / ((double)stormed / 1e9) : clients / took);
    if (!storm)
        measure();
    printf("\"missing\": %llu, \"repeated\": %llu, \"disordered\": %llu, \"own\": %llu, \"strange\": %llu}\n",
           (unsigned long long)missing, (unsigned long long)repeated, (unsigned long long)disordered,
           (unsigned long long)own, (unsigned long long)strange);
}

/* -- what is asked for */

static const struct option {
    const char *name;
    int *value, least, most;
} options[] = {
    {"port", &port, 1, 65535},
    {"members", &members, 2, MAX_CLIENTS},    /* in each room */
    {"rooms", &rooms, 1, 1000},
    {"speakers", &speakers, 1, MAX_SPEAKERS}, /* in each room */
    {"window", &window, 1, 1024},
    {"rate", &rate, 1, 1000000},
    {"bytes", &text_bytes, MIN_BYTES, MAX_BYTES},
    {"warm_up", &warm_up, 0, 60000},
    {"measure", &measure_ms, 1, 600000},
    {"patience", &patience, 1, 60000},
    {"json", &json, 0, MAX_CLIENTS},          /* so many in each room, the last, speak JSON */
    {"at_once", &at_once, 1, 1024},           /* clients who are on their way in */
    {"storm", &storm, 0, 1},
};

/* Protocols go round among the members: "nul,lines". */
static void take_mix(const char *names)
{
    while (*names != '\0') {
        size_t length = strcspn(names, ",");
        if (mixed == MAX_MIX)
            die("at most %d protocols can be mixed", MAX_MIX);
        mix[mixed++] = find_protocol(names, length);
        names += length + (names[length] == ',');
    }
}

static void take_option(const char *argument)
{
    size_t length = strcspn(argument, "=");
    const char *value = argument + length + (argument[length] == '=');
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        if (strlen(options[i].name) != length || memcmp(options[i].name, argument, length) != 0)
            continue;
        char *end;
        long number = strtol(value, &end, 10);
        if (end == value || *end != '\0' || number < options[i].least || number > options[i].most)
            die("%s must be from %d to %d", options[i].name, options[i].least, options[i].most);
        *options[i].value = (int)number;
        return;
    }
    if (length == 4 && memcmp(argument, "pids", length) == 0)
        watch_processes(value);
    else if (length == 9 && memcmp(argument, "protocols", length) == 0)
        take_mix(value);
    else
        die("there is no option %.*s", (int)length, argument);
}

static void seat_all(void)
{
    for (int who = 0; who < clients; who++) {
        struct member *m = &member[who];
        int place = who % members;
        m->room = who / members;
        m->first_speaker = (uint32_t)(m->room * speakers);
        m->own = place < speakers ? (uint32_t)place : NOBODY;
        m->watches = place == speakers + (members - speakers) / 2;
        m->protocol = place >= members - json ? find_protocol("json", 4) : mix[place % mixed];
        if ((m->next = calloc((size_t)speakers, sizeof *m->next)) == NULL)
            die("no memory");
        if (place >= speakers)
            continue;
        struct speaker *s = &speaker[m->room * speakers + place];
        s->who = who;
        s->before = fill_in(m->protocol, s->head, sizeof s->head, m->protocol->before, m->room, who, text_bytes);
        s->after = fill_in(m->protocol, s->foot, sizeof s->foot, m->protocol->after, m->room, who, text_bytes);
        s->message_size = s->before + (size_t)text_bytes + s->after;
        if ((s->unsent = malloc(s->message_size * (size_t)(window ? window : OPEN_LOOP_ROOM))) == NULL)
            die("no memory");
    }
}

static void too_late(int number)
{
    (void)number;
    static const char words[] = "the measurement took far too long and was given up\n";
    _exit(write(STDERR_FILENO, words, sizeof words - 1) > 0 ? 1 : 2);
}

int main(int count, char **arguments)
{
    for (int i = 1; i < count; i++)
        take_option(arguments[i]);
    if (!port || !members || !mixed || !process_count)
        die("port, members, protocols and pids must be given");
    if (speakers >= members || (!storm && !window == !rate))
        die("at least one member must be silent; either a window or a rate must be given");
    clients = rooms * members;
    if (clients > MAX_CLIENTS || rooms * speakers > MAX_SPEAKERS)
        die("there can be %d clients and %d speakers in all", MAX_CLIENTS, MAX_SPEAKERS);
    signal(SIGALRM, too_late); /* whatever happens, this ends */
    alarm((unsigned)(warm_up + measure_ms) / 1000 + SPARE_SECONDS);
    prctl(PR_SET_TIMERSLACK, 1UL); /* or what is due comes 50 us later */
    allow_sockets((rlim_t)clients);

    epoch = nanoseconds(CLOCK_MONOTONIC);
    member = calloc((size_t)clients, sizeof *member);
    speaker = calloc((size_t)(rooms * speakers), sizeof *speaker);
    poller = epoll_create1(EPOLL_CLOEXEC);
    if (member == NULL || speaker == NULL || poller < 0)
        die("no memory, or no epoll");
    seat_all();
    run();
    return 0;
}
