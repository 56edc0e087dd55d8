/* The text of a message of the load generator: speaker, number, time, and padding.
 *
 *     |SSSSSSSSTTTTTTTTxxxxxxxx...
 *
 * S: the number of the speaker and the number of the message, T: nanoseconds since the generator
 * started, each in eight characters of five bits. No protocol has to escape these characters, and
 * the first one marks a message. The code needs a little-endian machine.
 */

#ifndef BENCH_MESSAGE_H
#define BENCH_MESSAGE_H

#include <stdint.h>
#include <string.h>

enum {
    MAGIC = '|',
    PADDING = 'x',
    MIN_BYTES = 18, /* the magic, two words, and a byte of padding */
    NUMBER_BITS = 28,
    MAX_SPEAKERS = 1 << (40 - NUMBER_BITS),
};

struct message {
    uint32_t speaker;
    uint32_t number;
    uint64_t sent_ns;
};

static inline void write_word(char *to, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        to[i] = (char)('0' + (value >> 5 * i & 31));
}

/* Merge eight groups of five bits to four of ten, two of twenty, and one of forty. */
static inline uint64_t read_word(const char *from)
{
    uint64_t x;
    memcpy(&x, from, sizeof x);
    x = (x - 0x3030303030303030) & 0x1f1f1f1f1f1f1f1f;
    x = (x & 0x001f001f001f001f) | (x & 0x1f001f001f001f00) >> 3;
    x = (x & 0x000003ff000003ff) | (x & 0x03ff000003ff0000) >> 6;
    return (x & 0xfffff) | (x >> 12 & 0xfffff00000);
}

static inline void write_message(char *to, size_t length, struct message message)
{
    memset(to, PADDING, length);
    to[0] = MAGIC;
    write_word(to + 1, (uint64_t)message.speaker << NUMBER_BITS | message.number);
    write_word(to + 9, message.sent_ns);
}

static inline struct message read_message(const char *text)
{
    uint64_t word = read_word(text + 1);
    return (struct message){
        .speaker = (uint32_t)(word >> NUMBER_BITS),
        .number = (uint32_t)(word & ((1u << NUMBER_BITS) - 1)),
        .sent_ns = read_word(text + 9),
    };
}

#endif
