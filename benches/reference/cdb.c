/* Decisions by a rules CDB as tcpserver takes them, through tinycdb's library: the address, then
 * its beginnings that end in a dot, longest first, then the empty key; data that begins with `D`
 * refuses.
 *
 * usage: cdb mapped|reopened DATABASE PEERS BATCH
 *
 * `mapped` keeps the database open; `reopened` opens it for each decision, as tcpserver does for
 * each connection. For each line of standard input, so many milliseconds, it decides about one peer
 * of PEERS after the other for as long, and prints decisions, refusals, and nanoseconds of
 * processor time. */
#include <cdb.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "peers.h"

static const char *database;
static struct cdb kept;
static int reopens;

/* 1: refused; 0: let in; -1: no rule. */
static int ask(struct cdb *cdb, const char *key, unsigned length)
{
    char first;
    int found = cdb_find(cdb, key, length);
    if (found < 0)
        fail("cdb_find");
    if (found == 0)
        return -1;
    if (cdb_datalen(cdb) == 0)
        return 0;
    if (cdb_read(cdb, &first, 1, cdb_datapos(cdb)) < 0)
        fail("cdb_read");
    return first == 'D';
}

static int look_up(struct cdb *cdb, const char *address)
{
    unsigned length = (unsigned)strlen(address);
    int said = ask(cdb, address, length);
    for (unsigned at = length; said < 0 && at > 0; at--)
        if (address[at - 1] == '.')
            said = ask(cdb, address, at);
    return said < 0 ? ask(cdb, "", 0) : said;
}

static void open_database(struct cdb *cdb)
{
    int descriptor = open(database, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0 || cdb_init(cdb, descriptor) != 0)
        fail(database);
}

static int refuses(const char *address)
{
    struct cdb own;
    int said;
    if (!reopens)
        return look_up(&kept, address) == 1;
    open_database(&own);
    said = look_up(&own, address);
    close(cdb_fileno(&own));
    cdb_free(&own);
    return said == 1;
}

int main(int count, char **words)
{
    if (count != 5)
        fail("usage: cdb mapped|reopened DATABASE PEERS BATCH");
    reopens = strcmp(words[1], "reopened") == 0;
    database = words[2];
    open_database(&kept);
    return measure(words[3], words[4], refuses);
}
