/*
 * The service that is measured: two words and the end, so that a rate says what the listener
 * costs. A peer at 127.0.0.2 is held instead, until it leaves: an idle session. Doors tell the
 * peer's address in one of two variables; of those that tell nothing the kernel is asked.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int is_held(void)
{
	struct sockaddr_in peer = { 0 };
	socklen_t length = sizeof peer;
	const char *told = getenv("REMOTE_HOST");

	if (told == NULL)
		told = getenv("TCPREMOTEIP");
	if (told != NULL)
		return strcmp(told, "127.0.0.2") == 0;
	return getpeername(0, (struct sockaddr *)&peer, &length) == 0 &&
	       peer.sin_addr.s_addr == htonl(0x7f000002);
}

int main(void)
{
	char byte;

	if (write(1, "ok\n", 3) != 3)
		return 1;
	if (is_held())
		while (read(0, &byte, 1) > 0)
			;
	_exit(0);
}
