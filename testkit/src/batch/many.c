/*
 * Loaded before a program (LD_PRELOAD), this makes it answer many questions instead of one: for
 * each there is a child in which the program's own main runs, as if it had just been started. What
 * the child sends to the system log is kept in a file.
 *
 * $PORTREEVE_QUESTIONS names the questions: each ends with a record separator (30) and consists of
 * fields that end with a unit separator (31): folder, standard input, number of environment
 * variables, these as NAME=VALUE, and the arguments. $PORTREEVE_ANSWERS.{out,err,log} get what is
 * said, .index a line for each: exit code (or minus the signal) and the lengths so far of the three.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OUT, ERR, LOG, KINDS, MOST = 64, SECONDS = 30 };

static int (*program)(int, char **, char **);
static int answers[KINDS] = { -1, -1, -1 };

static void log_line(const char *format, va_list list)
{
	char *line = NULL;
	int length = vasprintf(&line, format, list);

	if (length >= 0 && answers[LOG] >= 0)
		dprintf(answers[LOG], "%s\n", line);
	free(line);
}

void __vsyslog_chk(int priority, int flag, const char *format, va_list list)
{
	(void)priority, (void)flag;
	log_line(format, list);
}

void vsyslog(int priority, const char *format, va_list list)
{
	(void)priority;
	log_line(format, list);
}

void __syslog_chk(int priority, int flag, const char *format, ...)
{
	va_list list;

	(void)priority, (void)flag;
	va_start(list, format);
	log_line(format, list);
	va_end(list);
}

void syslog(int priority, const char *format, ...)
{
	va_list list;

	(void)priority;
	va_start(list, format);
	log_line(format, list);
	va_end(list);
}

static void fail(const char *what)
{
	fprintf(stderr, "many: %s: %s\n", what, strerror(errno));
	_exit(99);
}

/* Opens PREFIX.KIND to be appended to, at a number that no program reaches by itself. */
static int answer_file(const char *prefix, const char *kind)
{
	char path[4096];
	int low, high;

	snprintf(path, sizeof path, "%s.%s", prefix, kind);
	low = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
	high = low < 0 ? -1 : fcntl(low, F_DUPFD_CLOEXEC, 500);
	if (high < 0)
		fail(path);
	close(low);
	return high;
}

static char *questions(const char *path)
{
	struct stat status;
	FILE *file = fopen(path, "r");
	char *text;

	if (!file || fstat(fileno(file), &status))
		fail(path);
	text = malloc(status.st_size + 1);
	if (!text || fread(text, 1, status.st_size, file) != (size_t)status.st_size)
		fail(path);
	text[status.st_size] = 0;
	fclose(file);
	return text;
}

static void child(char **field, int count)
{
	int number = 3 + atoi(field[2]), input = open(field[1], O_RDONLY);

	if (chdir(field[0]) || input < 0 || count <= number)
		fail(field[1]);
	if (dup2(input, 0) || dup2(answers[OUT], 1) != 1 || dup2(answers[ERR], 2) != 2)
		fail("descriptors");
	close(input);
	for (int at = 3; at < number; at++)
		putenv(field[at]);
	program_invocation_name = program_invocation_short_name = field[number];
	alarm(SECONDS);
	field[count] = NULL;
	exit(program(count - number, field + number, environ));
}

static void answer(char *question, FILE *index)
{
	char *field[MOST + 1], *end;
	int count = 0, status;
	pid_t pid;

	for (; count < MOST && (end = strchr(question, 31)); question = end + 1) {
		*end = 0;
		field[count++] = question;
	}
	if (count < 4 || (pid = fork()) < 0)
		fail("a question");
	if (pid == 0)
		child(field, count);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			fail("wait");
	fprintf(index, "%d", WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
	for (int kind = 0; kind < KINDS; kind++)
		fprintf(index, " %lld", (long long)lseek(answers[kind], 0, SEEK_END));
	fputc('\n', index);
}

static int many(int count, char **arguments, char **environment)
{
	const char *asked = getenv("PORTREEVE_QUESTIONS"), *prefix = getenv("PORTREEVE_ANSWERS");
	const char *kinds[KINDS] = { "out", "err", "log" };
	char *question, *end, path[4096];
	FILE *index;

	if (!asked || !prefix)
		return program(count, arguments, environment);
	for (int kind = 0; kind < KINDS; kind++)
		answers[kind] = answer_file(prefix, kinds[kind]);
	snprintf(path, sizeof path, "%s.index", prefix);
	question = questions(asked);
	if (!(index = fopen(path, "we")))
		fail(path);
	unsetenv("LD_PRELOAD");
	unsetenv("PORTREEVE_QUESTIONS");
	unsetenv("PORTREEVE_ANSWERS");
	for (; (end = strchr(question, 30)); question = end + 1) {
		*end = 0;
		answer(question, index);
		if (fflush(index))
			fail(path);
	}
	return 0;
}

int __libc_start_main(int (*start)(int, char **, char **), int count, char **arguments,
    void (*init)(void), void (*fini)(void), void (*loader)(void), void *stack)
{
	int (*real)(int (*)(int, char **, char **), int, char **, void (*)(void), void (*)(void),
	    void (*)(void), void *);

	*(void **)&real = dlsym(RTLD_NEXT, "__libc_start_main");
	program = start;
	return real(many, count, arguments, init, fini, loader, stack);
}
