/* The load generator: connects the members of rooms, and lets some of them speak.
 *
 *     loadgen port=P pids=17,18 protocols=nul members=500 speakers=10 window=16 ...
 *
 * It connects MEMBERS clients for each of ROOMS rooms; the first SPEAKERS of each room speak. With
 * WINDOW each speaker keeps that many messages in flight (a closed loop): the next message may be
 * sent when the room's watcher, a silent member in the middle, has read one. With RATE all
 * speakers together send that many messages a second, whatever they read (an open loop). After
 * WARM_UP ms it measures for MEASURE ms, waits for the messages in flight, and checks that each
 * member got each message of the speakers of its room once and in order, and none of its own
 * unless the server echoes. With STORM there are no speakers: all clients connect first, and the
 * time runs from the first request to join to the last answer. A server that sends nothing for
 * PATIENCE ms while answers are due is stuck. Clients that use IRC connect to IRC_PORT if it is
 * given.
 *
 * It prints one line of JSON. A latency is the time from the creation of a message to the read
 * that returns it to a member. Messages that a socket does not accept wait in the generator, so
 * that a server that reads slowly does not get less in an open loop, and the waiting time counts.
 * The generator shares the machine with the server, so it has to be cheap.
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
    MAX_MIX = 16,
    SPARE_SECONDS = 120,      /* to connect, join and drain, in addition to the measurement */
    CLIENTS_PER_SOURCE = 25000, /* one address has ports for them */
    JOINS_PER_TURN = 128,       /* requests sent between two reads */
    CONNECT_SECONDS = 5,
};

int port, irc_port, members, rooms = 1, speakers = 1, window, rate, text_bytes = 64, storm;
static int warm_up = 1000, measure_ms = 5000, patience = 5000, json, at_once = 32;
static const struct protocol *mix[MAX_MIX];
static int mixed;

struct member *member;
struct speaker *speaker;
int ready, joined, speaking, measuring;
uint64_t sent, received, reads, missing, repeated, disordered, own, strange;
struct histogram latencies;
char last_answer[160] = "nothing";
int64_t epoch;
static int clients, poller;

/* -- the run */

static void connect_member(int client)
{
    int at = irc_port && member[client].protocol->irc ? irc_port : port;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)at)}, from = to;
    struct timeval deadline = {.tv_sec = CONNECT_SECONDS};
    /* EPOLLOUT reports room in a socket that was full; silent members do not need it. */
    uint32_t writable = client % members < speakers ? EPOLLOUT : 0;
    struct epoll_event event = {
        .events = EPOLLIN | EPOLLRDHUP | EPOLLET | writable,
        .data.fd = client,
    };
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (uint32_t)(client / CLIENTS_PER_SOURCE));
    from.sin_port = 0;
    if (fd < 0)
        die("member %d cannot get a socket: %s", client, strerror(errno));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &deadline, sizeof deadline);
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&from, sizeof from) != 0 ||
        connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
        die("member %d cannot connect to port %d: %s", client, at, strerror(errno));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    member[client].fd = fd;
    send_request(&member[client], member[client].protocol->hello);
    if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0 || epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) != 0)
        die("member %d cannot be waited for: %s", client, strerror(errno));
}

/* Wait until `*count` is `clients`, and connect them meanwhile, at most `at_once` ahead of it. */
static void wait_for_all(const int *count, const char *action)
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
            die("only %d of %d clients could %s; the server said: %s", *count, clients, action,
                last_answer);
    }
}

/* Let all members join at the same time; return the nanoseconds until the last answer. */
static int64_t join_in_a_storm(void)
{
    wait_for_all(&ready, "connect");
    int64_t began = elapsed();
    for (int client = 0; client < clients; client++) {
        member[client].stage = JOINING;
        send_request(&member[client], member[client].protocol->join);
        if (client % JOINS_PER_TURN == 0)
            turn(poller, 0);
    }
    wait_for_all(&joined, "join");
    return elapsed() - began;
}

