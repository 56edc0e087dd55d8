/* Shared by the load generator and the floor: errors, clocks, and the limit of open sockets. */

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

/* Print one line on standard error and exit with status 1. */
__attribute__((noreturn, format(printf, 1, 2))) static void die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}

/* Return the nanoseconds of a clock: CLOCK_MONOTONIC for time, a CPU clock for work. */
static inline int64_t nanoseconds(clockid_t clock)
{
    struct timespec now;
    if (clock_gettime(clock, &now) != 0)
        return 0;
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Raise the limit of open files so that `wanted` sockets fit; the usual soft limit is 1024. */
static inline void allow_sockets(rlim_t wanted)
{
    struct rlimit limit;
    wanted += 32; /* the standard streams, epoll, the listener, and some spare ones */
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
