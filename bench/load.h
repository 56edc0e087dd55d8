/* What the parts of the load generator share: who is there, what is asked for, what was found.
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
    MAX_REQUEST = 512,   /* what is sent around a text, or to join */
    MAX_FRAME = 8192,    /* longest frame that may be cut in two by a read */
    OPEN_LOOP_ROOM = 64, /* messages of a speaker that may wait for his socket in an open loop */
};

#define NOBODY UINT32_MAX

enum stage { GREETING, READY, JOINING, JOINED };

struct member {
    int fd, room;
    enum stage stage;
    const struct protocol *protocol;
    uint32_t first_speaker; /* of his room */
    uint32_t own;           /* which of them he is; NOBODY if he is silent */
    int watches;            /* he is the one in the middle of the silent ones */
    uint32_t *next;         /* number of the next message of each speaker of the room */
    size_t stride;          /* how long a message was with all its frames; 0: not known */
    size_t since;           /* bytes since the end of the last message */
    int frames;             /* and how many frames they are */
    size_t carried;         /* bytes of a frame whose end has not come yet */
    char carry[MAX_FRAME];
};

struct speaker {
    int who;
    uint32_t sent, done; /* messages made, and seen by the watcher */
    size_t start, end;   /* what the socket has not taken of `unsent` */
    size_t before, after, message_size;
    char head[MAX_REQUEST], foot[8];
    char *unsent;
};

/* What is asked for; members and speakers are those of each room. */
extern int port, members, rooms, speakers, window, rate, text_bytes, storm;

extern struct member *member;
extern struct speaker *speaker;
extern int ready, joined; /* how many clients */
extern int speaking, measuring;
extern uint64_t sent, received, reads;
extern uint64_t missing, repeated, disordered, own, strange; /* what must not happen */
extern struct histogram latencies;
extern char last_words[160]; /* of the server, to somebody who is not in yet */
extern int64_t epoch;        /* when the program began */

static inline int64_t elapsed(void)
{
    return nanoseconds(CLOCK_MONOTONIC) - epoch;
}

/* speaking.c */
void speak(int room);
int64_t speak_in_time(int64_t now);
void ask(const struct member *m, const char *template);
void answer_ping(const struct member *m, const char *frame, size_t length);

/* receiving.c */
void turn(int poller, int64_t patience);

#endif
