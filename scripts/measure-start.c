// Starts a program again and again and prints medians: time to the first byte of its standard output,
// time to its end, and its peak memory.
//
//     measure-start RUNS LABEL PROGRAM [ARGUMENT...]
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static double milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec * 1e-6;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int count, char **words) {
    int runs = count > 3 ? atoi(words[1]) : 0;
    double *first = calloc((size_t)(runs > 0 ? runs : 1), sizeof *first);
    double *last = calloc((size_t)(runs > 0 ? runs : 1), sizeof *last);
    long memory = 0;
    if (runs < 1 || !first || !last) {
        fprintf(stderr, "usage: measure-start RUNS LABEL PROGRAM [ARGUMENT...]\n");
        return 64;
    }
    for (int i = -2; i < runs; i++) {  // two to warm up
        int ends[2], status;
        struct rusage usage;
        char bytes[65536];
        pid_t process;
        posix_spawn_file_actions_t actions;
        if (pipe(ends)) return 71;
        fcntl(ends[0], F_SETFD, FD_CLOEXEC);
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
        posix_spawn_file_actions_addclose(&actions, ends[1]);
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
        double start = milliseconds();
        if (posix_spawn(&process, words[3], &actions, NULL, words + 3, environ)) {
            fprintf(stderr, "measure-start: cannot start %s\n", words[3]);
            return 66;
        }
        close(ends[1]);
        ssize_t got = read(ends[0], bytes, sizeof bytes);
        double toFirst = milliseconds() - start;
        while (got > 0) got = read(ends[0], bytes, sizeof bytes);
        wait4(process, &status, 0, &usage);
        double toLast = milliseconds() - start;
        close(ends[0]);
        posix_spawn_file_actions_destroy(&actions);
        if (status != 0) {
            fprintf(stderr, "measure-start: %s failed\n", words[3]);
            return 70;
        }
        if (i < 0) continue;
        first[i] = toFirst;
        last[i] = toLast;
        if (usage.ru_maxrss > memory) memory = usage.ru_maxrss;
    }
    qsort(first, (size_t)runs, sizeof *first, ascending);
    qsort(last, (size_t)runs, sizeof *last, ascending);
#ifdef __APPLE__
    double peak = (double)memory / 1e6;  // bytes there, KiB elsewhere
#else
    double peak = (double)memory * 1024 / 1e6;
#endif
    printf("%-26s %7.2f (%.2f) %9.2f (%.2f) %9.1f\n", words[2], first[runs / 2], first[0],
           last[runs / 2], last[0], peak);
    return 0;
}
