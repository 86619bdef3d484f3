/* Preloaded, it puts the clock that people set ahead by CLOCK_SHIFT_S seconds; other clocks stay.
 * libfaketime cannot do it here: it allocates when first called, which the node's allocator does while
 * it starts. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *time)
{
    int result = syscall(SYS_clock_gettime, clock, time);
    const char *seconds = getenv("CLOCK_SHIFT_S");

    if (result == 0 && clock == CLOCK_REALTIME && seconds != NULL)
        time->tv_sec += atol(seconds);
    return result;
}
