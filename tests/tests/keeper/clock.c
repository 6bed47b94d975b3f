/*
 * The clock on the wall, as many seconds off as the file that CLOCK_OFFSET names holds (eight bytes of
 * this machine's order), for programs that ask libc for it: to be put before it by LD_PRELOAD.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *offset;

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("CLOCK_OFFSET");
	int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	void *place;

	if (fd < 0)
		return;
	place = mmap(NULL, sizeof *offset, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (place != MAP_FAILED)
		offset = place;
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
	int answer = (int)syscall(SYS_clock_gettime, clock, time);

	if (answer == 0 && offset != NULL && clock == CLOCK_REALTIME)
		time->tv_sec += *offset;
	return answer;
}
