/*
 * The service that is measured: two words and the end, so that a rate says what the listener
 * costs. A peer at 127.0.0.2 is held instead, until it leaves: an idle session. Doors tell the
 * peer's address in one of two variables.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int is_held(const char *variable)
{
	const char *peer = getenv(variable);

	return peer != NULL && strcmp(peer, "127.0.0.2") == 0;
}

int main(void)
{
	char byte;

	if (write(1, "ok\n", 3) != 3)
		return 1;
	if (is_held("REMOTE_HOST") || is_held("TCPREMOTEIP"))
		while (read(0, &byte, 1) > 0)
			;
	_exit(0);
}
