/* Runs a program and says what it took: `spent FILE PROGRAM [ARGUMENT...]`. Into FILE go nanoseconds from
 * its start to its end, microseconds of its processor time, and its largest resident set in KiB. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec * 1000000000LL + at.tv_nsec;
}

int main(int argc, char **argv)
{
    struct rusage used;
    int status = 0;
    if (argc < 3)
        return 100;
    long long begin = now();
    pid_t child = vfork();
    if (child == 0) {
        execvp(argv[2], argv + 2);
        _exit(127);
    }
    if (child < 0 || wait4(child, &status, 0, &used) != child)
        return 111;
    long long took = now() - begin;
    long long processor = (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000LL
        + used.ru_utime.tv_usec + used.ru_stime.tv_usec;
    FILE *file = fopen(argv[1], "w");
    if (!file || fprintf(file, "%lld %lld %ld\n", took, processor, used.ru_maxrss) < 0 || fclose(file))
        return 111;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 111;
}
