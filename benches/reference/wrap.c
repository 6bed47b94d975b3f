/* Decisions by hosts.allow and hosts.deny through libwrap, in this process, as a daemon that links
 * it takes them for the peers' addresses; nothing is looked up.
 *
 * usage: wrap ALLOW DENY PEERS BATCH; the rest is as in cdb.c. */
#include <syslog.h>
#include <tcpd.h>

#include "peers.h"

/* What the library wants its program to have. */
int allow_severity = LOG_INFO;
int deny_severity = LOG_WARNING;

static int refuses(const char *address)
{
    struct request_info request;
    request_init(&request, RQ_DAEMON, "sshd", RQ_CLIENT_ADDR, address, RQ_CLIENT_NAME, STRING_UNKNOWN, 0);
    return !hosts_access(&request);
}

int main(int count, char **words)
{
    if (count != 5)
        fail("usage: wrap ALLOW DENY PEERS BATCH");
    hosts_allow_table = words[1];
    hosts_deny_table = words[2];
    return measure(words[3], words[4], refuses);
}
