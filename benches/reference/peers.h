/* Peers from a file, and how long decisions about them take. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MOST_PEERS 1000000

static char peers[MOST_PEERS][16];
static size_t peer_count;

static void fail(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

static long long spent(void)
{
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

/* Reads one IPv4 address a line; then for each line of standard input measures so many
 * milliseconds, in batches between two looks at the clock. */
static int measure(const char *path, const char *batch_word, int (*refuses)(const char *))
{
    FILE *file = fopen(path, "re");
    long batch = atol(batch_word);
    size_t next = 0;
    char line[32];
    if (!file)
        fail(path);
    while (peer_count < MOST_PEERS && fscanf(file, "%15s", peers[peer_count]) == 1)
        peer_count++;
    fclose(file);
    if (peer_count == 0 || batch < 1)
        fail("no peers");
    while (fgets(line, sizeof line, stdin)) {
        long long wanted = atol(line) * 1000000LL, start = spent(), now;
        long decisions = 0, refused = 0;
        do {
            for (long n = 0; n < batch; n++) {
                refused += refuses(peers[next]);
                next = next + 1 < peer_count ? next + 1 : 0;
            }
            decisions += batch;
            now = spent();
        } while (now - start < wanted);
        printf("%ld %ld %lld\n", decisions, refused, now - start);
        fflush(stdout);
    }
    return 0;
}
