/* What the load generator and the floor share: dying with one line, time, and room for sockets. */

#ifndef BENCH_COMMON_H
#define BENCH_COMMON_H

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

/* Say in one line what cannot be, and end. */
__attribute__((noreturn, format(printf, 1, 2))) static void die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}

/* Nanoseconds of any clock: the wall's steps do not matter to CLOCK_MONOTONIC, CPU clocks count work. */
static inline int64_t nanoseconds(clockid_t clock)
{
    struct timespec now;
    if (clock_gettime(clock, &now) != 0)
        return 0;
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Make sure that `wanted` sockets can be open: the usual soft limit is 1024, the hard one far more. */
static inline void allow_sockets(rlim_t wanted)
{
    struct rlimit limit;
    wanted += 32; /* the standard streams, epoll, the listener, and some air */
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        die("cannot tell how many sockets may be open: %s", strerror(errno));
    if (limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur = wanted;
    if (limit.rlim_max < wanted || setrlimit(RLIMIT_NOFILE, &limit) != 0)
        die("%llu open files are needed, and at most %llu allowed (ulimit -Hn)",
            (unsigned long long)wanted, (unsigned long long)limit.rlim_max);
}

#endif