/* Receive for `duration` nanoseconds, and send on schedule if the loop is open. */
static void talk(int64_t duration)
{
    int64_t now = elapsed(), end = now + duration, last = now, due = end;
    uint64_t before = received;
    for (; now < end; now = elapsed()) {
        if (rate && speaking)
            due = speak_on_schedule(now);
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

/* Wait until each member has all messages. Messages that do not come for PATIENCE ms are lost. */
static void drain(void)
{
    uint64_t expected = 0, before = 0;
    for (int i = 0; i < rooms * speakers; i++)
        expected += speaker[i].sent *
                    (uint64_t)(members - !member[speaker[i].index].protocol->echoes);
    int64_t last = elapsed();
    while (received < expected && elapsed() - last < patience * MILLISECOND) {
        turn(poller, MILLISECOND);
        if (received != before) {
            before = received;
            last = elapsed();
        }
    }
    /* Messages that are sent twice would come now. */
    for (int i = 0; i < 20; i++)
        turn(poller, MILLISECOND);
    for (int client = 0; client < clients; client++)
        for (int i = 0; i < speakers; i++) {
            const struct speaker *s = &speaker[member[client].first_speaker + (uint32_t)i];
            if (s->index != client || member[client].protocol->echoes)
                missing += s->sent - member[client].next[i];
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
    int64_t began = elapsed(), server = server_cpu();
    int64_t generator = nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
    int64_t waited = withheld();
    talk(measure_ms * MILLISECOND);
    measuring = 0;
    double took = (double)(elapsed() - began) / 1e9;
    double server_s = (double)(server_cpu() - server) / 1e9;
    double own_s = (double)(nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - generator) / 1e9;
    double waited_s = (double)(withheld() - waited) / 1e9;
    double delivered = (double)latencies.total, read = (double)(reads - reads_before);
    double said = (double)(sent - sent_before);
    speaking = 0;
    drain();
    printf("\"deliveries_per_s\": %.1f, \"messages_per_s\": %.1f, "
           "\"p50_ms\": %.4f, \"p99_ms\": %.4f, "
           "\"p999_ms\": %.4f, \"server_cpu_per_million\": %.5f, \"server_busy\": %.4f, "
           "\"generator_busy\": %.4f, \"withheld\": %.4f, \"deliveries_per_read\": %.2f, ",
           delivered / took, said / took, time_ms(&latencies, 0.5), time_ms(&latencies, 0.99),
           time_ms(&latencies, 0.999), delivered > 0 ? server_s / delivered * 1e6 : 0,
           server_s / took, own_s / took, waited_s / took, read > 0 ? delivered / read : 0);
}

static void run(void)
{
    int64_t memory = server_memory(), cpu = server_cpu(), began = elapsed(), stormed = 0;
    if (storm)
        stormed = join_in_a_storm();
    else
        wait_for_all(&joined, "join");
    double took = (double)(elapsed() - began) / 1e9;
    printf("{\"connect_s\": %.4f, \"memory_per_connection\": %.0f, "
           "\"joins_cpu_s\": %.4f, \"joins_per_s\": %.1f, ",
           took, (double)(server_memory() - memory) / clients, (double)(server_cpu() - cpu) / 1e9,
           storm ? clients / ((double)stormed / 1e9) : clients / took);
    if (!storm)
        measure();
    printf("\"missing\": %llu, \"repeated\": %llu, \"disordered\": %llu, "
           "\"own\": %llu, \"strange\": %llu}\n",
           (unsigned long long)missing, (unsigned long long)repeated,
           (unsigned long long)disordered, (unsigned long long)own, (unsigned long long)strange);
}

/* -- options */

static const struct option {
    const char *name;
    int *value, minimum, maximum;
} options[] = {
    {"port", &port, 1, 65535},
    {"irc_port", &irc_port, 1, 65535},
    {"members", &members, 2, MAX_CLIENTS},    /* in each room */
    {"rooms", &rooms, 1, 1000},
    {"speakers", &speakers, 1, MAX_SPEAKERS}, /* in each room */
    {"window", &window, 1, 1024},
    {"rate", &rate, 1, 1000000},
    {"bytes", &text_bytes, MIN_BYTES, MAX_BYTES},
    {"warm_up", &warm_up, 0, 60000},
    {"measure", &measure_ms, 1, 600000},
    {"patience", &patience, 1, 60000},
    {"json", &json, 0, MAX_CLIENTS},          /* the last members of each room, in JSON */
    {"at_once", &at_once, 1, 1024},           /* clients that connect at the same time */
    {"storm", &storm, 0, 1},
};

/* Parse the protocols, such as "nul,lines"; the members use them in turn. */
static void parse_protocols(const char *names)
{
    while (*names != '\0') {
        size_t length = strcspn(names, ",");
        if (mixed == MAX_MIX)
            die("at most %d protocols can be mixed", MAX_MIX);
        mix[mixed++] = find_protocol(names, length);
        names += length + (names[length] == ',');
    }
}

static void parse_option(const char *argument)
{
    size_t length = strcspn(argument, "=");
    const char *value = argument + length + (argument[length] == '=');
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        if (strlen(options[i].name) != length || memcmp(options[i].name, argument, length) != 0)
            continue;
        char *end;
        long number = strtol(value, &end, 10);
        if (end == value || *end != '\0' || number < options[i].minimum ||
            number > options[i].maximum)
            die("%s must be from %d to %d", options[i].name, options[i].minimum,
                options[i].maximum);
        *options[i].value = (int)number;
        return;
    }
    if (length == 4 && memcmp(argument, "pids", length) == 0)
        watch_processes(value);
    else if (length == 9 && memcmp(argument, "protocols", length) == 0)
        parse_protocols(value);
    else
        die("there is no option %.*s", (int)length, argument);
}

static void set_up_members(void)
{
    for (int client = 0; client < clients; client++) {
        struct member *m = &member[client];
        int index = client % members;
        m->room = client / members;
        m->first_speaker = (uint32_t)(m->room * speakers);
        m->own = index < speakers ? (uint32_t)index : NOBODY;
        m->watches = index == speakers + (members - speakers) / 2;
        m->protocol = index >= members - json ? find_protocol("json", 4) : mix[index % mixed];
        m->stage = m->protocol->granted == NULL ? GREETING : REQUESTING;
        if ((m->next = calloc((size_t)speakers, sizeof *m->next)) == NULL)
            die("no memory");
        if (index >= speakers)
            continue;
        struct speaker *s = &speaker[m->room * speakers + index];
        s->index = client;
        s->before = fill_in(m->protocol, s->head, sizeof s->head, m->protocol->before, m->room,
                            client, text_bytes);
        s->after = fill_in(m->protocol, s->foot, sizeof s->foot, m->protocol->after, m->room,
                           client, text_bytes);
        s->message_size = s->before + (size_t)text_bytes + s->after;
        size_t queue = (size_t)(window ? window : OPEN_LOOP_ROOM);
        if ((s->unsent = malloc(s->message_size * queue)) == NULL)
            die("no memory");
    }
}

static void time_out(int number)
{
    (void)number;
    static const char text[] = "the measurement took far too long and was given up\n";
    _exit(write(STDERR_FILENO, text, sizeof text - 1) > 0 ? 1 : 2);
}

int main(int count, char **arguments)
{
    for (int i = 1; i < count; i++)
        parse_option(arguments[i]);
    if (!port || !members || !mixed || !process_count)
        die("port, members, protocols and pids must be given");
    if (speakers >= members || (!storm && !window == !rate))
        die("at least one member must be silent; either a window or a rate must be given");
    clients = rooms * members;
    if (clients > MAX_CLIENTS || rooms * speakers > MAX_SPEAKERS)
        die("there can be %d clients and %d speakers in all", MAX_CLIENTS, MAX_SPEAKERS);
    signal(SIGALRM, time_out); /* the program ends in any case */
    alarm((unsigned)(warm_up + measure_ms) / 1000 + SPARE_SECONDS);
    prctl(PR_SET_TIMERSLACK, 1UL); /* timers are 50 us late otherwise */
    allow_sockets((rlim_t)clients);

    epoch = nanoseconds(CLOCK_MONOTONIC);
    member = calloc((size_t)clients, sizeof *member);
    speaker = calloc((size_t)(rooms * speakers), sizeof *speaker);
    poller = epoll_create1(EPOLL_CLOEXEC);
    if (member == NULL || speaker == NULL || poller < 0)
        die("no memory, or no epoll");
    set_up_members();
    run();
    return 0;
}
