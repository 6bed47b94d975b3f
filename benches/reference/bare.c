/*
 * The least that a front door can do, and the measure of what ours adds:
 *
 *     bare serve PORT PROCESSES PROGRAM    accept, vfork, dup2, execve
 *     bare close PORT PROCESSES            accept, close
 *
 * It listens on loopback alone and ends with whoever started it. No limit, no list, no log, no
 * counter; nobody is reaped, since the kernel is told not to keep the dead. It is C because vfork
 * and exec are all there is to it, and Rust has neither without `unsafe`.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

static int listen_at(const char *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(port)) };
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
	    bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 4096) != 0) {
		perror("bare: listen");
		exit(1);
	}
	return fd;
}

static void serve(int connection, char **program)
{
	static char *nothing[] = { NULL };

	if (vfork() == 0) {
		dup2(connection, 0);
		dup2(connection, 1);
		dup2(connection, 2);
		execve(program[0], program, nothing);
		_exit(127);
	}
}

int main(int count, char **words)
{
	struct sigaction forget = { .sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT };
	int serving = count == 5 && strcmp(words[1], "serve") == 0;
	int listener;

	if (!serving && !(count == 4 && strcmp(words[1], "close") == 0)) {
		fputs("usage: bare serve PORT PROCESSES PROGRAM | bare close PORT PROCESSES\n", stderr);
		return 64;
	}
	listener = listen_at(words[2]);
	sigaction(SIGCHLD, &forget, NULL);
	for (int more = atoi(words[3]); more > 1; more--) {
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			break;
		}
	}
	for (;;) {
		int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (connection < 0)
			continue;
		if (serving)
			serve(connection, words + 4);
		close(connection);
	}
}
