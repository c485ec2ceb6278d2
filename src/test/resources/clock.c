/*
 * The system clock of a process tree, for ClockIT: the machine's, plus a number of seconds that a test writes into
 * the file $CLOCK_OFFSET, as a 64-bit integer in the machine's byte order, while the processes run. The monotonic
 * clock and files' times stay as they are; a wait until a date (pthread_cond_timedwait(3) with CLOCK_REALTIME) ends
 * at that date of the machine's clock.
 *
 * libfaketime(1) would do, but its pthread_cond_timedwait(3) takes the fake CLOCK_REALTIME for CLOCK_MONOTONIC: each
 * timed wait of a Java virtual machine returns at once, and the waiting threads take all processors.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *offset;

__attribute__((constructor)) static void map_offset(void)
{
    const char *path = getenv("CLOCK_OFFSET");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    void *mapped = mmap(NULL, sizeof *offset, PROT_READ, MAP_SHARED, fd, 0);
    if (mapped != MAP_FAILED)
        offset = mapped;
    close(fd);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    static int (*real)(clockid_t, struct timespec *);
    if (!real) /* the C library's, which needs no system call */
        *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
    int status = real ? real(clock, now) : (int)syscall(SYS_clock_gettime, clock, now);
    if (!status && offset && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += *offset;
    return status;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec t;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &t);
    now->tv_sec = t.tv_sec;
    now->tv_usec = t.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *result)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    if (result)
        *result = t.tv_sec;
    return t.tv_sec;
}
