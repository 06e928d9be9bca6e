/* Preloaded into a process, makes its clock on the wall wrong by the seconds that the file WRONG_CLOCK says: a clock
   that somebody sets. Monotonic clocks stay as they are, which libfaketime cannot do without breaking Python's sleep. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static long seconds(void) {
    char text[32] = {0};
    int file = open(getenv("WRONG_CLOCK"), O_RDONLY | O_CLOEXEC);
    ssize_t length = file < 0 ? -1 : read(file, text, sizeof text - 1);
    if (file >= 0)
        close(file);
    return length < 0 ? 0 : atol(text);
}

int clock_gettime(clockid_t clock, struct timespec *at) {
    int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(clock, at);
    if (result == 0 && clock == CLOCK_REALTIME)
        at->tv_sec += seconds();
    return result;
}
