/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "storage_shim.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static int count;
static char **words;

/* A standard descriptor that is closed would become whatever is opened first, and a message would be written into it.
 * It leads to /dev/null, opened the other way round: who reads or writes there gets the error that a closed one gives. */
static void occupy(int number) {
  if (fcntl(number, F_GETFD) >= 0 || errno != EBADF) return;
  /* The lowest free number is this one, because those below are taken by now. */
  if (open("/dev/null", number == 0 ? O_WRONLY : O_RDONLY) < 0) (void)open("/", O_PATH);
}

/* Runs before main. The C library hands over the argument vector here, so that nobody has to read it from /proc. */
__attribute__((constructor)) static void begin(int argc, char **argv) {
  count = argc;
  words = argv;
  for (int number = 0; number <= 2; number++) occupy(number);
}

int shim_argument_count(void) { return count; }

const char *shim_argument(int index) { return index < count ? words[index] : ""; }

void shim_default_crashes(void) {
  static const int signals[] = {SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV};
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
    struct sigaction now;
    /* Who started the program may want one of them ignored. */
    if (sigaction(signals[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN) signal(signals[i], SIG_DFL);
  }
}
