/* A histogram of times; its buckets grow with the value, so that each is exact to 1.6 %. */

#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stdint.h>

enum {
    PRECISION = 6, /* each power of two has 2^6 buckets */
    BUCKETS = (64 - PRECISION + 1) << PRECISION,
};

struct histogram {
    uint64_t total;
    uint64_t counts[BUCKETS];
};

/* Count a time in nanoseconds. Below 2^7 each value has its bucket; above, the highest seven bits
 * select the bucket. */
static inline void count_time(struct histogram *h, uint64_t ns)
{
    unsigned shift = ns < 2u << PRECISION ? 0 : 63 - PRECISION - (unsigned)__builtin_clzll(ns);
    h->counts[(shift << PRECISION) + (ns >> shift)]++;
    h->total++;
}

/* Return the time in milliseconds that `part` of all times do not exceed. */
static inline double time_ms(const struct histogram *h, double part)
{
    uint64_t seen = 0, wanted = (uint64_t)(part * (double)h->total);
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
        seen += h->counts[bucket];
        if (seen <= wanted)
            continue;
        unsigned shift = bucket < 2u << PRECISION ? 0 : (bucket >> PRECISION) - 1;
        double lowest = (double)((uint64_t)(bucket - (shift << PRECISION)) << shift);
        return (lowest + (double)(((uint64_t)1 << shift) - 1) / 2) / 1e6;
    }
    return 0;
}

#endif
