/* The CPU time and the memory that the processes of a server use. */

#ifndef BENCH_USAGE_H
#define BENCH_USAGE_H

#include "common.h"

#include <sys/types.h>
#include <unistd.h>

enum { MAX_PROCESSES = 64 };

static pid_t processes[MAX_PROCESSES];
static int process_count;

/* Parse the ids of the server's processes, such as "17,18". */
static inline void watch_processes(const char *list)
{
    while (*list != '\0') {
        char *end;
        long pid = strtol(list, &end, 10);
        if (end == list || pid < 1 || process_count == MAX_PROCESSES ||
            (*end != ',' && *end != '\0'))
            die("pids must be up to %d numbers with commas between", MAX_PROCESSES);
        processes[process_count++] = (pid_t)pid;
        list = *end == ',' ? end + 1 : end;
    }
}

/* Return the CPU time of all threads of all its processes, in nanoseconds. */
static inline int64_t server_cpu(void)
{
    int64_t sum = 0;
    for (int i = 0; i < process_count; i++) {
        clockid_t clock;
        if (clock_getcpuclockid(processes[i], &clock) != 0)
            die("the server's process %d has ended", (int)processes[i]);
        sum += nanoseconds(clock);
    }
    return sum;
}

/* Return the resident memory of its processes, in bytes. */
static inline int64_t server_memory(void)
{
    int64_t sum = 0;
    for (int i = 0; i < process_count; i++) {
        char path[64];
        long pages = 0;
        snprintf(path, sizeof path, "/proc/%d/statm", (int)processes[i]);
        FILE *file = fopen(path, "r");
        if (file == NULL || fscanf(file, "%*d %ld", &pages) != 1)
            die("the server's process %d has ended", (int)processes[i]);
        fclose(file);
        sum += (int64_t)pages * sysconf(_SC_PAGESIZE);
    }
    return sum;
}

/* Return for how many nanoseconds this process was ready to run and others had its core; 0 if the
 * kernel does not count that. */
static inline int64_t withheld(void)
{
    long long waited = 0;
    FILE *file = fopen("/proc/self/schedstat", "r");
    if (file == NULL)
        return 0;
    if (fscanf(file, "%*d %lld", &waited) != 1)
        waited = 0;
    fclose(file);
    return waited;
}

#endif
