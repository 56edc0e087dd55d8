/* Shared by the parts of the load generator: members, options and counters.
 *
 * loadgen.c runs the measurement, speaking.c sends, receiving.c reads and checks.
 */

#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include "common.h"
#include "histogram.h"
#include "protocols.h"

#define SECOND 1000000000LL
#define MILLISECOND 1000000LL

enum {
    MAX_CLIENTS = 16384,
    MAX_BYTES = 1024,
    MAX_REQUEST = 512,   /* a request to join, or the bytes before a text */
    MAX_FRAME = 8192,    /* longest frame, which a read may split */
    OPEN_LOOP_ROOM = 64, /* messages of a speaker that may wait for its socket in an open loop */
};

#define NOBODY UINT32_MAX

enum stage { REQUESTING, GREETING, READY, JOINING, JOINED };

struct member {
    int fd, room;
    enum stage stage;
    const struct protocol *protocol;
    uint32_t first_speaker; /* of its room */
    uint32_t own;           /* its index among them; NOBODY if it is silent */
    int watches;            /* it is the member in the middle of the silent members */
    uint32_t *next;         /* number of the next message of each speaker of the room */
    size_t stride;          /* length of the last message with all its frames; 0: not known */
    size_t since;           /* bytes since the end of the last message */
    int frames;             /* and their number of frames */
    size_t carried;         /* bytes of a frame whose end has not been read yet */
    char carry[MAX_FRAME];
};

struct speaker {
    int index;           /* of the member */
    uint32_t sent, done; /* messages made, and seen by the watcher */
    size_t start, end;   /* the part of `unsent` that the socket has not accepted */
    size_t before, after, message_size;
    char head[MAX_REQUEST], foot[8];
    char *unsent;
};

/* The options; members and speakers are those of each room. */
extern int port, irc_port, members, rooms, speakers, window, rate, text_bytes, storm;

extern struct member *member;
extern struct speaker *speaker;
extern int ready, joined; /* numbers of clients */
extern int speaking, measuring;
extern uint64_t sent, received, reads;
extern uint64_t missing, repeated, disordered, own, strange; /* errors */
extern struct histogram latencies;
extern char last_answer[160]; /* of the server, to a member that has not joined yet */
extern int64_t epoch;        /* start of the program */

static inline int64_t elapsed(void)
{
    return nanoseconds(CLOCK_MONOTONIC) - epoch;
}

/* speaking.c */
void speak(int room);
int64_t speak_on_schedule(int64_t now);
void send_request(const struct member *m, const char *template);
void answer_ping(const struct member *m, const char *frame, size_t length);

/* receiving.c */
void turn(int poller, int64_t patience);

#endif
